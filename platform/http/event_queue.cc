// SPDX-License-Identifier: Apache-2.0
#include "platform/http/event_queue.h"

#include <algorithm>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

// A reader holds as much again on its way out.
constexpr std::size_t kMaxQueuedBytes = 4 * 1024 * 1024;

// "event: name", one "data:" for each line, and an empty line.
std::string framed(std::string_view event, std::string_view data) {
  std::string text = "event: " + std::string(event) + "\n";
  while (true) {
    const std::size_t end = data.find('\n');
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) {
      return text + "\n";
    }
    data.remove_prefix(end + 1);
  }
}

}  // namespace

Waker::Waker() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  check(descriptor_ >= 0, "no descriptor left to wake a server");
}

Waker::~Waker() {
  ::close(descriptor_);
}

void Waker::wake() {
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);  // full means awake already
}

void Waker::drain() {
  std::uint64_t count = 0;
  (void)!::read(descriptor_, &count, sizeof count);
}

void EventQueue::push(const std::shared_ptr<const std::string>& event) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) {
      return;
    }
    bytes_ += event->size();
    if (events_.size() >= length_ || bytes_ > kMaxQueuedBytes) {
      events_.clear();
      ended_ = true;
      overflowed_ = true;
    } else {
      events_.push_back(event);
    }
  }
  waker_->wake();
}

void EventQueue::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  waker_->wake();
}

std::string EventQueue::take() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& event : events_) {
    text += *event;
  }
  events_.clear();
  bytes_ = 0;
  return text;
}

bool EventQueue::overflowed() const {
  const std::lock_guard lock(mutex_);
  return overflowed_;
}

bool EventQueue::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::shared_ptr<EventQueue> BroadcastState::open(std::shared_ptr<Waker> waker) {
  const std::lock_guard lock(mutex);
  if (closed || queues.size() >= max_streams) {
    return nullptr;
  }
  queues.push_back(
      std::make_shared<EventQueue>(queue_length, std::move(waker)));
  return queues.back();
}

void BroadcastState::forget(const std::shared_ptr<EventQueue>& queue) {
  const std::lock_guard lock(mutex);
  std::erase(queues, queue);
}

EventBroadcast::EventBroadcast(std::size_t max_streams,
                               std::size_t queue_length)
    : state_(std::make_shared<BroadcastState>()) {
  state_->max_streams = max_streams;
  state_->queue_length = queue_length;
}

EventBroadcast::~EventBroadcast() {
  close();
}

void EventBroadcast::send(std::string_view event, std::string_view data) {
  const std::lock_guard lock(state_->mutex);
  if (state_->queues.empty()) {
    return;
  }
  const auto text = std::make_shared<const std::string>(framed(event, data));
  for (const auto& queue : state_->queues) {
    queue->push(text);
  }
}

std::size_t EventBroadcast::streams() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queues.size();
}

void EventBroadcast::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  for (const auto& queue : state_->queues) {
    queue->end();
  }
}

}  // namespace strongroom
