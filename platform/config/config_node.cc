// SPDX-License-Identifier: Apache-2.0
#include "platform/config/config_node.h"

#include <algorithm>

namespace strongroom {
namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

std::uint32_t config_line_of(const toml::value& value) {
  return value.location().line();
}

std::string_view config_type_of(const toml::value& value) {
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

std::string config_choices(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + in_quotes(word);
  }
  return text;
}

std::string config_range(std::int64_t min, std::int64_t max) {
  return "a whole number from " + std::to_string(min) + " to " +
         std::to_string(max);
}

const toml::value* ConfigTable::Node::find(std::string_view key) {
  asked.emplace(key);
  const auto found = table->find(std::string(key));
  return found == table->end() ? nullptr : &found->second;
}

std::string ConfigTable::Node::name_of(std::string_view key) const {
  return in_quotes(prefix + std::string(key));
}

void ConfigTable::Node::error_at(std::uint32_t at, std::string what) {
  file->errors.push_back(
      {.file = file->name, .line = at, .what = std::move(what)});
}

const toml::value* ConfigTable::Node::require(std::string_view key,
                                              std::string_view right) {
  const toml::value* value = find(key);
  if (value == nullptr && file->parsed) {
    error_at(line,
             name_of(key) + " is missing; it must be " + std::string(right));
  }
  return value;
}

void ConfigTable::Node::wrong(std::string_view key,
                              const toml::value& value,
                              std::string_view right) {
  error_at(config_line_of(value),
           name_of(key) + " must be " + std::string(right) + ", not " +
               std::string(config_type_of(value)));
}

ConfigTable ConfigTable::Node::child(const toml::value& value,
                                     std::string_view key) const {
  ConfigTable child;
  child.node_ = std::make_shared<Node>();
  child.node_->file = file;
  child.node_->table = &value.as_table(std::nothrow);
  child.node_->line = config_line_of(value);
  child.node_->prefix = prefix + std::string(key) + ".";
  return child;
}

ConfigTable ConfigTable::Node::nothing(const std::shared_ptr<File>& file) {
  static const toml::table empty;
  ConfigTable nothing;
  nothing.node_ = std::make_shared<Node>();
  nothing.node_->file = std::make_shared<File>();
  nothing.node_->file->name = file->name;
  nothing.node_->file->directory = file->directory;
  nothing.node_->table = &empty;
  return nothing;
}

std::optional<std::string> ConfigTable::Node::text(std::string_view key,
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

std::optional<std::int64_t> ConfigTable::Node::number(std::string_view key,
                                                      const toml::value* value,
                                                      std::int64_t min,
                                                      std::int64_t max) {
  if (value == nullptr) {
    return {};
  }
  if (!value->is_integer()) {
    wrong(key, *value, config_range(min, max));
    return {};
  }
  const std::int64_t number = value->as_integer(std::nothrow);
  if (number < min || number > max) {
    error_at(config_line_of(*value),
             name_of(key) + " must be " + config_range(min, max) + ", not " +
                 std::to_string(number));
    return {};
  }
  return number;
}

std::optional<std::string> ConfigTable::Node::choice(
    std::string_view key,
    const toml::value* value,
    const std::vector<std::string>& allowed) {
  std::optional<std::string> word = text(key, value);
  if (word && std::ranges::find(allowed, *word) == allowed.end()) {
    error_at(config_line_of(*value),
             name_of(key) + " must be one of " + config_choices(allowed) +
                 ", not " + in_quotes(*word));
    return {};
  }
  return word;
}

void ConfigTable::Node::report_unknown() {
  for (const auto& [key, value] : *table) {
    if (asked.contains(key)) {
      continue;
    }
    const std::vector<std::string> known(asked.begin(), asked.end());
    error_at(config_line_of(value),
             name_of(key) + " is not known here; known are " +
                 (known.empty() ? "no keys" : config_choices(known)));
  }
  for (auto& [key, tables] : children) {
    for (ConfigTable& child : tables) {
      child.node_->report_unknown();
    }
  }
}

}  // namespace strongroom
