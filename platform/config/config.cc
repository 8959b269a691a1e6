// SPDX-License-Identifier: Apache-2.0
#include "platform/config/config.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <toml.hpp>

#include "platform/config/toml_guard.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxFile = 256 * 1024;

std::uint32_t line_of(const toml::value& value) {
  return value.location().line();
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + in_quotes(word);
  }
  return text;
}

std::string between(std::int64_t min, std::int64_t max) {
  return "a whole number from " + std::to_string(min) + " to " +
         std::to_string(max);
}

}  // namespace

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

  const toml::value* find(std::string_view key) {
    asked.emplace(key);
    const auto found = table->find(std::string(key));
    return found == table->end() ? nullptr : &found->second;
  }

  std::string name_of(std::string_view key) const {
    return in_quotes(prefix + std::string(key));
  }

  void error_at(std::uint32_t at, std::string what) {
    file->errors.push_back(
        {.file = file->name, .line = at, .what = std::move(what)});
  }

  // A broken file has one error of its own; what is missing from it is noise.
  const toml::value* require(std::string_view key, std::string_view right) {
    const toml::value* value = find(key);
    if (value == nullptr && file->parsed) {
      error_at(line,
               name_of(key) + " is missing; it must be " + std::string(right));
    }
    return value;
  }

  void wrong(std::string_view key,
             const toml::value& value,
             std::string_view right) {
    error_at(line_of(value),
             name_of(key) + " must be " + std::string(right) + ", not " +
                 std::string(describe(value)));
  }

  static std::string_view describe(const toml::value& value) {
    switch (value.type()) {
      case toml::value_t::boolean:
        return "true or false";
      case toml::value_t::integer:
        return "a whole number";
      case toml::value_t::floating:
        return "a number with a fraction";
      case toml::value_t::string:
        return "a text";
      case toml::value_t::offset_datetime:
      case toml::value_t::local_datetime:
      case toml::value_t::local_date:
      case toml::value_t::local_time:
        return "a date or time";
      case toml::value_t::array:
        return "a list";
      case toml::value_t::table:
        return "a table";
      case toml::value_t::empty:
        break;
    }
    return "nothing";
  }

  ConfigTable child(const toml::value& value, std::string_view key) const {
    ConfigTable child;
    child.node_ = std::make_shared<Node>();
    child.node_->file = file;
    child.node_->table = &value.as_table(std::nothrow);
    child.node_->line = line_of(value);
    child.node_->prefix = prefix + std::string(key) + ".";
    return child;
  }

  // What a required table is when it is absent or wrong: empty, so that every
  // getter works, and silent about what it lacks.
  static ConfigTable nothing(std::shared_ptr<File> file) {
    static const toml::table kEmpty;
    ConfigTable nothing;
    nothing.node_ = std::make_shared<Node>();
    nothing.node_->file = std::make_shared<File>();
    nothing.node_->file->name = file->name;
    nothing.node_->file->directory = file->directory;
    nothing.node_->table = &kEmpty;
    return nothing;
  }

  std::optional<std::string> text(std::string_view key,
                                  const toml::value* value) {
    if (value == nullptr) {
      return {};
    }
    if (!value->is_string()) {
      wrong(key, *value, "a text in quotes");
      return {};
    }
    const std::string& text = value->as_string(std::nothrow).str;
    // It would end a path or a line of a log in the middle.
    if (std::ranges::any_of(text, [](unsigned char c) { return c < ' '; })) {
      wrong(key, *value, "a text without control characters");
      return {};
    }
    return text;
  }

  std::optional<std::int64_t> number(std::string_view key,
                                     const toml::value* value,
                                     std::int64_t min,
                                     std::int64_t max) {
    if (value == nullptr) {
      return {};
    }
    if (!value->is_integer()) {
      wrong(key, *value, between(min, max));
      return {};
    }
    const std::int64_t number = value->as_integer(std::nothrow);
    if (number < min || number > max) {
      error_at(line_of(*value),
               name_of(key) + " must be " + between(min, max) + ", not " +
                   std::to_string(number));
      return {};
    }
    return number;
  }

  std::optional<std::string> choice(std::string_view key,
                                    const toml::value* value,
                                    const std::vector<std::string>& allowed) {
    const std::optional<std::string> word = text(key, value);
    if (word && std::ranges::find(allowed, *word) == allowed.end()) {
      error_at(line_of(*value),
               name_of(key) + " must be one of " + listed(allowed) + ", not " +
                   in_quotes(*word));
      return {};
    }
    return word;
  }

  void report_unknown() {
    for (const auto& [key, value] : *table) {
      if (asked.contains(key)) {
        continue;
      }
      const std::vector<std::string> known(asked.begin(), asked.end());
      error_at(line_of(value),
               name_of(key) + " is not known here; known are " +
                   (known.empty() ? "no keys" : listed(known)));
    }
    for (auto& [key, tables] : children) {
      for (ConfigTable& child : tables) {
        child.node_->report_unknown();
      }
    }
  }
};

