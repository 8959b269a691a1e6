// SPDX-License-Identifier: Apache-2.0
// A configuration file of any bytes: errors with lines, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "platform/config/config.h"

namespace {

using strongroom::ConfigTable;

// Every getter, on keys that the corpus has.
void read_all(ConfigTable& table, int depth) {
  for (const char* key : {"a", "b", "line", "mqtt", "x.y"}) {
    (void)table.required_string(key);
    (void)table.optional_string(key, "");
    (void)table.required_path(key);
    (void)table.optional_path(key);
    (void)table.required_int(key, 0, 9);
    (void)table.optional_int(key, 1, 0, 9);
    (void)table.optional_number(key);
    (void)table.optional_bool(key, true);
    (void)table.required_choice(key, {"tcp", "rtu"});
    (void)table.optional_choice(key, "tcp", {"tcp", "rtu"});
    (void)table.optional_int_list(key);
    (void)table.required_string_list(key);
    table.error(key, "is wrong");
    if (depth == 0) {
      continue;
    }
    if (auto inner = table.optional_table(key)) {
      read_all(*inner, depth - 1);
    }
    for (ConfigTable& inner : table.tables(key)) {
      read_all(inner, depth - 1);
    }
    ConfigTable required = table.required_table(key);
    read_all(required, 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  // Locating a line is linear in the text, so reading is quadratic.
  if (size > 4096) {
    return 0;
  }
  auto file = strongroom::ConfigFile::parse(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz.toml");
  ConfigTable root = file.root();
  read_all(root, 2);
  std::uint32_t last = 0;
  for (const strongroom::ConfigError& error : file.finish()) {
    if (error.line < last || error.text().find(error.what) == 0) {
      std::abort();  // not sorted, or without its place
    }
    last = error.line;
  }
  return 0;
}
