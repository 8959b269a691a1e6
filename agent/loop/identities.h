// SPDX-License-Identifier: Apache-2.0
// What devices say of themselves (model, serial number, firmware), as events:
// a device that was swapped is seen.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/loop/recorder.h"
#include "core/point/sample.h"

namespace strongroom {

/// Of one text of one device, no two events in `record`, which is never
/// dropped, are closer together: a device that says something else every time
/// writes 6 events of at most 1 KiB an hour for each of its at most 8 texts.
/// Beyond that only the epoch's first reading is recorded at once, and no
/// device opens epochs.
inline constexpr std::chrono::microseconds kIdentityInterval =
    std::chrono::minutes(10);

/// Not thread-safe.
class Identities {
 public:
  /// What the event of a row said; nothing when it is gone.
  using TextOf =
      std::function<std::optional<std::string>(const DescriptionRow&)>;

  explicit Identities(TextOf text_of) : text_of_(std::move(text_of)) {}

  /// Records what is new in the epoch, or is not what was recorded last. Texts
  /// that could not be read say nothing.
  void take(std::string_view device,
            const DeviceProfile& profile,
            std::span<const TextSample> texts,
            WallTime at,
            Recorder& recorder,
            const Now& now);

  /// Readings that were not recorded because of the interval, since the start.
  std::uint64_t held_back() const { return held_back_; }

 private:
  struct Known {
    DescriptionRow row;                // epoch 0: never recorded
    std::optional<std::string> text;   // of the row, once it was needed
    std::optional<MonoTime> recorded;  // since the start
  };
  Known& find(const std::string& subject, const Recorder& recorder);

  TextOf text_of_;
  // By "device/text". Kept over changes of the configuration, so that those do
  // not shorten the interval.
  std::unordered_map<std::string, Known> known_;
  std::uint64_t held_back_ = 0;
};

}  // namespace strongroom
