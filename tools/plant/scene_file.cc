// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/scene_file.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "platform/profile/profile_file.h"
#include "platform/system/files.h"
#include "tools/plant/plant.h"
#include "tools/plant/scene_building.h"
#include "tools/plant/scene_panel.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

constexpr double kLongestS = 30.0 * 24 * 3600;
constexpr double kFastest = 10'000;
constexpr double kLongestTurnaroundMs = 60'000;

class SceneReader {
 public:
  SceneReader(std::string text, const std::string& name, SceneOptions options)
      : options_(std::move(options)),
        directory_(std::filesystem::absolute(name).parent_path()),
        file_(ConfigFile::parse(std::move(text), name)) {}

  std::expected<Scene, std::vector<ConfigError>> read() {
    ConfigTable root = file_.root();
    const auto profiles = root.optional_path("profiles");
    if (options_.profiles.empty()) {
      options_.profiles = profiles.value_or(profile_directory());
    }
    scene_.speed = read_number(root, "speed", 1, 0.01, kFastest);
    scene_.seed =
        static_cast<std::uint64_t>(root.optional_int("seed", 1, 0, INT64_MAX));
    scene_.building = read_building(root);
    step(scene_.building, 0);
    std::vector<ConfigTable> lines = root.tables("line");
    if (lines.empty()) {
      root.error("line", "a scene has at least one");
    }
    for (ConfigTable& line : lines) {
      read_line(line);
    }
    std::vector<ConfigTable> panels = root.tables("panel");
    for (ConfigTable& panel : panels) {
      scene_.panels.push_back(
          read_panel(panel, scene_, read_name(panel), links()));
    }
    std::vector<ConfigTable> happenings = root.tables("at");
    read_happenings(happenings);
    auto errors = file_.finish();
    errors.insert(errors.end(), profile_errors_.begin(), profile_errors_.end());
    if (!errors.empty()) {
      return std::unexpected(std::move(errors));
    }
    return std::move(scene_);
  }

 private:
  std::string read_name(ConfigTable& table) {
    std::string name = table.required_string("name");
    if (table.has("name") && !is_valid_scene_name(name)) {
      table.error("name", "is 1 to 32 characters of a-z, 0-9 and the hyphen");
    } else if (!names_.insert(name).second) {
      table.error("name", "is the name of another line, device or panel");
    }
    return name;
  }

  const std::filesystem::path& links() const {
    return options_.link_directory.empty() ? directory_
                                           : options_.link_directory;
  }

  void read_line(ConfigTable& table) {
    LineScene line{.name = read_name(table)};
    line.kind = table.required_choice("kind", {"tcp", "rtu"}) == "rtu"
                    ? LineKind::kRtu
                    : LineKind::kTcp;
    if (line.kind == LineKind::kTcp) {
      line.host = table.optional_string("host", line.host);
      line.port =
          static_cast<std::uint16_t>(table.required_int("port", 0, 65535));
    } else {
      read_serial(table, line);
    }
    scene_.lines.push_back(std::move(line));
    units_.clear();
    std::vector<ConfigTable> devices = table.tables("device");
    for (ConfigTable& device : devices) {
      read_device(device);
    }
  }

  void read_serial(ConfigTable& table, LineScene& line) {
    const std::filesystem::path link = table.required_string("link");
    line.link = (links() / link).lexically_normal().string();
    line.baud =
        static_cast<int>(table.optional_int("baud", 9600, 300, 4'000'000));
    const std::string parity =
        table.optional_choice("parity", "none", {"none", "even", "odd"});
    line.parity = parity == "none" ? 'N' : parity == "even" ? 'E' : 'O';
    line.stop_bits = static_cast<int>(table.optional_int("stop_bits", 1, 1, 2));
    line.paced = table.optional_bool("paced", true);
  }

  void read_device(ConfigTable& table) {
    DeviceScene device{.name = read_name(table),
                       .line = scene_.lines.size() - 1};
    device.profile = profile_of(table);
    const bool is_rtu = scene_.lines.back().kind == LineKind::kRtu;
    device.units = {static_cast<std::uint8_t>(
        table.optional_int("unit_id", 1, is_rtu ? 1 : 0, is_rtu ? 247 : 255))};
    if (!units_.insert(device.units.front()).second) {
      table.error("unit_id", "is another device's on this line");
    }
    device.turnaround = microseconds(std::llround(
        1000 *
        read_number(table, "turnaround_ms", 0, 0, kLongestTurnaroundMs)));
    read_bindings(table, device);
    read_values(table, device);
    scene_.devices.push_back(std::move(device));
  }

