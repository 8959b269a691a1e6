// SPDX-License-Identifier: Apache-2.0
#include "core/point/window.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace strongroom {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// What an event of 2 KiB leaves for its body when every field of the envelope
/// is as large as it can be, `salvaged` included (window_test.cc measures it).
constexpr std::size_t kMaxBodyBytes = 1792;
/// Of a body without its columns: device, described_seq, start, duration,
/// first_point, and a tag with a two-byte length for each of seven columns.
constexpr std::size_t kBodyOverhead = 2 + 31 + 11 + 11 + 6 + 6 + 7 * 3;
/// Sums stay below it, so that no step towards them overflows.
constexpr std::uint64_t kSumLimit = std::uint64_t{1} << 62;
/// A point that was not asked, between two that were: good, missed, quality.
constexpr std::size_t kIdleRowBytes = 3;
/// More of them in a row cost more than another event's envelope.
constexpr std::size_t kMaxIdleRows = 48;

template <std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
  check(text.size() < N, "a text is longer than its field");
  std::ranges::copy(text, field);
  field[text.size()] = '\0';
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) {
    ++size;
  }
  return size;
}

std::size_t zigzag_size(std::int64_t value) {
  return varint_size(static_cast<std::uint64_t>(value) << 1 ^
                     static_cast<std::uint64_t>(value >> 63));
}

strongroom_v1_PointQuality to_wire(PointQuality quality) {
  return static_cast<strongroom_v1_PointQuality>(quality);
}

std::int64_t unix_us(WallTime at) {
  return at.time_since_epoch().count();
}

/// One line of the columns.
struct Row {
  std::uint32_t good;
  std::uint32_t missed;
  PointQuality quality;
  std::int64_t last;
  std::uint64_t last_minus_min;
  std::uint64_t max_minus_last;
  std::int64_t sum_minus_good_last;

  std::size_t encoded_size() const {
    std::size_t size = varint_size(good) + varint_size(missed) + 1;
    if (good > 0) {
      size += zigzag_size(last) + varint_size(last_minus_min) +
              varint_size(max_minus_last) + zigzag_size(sum_minus_good_last);
    }
    return size;
  }
};

template <typename Point>
Row row_of(const Point& point) {
  Row row{.good = point.good, .missed = point.missed, .quality = point.quality};
  if (point.good > 0) {
    row.last = point.last;
    row.last_minus_min = static_cast<std::uint64_t>(point.last - point.min);
    row.max_minus_last = static_cast<std::uint64_t>(point.max - point.last);
    row.sum_minus_good_last =
        point.sum_minus_good_first -
        (point.last - point.first) * std::int64_t{point.good};
  }
  return row;
}

void append_row(strongroom_v1_Windows& windows, const Row& row) {
  windows.good[windows.good_count++] = row.good;
  windows.missed[windows.missed_count++] = row.missed;
  windows.quality[windows.quality_count++] = to_wire(row.quality);
  if (row.good == 0) {
    return;
  }
  windows.last[windows.last_count++] = row.last;
  windows.last_minus_min[windows.last_minus_min_count++] = row.last_minus_min;
  windows.max_minus_last[windows.max_minus_last_count++] = row.max_minus_last;
  windows.sum_minus_good_last[windows.sum_minus_good_last_count++] =
      row.sum_minus_good_last;
}

}  // namespace

std::vector<strongroom_v1_DeviceDescribed> describe_device(
    std::string_view device, const DeviceProfile& profile) {
  std::vector<strongroom_v1_DeviceDescribed> parts;
  for (std::size_t first = 0; first < profile.points.size();
       first += kMaxPointsPerDescription) {
    auto& part = parts.emplace_back();
    put_text(part.device, device);
    put_text(part.profile, profile.name);
    std::ranges::copy(profile.hash, part.profile_hash);
    part.point_count = static_cast<std::uint32_t>(profile.points.size());
    part.first_point = static_cast<std::uint32_t>(first);
    const std::size_t end =
        std::min(first + kMaxPointsPerDescription, profile.points.size());
    for (std::size_t index = first; index < end; ++index) {
      const PointProfile& point = profile.points[index];
      auto& described = part.points[part.points_count++];
      put_text(described.name, point.name);
      put_text(described.unit, point.unit);
      described.exponent = point.exponent;
    }
  }
  return parts;
}

