// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>
#include <tuple>

#include "platform/config/config.h"
#include "platform/config/config_node.h"
#include "platform/config/toml_guard.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxFile = 256 * 1024;

}  // namespace

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
