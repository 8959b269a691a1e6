// SPDX-License-Identifier: Apache-2.0
// Reads device profiles, boards/devices/*.toml
// (docs/formats/device-profile.md).
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/point/profile.h"
#include "platform/config/config.h"

namespace strongroom {

using ProfileErrors = std::vector<ConfigError>;

/// Every error of the file with its line; a file that cannot be read is one.
std::expected<DeviceProfile, ProfileErrors> load_profile(
    const std::filesystem::path& path);

/// `<directory>/<name>.toml`. A name that is not [a-z0-9][a-z0-9-]{0,46} is an
/// error, so no name leaves the directory.
std::expected<DeviceProfile, ProfileErrors> load_profile(
    const std::filesystem::path& directory, std::string_view name);

/// `name` is the profile's: the file's name without ".toml".
std::expected<DeviceProfile, ProfileErrors> parse_profile(std::string text,
                                                          std::string name);

/// Where the profiles of this installation are: ../share/strongroom/devices
/// seen from the folder of the running program, else boards/devices of the
/// source tree that it was built in. Empty when there is neither.
std::filesystem::path profile_directory();

}  // namespace strongroom
