// SPDX-License-Identifier: Apache-2.0
// What a line reported, for tests: waits for polls and judges their values.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/bus/bus.h"

namespace strongroom {

inline PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}
inline constexpr PointSample kBad{PointQuality::kBad, 0};

/// A device all of whose points are one unsigned register each. What each of
/// them must say is the test's own rule.
struct RegisterDevice {
  std::string name;
  std::uint8_t unit = 1;
  std::vector<std::pair<RegisterKind, std::uint16_t>> registers;
  std::chrono::milliseconds period{0};

  LineDevice line_device() const {
    auto profile = std::make_shared<DeviceProfile>();
    profile->name = name;
    profile->bridge_holes = false;
    for (const auto& [kind, address] : registers) {
      profile->points.push_back(
          {.name = "p" + std::to_string(static_cast<int>(kind)) + "_" +
                   std::to_string(address),
           .unit = "1",
           .kind = kind,
           .address = address,
           .max = 0xFFFF});
    }
    return {.name = name,
            .profile = std::move(profile),
            .unit_id = unit,
            .periods = {period, period, period}};
  }
};

/// Keeps the newest polls, counts all of them. Its sink may be used by one line
/// at a time; everything else by any thread.
class PollLog {
 public:
  /// What a register of a unit may say.
  using Truth = std::function<bool(
      std::uint8_t unit, const PointProfile& point, std::int64_t value)>;

  PollLog() = default;
  explicit PollLog(Truth truth) : truth_(std::move(truth)) {}

  /// `unit`: of each device, by name; for the truth.
  PollSink sink(std::map<std::string, std::uint8_t> units = {}) {
    return [this, units = std::move(units)](PollDone done) {
      const auto unit = units.find(done.device);
      take(std::move(done),
           unit == units.end() ? std::uint8_t{1} : unit->second);
    };
  }

  /// Whether such a poll comes, among those that no earlier call looked at.
  template <typename Wanted>
  bool sees(Wanted wanted,
            std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    for (;;) {
      const std::uint64_t oldest = counts_.polls - polls_.size();
      for (next_ = std::max(next_, oldest); next_ < counts_.polls;) {
        if (wanted(polls_[next_++ - oldest])) {
          return true;
        }
      }
      if (arrived_.wait_until(lock, deadline) == std::cv_status::timeout) {
        return false;
      }
    }
  }
  /// Whether a poll of `device` comes whose first point has this quality.
  bool sees_quality(const std::string& device, PointQuality quality) {
    return sees([&](const PollDone& done) {
      return done.device == device && done.samples[0].quality == quality;
    });
  }
  bool waits_for(std::uint64_t polls,
                 std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(
        lock, limit, [&] { return counts_.polls >= polls; });
  }

  struct Counts {
    std::uint64_t polls = 0;
    std::uint64_t failed = 0;
    std::uint64_t good = 0;   // values
    std::uint64_t wrong = 0;  // good ones that the truth denies
    std::string first_wrong;
    std::chrono::nanoseconds
        cpu{};  // of the line's thread since its first poll
  };
  Counts counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
  }
  std::vector<PollDone> newest() const {
    const std::scoped_lock lock(mutex_);
    return {polls_.begin(), polls_.end()};
  }

 private:
  static constexpr std::size_t kKept = 256;

  static std::chrono::nanoseconds thread_cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) +
           std::chrono::nanoseconds(time.tv_nsec);
  }

  void take(PollDone done, std::uint8_t unit) {
    const std::scoped_lock lock(mutex_);
    const auto cpu = thread_cpu();
    if (counts_.polls == 0) {
      first_cpu_ = cpu;
    }
    counts_.cpu = cpu - first_cpu_;
    ++counts_.polls;
    counts_.failed += done.error.empty() ? 0U : 1U;
    for (std::size_t i = 0; i < done.samples.size(); ++i) {
      if (done.samples[i].quality == PointQuality::kGood) {
        ++counts_.good;
        judge(done, unit, i);
      }
    }
    polls_.push_back(std::move(done));
    if (polls_.size() > kKept) {
      polls_.pop_front();
    }
    arrived_.notify_all();
  }
  void judge(const PollDone& done, std::uint8_t unit, std::size_t point) {
    const PointProfile& profile = done.profile->points[point];
    const std::int64_t value = done.samples[point].mantissa;
    if (truth_ && !truth_(unit, profile, value)) {
      ++counts_.wrong;
      if (counts_.first_wrong.empty()) {
        counts_.first_wrong =
            done.device + " " + profile.name + " says " + std::to_string(value);
      }
    }
  }

  Truth truth_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<PollDone> polls_;
  std::uint64_t next_ = 0;  // to be looked at
  Counts counts_;
  std::chrono::nanoseconds first_cpu_{};
};

}  // namespace strongroom
