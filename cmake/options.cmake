# SPDX-License-Identifier: Apache-2.0
# What holds for every target: the language, where programs land, how fast
# a rebuild is.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Scripts, tests and packages find every program in one place.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# Everything that the build writes for the compiler to read.
set(STRONGROOM_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the tree count as relative, so that a second clone finds what
  # the first one compiled.
  set(_ccache
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
      CCACHE_NOHASHDIR=1 "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${_ccache}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${_ccache}")
endif()
