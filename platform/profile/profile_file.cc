// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_file.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "platform/profile/profile_point.h"
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

/// The newest one when the key is absent or wrong: one error is enough.
std::int64_t read_format(ConfigTable& root) {
  if (!root.has("format")) {
    root.required_int("format", 1, kNewestProfileFormat);
  }
  return root.optional_int(
      "format", kNewestProfileFormat, 1, kNewestProfileFormat);
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

void read_request_limits(const ProfileTable& root, DeviceProfile& profile) {
  profile.max_registers = static_cast<std::uint16_t>(root.table.optional_int(
      "max_registers", kMaxRegistersPerRequest, 1, kMaxRegistersPerRequest));
  if (root.has_new("max_bits")) {
    profile.max_bits = static_cast<std::uint16_t>(root.table.optional_int(
        "max_bits", kMaxBitsPerRequest, 1, kMaxBitsPerRequest));
  }
  if (root.has_new("bridge_holes")) {
    profile.bridge_holes = root.table.optional_bool("bridge_holes", true);
  }
  if (root.has_new("pause_ms")) {
    constexpr std::int64_t kMaxPauseMs = 10'000;
    profile.pause = std::chrono::milliseconds(
        root.table.optional_int("pause_ms", 0, 0, kMaxPauseMs));
  }
}

void read_forbidden(const ProfileTable& root, DeviceProfile& profile) {
  if (!root.has_new("forbidden")) {
    return;
  }
  for (ConfigTable& table : root.table.tables("forbidden")) {
    const ProfileTable file{table, root.format};
    RegisterRange range;
    range.kind = file.read_kind();
    range.first =
        static_cast<std::uint16_t>(table.required_int("first", 0, 0xFFFF));
    range.last =
        static_cast<std::uint16_t>(table.required_int("last", 0, 0xFFFF));
    if (range.first > range.last) {
      table.error("last", "is below first");
    }
    profile.forbidden.push_back(range);
  }
}

RegisterRange addresses_from(RegisterKind kind,
                             std::uint16_t first,
                             std::uint16_t count) {
  return {kind, first, static_cast<std::uint16_t>(first + count - 1)};
}

void read_probe(const ProfileTable& root, DeviceProfile& profile) {
  if (!root.has_new("probe")) {
    return;
  }
  ConfigTable table = root.table.required_table("probe");
  const ProfileTable file{table, root.format};
  ProbeRegister probe;
  probe.kind = file.read_kind();
  const bool is_bit = is_bit_kind(probe.kind);
  probe.count = static_cast<std::uint16_t>(table.optional_int(
      "count", 1, 1, is_bit ? profile.max_bits : profile.max_registers));
  probe.address = file.read_address(probe.count);
  const std::int64_t largest = is_bit ? 1 : 0xFFFF;
  probe.min =
      static_cast<std::uint16_t>(table.optional_int("min", 0, 0, largest));
  probe.max = static_cast<std::uint16_t>(
      table.optional_int("max", largest, 0, largest));
  if (probe.min > probe.max) {
    table.error("max", "is below min");
  }
  check_readable(
      file, profile, addresses_from(probe.kind, probe.address, probe.count));
  profile.probe = probe;
}

void read_serial(const ProfileTable& root, DeviceProfile& profile) {
  if (!root.has_new("serial")) {
    return;
  }
  ConfigTable table = root.table.required_table("serial");
  SerialDefaults serial;
  serial.baud = static_cast<int>(table.required_int("baud", 300, 1'000'000));
  const std::string parity =
      table.required_choice("parity", {"none", "even", "odd"});
  serial.parity = parity == "even" ? 'E' : parity == "odd" ? 'O' : 'N';
  serial.stop_bits = static_cast<int>(table.required_int("stop_bits", 1, 2));
  profile.serial = serial;
}

using Names = std::set<std::string, std::less<>>;

void take_name(ConfigTable& table, const std::string& name, Names& names) {
  if (!names.insert(name).second) {
    table.error("name", "is the name of an earlier point or text");
  }
}

void read_points(const ProfileTable& root,
                 DeviceProfile& profile,
                 Names& names) {
  std::vector<ConfigTable> tables = root.table.tables("point");
  if (tables.empty() || tables.size() > kMaxPoints) {
    root.table.error(
        "point",
        "a profile has 1 to " + std::to_string(kMaxPoints) + " points");
    return;
  }
  for (ConfigTable& table : tables) {
    const ProfileTable file{table, root.format};
    const PointProfile point = read_point(file);
    take_name(table, point.name, names);
    check_readable(
        file,
        profile,
        addresses_from(point.kind, point.address, register_count(point.type)));
    profile.points.push_back(point);
  }
}

void read_texts(const ProfileTable& root,
                DeviceProfile& profile,
                Names& names) {
  if (!root.has_new("text")) {
    return;
  }
  std::vector<ConfigTable> tables = root.table.tables("text");
  if (tables.size() > kMaxTexts) {
    root.table.error(
        "text",
        "a profile has at most " + std::to_string(kMaxTexts) + " texts");
  }
  for (ConfigTable& table : tables) {
    const ProfileTable file{table, root.format};
    const TextProfile text = read_text(file);
    take_name(table, text.name, names);
    check_readable(
        file, profile, addresses_from(text.kind, text.address, text.registers));
    profile.texts.push_back(text);
  }
}

}  // namespace

std::expected<DeviceProfile, ProfileErrors> load_profile(
    const std::filesystem::path& path) {
  auto text = read_file(path, kMaxProfileBytes);
  if (!text) {
    // read_file's words begin with the path; the error says it again.
    std::string what = text.error().what;
    if (what.starts_with(path.string() + ": ")) {
      what.erase(0, path.string().size() + 2);
    }
    return std::unexpected(ProfileErrors{{path.string(), 0, std::move(what)}});
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
  const ProfileTable table{root, read_format(root)};
  profile.title = root.required_string("title");
  profile.source = root.required_string("source");
  profile.trust = read_trust(root);
  read_request_limits(table, profile);
  read_forbidden(table, profile);
  read_probe(table, profile);
  read_serial(table, profile);
  Names names;
  read_points(table, profile, names);
  read_texts(table, profile, names);
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
