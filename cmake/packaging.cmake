# SPDX-License-Identifier: Apache-2.0
# Three .deb packages, one for each kind of machine: strongroom-agent for an
# edge controller, strongroom-ledger for the centre, strongroom-tools for
# whoever issues keys or verifies. `cpack` in a build tree writes them to
# <build>/packages; `cmake --workflow --preset package` does all of it.

set(_packaging "${CMAKE_CURRENT_LIST_DIR}/packaging")
set(_generated "${PROJECT_BINARY_DIR}/packaging")
set(_components "")

# _package(<component> TEXT <summary> <line>... [DEPENDS <package>]
#          [RECOMMENDS <package>] [SUGGESTS <package>])
macro(_package component)
  cmake_parse_arguments(arg "" "DEPENDS;RECOMMENDS;SUGGESTS" "TEXT" ${ARGN})
  list(APPEND _components ${component})
  string(TOUPPER "${component}" _upper)
  set(CPACK_DEBIAN_${_upper}_PACKAGE_NAME strongroom-${component})
  list(JOIN arg_TEXT "\n" CPACK_DEBIAN_${_upper}_DESCRIPTION)
  # Libraries and their versions come from the programs (dpkg-shlibdeps).
  set(CPACK_DEBIAN_${_upper}_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_${_upper}_PACKAGE_DEPENDS "${arg_DEPENDS}")
  set(CPACK_DEBIAN_${_upper}_PACKAGE_RECOMMENDS "${arg_RECOMMENDS}")
  set(CPACK_DEBIAN_${_upper}_PACKAGE_SUGGESTS "${arg_SUGGESTS}")
  install(
    FILES "${_packaging}/copyright"
    DESTINATION share/doc/strongroom-${component}
    COMPONENT ${component}
  )
endmacro()

# _service(<component> [GROUPS <group>...]): the program, its unit, its
# account, its options file, and the scripts that keep them in order.
macro(_service component)
  cmake_parse_arguments(arg "" "" "GROUPS" ${ARGN})
  set(SERVICE strongroom-${component})
  list(JOIN arg_GROUPS "," SERVICE_GROUPS)
  set(_scripts "")
  foreach(_script postinst prerm postrm conffiles)
    configure_file(
      "${_packaging}/${_script}.in" "${_generated}/${component}/${_script}"
      @ONLY
    )
    list(APPEND _scripts "${_generated}/${component}/${_script}")
  endforeach()
  string(TOUPPER "${component}" _upper)
  set(CPACK_DEBIAN_${_upper}_PACKAGE_CONTROL_EXTRA "${_scripts}")
  set(CPACK_DEBIAN_${_upper}_PACKAGE_CONTROL_STRICT_PERMISSION ON)

  install(TARGETS ${SERVICE} RUNTIME DESTINATION bin COMPONENT ${component})
  install(
    FILES "${_packaging}/${SERVICE}.service"
    DESTINATION /lib/systemd/system
    COMPONENT ${component}
  )
  install(
    FILES "${_packaging}/${SERVICE}.default"
    DESTINATION /etc/default
    RENAME ${SERVICE}
    COMPONENT ${component}
  )
  install(
    FILES "${PROJECT_SOURCE_DIR}/${component}/config/${component}.toml.example"
    DESTINATION share/doc/${SERVICE}/examples
    RENAME ${component}.toml
    COMPONENT ${component}
  )
  install(
    FILES "${PROJECT_SOURCE_DIR}/docs/operations.md"
    DESTINATION share/doc/${SERVICE}
    COMPONENT ${component}
  )
  # The configuration lives beside the keys and data that it names; people
  # look for it in /etc.
  file(CREATE_LINK "/var/lib/${SERVICE}/${component}.toml"
       "${_generated}/${component}/${component}.toml" SYMBOLIC)
  install(
    FILES "${_generated}/${component}/${component}.toml"
    DESTINATION /etc/strongroom
    COMPONENT ${component}
  )
endmacro()

if(TARGET strongroom-agent)
  _package(
    agent
    TEXT "custody and environment recorder for an edge controller"
         "Polls Modbus devices, journals what they report in a signed chain, and"
         "delivers it to a central ledger until the ledger proves that it holds"
         "it. Works with the centre away for weeks."
    DEPENDS "passwd"
    RECOMMENDS "strongroom-tools"
  )
  _service(agent GROUPS dialout)
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/boards/devices/"
    DESTINATION share/strongroom/devices
    COMPONENT agent
    FILES_MATCHING PATTERN "*.toml"
  )
endif()

