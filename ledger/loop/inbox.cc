// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/inbox.h"

#include <iterator>
#include <utility>

namespace strongroom {
namespace {

template <typename T>
std::vector<T> drain(std::deque<T>& queue) {
  std::vector<T> all(std::make_move_iterator(queue.begin()),
                     std::make_move_iterator(queue.end()));
  queue.clear();
  return all;
}

void push_dropping_oldest(std::deque<Arrived>& queue,
                          Arrived arrived,
                          std::size_t capacity,
                          std::uint64_t& dropped) {
  if (arrived.payload.size() > LedgerInbox::kMaxHint) {
    ++dropped;
    return;
  }
  if (queue.size() >= capacity) {
    queue.pop_front();
    ++dropped;
  }
  queue.push_back(std::move(arrived));
}

}  // namespace

void LedgerInbox::post(const Topic& topic, Bytes payload) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return;
  }
  Arrived arrived{topic.source, std::move(payload)};
  switch (topic.kind) {
    case TopicKind::kBatch:
      batches_.push(std::move(arrived));
      break;
    case TopicKind::kStatus:
      push_dropping_oldest(
          statuses_, std::move(arrived), kStatuses, counters_.statuses_dropped);
      break;
    case TopicKind::kLive:
      push_dropping_oldest(
          live_, std::move(arrived), kLive, counters_.live_dropped);
      break;
  }
  filled_.notify_one();
}

bool LedgerInbox::post(Call call) {
  const std::lock_guard lock(mutex_);
  if (closed_ || calls_.size() >= kCalls) {
    ++counters_.calls_refused;
    return false;
  }
  calls_.push_back(std::move(call));
  filled_.notify_one();
  return true;
}

void LedgerInbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  filled_.notify_all();
}

bool LedgerInbox::empty() const {
  return batches_.empty() && statuses_.empty() && live_.empty() &&
         calls_.empty();
}

LedgerInbox::Work LedgerInbox::take(
    std::size_t max_batches, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  filled_.wait_until(lock, deadline, [this] { return closed_ || !empty(); });
  Work work;
  work.batches = batches_.take(max_batches);
  work.statuses = drain(statuses_);
  work.live = drain(live_);
  work.calls = drain(calls_);
  work.closed = closed_ && batches_.empty();
  return work;
}

LedgerInbox::Counters LedgerInbox::counters() const {
  const std::lock_guard lock(mutex_);
  Counters counters = counters_;
  counters.batches_dropped = batches_.dropped();
  counters.batches_queued = batches_.batches();
  counters.bytes_queued = batches_.bytes();
  return counters;
}

}  // namespace strongroom
