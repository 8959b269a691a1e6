// SPDX-License-Identifier: Apache-2.0
// TOML files, validated whole: every error with its line, unknown keys too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace strongroom {

struct ConfigError {
  std::string file;
  std::uint32_t line = 0;  // 1-based; 0 when it concerns the whole file
  std::string what;        // names the key and says what would be right

  std::string text() const;  // "agent.toml:12: ..."
};

/// A table of a TOML file that is being read. Getters record what is wrong and
/// return the fallback, so that reading goes on; finish() reports everything.
/// A key that no getter asked for is an error.
class ConfigTable {
 public:
  std::string required_string(std::string_view key);
  std::string optional_string(std::string_view key, std::string fallback);
  std::filesystem::path required_path(
      std::string_view key);  // relative to file
  std::optional<std::filesystem::path> optional_path(std::string_view key);
  std::int64_t required_int(std::string_view key,
                            std::int64_t min,
                            std::int64_t max);
  std::int64_t optional_int(std::string_view key,
                            std::int64_t fallback,
                            std::int64_t min,
                            std::int64_t max);
  std::optional<double> optional_number(std::string_view key);
  bool optional_bool(std::string_view key, bool fallback);
  /// One of `allowed`; the error lists them.
  std::string required_choice(std::string_view key,
                              const std::vector<std::string>& allowed);
  std::string optional_choice(std::string_view key,
                              std::string fallback,
                              const std::vector<std::string>& allowed);
  std::vector<std::int64_t> optional_int_list(std::string_view key);
  /// At least one; empty only with an error.
  std::vector<std::string> required_string_list(std::string_view key);
  /// May be empty; empty when absent.
  std::vector<std::string> optional_string_list(std::string_view key);
  std::optional<ConfigTable> optional_table(std::string_view key);
  ConfigTable required_table(std::string_view key);
  /// [[key]]; empty when absent.
  std::vector<ConfigTable> tables(std::string_view key);
  bool has(std::string_view key) const;
  /// Of a table whose keys are the author's own words; sorted. They count as
  /// known only when a getter asks for them.
  std::vector<std::string> keys() const;

  /// An error of the caller's own at `key`'s line (or the table's).
  void error(std::string_view key, std::string what);
  /// The same, given back instead of recorded: for what only deserves a
  /// warning.
  ConfigError remark(std::string_view key, std::string what) const;

 private:
  friend class ConfigFile;
  struct Node;
  std::shared_ptr<Node> node_;
};

class ConfigFile {
 public:
  /// A file that is not TOML gives one error with its line, and an empty root.
  static ConfigFile open(const std::filesystem::path& path);
  static ConfigFile parse(std::string text, std::string name);
  ConfigTable root();
  /// All errors, by line, unknown keys included.
  std::vector<ConfigError> finish();

 private:
  std::shared_ptr<ConfigTable::Node> root_;
};

}  // namespace strongroom