if(TARGET strongroom-ledger)
  _package(
    ledger
    TEXT "transparent log of what the agents of data centres recorded"
         "Collects what agents deliver in RFC 6962 logs that anyone with the"
         "public key can verify, and shows it in a console. It never decides at"
         "the edge."
    DEPENDS "passwd"
    RECOMMENDS "strongroom-tools"
    SUGGESTS "mosquitto"
  )
  _service(ledger)
  install(
    FILES "${_packaging}/mosquitto.conf"
    DESTINATION share/doc/strongroom-ledger/examples
    COMPONENT ledger
  )
  install(
    FILES "${PROJECT_SOURCE_DIR}/docs/console.md"
    DESTINATION share/doc/strongroom-ledger
    COMPONENT ledger
  )
endif()

if(TARGET strongroom AND TARGET plant AND TARGET strongroom-panel)
  _package(
    tools
    TEXT "keys, certificates, proofs and checks for Strongroom"
         "The command line that creates ledgers, keys and certificates, takes"
         "evidence packs and verifies them with no network, and says what is"
         "wrong with an installation. With it strongroom-plant, which plays"
         "Modbus devices whose profiles are in strongroom-agent."
    SUGGESTS "strongroom-agent, mosquitto, qemu-system-arm"
  )
  install(TARGETS strongroom RUNTIME DESTINATION bin COMPONENT tools)
  # "plant" alone is too common a word for a directory that all share.
  install(
    PROGRAMS "$<TARGET_FILE:plant>"
    DESTINATION bin
    RENAME strongroom-plant
    COMPONENT tools
  )
  # What installing a target does by itself, and a renamed program does not.
  install(
    CODE
      "if(CMAKE_INSTALL_DO_STRIP)
  execute_process(COMMAND \"${CMAKE_STRIP}\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin/strongroom-plant\"
    COMMAND_ERROR_IS_FATAL ANY)
endif()"
    COMPONENT tools
  )
  # The panel that plant plays as a process, and the boards' images: to flash,
  # and for QEMU (-kernel takes them as they are).
  install(TARGETS strongroom-panel RUNTIME DESTINATION bin COMPONENT tools)
  if(STRONGROOM_HAVE_FIRMWARE)
    foreach(_board IN LISTS STRONGROOM_FIRMWARE_BOARDS)
      install(
        FILES "${STRONGROOM_FIRMWARE_DIR}/${_board}.bin"
        DESTINATION share/strongroom/firmware
        COMPONENT tools
      )
      install(
        FILES "${PROJECT_SOURCE_DIR}/boards/panels/${_board}/README.md"
        DESTINATION share/doc/strongroom-tools
        RENAME "panel-${_board}.md"
        COMPONENT tools
      )
    endforeach()
  endif()
  install(
    FILES "${PROJECT_SOURCE_DIR}/docs/console.md"
          "${PROJECT_SOURCE_DIR}/docs/operations.md"
          "${PROJECT_SOURCE_DIR}/docs/plant.md"
          "${PROJECT_SOURCE_DIR}/docs/threat-model.md"
    DESTINATION share/doc/strongroom-tools
    COMPONENT tools
  )
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/tools/plant/scenes"
    DESTINATION share/strongroom
    COMPONENT tools
    FILES_MATCHING PATTERN "*.toml"
  )
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/docs/formats"
    DESTINATION share/doc/strongroom-tools
    COMPONENT tools
    FILES_MATCHING PATTERN "*.md"
  )

  # The program itself knows its commands; the completions are what it says.
  set(_completions "")
  foreach(_shell bash zsh fish)
    set(_file "${_generated}/completion/strongroom.${_shell}")
    add_custom_command(
      OUTPUT "${_file}"
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${_generated}/completion"
      COMMAND strongroom completion ${_shell} > "${_file}"
      DEPENDS strongroom
      COMMENT "completion: ${_shell}"
      VERBATIM
    )
    list(APPEND _completions "${_file}")
  endforeach()
  add_custom_target(strongroom_completions ALL DEPENDS ${_completions})
  install(
    FILES "${_generated}/completion/strongroom.bash"
    DESTINATION share/bash-completion/completions
    RENAME strongroom
    COMPONENT tools
  )
  install(
    FILES "${_generated}/completion/strongroom.zsh"
    DESTINATION share/zsh/vendor-completions
    RENAME _strongroom
    COMPONENT tools
  )
  install(
    FILES "${_generated}/completion/strongroom.fish"
    DESTINATION share/fish/vendor_completions.d
    COMPONENT tools
  )
endif()

if(NOT _components)
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL ${_components})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_OUTPUT_FILE_PREFIX "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME strongroom)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT
    "Strongroom maintainers <maintainers@strongroom.example>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS "${_packaging}/open_directories.cmake")
include(CPack)
