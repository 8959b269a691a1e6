// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_file.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "platform/system/files.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxProfileBytes = 256 * 1024;

bool is_valid_profile_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= 47 && name.front() != '-' &&
         std::ranges::all_of(name, allowed);
}

/// A UCUM code is printable ASCII without spaces; whether it names a unit is
/// the author's care.
bool is_valid_unit(std::string_view unit) {
  return !unit.empty() && unit.size() <= 15 &&
         std::ranges::all_of(unit, [](char c) { return c > ' ' && c < 0x7F; });
}

TrustRung read_trust(ConfigTable& table) {
  const std::string word =
      table.required_choice("trust", {"documented", "interop", "hardware"});
  if (word == trust_rung_name(TrustRung::kHardware)) {
    return TrustRung::kHardware;
  }
  return word == trust_rung_name(TrustRung::kInterop) ? TrustRung::kInterop
                                                      : TrustRung::kDocumented;
}

std::int64_t read_limit(ConfigTable& table,
                        std::string_view key,
                        const PointProfile& point) {
  const std::string text = table.required_string(key);
  const auto mantissa = parse_decimal(text, point.exponent);
  if (!mantissa && table.has(key)) {
    table.error(key,
                "\"" + text + "\" is not a decimal like \"-40.0\" with " +
                    "exponent " + std::to_string(point.exponent));
  }
  return mantissa.value_or(0);
}

void read_sentinels(ConfigTable& table, PointProfile& point) {
  const std::int64_t largest =
      (std::int64_t{1} << 16 * register_count(point.type)) - 1;
  for (const std::int64_t raw : table.optional_int_list("sentinels")) {
    if (raw < 0 || raw > largest) {
      table.error(
          "sentinels",
          "are register bits as read: from 0 to " + std::to_string(largest));
      continue;
    }
    point.sentinels.push_back(static_cast<std::uint64_t>(raw));
  }
}

PointProfile read_point(ConfigTable& table) {
  PointProfile point;
  point.name = table.required_string("name");
  if (table.has("name") && !is_valid_point_name(point.name)) {
    table.error("name",
                "is a lower-case letter, then letters, digits or _; at most "
                "31 characters");
  }
  point.unit = table.required_string("unit");
  if (table.has("unit") && !is_valid_unit(point.unit)) {
    table.error("unit",
                "is a UCUM code: 1 to 15 printable characters, \"1\" for a "
                "number without unit");
  }
  const std::int64_t function = table.required_int("function", 3, 4);
  point.kind = function == 3 ? RegisterKind::kHolding : RegisterKind::kInput;
  point.type = table.required_choice("type", {"u16", "i16"}) == "i16"
                   ? ValueType::kI16
                   : ValueType::kU16;
  point.address = static_cast<std::uint16_t>(
      table.required_int("address", 0, 0x10000 - register_count(point.type)));
  point.exponent = static_cast<std::int32_t>(
      table.optional_int("exponent", 0, kMinExponent, kMaxExponent));
  point.min = read_limit(table, "min", point);
  point.max = read_limit(table, "max", point);
  if (point.min > point.max) {
    table.error("max", "is below min");
  }
  read_sentinels(table, point);
  return point;
}

void read_points(ConfigTable& root, DeviceProfile& profile) {
  std::vector<ConfigTable> tables = root.tables("point");
  if (tables.empty() || tables.size() > kMaxPoints) {
    root.error("point",
               "a profile has 1 to " + std::to_string(kMaxPoints) + " points");
    return;
  }
  std::set<std::string, std::less<>> names;
  for (ConfigTable& table : tables) {
    profile.points.push_back(read_point(table));
    if (!names.insert(profile.points.back().name).second) {
      table.error("name", "is the name of an earlier point");
    }
  }
}

}  // namespace

std::expected<DeviceProfile, ProfileErrors> load_profile(
    const std::filesystem::path& path) {
  auto text = read_file(path, kMaxProfileBytes);
  if (!text) {
    return std::unexpected(
        ProfileErrors{{path.string(), 0, text.error().what}});
  }
  return parse_profile(std::move(*text), path.stem().string());
}

std::expected<DeviceProfile, ProfileErrors> load_profile(
    const std::filesystem::path& directory, std::string_view name) {
  const std::string file = std::string(name) + ".toml";
  if (!is_valid_profile_name(name)) {
    return std::unexpected(ProfileErrors{
        {file, 0, "a profile's name is lower-case letters, digits and -"}});
  }
  return load_profile(directory / file);
}

std::expected<DeviceProfile, ProfileErrors> parse_profile(std::string text,
                                                          std::string name) {
  DeviceProfile profile;
  profile.hash = sha256(as_bytes(text));
  ConfigFile file = ConfigFile::parse(std::move(text), name + ".toml");
  ConfigTable root = file.root();
  if (!is_valid_profile_name(name)) {
    root.error("",
               "a profile's name is lower-case letters, digits and -, at most "
               "47 characters");
  }
  profile.name = std::move(name);
  root.required_int("format", 1, 1);
  profile.title = root.required_string("title");
  profile.source = root.required_string("source");
  profile.trust = read_trust(root);
  profile.max_registers = static_cast<std::uint16_t>(root.optional_int(
      "max_registers", kMaxRegistersPerRequest, 1, kMaxRegistersPerRequest));
  read_points(root, profile);
  ProfileErrors errors = file.finish();
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  return profile;
}

std::filesystem::path profile_directory() {
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path folder = program.parent_path();
  std::filesystem::path installed =
      folder.parent_path() / "share" / "strongroom" / "devices";
  if (std::filesystem::is_directory(installed, error)) {
    return installed;
  }
  for (int up = 0; up < 4 && folder.has_relative_path(); ++up) {
    folder = folder.parent_path();
    if (std::filesystem::is_directory(folder / "boards" / "devices", error)) {
      return folder / "boards" / "devices";
    }
  }
  return {};
}

}  // namespace strongroom
