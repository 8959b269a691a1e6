# SPDX-License-Identifier: Apache-2.0
# One call per module; the dependency lists of these calls are the drawing of
# who may know whom. The include root is the root of the repository.

add_library(strongroom_include INTERFACE)
target_include_directories(strongroom_include INTERFACE "${PROJECT_SOURCE_DIR}")

# What the sanitizer presets build: the decoders and everything that has
# threads, not the whole tree.
add_custom_target(asan_tests)
add_custom_target(tsan_tests)

# add_present_subdirectories([<dir>...])
# Adds those that have a CMakeLists.txt, so that a half-built tree configures;
# without arguments, every one below this folder that has.
function(add_present_subdirectories)
  set(directories ${ARGN})
  if(NOT directories)
    file(GLOB files CONFIGURE_DEPENDS
         "${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt")
    list(TRANSFORM files REPLACE "^.*/([^/]+)/CMakeLists.txt$" "\\1"
         OUTPUT_VARIABLE directories)
  endif()
  foreach(directory IN LISTS directories)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${directory}/CMakeLists.txt")
      add_subdirectory("${directory}")
    endif()
  endforeach()
endfunction()

# A name that is no target would reach the linker as -l<name>; say which list
# it stands in before the linker says less.
function(_strongroom_check_deps owner)
  foreach(dependency IN LISTS ARGN)
    if(NOT TARGET "${dependency}")
      message(WARNING "${owner} depends on ${dependency}, which is no target.")
    endif()
  endforeach()
endfunction()

function(_strongroom_check_deps_later owner)
  if(ARGN)
    list(JOIN ARGN " " dependencies)
    cmake_language(
      EVAL CODE
        "cmake_language(DEFER DIRECTORY [[${PROJECT_SOURCE_DIR}]]
           CALL _strongroom_check_deps ${owner} ${dependencies})"
    )
  endif()
endfunction()

# add_module(NAME <folder/name> [HEADERS ...] [SOURCES ...]
#            [PUBLIC_DEPS ...] [PRIVATE_DEPS ...]
#            [TESTS ...] [TEST_DEPS ...] [TEST_TIMEOUT <seconds>]
#            [ASAN] [TSAN])
# Static library core_log for core/log (INTERFACE when it has no SOURCES).
# With TESTS, a GoogleTest program core_log_test, each test known to ctest.
# ASAN: it decodes foreign bytes; its tests also run in the preset asan, under
# the label "decoder". TSAN: it has threads; preset tsan, label "loop".
function(add_module)
  cmake_parse_arguments(
    arg
    "ASAN;TSAN"
    "NAME;TEST_TIMEOUT"
    "HEADERS;SOURCES;PUBLIC_DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS"
    ${ARGN}
  )
  if(NOT arg_NAME OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_module(${ARGN}): NAME is missing, or unknown "
                        "words: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "/" "_" target "${arg_NAME}")
  string(REPLACE "-" "_" target "${target}")

  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES} ${arg_HEADERS})
    target_link_libraries(
      ${target}
      PUBLIC strongroom_include ${arg_PUBLIC_DEPS}
      PRIVATE strongroom::warnings ${arg_PRIVATE_DEPS}
    )
  else()
    add_library(${target} INTERFACE ${arg_HEADERS})
    target_link_libraries(
      ${target} INTERFACE strongroom_include ${arg_PUBLIC_DEPS}
    )
  endif()
  _strongroom_check_deps_later(
    ${arg_NAME} ${arg_PUBLIC_DEPS} ${arg_PRIVATE_DEPS} ${arg_TEST_DEPS}
  )

  if(arg_TESTS AND BUILD_TESTING)
    set(options "")
    if(arg_ASAN)
      list(APPEND options ASAN)
    endif()
    if(arg_TSAN)
      list(APPEND options TSAN)
    endif()
    if(arg_TEST_TIMEOUT)
      list(APPEND options TIMEOUT ${arg_TEST_TIMEOUT})
    endif()
    add_unit_test(
      NAME ${target}_test
      SOURCES ${arg_TESTS}
      DEPS ${target} ${arg_PRIVATE_DEPS} ${arg_TEST_DEPS}
      ${options}
    )
  endif()
endfunction()

# add_unit_test(NAME <target> SOURCES ... [DEPS ...] [TIMEOUT <seconds>]
#               [ASAN] [TSAN])
# A GoogleTest program that belongs to no single module.
function(add_unit_test)
  cmake_parse_arguments(arg "ASAN;TSAN" "NAME;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()

  add_executable(${arg_NAME} ${arg_SOURCES})
  set_target_properties(
    ${arg_NAME}
    PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test"
  )
  target_link_libraries(
    ${arg_NAME} PRIVATE strongroom_include strongroom::warnings ${arg_DEPS}
                        strongroom::gtest
  )

  set(labels unit)
  if(arg_ASAN)
    list(APPEND labels decoder)
    add_dependencies(asan_tests ${arg_NAME})
  endif()
  if(arg_TSAN)
    list(APPEND labels loop)
    add_dependencies(tsan_tests ${arg_NAME})
  endif()
  # Discovery when ctest starts, not when the program is linked: a crash
  # while listing is then a failed test and not a failed build.
  string(REGEX REPLACE "_test$" "." prefix "${arg_NAME}")
  gtest_discover_tests(
    ${arg_NAME}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 30
    TEST_PREFIX "${prefix}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES TIMEOUT ${arg_TIMEOUT}
  )
  # PROPERTIES above would flatten a list of labels.
  set(label_file "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_labels.cmake")
  file(
    CONFIGURE
    OUTPUT "${label_file}"
    CONTENT
      "if(@arg_NAME@_TESTS)
  set_tests_properties(\${@arg_NAME@_TESTS} PROPERTIES LABELS \"@labels@\")
endif()
"
    @ONLY
  )
  set_property(
    DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${label_file}"
  )
endfunction()

# add_program(NAME <binary> SOURCES ... [DEPS ...])
# A program that people run; it lands in <build>/bin.
function(add_program)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(
    ${arg_NAME} PRIVATE strongroom_include strongroom::warnings ${arg_DEPS}
  )
  _strongroom_check_deps_later(${arg_NAME} ${arg_DEPS})
endfunction()
