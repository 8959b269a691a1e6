// SPDX-License-Identifier: Apache-2.0
// Lines over a wire that answers what it is told, for the tests of this folder.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/config/line_settings.h"
#include "agent/wiring/line_set.h"

namespace strongroom::testing_wiring {

inline std::shared_ptr<const DeviceProfile> fake_profile(
    std::string name = "fake") {
  auto profile = std::make_shared<DeviceProfile>();
  profile->hash[0] = static_cast<std::uint8_t>(name.size());
  profile->name = std::move(name);
  PointProfile point;
  point.name = "value";
  point.unit = "1";
  point.max = 65535;
  profile->points.push_back(point);
  return profile;
}

/// Polls every millisecond: units 1, 2, …
inline LineConfig line(std::string name, std::vector<std::string> devices) {
  LineConfig config;
  config.name = std::move(name);
  config.host = "192.0.2.1";
  for (std::string& device : devices) {
    const auto unit = static_cast<std::uint8_t>(config.devices.size() + 1);
    config.devices.push_back({.name = std::move(device),
                              .profile = fake_profile(),
                              .unit_id = unit});
    config.devices.back().periods.fill(std::chrono::milliseconds(1));
  }
  return config;
}

class FakeLines {
 public:
  /// Of every question from now on.
  std::chrono::milliseconds answer_after{0};

  MakeLine maker() {
    return [this](const LineConfig& config) {
      return std::make_unique<BusLine>(config.name,
                                       std::make_unique<Link>(*this),
                                       line_settings(config),
                                       line_devices(config),
                                       [this](PollDone poll) { take(poll); });
    };
  }

  std::size_t polls(const std::string& device) const {
    const std::scoped_lock lock(mutex_);
    const auto found = polls_.find(device);
    return found == polls_.end() ? 0 : found->second;
  }
  void await_polls(const std::string& device, std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return polls_[device] >= count; });
  }
  /// Until so many questions were asked and none was answered.
  void await_asking(int lines) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asking_ >= lines; });
  }

 private:
  class Link final : public ModbusLink {
   public:
    explicit Link(FakeLines& lines) : lines_(&lines) {}
    Result<void> open() override { return {}; }
    void close() override {}
    std::expected<void, LinkError> read(
        const Question& /*question*/,
        std::chrono::microseconds /*timeout*/,
        std::span<std::uint16_t> values) override {
      lines_->note_asking(1);
      std::this_thread::sleep_for(lines_->answer_after);
      lines_->note_asking(-1);
      std::ranges::fill(values, std::uint16_t{7});
      return {};
    }
    std::size_t discard(std::chrono::microseconds /*quiet*/,
                        std::chrono::microseconds /*at_most*/) override {
      return 0;
    }

   private:
    FakeLines* lines_;
  };

  void note_asking(int more) {
    const std::scoped_lock lock(mutex_);
    asking_ += more;
    changed_.notify_all();
  }
  void take(const PollDone& poll) {
    const std::scoped_lock lock(mutex_);
    ++polls_[poll.device];
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> polls_;
  int asking_ = 0;
};

}  // namespace strongroom::testing_wiring
