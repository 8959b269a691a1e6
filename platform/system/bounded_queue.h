// SPDX-License-Identifier: Apache-2.0
// The only thing that threads share: a bounded, closable queue of values.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace strongroom {

/// Many producers, one consumer. Full: push() waits, try_push() refuses,
/// push_dropping_oldest() makes room and says so. Closed: pushes fail, pops
/// drain what is left.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// False when closed.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    return put(std::move(value));
  }
  /// False when full or closed.
  bool try_push(T value) {
    std::unique_lock lock(mutex_);
    if (items_.size() >= capacity_) {
      return false;
    }
    return put(std::move(value));
  }
  /// How many were dropped to make room (0 or 1).
  std::size_t push_dropping_oldest(T value) {
    std::unique_lock lock(mutex_);
    std::size_t dropped = 0;
    if (!closed_ && items_.size() >= capacity_) {
      items_.pop_front();
      dropped = 1;
    }
    put(std::move(value));
    return dropped;
  }
  /// Waits until something is there, `deadline` passes or the queue is closed;
  /// takes at most `max` items. Empty at the deadline, or closed and drained.
  std::vector<T> pop_batch(std::size_t max,
                           std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(
        lock, deadline, [&] { return closed_ || !items_.empty(); });
    std::vector<T> batch;
    while (!items_.empty() && batch.size() < max) {
      batch.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    room_.notify_all();
    return batch;
  }
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
  }
  bool closed() const {
    std::unique_lock lock(mutex_);
    return closed_;
  }
  std::size_t size() const {
    std::unique_lock lock(mutex_);
    return items_.size();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  bool put(T value) {
    if (closed_) {
      return false;
    }
    items_.push_back(std::move(value));
    filled_.notify_one();
    return true;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace strongroom
