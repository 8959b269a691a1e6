// SPDX-License-Identifier: Apache-2.0
// Polls of one device become windows, live values and its description, as the
// messages of proto/event.proto have them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/point/profile.h"
#include "core/point/sample.h"
#include "proto/event.pb.h"
#include "proto/wire.pb.h"

namespace strongroom {

inline constexpr std::size_t kMaxPointsPerWindows = 64;
inline constexpr std::size_t kMaxPointsPerDescription = 12;
inline constexpr std::size_t kMaxStatesPerDescription = 16;
inline constexpr std::size_t kMaxPointsPerLive = 64;

struct WindowOptions {
  /// Windows start at multiples of it in wall time; 0: one window per poll.
  std::chrono::milliseconds length{60'000};
  /// After so many polls in a row without an answer the last good value is
  /// stale. Until then, and when nothing good was ever read, the point is bad.
  std::uint32_t stale_after_missed = 3;
};

/// The record of what a device's points are, in parts of at most 12 points, in
/// order; each fits an event. `device`: at most 31 bytes.
std::vector<strongroom_v1_DeviceDescribed> describe_device(
    std::string_view device, const DeviceProfile& profile);

/// The record of what the codes of its points mean, points in order, in parts
/// of at most 16 states. described_seq is 0: whoever journals them fills it in.
std::vector<strongroom_v1_StatesDescribed> describe_states(
    std::string_view device, const DeviceProfile& profile);

/// Accumulates the polls of one device. Not thread-safe; the loop owns it.
///
/// Closed windows are appended to `closed` as messages whose described_seq is
/// 0: whoever journals them knows the epoch and fills it in. A device with many
/// points gives several messages per window, points in order, each small enough
/// for a windows event whatever its envelope says. A point that no poll of the
/// window asked keeps its quality and value; its row says good 0, missed 0 and
/// the quality it had, or is left out where no message needs it.
class DeviceWindow {
 public:
  /// `profile` outlives the object. `device`: at most 31 bytes.
  DeviceWindow(std::string device,
               const DeviceProfile& profile,
               WindowOptions options);

  /// Takes one poll. Closes the open window first when `at` is outside it (a
  /// wall clock that stepped back closes it too), and when a sum would no
  /// longer fit. `samples` has one item per point of the profile; what is not
  /// asked is left alone.
  void add(WallTime at,
           std::span<const PointSample> samples,
           std::vector<strongroom_v1_Windows>& closed);

  /// When the open window ends; nothing while none is open.
  std::optional<WallTime> ends() const;
  /// Closes the open window when it has ended by `now`.
  void close_ended(WallTime now, std::vector<strongroom_v1_Windows>& closed);
  /// Closes the open window, cut short at `now`: for the end of the program.
  void flush(WallTime now, std::vector<strongroom_v1_Windows>& closed);

  /// From now on. Another length closes the open window, cut short at `now`.
  void set_options(WindowOptions options,
                   WallTime now,
                   std::vector<strongroom_v1_Windows>& closed);

  /// Latest values for screens, in parts of at most 64 points.
  void live(WallTime at, std::vector<strongroom_v1_Live>& parts) const;

  const std::string& device() const { return device_; }
  const DeviceProfile& profile() const { return *profile_; }

 private:
  struct Point {
    // The open window.
    std::uint32_t good = 0;
    std::uint32_t missed = 0;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t first = 0;
    std::int64_t sum_minus_good_first = 0;
    // Since the start of the program.
    PointQuality quality = PointQuality::kBad;
    bool measured = false;
    std::uint32_t missed_in_a_row = 0;
    std::int64_t last = 0;
    WallTime last_at{};
  };

  void open(WallTime at);
  bool would_overflow(std::span<const PointSample> samples) const;
  void take(Point& point, WallTime at, const PointSample& sample) const;
  void close(WallTime end, std::vector<strongroom_v1_Windows>& closed);

  std::string device_;
  const DeviceProfile* profile_;
  WindowOptions options_;
  std::vector<Point> points_;
  bool is_open_ = false;
  WallTime start_{};
  WallTime end_{};
};

}  // namespace strongroom
