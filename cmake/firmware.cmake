# SPDX-License-Identifier: Apache-2.0
# The images of the panels, cross-compiled by a build of their own below
# <build>/firmware (cmake/firmware/CMakeLists.txt): <board>.elf and <board>.bin.
include(ExternalProject)

set(STRONGROOM_FIRMWARE_BOARDS qemu-mps2-an385 netduinoplus2)
set(STRONGROOM_FIRMWARE_DIR "${PROJECT_BINARY_DIR}/firmware")
set(STRONGROOM_NANOPB_SOURCE "${PROJECT_SOURCE_DIR}/.deps/nanopb")
find_program(STRONGROOM_ARM_GCC arm-none-eabi-g++)
mark_as_advanced(STRONGROOM_ARM_GCC)

set(STRONGROOM_HAVE_FIRMWARE TRUE)
foreach(_needed "${STRONGROOM_ARM_GCC}" "${STRONGROOM_NANOPB_SOURCE}/pb.h")
  if(NOT EXISTS "${_needed}")
    set(STRONGROOM_HAVE_FIRMWARE FALSE)
  endif()
endforeach()
# A sanitizer says nothing of code for another machine.
if(STRONGROOM_SANITIZE)
  set(STRONGROOM_HAVE_FIRMWARE FALSE)
elseif(NOT STRONGROOM_HAVE_FIRMWARE)
  message(WARNING "No compiler for microcontrollers, or no sources of nanopb: "
                  "the panels' images are not built. script/bootstrap installs "
                  "both.")
endif()
# Once proto_nanopb is a target. Without the compiler cache: what it gives back
# comes without the compiler's notes on stack and calls, which the report needs.
function(add_firmware_images)
  if(NOT STRONGROOM_HAVE_FIRMWARE)
    return()
  endif()
  list(JOIN STRONGROOM_FIRMWARE_BOARDS "|" _boards)
  ExternalProject_Add(
    firmware_images
    SOURCE_DIR "${PROJECT_SOURCE_DIR}/cmake/firmware"
    BINARY_DIR "${STRONGROOM_FIRMWARE_DIR}"
    PREFIX "${STRONGROOM_FIRMWARE_DIR}/project"
    CMAKE_ARGS
      "-DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/toolchains/arm-none-eabi.cmake"
      "-DSTRONGROOM_ROOT=${PROJECT_SOURCE_DIR}"
      "-DSTRONGROOM_VERSION=${PROJECT_VERSION}"
      "-DSTRONGROOM_BOARDS=${_boards}"
      "-DSTRONGROOM_NANOPB_SOURCE=${STRONGROOM_NANOPB_SOURCE}"
      "-DSTRONGROOM_NANOPB_GENERATED=${STRONGROOM_GENERATED_DIR}/nanopb"
      "-DSTRONGROOM_PYTHON=${STRONGROOM_PYTHON}"
    LIST_SEPARATOR "|"
    DEPENDS proto_nanopb
    BUILD_ALWAYS TRUE
    USES_TERMINAL_BUILD TRUE
    INSTALL_COMMAND ""
  )
endfunction()