std::string ConfigError::text() const {
  return file + ":" + (line == 0 ? "" : std::to_string(line) + ":") + " " +
         what;
}

std::string ConfigTable::required_string(std::string_view key) {
  const toml::value* value = node_->require(key, "a text in quotes");
  std::string text = node_->text(key, value).value_or("");
  if (value != nullptr && value->is_string() &&
      value->as_string().str.empty()) {
    node_->error_at(line_of(*value),
                    node_->name_of(key) + " must not be empty");
  }
  return text;
}

std::string ConfigTable::optional_string(std::string_view key,
                                         std::string fallback) {
  return node_->text(key, node_->find(key)).value_or(std::move(fallback));
}

std::filesystem::path ConfigTable::required_path(std::string_view key) {
  const std::string text = required_string(key);
  return text.empty() ? std::filesystem::path()
                      : (node_->file->directory / text).lexically_normal();
}

std::optional<std::filesystem::path> ConfigTable::optional_path(
    std::string_view key) {
  if (!has(key)) {
    node_->find(key);
    return {};
  }
  std::filesystem::path path = required_path(key);
  return path.empty() ? std::nullopt : std::optional(std::move(path));
}

std::int64_t ConfigTable::required_int(std::string_view key,
                                       std::int64_t min,
                                       std::int64_t max) {
  const toml::value* value = node_->require(key, between(min, max));
  return node_->number(key, value, min, max).value_or(min);
}

std::int64_t ConfigTable::optional_int(std::string_view key,
                                       std::int64_t fallback,
                                       std::int64_t min,
                                       std::int64_t max) {
  return node_->number(key, node_->find(key), min, max).value_or(fallback);
}

std::optional<double> ConfigTable::optional_number(std::string_view key) {
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return {};
  }
  if (value->is_integer()) {
    return static_cast<double>(value->as_integer(std::nothrow));
  }
  if (value->is_floating() && std::isfinite(value->as_floating(std::nothrow))) {
    return value->as_floating(std::nothrow);
  }
  node_->wrong(key, *value, "a finite number");
  return {};
}

bool ConfigTable::optional_bool(std::string_view key, bool fallback) {
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    node_->wrong(key, *value, "true or false");
    return fallback;
  }
  return value->as_boolean(std::nothrow);
}

std::string ConfigTable::required_choice(
    std::string_view key, const std::vector<std::string>& allowed) {
  const toml::value* value = node_->require(key, "one of " + listed(allowed));
  return node_->choice(key, value, allowed).value_or("");
}

std::string ConfigTable::optional_choice(
    std::string_view key,
    std::string fallback,
    const std::vector<std::string>& allowed) {
  return node_->choice(key, node_->find(key), allowed)
      .value_or(std::move(fallback));
}

std::vector<std::int64_t> ConfigTable::optional_int_list(std::string_view key) {
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return {};
  }
  const std::string_view right = "a list of whole numbers";
  if (!value->is_array()) {
    node_->wrong(key, *value, right);
    return {};
  }
  std::vector<std::int64_t> numbers;
  for (const toml::value& item : value->as_array(std::nothrow)) {
    if (!item.is_integer()) {
      node_->error_at(line_of(item),
                      node_->name_of(key) + " must be " + std::string(right) +
                          "; one of them is " +
                          std::string(Node::describe(item)));
      return {};
    }
    numbers.push_back(item.as_integer(std::nothrow));
  }
  return numbers;
}

std::optional<ConfigTable> ConfigTable::optional_table(std::string_view key) {
  if (const auto known = node_->children.find(key);
      known != node_->children.end()) {
    return known->second.front();
  }
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_table()) {
    node_->wrong(key,
                 *value,
                 "a table, [" + node_->prefix + std::string(key) +
                     "] on a line of its own");
    return Node::nothing(node_->file);
  }
  ConfigTable child = node_->child(*value, key);
  node_->children[std::string(key)] = {child};
  return child;
}

