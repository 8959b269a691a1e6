# SPDX-License-Identifier: Apache-2.0
# Warnings are errors in our own code. Generated and third-party code never
# links this target, so a new compiler cannot break a build over code that
# nobody here can change.

add_library(strongroom_warnings INTERFACE)
add_library(strongroom::warnings ALIAS strongroom_warnings)

target_compile_options(
  strongroom_warnings
  INTERFACE
    -Werror
    -Wall
    -Wextra
    -Wpedantic
    -Wshadow
    -Wconversion
    -Wsign-conversion
    -Wswitch-enum
    -Wcast-align
    -Wformat=2
    -Wnull-dereference
    -Wimplicit-fallthrough
    -Wundef
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
    $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
    $<$<COMPILE_LANGUAGE:CXX>:-Wextra-semi>
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-branches>
    $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>
    # A designated initialiser that leaves a field to its default is how
    # options are written here.
    -Wno-missing-field-initializers
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own library once the optimiser or a
  # sanitizer has inlined it (GCC bugs 105329 and 105562); the clang presets
  # look for the same faults.
  target_compile_options(
    strongroom_warnings INTERFACE -Wno-null-dereference -Wno-restrict
                                  -Wno-maybe-uninitialized
  )
endif()
