// SPDX-License-Identifier: Apache-2.0
// Reads a scene, *.toml (docs/plant.md).
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/config/config.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

struct SceneOptions {
  /// Instead of the scene's own, or the installed one.
  std::filesystem::path profiles;
  /// Where links without an absolute path are; empty: beside the scene.
  std::filesystem::path link_directory;
};

/// Every error, by file and line; profiles' own errors included. What the scene
/// states for a time is tried too.
std::expected<Scene, std::vector<ConfigError>> load_scene(
    const std::filesystem::path& path, const SceneOptions& options);
/// `name` as of a file: errors and relative paths go by it.
std::expected<Scene, std::vector<ConfigError>> parse_scene(
    std::string text, const std::string& name, const SceneOptions& options);

/// [a-z0-9-]{1,32}
bool is_valid_scene_name(std::string_view name);

}  // namespace strongroom::plant
