// SPDX-License-Identifier: Apache-2.0
#include "agent/config/read_lines.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "agent/config/line_settings.h"
#include "agent/config/read_computed.h"
#include "agent/config/read_panels.h"
#include "platform/profile/profile_file.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxDeviceName = 31;  // DeviceDescribed.device
constexpr std::int64_t kMaxTimeoutMs = 10'000;
constexpr std::int64_t kMaxLateAnswerMs = 60'000;
constexpr std::int64_t kMaxPeriodMs = 3'600'000;
constexpr std::int64_t kMaxSlowPeriodMs = 24 * kMaxPeriodMs;
// Above it a fault or two makes cycles late; above 1 they always are.
constexpr double kFullLoad = 0.7;
constexpr std::size_t kSharesNamed = 3;

int percent(double load) {
  return static_cast<int>(load * 100 + 0.5);
}

std::string_view period_key(PollClass poll_class) {
  switch (poll_class) {
    case PollClass::kSafety:
      return "safety_period_ms";
    case PollClass::kSlow:
      return "slow_period_ms";
    case PollClass::kNormal:
      break;
  }
  return "period_ms";
}

// As the key has it.
std::string_view parity_word(char parity) {
  return parity == 'E' ? "even" : parity == 'O' ? "odd" : "none";
}

class Reader {
 public:
  Reader(const std::filesystem::path& profiles, AgentConfig& config)
      : profiles_(profiles), config_(&config) {}

  void read_line(ConfigTable& table) {
    LineConfig line;
    line.name = table.required_string("name");
    if (!line.name.empty() && !is_valid_name(line.name)) {
      table.error("name", "must be 1 to 32 of a-z, 0-9 and hyphen");
    } else if (!line_names_.insert(line.name).second) {
      table.error("name", fmt::format("a second line \"{}\"", line.name));
    }
    line.kind = table.required_choice("kind", {"tcp", "rtu"}) == "rtu"
                    ? LineKind::kRtu
                    : LineKind::kTcp;
    if (line.kind == LineKind::kTcp) {
      read_tcp(table, line);
    } else {
      read_rtu(table, line);
    }
    line.timeout = std::chrono::milliseconds(
        table.optional_int("timeout_ms", 500, 1, kMaxTimeoutMs));
    if (table.has("late_answer_ms")) {
      line.late_answer = std::chrono::milliseconds(
          table.optional_int("late_answer_ms", 1, 1, kMaxLateAnswerMs));
    }
    std::vector<ConfigTable> devices = table.tables("device");
    for (ConfigTable& device : devices) {
      read_device(device, line);
    }
    read_panels(table, line, panel_names_);
    if (devices.empty() && line.panels.empty()) {
      table.error("name",
                  "a line needs at least one [[line.device]] or "
                  "[[line.panel]]");
    }
    judge_load(table, line);
    config_->lines.push_back(std::move(line));
  }

  std::set<std::string>& device_names() { return device_names_; }
  std::vector<ConfigError> take_profile_errors() {
    return std::move(profile_errors_);
  }

 private:
  // Two threads would ask the same devices at once, and each would take the
  // other's answers for its own.
  void read_tcp(ConfigTable& table, LineConfig& line) {
    line.host = table.required_string("host");
    line.port =
        static_cast<std::uint16_t>(table.optional_int("port", 502, 1, 65535));
    for (const LineConfig& other : config_->lines) {
      if (other.kind == LineKind::kTcp && !line.host.empty() &&
          other.host == line.host && other.port == line.port) {
        table.error("host",
                    fmt::format("and port are those of line \"{}\": their "
                                "questions would cross; put the devices on "
                                "one line",
                                other.name));
      }
    }
  }

