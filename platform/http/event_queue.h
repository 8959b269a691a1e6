// SPDX-License-Identifier: Apache-2.0
// What stands between EventBroadcast::send() on any thread and the connections
// of a server: one bounded queue for each open stream.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/http/server.h"

namespace strongroom {

/// Wakes the thread that polls. Shared, because a broadcast may send while a
/// server ends.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void wake();
  void drain();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// The events that one stream has still to send.
class EventQueue {
 public:
  EventQueue(std::size_t length, std::shared_ptr<Waker> waker)
      : length_(length), waker_(std::move(waker)) {}

  /// Full, by number or by size: the stream ends; its reader is too slow for
  /// what happens here.
  void push(const std::shared_ptr<const std::string>& event);
  void end();

  /// All events at once; empty when there are none.
  std::string take();
  bool ended() const;
  /// Ended because it was full.
  bool overflowed() const;

 private:
  const std::size_t length_;
  const std::shared_ptr<Waker> waker_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const std::string>> events_;
  std::size_t bytes_ = 0;  // of events_
  bool ended_ = false;
  bool overflowed_ = false;
};

struct BroadcastState {
  std::size_t max_streams;
  std::size_t queue_length;
  mutable std::mutex mutex;
  std::vector<std::shared_ptr<EventQueue>> queues;
  bool closed = false;

  /// Nothing when there are too many, or it is closed.
  std::shared_ptr<EventQueue> open(std::shared_ptr<Waker> waker);
  void forget(const std::shared_ptr<EventQueue>& queue);
};

}  // namespace strongroom