std::vector<strongroom_v1_StatesDescribed> describe_states(
    std::string_view device, const DeviceProfile& profile) {
  std::vector<strongroom_v1_StatesDescribed> parts;
  for (std::size_t index = 0; index < profile.points.size(); ++index) {
    const std::vector<PointState>& states = profile.points[index].states;
    for (std::size_t first = 0; first < states.size();
         first += kMaxStatesPerDescription) {
      auto& part = parts.emplace_back();
      put_text(part.device, device);
      part.point = static_cast<std::uint32_t>(index);
      part.state_count = static_cast<std::uint32_t>(states.size());
      part.first_state = static_cast<std::uint32_t>(first);
      const std::size_t end =
          std::min(first + kMaxStatesPerDescription, states.size());
      for (std::size_t state = first; state < end; ++state) {
        auto& described = part.states[part.states_count++];
        described.code = states[state].code;
        put_text(described.name, states[state].name);
      }
    }
  }
  return parts;
}

DeviceWindow::DeviceWindow(std::string device,
                           const DeviceProfile& profile,
                           WindowOptions options)
    : device_(std::move(device)),
      profile_(&profile),
      options_(options),
      points_(profile.points.size()) {
  check(device_.size() <= 31, "a device's name has at most 31 bytes");
  check(options_.length.count() >= 0 && options_.length.count() <= UINT32_MAX,
        "the length of a window fits 32 bits of milliseconds");
}

void DeviceWindow::add(WallTime at,
                       std::span<const PointSample> samples,
                       std::vector<strongroom_v1_Windows>& closed) {
  check(samples.size() == points_.size(), "a sample per point of the profile");
  if (is_open_ && (at < start_ || at >= end_)) {
    close(end_, closed);
  }
  if (is_open_ && would_overflow(samples)) {
    const WallTime end = end_;
    close(at, closed);
    is_open_ = true;
    start_ = at;
    end_ = end;
  }
  if (!is_open_) {
    open(at);
  }
  for (std::size_t index = 0; index < points_.size(); ++index) {
    take(points_[index], at, samples[index]);
  }
  if (options_.length.count() == 0) {
    close(end_, closed);
  }
}

std::optional<WallTime> DeviceWindow::ends() const {
  if (!is_open_) {
    return std::nullopt;
  }
  return end_;
}

void DeviceWindow::close_ended(WallTime now,
                               std::vector<strongroom_v1_Windows>& closed) {
  if (is_open_ && now >= end_) {
    close(end_, closed);
  }
}

void DeviceWindow::flush(WallTime now,
                         std::vector<strongroom_v1_Windows>& closed) {
  if (is_open_) {
    close(std::clamp(now, start_, end_), closed);
  }
}

void DeviceWindow::set_options(WindowOptions options,
                               WallTime now,
                               std::vector<strongroom_v1_Windows>& closed) {
  if (options.length != options_.length) {
    flush(now, closed);
  }
  options_ = options;
}

void DeviceWindow::open(WallTime at) {
  start_ = at;
  const microseconds length = options_.length;
  if (length.count() > 0) {
    const microseconds past = at.time_since_epoch() % length;
    start_ -= past.count() < 0 ? past + length : past;
  }
  end_ = start_ + length;
  is_open_ = true;
}

