// SPDX-License-Identifier: Apache-2.0
// The polls of all devices on their way to windows, live values and
// descriptions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/bus/bus.h"
#include "agent/loop/device_set.h"
#include "agent/loop/identities.h"
#include "agent/loop/quota.h"
#include "agent/loop/recorder.h"
#include "agent/loop/snapshot.h"
#include "core/point/step_guard.h"
#include "core/point/window.h"

namespace strongroom {

/// Live values of a device go out at most this often, driven by its polls: no
/// timer of its own. A little under a second, so that a device polled every
/// second is shown every second.
inline constexpr std::chrono::microseconds kLiveInterval =
    std::chrono::milliseconds(900);

class Telemetry {
 public:
  Telemetry(const DeviceSet& set, Identities::TextOf text_of);

  /// Records in `record` what the devices are, those whose description in this
  /// epoch differs or is missing. Before any window of the epoch.
  void describe(Recorder& recorder, const Now& now);
  /// Another set of devices. Those of the same name and profile keep window,
  /// qualities, values and counters; the windows of the others are recorded,
  /// cut short, and what is new is described.
  void change(const DeviceSet& set, Recorder& recorder, const Now& now);

  /// Windows are as long as that level of pressure has them (stretched()), from
  /// each device's next border on that both lengths share: no window is cut
  /// short, none overlaps another, every poll is in one.
  void set_level(std::uint32_t level) { level_ = level; }
  /// What is aimed at, and what is configured.
  std::chrono::milliseconds window_length() const;
  std::chrono::milliseconds configured_length() const {
    return configured_.length;
  }

  /// Takes a poll that ended at `at` and records the windows that it closes,
  /// and what the device says of itself. False when it is of an unknown device,
  /// of another profile than the device's, or has a wrong number of samples:
  /// nothing happened.
  bool take(const PollDone& poll,
            WallTime at,
            Recorder& recorder,
            const Now& now);
  /// Records windows that have ended.
  void close_ended(Recorder& recorder, const Now& now);
  /// Records open windows, cut short: the end of the program or of an epoch.
  void flush(Recorder& recorder, const Now& now);
  /// The earliest end of an open window.
  std::optional<WallTime> next_end() const;

  /// Encoded live messages of a device, and of what is computed from it, when
  /// it is time for them again.
  void live(std::string_view device,
            const Now& now,
            std::vector<Bytes>& messages);
  /// The next poll of every device is shown at once.
  void show_soon();

  /// Of those that are polled.
  std::vector<DeviceSnapshot> snapshot() const;
  std::uint64_t identities_held_back() const { return identities_.held_back(); }

 private:
  // A device that is polled, or one that is computed: then line is empty.
  struct Device {
    Device(std::string line,
           std::string name,
           std::shared_ptr<const DeviceProfile> profile,
           const WindowOptions& options);

    std::string line;
    std::shared_ptr<const DeviceProfile> profile;
    DeviceWindow window;
    std::chrono::milliseconds length;  // of its windows
    WallTime closed_until{};           // the end of its last window
    std::optional<StepGuard> guard;    // where a point has a limit
    std::optional<ComputedPoints> computed;
    std::vector<Device*> feeds;  // computed ones that take this one's polls
    std::uint64_t described_seq = 0;
    std::optional<MonoTime> shown;
    bool has_news = false;  // since it was shown
    DeviceSnapshot stats;
  };
  using Devices = std::vector<std::unique_ptr<Device>>;

  Device* find(std::string_view name);
  void build(const DeviceSet& set, Devices& old);
  Device& add(const std::string& line,
              const std::string& name,
              const std::shared_ptr<const DeviceProfile>& profile,
              const WindowOptions& options,
              Devices& old);
  WindowOptions options_now() const;
  void add_poll(Device& device,
                WallTime at,
                std::span<const PointSample> samples,
                Recorder& recorder,
                const Now& now);
  void fit_length(Device& device, WallTime at);
  void record_closed(Device& device, Recorder& recorder, const Now& now);
  void show(Device& device, const Now& now, std::vector<Bytes>& messages);

  Identities identities_;
  WindowOptions configured_;
  std::uint32_t level_ = 0;
  Devices devices_;
  std::unordered_map<std::string_view, Device*> by_name_;
  std::vector<PointSample> judged_;            // reused
  std::vector<strongroom_v1_Windows> closed_;  // reused: 3 KiB each
  std::vector<strongroom_v1_Live> live_;       // reused
};

}  // namespace strongroom
