# SPDX-License-Identifier: Apache-2.0
# Finds every library once and gives it one name, strongroom::<library>. They
# are IMPORTED targets, so their headers are SYSTEM and their warnings are not
# ours. What is missing is reported together, in one message.

find_package(PkgConfig)
find_package(Threads REQUIRED)

# Debian's interpreter, because Debian's Python packages (nanopb, pymodbus)
# are invisible to any other that comes first on PATH.
find_program(STRONGROOM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(STRONGROOM_PYTHON python3 REQUIRED)

set(_missing "")

# _use(<name> <libraries>...): strongroom::<name> stands for these libraries.
function(_use name)
  add_library(strongroom::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(strongroom::${name} INTERFACE ${ARGN})
endfunction()

macro(_use_pkg_config name module)
  if(PkgConfig_FOUND)
    pkg_check_modules(STRONGROOM_${name} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
  if(STRONGROOM_${name}_FOUND)
    _use(${name} PkgConfig::STRONGROOM_${name})
  else()
    list(APPEND _missing ${name})
  endif()
endmacro()

# _use_package(<name> <CMake package> <targets>...)
macro(_use_package name package)
  find_package(${package} QUIET)
  set(_found TRUE)
  foreach(_target ${ARGN})
    if(NOT TARGET ${_target})
      set(_found FALSE)
    endif()
  endforeach()
  if(_found)
    _use(${name} ${ARGN})
  else()
    list(APPEND _missing ${name})
  endif()
endmacro()

_use_pkg_config(modbus libmodbus)
_use_pkg_config(sodium libsodium)
_use_pkg_config(httplib cpp-httplib)
_use_pkg_config(curl libcurl)
_use_package(openssl OpenSSL OpenSSL::SSL OpenSSL::Crypto)
_use_package(sqlite SQLiteCpp SQLiteCpp)
_use_package(json nlohmann_json nlohmann_json::nlohmann_json)
_use_package(toml toml11 toml11::toml11)
_use_package(cli CLI11 CLI11::CLI11)
# spdlog's own package carries SPDLOG_COMPILED_LIB and SPDLOG_FMT_EXTERNAL.
_use_package(spdlog spdlog spdlog::spdlog)
_use_package(fmt fmt fmt::fmt)
_use_package(nanopb nanopb nanopb::protobuf-nanopb-static)
_use_package(protobuf Protobuf protobuf::libprotobuf)
_use_package(gtest GTest GTest::gmock GTest::gtest GTest::gtest_main)
_use_package(benchmark benchmark benchmark::benchmark)

# Paho by its libraries' names: the CMake package of its C++ half lets the C
# half be any of four, and only paho-mqtt3as is asynchronous with TLS.
find_library(STRONGROOM_PAHO_CPP paho-mqttpp3)
find_library(STRONGROOM_PAHO_C paho-mqtt3as)
find_path(STRONGROOM_PAHO_INCLUDE mqtt/async_client.h)
if(STRONGROOM_PAHO_CPP AND STRONGROOM_PAHO_C AND STRONGROOM_PAHO_INCLUDE)
  _use(pahomqtt "${STRONGROOM_PAHO_CPP}" "${STRONGROOM_PAHO_C}"
       Threads::Threads)
else()
  list(APPEND _missing pahomqtt)
endif()

find_program(STRONGROOM_PROTOC protoc)
find_program(STRONGROOM_NANOPB_GENERATOR nanopb_generator.py nanopb_generator)
foreach(_program PROTOC NANOPB_GENERATOR)
  if(NOT STRONGROOM_${_program})
    list(APPEND _missing ${_program})
  endif()
endforeach()

if(_missing)
  list(JOIN _missing ", " _missing)
  message(FATAL_ERROR "Not found: ${_missing}. Run script/bootstrap, which "
                      "installs what the build needs.")
endif()

# Optional: only the notification of the service manager needs it.
if(PkgConfig_FOUND)
  pkg_check_modules(STRONGROOM_systemd QUIET IMPORTED_TARGET GLOBAL libsystemd)
endif()
if(STRONGROOM_systemd_FOUND)
  _use(systemd PkgConfig::STRONGROOM_systemd)
  set_target_properties(
    strongroom::systemd
    PROPERTIES INTERFACE_COMPILE_DEFINITIONS STRONGROOM_HAVE_SYSTEMD=1
  )
endif()

include(GoogleTest)
