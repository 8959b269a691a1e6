# SPDX-License-Identifier: Apache-2.0
# Pages are bundled at build time and compiled into the binaries, so a program
# and its pages can never be of different versions, and the machine that runs
# them needs neither Node nor a folder of files.

set(_strongroom_web_dir "${PROJECT_SOURCE_DIR}/web")
set(_strongroom_npm_ci "${CMAKE_CURRENT_LIST_DIR}/tools/npm_ci.sh")
set(_strongroom_embed "${CMAKE_CURRENT_LIST_DIR}/tools/embed_files.py")
find_program(STRONGROOM_NPM npm)

# add_web_bundle(<target> <dir>)
# Bundles the application in <dir> (web/<app>) with
#   npm run build -- --app=<app> --outdir=<dir>
# and makes the library <target>, whose header "web_bundle/<target>.h" declares
#   std::span<const web_bundle::File> web_bundle::<target>();
function(add_web_bundle target directory)
  get_filename_component(source "${directory}" ABSOLUTE)
  get_filename_component(app "${source}" NAME)
  if(NOT STRONGROOM_NPM)
    message(FATAL_ERROR "npm not found. Run script/bootstrap.")
  endif()

  set(out "${STRONGROOM_GENERATED_DIR}/web/web_bundle")
  set(bundle "${PROJECT_BINARY_DIR}/web/${target}")
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS "${source}/*"
       "${_strongroom_web_dir}/shared/*")
  file(GLOB scripts CONFIGURE_DEPENDS "${_strongroom_web_dir}/*.mjs"
       "${_strongroom_web_dir}/*.js" "${_strongroom_web_dir}/*.json"
       "${PROJECT_SOURCE_DIR}/proto/*.proto")

  add_custom_command(
    OUTPUT "${out}/${target}.cc" "${out}/${target}.h"
    COMMAND "${_strongroom_npm_ci}" "${_strongroom_web_dir}"
    # A file that the application no longer has must leave the binary.
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${bundle}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${bundle}"
    COMMAND "${CMAKE_COMMAND}" -E chdir "${_strongroom_web_dir}"
            "${STRONGROOM_NPM}" run --silent build -- "--app=${app}"
            "--outdir=${bundle}"
    COMMAND "${STRONGROOM_PYTHON}" "${_strongroom_embed}" "${bundle}" "${out}"
            "${target}"
    DEPENDS ${inputs} ${scripts} "${_strongroom_npm_ci}" "${_strongroom_embed}"
    COMMENT "web: ${app}"
    VERBATIM
  )
  configure_file(
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/tools/web_bundle_file.h"
    "${out}/file.h" COPYONLY
  )
  add_library(${target} STATIC "${out}/${target}.cc" "${out}/${target}.h")
  set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
  target_include_directories(
    ${target} PUBLIC "${STRONGROOM_GENERATED_DIR}/web"
  )
endfunction()