bool DeviceWindow::would_overflow(std::span<const PointSample> samples) const {
  for (std::size_t index = 0; index < points_.size(); ++index) {
    const Point& point = points_[index];
    if (samples[index].quality != PointQuality::kGood || point.good == 0) {
      continue;
    }
    const std::int64_t value = samples[index].mantissa;
    const auto range = static_cast<std::uint64_t>(std::max(point.max, value) -
                                                  std::min(point.min, value));
    std::uint64_t bound = 0;
    if (__builtin_mul_overflow(range, std::uint64_t{point.good} + 1, &bound) ||
        bound >= kSumLimit || point.good == UINT32_MAX) {
      return true;
    }
  }
  return false;
}

void DeviceWindow::take(Point& point,
                        WallTime at,
                        const PointSample& sample) const {
  if (sample.quality == PointQuality::kNotAsked) {
    return;
  }
  if (sample.quality != PointQuality::kGood) {
    ++point.missed;
    ++point.missed_in_a_row;
    const bool stale =
        point.measured && point.missed_in_a_row >= options_.stale_after_missed;
    point.quality = sample.quality == PointQuality::kOutOfRange
                        ? PointQuality::kOutOfRange
                    : stale ? PointQuality::kStale
                            : PointQuality::kBad;
    return;
  }
  const std::int64_t value = sample.mantissa;
  check(value > -kMantissaLimit && value < kMantissaLimit,
        "a good mantissa is within its limit");
  if (point.good == 0) {
    point.min = point.max = point.first = value;
    point.sum_minus_good_first = 0;
  }
  ++point.good;
  point.min = std::min(point.min, value);
  point.max = std::max(point.max, value);
  point.sum_minus_good_first += value - point.first;
  point.last = value;
  point.last_at = at;
  point.measured = true;
  point.missed_in_a_row = 0;
  point.quality = PointQuality::kGood;
}

void DeviceWindow::close(WallTime end,
                         std::vector<strongroom_v1_Windows>& closed) {
  strongroom_v1_Windows* windows = nullptr;
  std::size_t size = 0;
  for (std::size_t index = 0; index < points_.size(); ++index) {
    Point& point = points_[index];
    if (point.good == 0 && point.missed == 0) {
      continue;
    }
    const Row row = row_of(point);
    const std::size_t idle =
        windows == nullptr ? 0
                           : index - windows->first_point - windows->good_count;
    size += idle * kIdleRowBytes + row.encoded_size();
    if (windows == nullptr || idle > kMaxIdleRows ||
        windows->good_count + idle >= kMaxPointsPerWindows ||
        size > kMaxBodyBytes) {
      windows = &closed.emplace_back();
      put_text(windows->device, device_);
      windows->start_us = unix_us(start_);
      windows->duration_ms = static_cast<std::uint32_t>(
          duration_cast<milliseconds>(end - start_).count());
      windows->first_point = static_cast<std::uint32_t>(index);
      size = kBodyOverhead + row.encoded_size();
    }
    while (windows->first_point + windows->good_count < index) {
      append_row(*windows,
                 row_of(points_[windows->first_point + windows->good_count]));
    }
    append_row(*windows, row);
    point.good = 0;
    point.missed = 0;
  }
  is_open_ = false;
}

void DeviceWindow::live(WallTime at,
                        std::vector<strongroom_v1_Live>& parts) const {
  for (std::size_t first = 0; first < points_.size();
       first += kMaxPointsPerLive) {
    auto& part = parts.emplace_back();
    part.format = 1;
    put_text(part.device, device_);
    part.at_us = unix_us(at);
    part.first_point = static_cast<std::uint32_t>(first);
    part.point_count = static_cast<std::uint32_t>(points_.size());
    const std::size_t end = std::min(first + kMaxPointsPerLive, points_.size());
    for (std::size_t index = first; index < end; ++index) {
      const Point& point = points_[index];
      auto& value = part.values[part.values_count++];
      put_text(value.name, profile_->points[index].name);
      put_text(value.unit, profile_->points[index].unit);
      value.exponent = profile_->points[index].exponent;
      value.quality = to_wire(point.quality);
      value.measured = point.measured;
      value.mantissa = point.last;
      value.at_us = point.measured ? unix_us(point.last_at) : 0;
    }
  }
}

}  // namespace strongroom
