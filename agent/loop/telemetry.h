// SPDX-License-Identifier: Apache-2.0
// The polls of all devices on their way to windows, live values and
// descriptions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/loop/recorder.h"
#include "agent/loop/snapshot.h"
#include "core/point/window.h"

namespace strongroom {

struct TelemetryDevice {
  std::string line;
  std::string name;  // unique in the agent
  std::shared_ptr<const DeviceProfile> profile;
};

/// Live values of a device go out at most this often, driven by its polls: no
/// timer of its own. A little under a second, so that a device polled every
/// second is shown every second.
inline constexpr std::chrono::microseconds kLiveInterval =
    std::chrono::milliseconds(900);

class Telemetry {
 public:
  Telemetry(std::vector<TelemetryDevice> devices, WindowOptions options);

  /// Records in `record` what the devices are, those whose description in this
  /// epoch differs or is missing. Before any window of the epoch.
  void describe(Recorder& recorder, const Now& now);

  struct Poll {
    std::string_view device;
    WallTime at;
    std::span<const PointSample> samples;
    std::chrono::microseconds round_trip{};
    std::string_view error;
  };
  /// Records the windows that it closes. False for an unknown device or a wrong
  /// number of samples: nothing happened.
  bool take(const Poll& poll, Recorder& recorder, const Now& now);
  /// Records windows that have ended.
  void close_ended(Recorder& recorder, const Now& now);
  /// Records open windows, cut short: the end of the program or of an epoch.
  void flush(Recorder& recorder, const Now& now);
  /// The earliest end of an open window.
  std::optional<WallTime> next_end() const;

  /// Encoded live messages of a device, when it is time for them again.
  void live(std::string_view device,
            const Now& now,
            std::vector<Bytes>& messages);
  /// The next poll of every device is shown at once.
  void show_soon();

  std::vector<DeviceSnapshot> snapshot() const;

 private:
  struct Device {
    Device(TelemetryDevice what, const WindowOptions& options);

    std::string line;
    std::shared_ptr<const DeviceProfile> profile;
    DeviceWindow window;
    std::uint64_t described_seq = 0;
    std::optional<MonoTime> shown;
    DeviceSnapshot stats;
  };

  Device* find(std::string_view name);
  void record_closed(Device& device, Recorder& recorder, const Now& now);

  std::vector<std::unique_ptr<Device>> devices_;
  std::unordered_map<std::string_view, Device*> by_name_;
  std::vector<strongroom_v1_Windows> closed_;  // reused: 3 KiB each
  std::vector<strongroom_v1_Live> live_;       // reused
};

}  // namespace strongroom
