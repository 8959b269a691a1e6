// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_watch.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

using nlohmann::json;

/// One line of a terminal: what the agent says came from elsewhere.
std::string plain(const json& object, const char* key) {
  std::string text = object.value(key, std::string());
  std::ranges::replace(text, '\n', ' ');
  return printable(text);
}

WatchedDevice device_of(const json& object) {
  WatchedDevice device;
  device.name = plain(object, "name");
  device.unit_id = object.value("unit_id", 0);
  device.profile = plain(object, "profile");
  device.state = plain(object, "state");
  const auto count = [&object](const char* key) {
    return object.value(key, std::uint64_t{0});
  };
  device.polls = count("polls");
  device.failed_polls = count("failed_polls");
  device.timeouts = count("timeouts");
  device.exceptions = count("exceptions");
  device.garbled = count("garbled");
  device.late_bytes = count("late_bytes");
  device.missed_cycles = count("missed_cycles");
  device.round_trip_p50_us = object.value("round_trip_p50_us", std::int64_t{0});
  device.round_trip_p99_us = object.value("round_trip_p99_us", std::int64_t{0});
  device.refused = object.value("refused", json::array()).size();
  device.error = plain(object, "error");
  return device;
}

WatchedLine line_of(const json& object) {
  WatchedLine line;
  line.name = plain(object, "name");
  line.kind = plain(object, "kind");
  line.endpoint = plain(object, "endpoint");
  line.is_connected = object.value("connected", false);
  line.error = plain(object, "error");
  line.low_latency = plain(object, "low_latency");
  line.busy_us = object.value("busy_us", std::uint64_t{0});
  line.lost = object.value("lost", std::uint64_t{0});
  for (const json& device : object.value("devices", json::array())) {
    line.devices.push_back(device_of(device));
  }
  return line;
}

template <typename Named>
const Named* named(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Named::name);
  return found == all.end() ? nullptr : &*found;
}

/// Counters that went back belong to a restarted agent.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

/// "12", with what came since the last look: "12 (+3)".
std::string counter_text(std::uint64_t now, std::uint64_t fresh) {
  if (now == 0) {
    return "";
  }
  return fresh == 0 || fresh == now ? std::to_string(now)
                                    : fmt::format("{} (+{})", now, fresh);
}

std::uint64_t answered_polls(const WatchedDevice& device) {
  return device.polls - std::min(device.failed_polls, device.polls);
}

std::string rate_text(const WatchedDevice& now,
                      const WatchedDevice* before,
                      std::chrono::milliseconds elapsed) {
  if (before == nullptr || elapsed.count() <= 0) {
    return "";
  }
  const auto polls = grown(answered_polls(now), answered_polls(*before));
  return fmt::format(
      "{:.1f}",
      static_cast<double>(polls) * 1e3 / static_cast<double>(elapsed.count()));
}

std::uint64_t errors_of(const WatchedDevice& device) {
  return device.exceptions + device.garbled;
}

std::string latency_text(std::int64_t microseconds) {
  return microseconds == 0 ? "" : duration_text(microseconds);
}

RowMark mark_of(std::string_view trouble) {
  if (trouble == "ok") {
    return RowMark::kNone;
  }
  return trouble == "silent" ? RowMark::kFault : RowMark::kWarning;
}

TableRow row_of(const WatchedDevice& now,
                const WatchedDevice* before,
                std::chrono::milliseconds elapsed) {
  const WatchedDevice none;
  const WatchedDevice& old = before == nullptr ? none : *before;
  const std::string_view trouble = trouble_of(now, before);
  return {{now.name,
           std::to_string(now.unit_id),
           now.profile,
           now.state,
           trouble == "ok" || trouble == now.state ? "" : std::string(trouble),
           rate_text(now, before, elapsed),
           latency_text(now.round_trip_p50_us),
           latency_text(now.round_trip_p99_us),
           counter_text(now.timeouts, grown(now.timeouts, old.timeouts)),
           counter_text(errors_of(now), grown(errors_of(now), errors_of(old))),
           counter_text(now.missed_cycles,
                        grown(now.missed_cycles, old.missed_cycles)),
           counter_text(now.late_bytes, grown(now.late_bytes, old.late_bytes)),
           now.refused == 0 ? "" : std::to_string(now.refused),
           trouble == "ok" ? "" : now.error},
          mark_of(trouble)};
}

const std::vector<TableColumn>& columns() {
  static const std::vector<TableColumn> all = {{"device"},
                                               {"unit", true, 5},
                                               {"profile", false, 6},
                                               {"state"},
                                               {"trouble"},
                                               {"polls/s", true},
                                               {"p50", true, 3},
                                               {"p99", true, 2},
                                               {"timeouts", true, 1},
                                               {"errors", true, 1},
                                               {"missed", true, 4},
                                               {"late bytes", true, 7},
                                               {"refused", true, 6},
                                               {"last error", false, 8}};
  return all;
}

std::string heading(const WatchedLine& now,
                    const WatchedLine* before,
                    std::chrono::milliseconds elapsed,
                    const Screen& screen) {
  std::string text = now.name + "  " + now.endpoint;
  if (!now.is_connected) {
    return marked(cut(text + "  CLOSED" +
                          (now.error.empty() ? "" : ": " + now.error),
                      screen.width),
                  RowMark::kFault,
                  screen) +
           "\n";
  }
  text += "  open";
  if (before != nullptr && elapsed.count() > 0) {
    text += fmt::format("  {} % busy",
                        grown(now.busy_us, before->busy_us) / 10 /
                            static_cast<std::uint64_t>(elapsed.count()));
  }
  if (now.lost > 0) {
    text += fmt::format("  lost {} times", now.lost);
  }
  if (now.low_latency == "refused") {
    text += "  adapter refuses low latency";
  }
  return cut(text, screen.width) + "\n";
}

}  // namespace

Result<BusView> parse_bus_view(std::string_view text) {
  try {
    const json root = json::parse(text);
    BusView view;
    for (const json& line : root.at("lines")) {
      view.lines.push_back(line_of(line));
    }
    return view;
  } catch (const json::exception& error) {
    return fault(
        std::string("the agent's answer is not what GET /bus gives: ") +
        error.what());
  }
}

std::string_view trouble_of(const WatchedDevice& now,
                            const WatchedDevice* before) {
  const WatchedDevice none;
  const WatchedDevice& old = before == nullptr ? none : *before;
  if (now.state == "silent") {
    return "silent";
  }
  if (now.state != "answering") {
    return "unknown";
  }
  if (now.failed_polls > old.failed_polls || now.timeouts > old.timeouts ||
      errors_of(now) > errors_of(old)) {
    return "errors";
  }
  if (now.missed_cycles > old.missed_cycles) {
    return "missed";
  }
  return "ok";
}

std::string watch_text(const BusView& now,
                       const BusView* before,
                       std::chrono::milliseconds elapsed,
                       const Screen& screen) {
  std::string text;
  for (const WatchedLine& line : now.lines) {
    const WatchedLine* const old_line =
        before == nullptr ? nullptr : named(before->lines, line.name);
    text += (text.empty() ? "" : "\n");
    text += heading(line, old_line, elapsed, screen);
    std::vector<TableRow> rows;
    for (const WatchedDevice& device : line.devices) {
      const WatchedDevice* const old =
          old_line == nullptr ? nullptr : named(old_line->devices, device.name);
      rows.push_back(row_of(device, old, elapsed));
    }
    text += render_table(columns(), rows, screen);
  }
  return text.empty() ? "the agent has no lines\n" : text;
}

}  // namespace strongroom