  void read_rtu(ConfigTable& table, LineConfig& line) {
    line.serial = table.required_string("serial");
    line.baud =
        static_cast<int>(table.optional_int("baud", 9600, 300, 1'000'000));
    const std::string parity =
        table.optional_choice("parity", "none", {"none", "even", "odd"});
    line.parity = parity == "even" ? 'E' : parity == "odd" ? 'O' : 'N';
    line.stop_bits = static_cast<int>(table.optional_int("stop_bits", 1, 1, 2));
    for (const LineConfig& other : config_->lines) {
      if (other.kind == LineKind::kRtu && !line.serial.empty() &&
          is_same_port(other.serial, line.serial)) {
        refuse_shared_port(table, line, other);
      }
    }
    if (line.serial.starts_with("/dev/ttyUSB") ||
        line.serial.starts_with("/dev/ttyACM")) {
      warn(table.remark("serial",
                        "is numbered in the order of plugging in and may name "
                        "another adapter tomorrow; write its name of "
                        "/dev/serial/by-id or, for the socket, of "
                        "/dev/serial/by-path"));
    }
  }

  // By-id, by-path and ttyUSB0 are names of one thing.
  static bool is_same_port(const std::string& one, const std::string& other) {
    std::error_code error;
    return one == other || std::filesystem::equivalent(one, other, error);
  }

  static void refuse_shared_port(ConfigTable& table,
                                 const LineConfig& line,
                                 const LineConfig& other) {
    if (other.baud != line.baud) {
      table.error(table.has("baud") ? "baud" : "serial",
                  fmt::format("is {} and that of line \"{}\" on the same port "
                              "{}: a port has one baud, because devices take "
                              "frames at another one for noise; devices of "
                              "another baud need a port of their own",
                              line.baud,
                              other.name,
                              other.baud));
      return;
    }
    table.error("serial",
                fmt::format("is that of line \"{}\": their questions would "
                            "cross; put the devices on one line",
                            other.name));
  }

  void read_device(ConfigTable& table, LineConfig& line) {
    DeviceConfig device;
    device.name = table.required_string("name");
    if (!device.name.empty() &&
        (!is_valid_name(device.name) || device.name.size() > kMaxDeviceName)) {
      table.error("name", "must be 1 to 31 of a-z, 0-9 and hyphen");
    } else if (!device_names_.insert(device.name).second) {
      table.error("name",
                  fmt::format("a second device \"{}\"; names are unique "
                              "in the agent",
                              device.name));
    }
    const std::string profile = table.required_string("profile");
    if (!profile.empty()) {
      device.profile = profile_of(table, profile);
    }
    device.unit_id =
        static_cast<std::uint8_t>(table.optional_int("unit_id", 1, 1, 247));
    const auto twin =
        std::ranges::find(line.devices, device.unit_id, &DeviceConfig::unit_id);
    if (twin != line.devices.end()) {
      table.error("unit_id",
                  fmt::format("{} is that of device \"{}\" on this line: both "
                              "would answer at once",
                              device.unit_id,
                              twin->name));
    }
    read_periods(table, device);
    compare_serial(table, device, line);
    line.devices.push_back(std::move(device));
  }

