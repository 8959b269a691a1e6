# SPDX-License-Identifier: Apache-2.0
# proto/*.proto is compiled twice, by nanopb (C, for everything that runs) and
# by protobuf (C++, where reflection pays, and to hold nanopb to the format).
#
# Both generators derive the path of a header from the path under which they
# see the .proto. So each sees its own copy, one below proto/ and one below
# proto_cpp/, with imports that say the same; the two headers of a message can
# then stand in one source file.

set(_strongroom_proto_tool "${CMAKE_CURRENT_LIST_DIR}/tools/stage_proto.cmake")

# _strongroom_stage_proto(<out variable> <prefix> <files>...)
function(_strongroom_stage_proto out prefix)
  set(staged "")
  foreach(file IN LISTS ARGN)
    get_filename_component(name "${file}" NAME)
    set(copy "${STRONGROOM_GENERATED_DIR}/proto_source/${prefix}/${name}")
    add_custom_command(
      OUTPUT "${copy}"
      COMMAND
        "${CMAKE_COMMAND}" "-DINPUT=${file}" "-DOUTPUT=${copy}"
        "-DPREFIX=${prefix}" -P "${_strongroom_proto_tool}"
      DEPENDS "${file}" "${_strongroom_proto_tool}"
      VERBATIM
    )
    list(APPEND staged "${copy}")
  endforeach()
  set(${out} "${staged}" PARENT_SCOPE)
endfunction()

# add_nanopb_library(<target> <.proto files>...)
# Headers are included as "proto/<name>.pb.h"; each .proto may have a .options
# file beside it.
function(add_nanopb_library target)
  set(root "${STRONGROOM_GENERATED_DIR}/proto_source")
  set(out "${STRONGROOM_GENERATED_DIR}/nanopb")
  set(options "")
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" ".options" option_file "${file}")
    if(EXISTS "${option_file}")
      list(APPEND options "${option_file}")
    endif()
  endforeach()
  _strongroom_stage_proto(staged proto ${ARGN} ${options})

  # A message's size depends on the options of every file that it imports;
  # there are few files, so each depends on all.
  set(sources "")
  foreach(file IN LISTS ARGN)
    get_filename_component(name "${file}" NAME_WE)
    set(generated "${out}/proto/${name}.pb.c" "${out}/proto/${name}.pb.h")
    add_custom_command(
      OUTPUT ${generated}
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${out}/proto"
      COMMAND
        "${STRONGROOM_PYTHON}" "${STRONGROOM_NANOPB_GENERATOR}" --quiet
        --cpp-descriptors --error-on-unmatched "--proto-path=${root}"
        "--output-dir=${out}" "proto/${name}.proto"
      WORKING_DIRECTORY "${root}"
      DEPENDS ${staged}
      COMMENT "nanopb: ${name}.proto"
      VERBATIM
    )
    list(APPEND sources ${generated})
  endforeach()

  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC strongroom::nanopb)
endfunction()

# add_protobuf_library(<target> <.proto files>...)
# Headers are included as "proto_cpp/<name>.pb.h".
function(add_protobuf_library target)
  set(root "${STRONGROOM_GENERATED_DIR}/proto_source")
  set(out "${STRONGROOM_GENERATED_DIR}/protobuf")
  _strongroom_stage_proto(staged proto_cpp ${ARGN})

  set(sources "")
  foreach(file IN LISTS ARGN)
    get_filename_component(name "${file}" NAME_WE)
    set(generated "${out}/proto_cpp/${name}.pb.cc"
                  "${out}/proto_cpp/${name}.pb.h")
    add_custom_command(
      OUTPUT ${generated}
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${out}"
      COMMAND "${STRONGROOM_PROTOC}" "--proto_path=${root}" "--cpp_out=${out}"
              "proto_cpp/${name}.proto"
      DEPENDS ${staged}
      COMMENT "protobuf: ${name}.proto"
      VERBATIM
    )
    list(APPEND sources ${generated})
  endforeach()

  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC strongroom::protobuf)
endfunction()
