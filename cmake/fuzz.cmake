# SPDX-License-Identifier: Apache-2.0
# One source per decoder, LLVMFuzzerTestOneInput. In the preset fuzz it becomes
# a libFuzzer program; everywhere else the same source runs over its corpus and
# a fixed number of seeded mutations, so every build tries the decoders and a
# failure repeats exactly.

option(STRONGROOM_FUZZ "Build libFuzzer programs (needs clang)" OFF)

add_custom_target(fuzz_targets)

# Coverage instrumentation belongs in the decoders, hence in every target.
if(STRONGROOM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# add_fuzz_target(NAME <name> SOURCES ... [DEPS ...] [CORPUS <dir>...])
# Program <name>_fuzz, ctest fuzz.<name> under the label "fuzz".
function(add_fuzz_target)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPS;CORPUS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  set(target ${arg_NAME}_fuzz)
  set(corpus "")
  foreach(directory IN LISTS arg_CORPUS)
    get_filename_component(directory "${directory}" ABSOLUTE)
    list(APPEND corpus "${directory}")
  endforeach()

  add_executable(${target} ${arg_SOURCES})
  set_target_properties(
    ${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test"
  )
  target_link_libraries(
    ${target} PRIVATE strongroom_include strongroom::warnings ${arg_DEPS}
  )
  add_dependencies(fuzz_targets ${target})
  add_dependencies(asan_tests ${target})

  if(STRONGROOM_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(command
        "${PROJECT_SOURCE_DIR}/tests/fuzz/campaign.sh"
        "$<TARGET_FILE:${target}>" "${PROJECT_BINARY_DIR}/corpus/${arg_NAME}")
    set(timeout 900)
  else()
    target_sources(
      ${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/standalone_main.cc"
    )
    set(command ${target})
    set(timeout 300)
  endif()
  add_test(NAME fuzz.${arg_NAME} COMMAND ${command} ${corpus})
  set_tests_properties(
    fuzz.${arg_NAME} PROPERTIES LABELS fuzz TIMEOUT ${timeout}
  )
endfunction()
