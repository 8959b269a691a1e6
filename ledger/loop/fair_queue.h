// SPDX-License-Identifier: Apache-2.0
// Batches that wait for the loop, one queue a source, served in turn by what
// they cost (deficit round robin): nobody waits behind another's backlog.
// Pure; not thread-safe.
//
// Full, by decision (docs/decisions/0107): a source that is at its own bound
// loses its newest batch. When all is full, the source that has most waiting
// loses its newest, and that may be the one that has just come. What is lost
// is counted; go-back-N sends it again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/source.h"

namespace strongroom {

struct Arrived {
  Source source;  // whose topic
  Bytes payload;
};

class FairQueue {
 public:
  // Of all and of one source, waiting. A source that keeps to its window has
  // eight batches under way: 1 MiB.
  static constexpr std::size_t kBytes = std::size_t{32} << 20U;
  static constexpr std::size_t kBatches = 4096;
  static constexpr std::size_t kBytesOfSource = std::size_t{4} << 20U;
  static constexpr std::size_t kBatchesOfSource = 64;
  // Of all and of one source between two commits: a lone batch waits for the
  // turn that is under way, and is in the next one.
  static constexpr std::size_t kBytesOfTurn = std::size_t{4} << 20U;
  static constexpr std::size_t kBytesOfSourceInTurn = std::size_t{512} << 10U;
  /// A signature, a header: what a batch costs beside its bytes.
  static constexpr std::size_t kCostOfBatch = 2048;

  void push(Arrived arrived);
  /// What the next turn takes, at most `max_batches`.
  std::vector<Arrived> take(std::size_t max_batches);

  bool empty() const { return waiting_.empty(); }
  std::size_t batches() const { return batches_; }
  std::size_t bytes() const { return bytes_; }  // as they cost
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Waiting {
    std::deque<Arrived> batches;
    std::size_t bytes = 0;
    std::size_t deficit = 0;
  };
  using Queues = std::map<Source, Waiting>;

  static std::size_t cost(const Arrived& arrived) {
    return arrived.payload.size() + kCostOfBatch;
  }
  bool make_room(const Source& source, std::size_t cost);
  void drop_newest(Queues::iterator at);

  Queues waiting_;
  std::deque<Source> turns_;  // whose turn it is next; each of waiting_ once
  std::size_t batches_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace strongroom