  static void read_periods(ConfigTable& table, DeviceConfig& device) {
    const std::array limits{kMaxPeriodMs, kMaxPeriodMs, kMaxSlowPeriodMs};
    device.periods[0] = std::chrono::milliseconds(
        table.optional_int("safety_period_ms", 200, 0, limits[0]));
    device.periods[1] = std::chrono::milliseconds(
        table.optional_int("period_ms", 1000, 0, limits[1]));
    device.periods[2] = std::chrono::milliseconds(
        table.optional_int("slow_period_ms", 60'000, 0, limits[2]));
    const bool has_safety_points =
        device.profile != nullptr &&
        std::ranges::any_of(device.profile->points,
                            [](const PointProfile& point) {
                              return point.poll == PollClass::kSafety;
                            });
    if (has_safety_points && device.periods[0] > kLongestSafetyPeriod) {
      table.error(
          "safety_period_ms",
          fmt::format("must be at most {}: \"{}\" has fire, leak or door "
                      "points, and these are read at least that often",
                      kLongestSafetyPeriod.count(),
                      device.profile->name));
    }
  }

  void compare_serial(ConfigTable& table,
                      const DeviceConfig& device,
                      const LineConfig& line) {
    if (line.kind != LineKind::kRtu || device.profile == nullptr ||
        !device.profile->serial) {
      return;
    }
    const SerialDefaults& made = *device.profile->serial;
    if (made.baud == line.baud && made.parity == line.parity) {
      return;
    }
    warn(table.remark(
        "profile",
        fmt::format("\"{}\" leaves the factory with {} baud and parity {}, the "
                    "line has {} and {}: was the device set to that?",
                    device.profile->name,
                    made.baud,
                    parity_word(made.parity),
                    line.baud,
                    parity_word(line.parity))));
  }

  void judge_load(ConfigTable& table, const LineConfig& line) {
    if (std::ranges::any_of(line.devices, [](const DeviceConfig& device) {
          return device.profile == nullptr;
        })) {
      return;  // an error already
    }
    double load = 0;
    std::string greatest;
    const std::vector<LoadShare> shares = load_shares(line);
    for (std::size_t at = 0; at < shares.size(); ++at) {
      load += shares[at].load;
      if (at < kSharesNamed) {
        greatest += fmt::format(
            "{}\"{}\" with its {} ({} %)",
            at == 0 ? "" : ", ",
            shares[at].device,
            shares[at].is_panel ? "poll_ms" : period_key(shares[at].poll_class),
            percent(shares[at].load));
      }
    }
    if (load > 1.0) {
      warn(table.remark("name",
                        fmt::format("\"{}\": its devices need {} % of the "
                                    "line's time, so polls will be missed; "
                                    "lengthen what needs most: {}",
                                    line.name,
                                    percent(load),
                                    greatest)));
    } else if (load > kFullLoad) {
      warn(table.remark("name",
                        fmt::format("\"{}\": its devices need {} % of the "
                                    "line's time; little is left for faults. "
                                    "Most need {}",
                                    line.name,
                                    percent(load),
                                    greatest)));
    }
  }

  std::shared_ptr<const DeviceProfile> profile_of(ConfigTable& table,
                                                  const std::string& name) {
    const auto known = loaded_.find(name);
    if (known != loaded_.end()) {
      return known->second;
    }
    std::shared_ptr<const DeviceProfile> profile;
    auto read = load_profile(profiles_, name);
    if (read) {
      profile = std::make_shared<const DeviceProfile>(std::move(*read));
    } else {
      table.error(
          "profile",
          fmt::format("\"{}\" in {} cannot be used", name, profiles_.string()));
      profile_errors_.insert(
          profile_errors_.end(), read.error().begin(), read.error().end());
    }
    loaded_.emplace(name, profile);
    return profile;
  }

  void warn(ConfigError warning) {
    config_->warnings.push_back(std::move(warning));
  }

  std::filesystem::path profiles_;
  AgentConfig* config_;
  std::set<std::string> line_names_;
  std::set<std::string> device_names_;
  PanelNames panel_names_{device_names_, {}};
  std::map<std::string, std::shared_ptr<const DeviceProfile>> loaded_;
  std::vector<ConfigError> profile_errors_;
};

}  // namespace

std::vector<ConfigError> read_lines(ConfigTable& root,
                                    const std::filesystem::path& profiles,
                                    AgentConfig& config) {
  Reader reader(profiles, config);
  for (ConfigTable& line : root.tables("line")) {
    reader.read_line(line);
  }
  for (ConfigTable& table : root.tables("computed")) {
    read_computed(table, reader.device_names(), config);
  }
  std::ranges::sort(config.warnings, {}, &ConfigError::line);
  return reader.take_profile_errors();
}

}  // namespace strongroom
