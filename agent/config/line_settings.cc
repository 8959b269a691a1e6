// SPDX-License-Identifier: Apache-2.0
#include "agent/config/line_settings.h"

#include <algorithm>
#include <fmt/format.h>

namespace strongroom {
namespace {

// Long enough for a class to cost nothing.
constexpr std::chrono::hours kHardlyEver{24 * 365};
// docs/formats/panel-link.md.
constexpr std::chrono::microseconds kPanelTurnaround{2000};

}  // namespace

std::string_view line_kind_name(LineKind kind) {
  return kind == LineKind::kRtu ? "rtu" : "tcp";
}

std::string line_endpoint(const LineConfig& line) {
  return line.kind == LineKind::kRtu
             ? line.serial
             : fmt::format("{}:{}", line.host, line.port);
}

LineWire line_wire(const LineConfig& line) {
  constexpr int kStartAndData = 9;
  return {.kind = line.kind,
          .baud = line.baud,
          .bits_per_character =
              kStartAndData + (line.parity == 'N' ? 0 : 1) + line.stop_bits};
}

LineSettings line_settings(const LineConfig& line) {
  return {.wire = line_wire(line),
          .timeout = line.timeout,
          .late_answer = line.late_answer};
}

std::vector<LineDevice> line_devices(const LineConfig& line) {
  std::vector<LineDevice> devices;
  devices.reserve(line.devices.size());
  for (const DeviceConfig& device : line.devices) {
    devices.push_back(
        {device.name, device.profile, device.unit_id, device.periods});
  }
  return devices;
}

std::vector<LoadShare> load_shares(const LineConfig& line) {
  const LineSettings settings = line_settings(line);
  std::vector<LoadShare> shares;
  for (const LineDevice& device : line_devices(line)) {
    for (std::size_t at = 0; at < kPollClasses; ++at) {
      if (device.periods[at].count() == 0) {
        continue;
      }
      LineDevice alone = device;
      alone.periods.fill(kHardlyEver);
      alone.periods[at] = device.periods[at];
      const double load =
          line_load(settings, std::span(&alone, 1), kAssumedTurnaround);
      // The other classes' crumbs are no share.
      if (load > 1e-4) {
        shares.push_back({device.name, static_cast<PollClass>(at), load});
      }
    }
  }
  for (const PanelConfig& panel : line.panels) {
    PanelLoad load;
    load.poll_period = panel.poll_period;
    load.exchange_period = panel.offline_after / 3;
    shares.push_back({panel.name,
                      PollClass::kNormal,
                      panel_load(settings, load, kPanelTurnaround),
                      true});
  }
  std::ranges::sort(shares, std::ranges::greater{}, &LoadShare::load);
  return shares;
}

}  // namespace strongroom
