// SPDX-License-Identifier: Apache-2.0
// What stands behind a ConfigTable.
#pragma once

#include <map>
#include <set>
#include <toml.hpp>

#include "platform/config/config.h"

namespace strongroom {

struct ConfigTable::Node {
  // Of the file, held by its root and seen by every table of it.
  struct File {
    std::string name;
    std::filesystem::path directory;
    toml::value root = toml::table{};  // braces would make it an array
    std::vector<ConfigError> errors;
    bool parsed = false;
  };

  std::shared_ptr<File> file;
  const toml::table* table = nullptr;
  std::uint32_t line = 0;  // 0 for the root
  std::string prefix;      // "mqtt."; empty for the root
  std::set<std::string, std::less<>> asked;
  // A table asked for twice is one table, so that its keys are known together.
  std::map<std::string, std::vector<ConfigTable>, std::less<>> children;

  /// What a required table is when it is absent or wrong: empty, so that every
  /// getter works, and silent about what it lacks.
  static ConfigTable nothing(const std::shared_ptr<File>& file);
  ConfigTable child(const toml::value& value, std::string_view key) const;

  /// Null when absent; the key counts as known from now on.
  const toml::value* find(std::string_view key);
  /// As find(); absent is an error that says what would be `right`.
  const toml::value* require(std::string_view key, std::string_view right);

  // Nothing when `value` is null; nothing and an error when it is not right.
  std::optional<std::string> text(std::string_view key,
                                  const toml::value* value);
  std::optional<std::int64_t> number(std::string_view key,
                                     const toml::value* value,
                                     std::int64_t min,
                                     std::int64_t max);
  std::optional<std::string> choice(std::string_view key,
                                    const toml::value* value,
                                    const std::vector<std::string>& allowed);

  std::string name_of(std::string_view key) const;
  void error_at(std::uint32_t at, std::string what);
  void wrong(std::string_view key,
             const toml::value& value,
             std::string_view right);
  void report_unknown();
};

std::uint32_t config_line_of(const toml::value& value);
/// "a text", "a list", …
std::string_view config_type_of(const toml::value& value);
/// The words of an error about a choice or a range.
std::string config_choices(const std::vector<std::string>& words);
std::string config_range(std::int64_t min, std::int64_t max);

}  // namespace strongroom
