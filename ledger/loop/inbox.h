// SPDX-License-Identifier: Apache-2.0
// What reaches the ledger's loop from other threads: bounded, closable, one
// queue for each kind so that a flood of one cannot push another out.
//
// Full queues, by decision:
//   batches   by what they cost, of all and of each source (fair_queue.h): who
//             has most waiting loses its newest; go-back-N sends it again
//   statuses  kStatuses: the oldest is dropped; the next one heals it
//   live      kLive: the oldest is dropped; screens only
//   calls     kCalls: refused; the person at the admin socket tries again
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "ledger/ingest/topic.h"
#include "ledger/loop/fair_queue.h"

namespace strongroom {

class Ledger;

/// Runs on the loop thread, between two commits. A fault ends the program.
using Call = std::function<Result<void>(Ledger&)>;

class LedgerInbox {
 public:
  static constexpr std::size_t kStatuses = 256;
  static constexpr std::size_t kLive = 1024;
  /// Longer than any status or live message: dropped at the door.
  static constexpr std::size_t kMaxHint = 16 * 1024;
  static constexpr std::size_t kCalls = 16;

  // Any thread; never blocks.
  void post(const Topic& topic, Bytes payload);
  /// False: full or closed, and the call is never made.
  bool post(Call call);
  void close();

  struct Work {
    std::vector<Arrived> batches;
    std::vector<Arrived> statuses;
    std::vector<Arrived> live;
    std::vector<Call> calls;
    bool closed = false;  // and everything was taken
  };
  /// The loop's side: waits until something is there, `deadline` passes or the
  /// inbox is closed; takes a turn's share of the batches, at most
  /// `max_batches`, and all else.
  Work take(std::size_t max_batches,
            std::chrono::steady_clock::time_point deadline);

  struct Counters {
    std::uint64_t batches_dropped = 0;
    std::uint64_t statuses_dropped = 0;
    std::uint64_t live_dropped = 0;
    std::uint64_t calls_refused = 0;
    std::size_t batches_queued = 0;
    std::size_t bytes_queued = 0;
  };
  Counters counters() const;

 private:
  bool empty() const;

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  bool closed_ = false;
  FairQueue batches_;
  std::deque<Arrived> statuses_;
  std::deque<Arrived> live_;
  std::deque<Call> calls_;
  Counters counters_;
};

}  // namespace strongroom