ConfigTable ConfigTable::required_table(std::string_view key) {
  node_->require(key,
                 "a table, [" + node_->prefix + std::string(key) +
                     "] on a line of its own");
  return optional_table(key).value_or(Node::nothing(node_->file));
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) {
  if (const auto known = node_->children.find(key);
      known != node_->children.end()) {
    return known->second;
  }
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return {};
  }
  const auto is_table = [](const toml::value& item) { return item.is_table(); };
  if (!value->is_array() ||
      !std::ranges::all_of(value->as_array(std::nothrow), is_table)) {
    node_->wrong(key,
                 *value,
                 "tables, each under a line [[" + node_->prefix +
                     std::string(key) + "]]");
    return {};
  }
  std::vector<ConfigTable> tables;
  for (const toml::value& item : value->as_array(std::nothrow)) {
    tables.push_back(node_->child(item, key));
  }
  if (!tables.empty()) {
    node_->children[std::string(key)] = tables;
  }
  return tables;
}

bool ConfigTable::has(std::string_view key) const {
  return node_->table->contains(std::string(key));
}

void ConfigTable::error(std::string_view key, std::string what) {
  const auto found = node_->table->find(std::string(key));
  node_->error_at(
      found == node_->table->end() ? node_->line : line_of(found->second),
      node_->name_of(key) + " " + what);
}

ConfigFile ConfigFile::open(const std::filesystem::path& path) {
  const Result<std::string> text = read_file(path, kMaxFile);
  if (text) {
    return parse(*text, path.string());
  }
  ConfigFile file = parse("", path.string());
  file.root_->file->parsed = false;
  // read_file's words begin with the path; text() says it again.
  std::string what = text.error().what;
  if (what.starts_with(path.string() + ": ")) {
    what.erase(0, path.string().size() + 2);
  }
  file.root_->error_at(0, std::move(what));
  return file;
}

namespace {

// toml11 draws a picture over several lines; its first says what is wrong.
ConfigError syntax_fault(const std::string& name,
                         const std::string& drawing,
                         std::uint32_t line) {
  std::string what = drawing.substr(0, drawing.find('\n'));
  for (const std::string_view noise : {"[error] ", "toml::"}) {
    if (what.starts_with(noise)) {
      what.erase(0, noise.size());
    }
  }
  return {.file = name, .line = line, .what = "not valid TOML: " + what};
}

}  // namespace

ConfigFile ConfigFile::parse(std::string text, std::string name) {
  auto file = std::make_shared<ConfigTable::Node::File>();
  // Through a link (/etc/strongroom/agent.toml) the neighbours of the file
  // itself are meant.
  std::error_code unresolved;
  file->directory =
      std::filesystem::weakly_canonical(name, unresolved).parent_path();
  file->name = std::move(name);
  if (text.size() > kMaxFile) {
    file->errors.push_back(
        {.file = file->name, .what = "the file is too large"});
  } else if (auto danger = check_toml_text(text)) {
    file->errors.push_back({.file = file->name,
                            .line = danger->line,
                            .what = std::move(danger->what)});
  } else {
    try {
      std::istringstream stream(std::move(text));
      file->root = toml::parse(stream, file->name);
      file->parsed = true;
    } catch (const toml::exception& error) {
      file->errors.push_back(
          syntax_fault(file->name, error.what(), error.location().line()));
    } catch (const std::exception& error) {
      file->errors.push_back(syntax_fault(file->name, error.what(), 0));
    }
  }
  ConfigFile config;
  config.root_ = std::make_shared<ConfigTable::Node>();
  config.root_->file = std::move(file);
  config.root_->table = &config.root_->file->root.as_table();
  return config;
}

ConfigTable ConfigFile::root() {
  ConfigTable table;
  table.node_ = root_;
  return table;
}

std::vector<ConfigError> ConfigFile::finish() {
  if (root_->file->parsed) {
    root_->report_unknown();
  }
  std::vector<ConfigError> errors = std::move(root_->file->errors);
  root_->file->errors.clear();
  std::ranges::sort(errors, [](const ConfigError& a, const ConfigError& b) {
    return std::tie(a.line, a.what) < std::tie(b.line, b.what);
  });
  return errors;
}

}  // namespace strongroom
