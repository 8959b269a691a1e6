// SPDX-License-Identifier: Apache-2.0
#include "platform/config/config.h"

#include <algorithm>
#include <cmath>

#include "platform/config/config_node.h"

namespace strongroom {
namespace {

constexpr std::string_view kListOfTexts = "a list of texts in quotes";

}  // namespace

std::string ConfigError::text() const {
  return file + ":" + (line == 0 ? "" : std::to_string(line) + ":") + " " +
         what;
}

std::string ConfigTable::required_string(std::string_view key) {
  const toml::value* value = node_->require(key, "a text in quotes");
  std::string text = node_->text(key, value).value_or("");
  if (value != nullptr && value->is_string() &&
      value->as_string().str.empty()) {
    node_->error_at(config_line_of(*value),
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
  const toml::value* value = node_->require(key, config_range(min, max));
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
  const toml::value* value =
      node_->require(key, "one of " + config_choices(allowed));
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
      node_->error_at(config_line_of(item),
                      node_->name_of(key) + " must be " + std::string(right) +
                          "; one of them is " +
                          std::string(config_type_of(item)));
      return {};
    }
    numbers.push_back(item.as_integer(std::nothrow));
  }
  return numbers;
}

std::vector<std::string> ConfigTable::optional_string_list(
    std::string_view key) {
  const toml::value* value = node_->find(key);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_array()) {
    node_->wrong(key, *value, kListOfTexts);
    return {};
  }
  std::vector<std::string> texts;
  for (const toml::value& item : value->as_array(std::nothrow)) {
    auto text = node_->text(key, &item);
    if (!text) {
      return {};
    }
    texts.push_back(*std::move(text));
  }
  return texts;
}

std::vector<std::string> ConfigTable::required_string_list(
    std::string_view key) {
  const toml::value* value = node_->require(key, kListOfTexts);
  if (value == nullptr) {
    return {};
  }
  const bool is_none =
      value->is_array() && value->as_array(std::nothrow).empty();
  std::vector<std::string> texts = optional_string_list(key);
  if (is_none) {
    error(key, "must not be empty");
  }
  return texts;
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
  node_->asked.emplace(key);  // known, so that an error lists it
  return node_->table->contains(std::string(key));
}

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : *node_->table) {
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

void ConfigTable::error(std::string_view key, std::string what) {
  node_->file->errors.push_back(remark(key, std::move(what)));
}

ConfigError ConfigTable::remark(std::string_view key, std::string what) const {
  const auto found = node_->table->find(std::string(key));
  const bool is_absent = found == node_->table->end();
  what.insert(0, node_->name_of(key) + " ");
  return {.file = node_->file->name,
          .line = is_absent ? node_->line : config_line_of(found->second),
          .what = std::move(what)};
}

}  // namespace strongroom
