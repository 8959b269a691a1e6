// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/inbox.h"

#include <algorithm>
#include <iterator>

namespace strongroom {

void Inbox::push_connected() {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  filled_.notify_one();
}

void Inbox::push_disconnected() {
  const std::lock_guard lock(mutex_);
  disconnected_ = true;
  connected_ = false;
  filled_.notify_one();
}

void Inbox::push_ack(Bytes payload) {
  const std::lock_guard lock(mutex_);
  if (acks_.size() >= limits_.acks) {
    ++dropped_acks_;
    return;
  }
  acks_.push_back(std::move(payload));
  filled_.notify_one();
}

void Inbox::push_poll(PollDone poll) {
  std::unique_lock lock(mutex_);
  room_.wait_for(lock, limits_.poll_wait, [this] {
    return stop_ || polls_.size() < limits_.polls;
  });
  if (polls_.size() >= limits_.polls) {
    polls_.pop_front();
    ++dropped_polls_;
  }
  polls_.push_back(std::move(poll));
  filled_.notify_one();
}

void Inbox::push_devices(DeviceSet set) {
  const std::lock_guard lock(mutex_);
  devices_ = std::move(set);
  filled_.notify_one();
}

bool Inbox::push_panel(PanelReport&& report) {
  const std::lock_guard lock(mutex_);
  if (stop_ || panels_.size() >= limits_.panels) {
    return false;
  }
  panels_.push_back(std::move(report));
  filled_.notify_one();
  return true;
}

void Inbox::push_pin(PinAnswer answer) {
  const std::lock_guard lock(mutex_);
  pins_.push_back(answer);
  filled_.notify_one();
}

bool Inbox::push_follow(FollowRequest request) {
  const std::lock_guard lock(mutex_);
  if (stop_ || follow_) {
    return false;
  }
  follow_ = std::move(request);
  filled_.notify_one();
  return true;
}

bool Inbox::push_lockdown(LockdownRequest request) {
  const std::lock_guard lock(mutex_);
  if (stop_ || lockdowns_.size() >= limits_.lockdowns) {
    return false;
  }
  lockdowns_.push_back(std::move(request));
  filled_.notify_one();
  return true;
}

void Inbox::push_stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  filled_.notify_all();
  room_.notify_all();
}

bool Inbox::has_input() const {
  return disconnected_ || connected_ || stop_ || devices_ || follow_ ||
         !lockdowns_.empty() || !acks_.empty() || !panels_.empty() ||
         !pins_.empty() || !polls_.empty();
}

Inputs Inbox::take(std::size_t max_polls,
                   std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  filled_.wait_until(lock, deadline, [this] { return has_input(); });
  Inputs inputs;
  inputs.disconnected = std::exchange(disconnected_, false);
  inputs.connected = std::exchange(connected_, false);
  inputs.stop = stop_;
  inputs.devices = std::exchange(devices_, std::nullopt);
  inputs.follow = std::exchange(follow_, std::nullopt);
  inputs.lockdowns = std::exchange(lockdowns_, {});
  inputs.acks.assign(std::make_move_iterator(acks_.begin()),
                     std::make_move_iterator(acks_.end()));
  acks_.clear();
  inputs.panels.assign(std::make_move_iterator(panels_.begin()),
                       std::make_move_iterator(panels_.end()));
  panels_.clear();
  inputs.pins = std::exchange(pins_, {});
  const auto count =
      static_cast<std::ptrdiff_t>(std::min(max_polls, polls_.size()));
  inputs.polls.assign(std::make_move_iterator(polls_.begin()),
                      std::make_move_iterator(polls_.begin() + count));
  polls_.erase(polls_.begin(), polls_.begin() + count);
  room_.notify_all();
  return inputs;
}

bool Inbox::wait_stop(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return filled_.wait_for(lock, time, [this] { return stop_; });
}

std::uint64_t Inbox::dropped_acks() const {
  const std::lock_guard lock(mutex_);
  return dropped_acks_;
}

std::uint64_t Inbox::dropped_polls() const {
  const std::lock_guard lock(mutex_);
  return dropped_polls_;
}

}  // namespace strongroom