  void read_bindings(ConfigTable& table, DeviceScene& device) {
    auto bind = table.optional_table("bind");
    const auto& points = device.profile->points;
    for (std::size_t i = 0; bind && i < points.size(); ++i) {
      if (!bind->has(points[i].name)) {
        continue;
      }
      if (auto binding =
              read_binding(*bind, *device.profile, i, scene_.building)) {
        device.bindings.push_back(std::move(*binding));
      }
    }
  }

  /// What a device says from the start, points and texts.
  static void read_values(ConfigTable& table, DeviceScene& device) {
    auto values = table.optional_table("set");
    SimulatedDevice trial(device.name, device.profile);
    const auto read_value = [&](const std::string& name) {
      if (!values->has(name)) {
        return;
      }
      std::string assignment = name + "=" + values->required_string(name);
      if (auto set = trial.set(assignment); !set) {
        values->error(name, "cannot be set: " + set.error().what);
        return;
      }
      device.set.push_back(std::move(assignment));
    };
    for (std::size_t i = 0; values && i < device.profile->points.size(); ++i) {
      read_value(device.profile->points[i].name);
    }
    for (std::size_t i = 0; values && i < device.profile->texts.size(); ++i) {
      read_value(device.profile->texts[i].name);
    }
  }

  std::shared_ptr<const DeviceProfile> profile_of(ConfigTable& table) {
    const std::string name = table.required_string("profile");
    if (const auto known = profiles_.find(name); known != profiles_.end()) {
      return known->second;
    }
    auto profile = load_profile(options_.profiles, name);
    if (!profile) {
      table.error("profile",
                  "\"" + name + "\" in " + options_.profiles.string() +
                      " cannot be used");
      profile_errors_.insert(profile_errors_.end(),
                             profile.error().begin(),
                             profile.error().end());
    }
    return profiles_[name] =
               profile
                   ? std::make_shared<const DeviceProfile>(std::move(*profile))
                   : std::make_shared<const DeviceProfile>();
  }

  void read_happenings(std::vector<ConfigTable>& tables) {
    Plant trial(scene_);
    for (ConfigTable& table : tables) {
      if (!table.has("after_s")) {
        table.error("after_s", "is missing: seconds since the start");
      }
      Happening happening{
          .after = microseconds(std::llround(
              1e6 * read_number(table, "after_s", 0, 0, kLongestS))),
          .command = table.required_string("do")};
      // Without its profiles a scene cannot be tried.
      if (auto tried = trial.command(happening.command, Time{0});
          !tried && profile_errors_.empty()) {
        table.error("do", "would fail: " + tried.error().what);
      }
      // After those of the same time.
      const auto later = std::ranges::upper_bound(
          scene_.happenings, happening.after, {}, &Happening::after);
      scene_.happenings.insert(later, std::move(happening));
    }
  }

  SceneOptions options_;
  std::filesystem::path directory_;
  ConfigFile file_;
  Scene scene_;
  std::set<std::string, std::less<>> names_;
  std::set<std::uint8_t> units_;  // of the line that is being read
  std::map<std::string, std::shared_ptr<const DeviceProfile>> profiles_;
  std::vector<ConfigError> profile_errors_;
};

}  // namespace

bool is_valid_scene_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::expected<Scene, std::vector<ConfigError>> load_scene(
    const std::filesystem::path& path, const SceneOptions& options) {
  auto text = read_file(path);
  if (!text) {
    return std::unexpected(
        std::vector<ConfigError>{{path.string(), 0, text.error().what}});
  }
  return parse_scene(std::move(*text), path.string(), options);
}

std::expected<Scene, std::vector<ConfigError>> parse_scene(
    std::string text, const std::string& name, const SceneOptions& options) {
  return SceneReader(std::move(text), name, options).read();
}

}  // namespace strongroom::plant
