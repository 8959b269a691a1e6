// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/fair_queue.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

// No batch is larger: each visit takes one at least.
constexpr std::size_t kQuantum =
    (std::size_t{128} << 10U) + FairQueue::kCostOfBatch;

}  // namespace

void FairQueue::push(Arrived arrived) {
  const std::size_t size = cost(arrived);
  const auto known = waiting_.find(arrived.source);
  const bool spent = known != waiting_.end() &&
                     (known->second.batches.size() >= kBatchesOfSource ||
                      known->second.bytes + size > kBytesOfSource);
  if (spent || !make_room(arrived.source, size)) {
    ++dropped_;
    return;
  }
  const auto [at, is_new] = waiting_.try_emplace(arrived.source);
  if (is_new) {
    turns_.push_back(arrived.source);
  }
  at->second.bytes += size;
  at->second.batches.push_back(std::move(arrived));
  bytes_ += size;
  ++batches_;
}

/// False: nobody else has more waiting than `source` would have.
bool FairQueue::make_room(const Source& source, std::size_t cost) {
  while (bytes_ + cost > kBytes || batches_ >= kBatches) {
    const auto most = std::ranges::max_element(
        waiting_, {}, [](const auto& each) { return each.second.bytes; });
    const auto own = waiting_.find(source);
    if (most == waiting_.end() ||
        most->second.bytes <=
            (own == waiting_.end() ? 0 : own->second.bytes) + cost) {
      return false;
    }
    drop_newest(most);
    ++dropped_;
  }
  return true;
}

void FairQueue::drop_newest(Queues::iterator at) {
  Waiting& queue = at->second;
  const std::size_t size = cost(queue.batches.back());
  queue.batches.pop_back();
  queue.bytes -= size;
  bytes_ -= size;
  --batches_;
  if (queue.batches.empty()) {
    std::erase(turns_, at->first);
    waiting_.erase(at);
  }
}

std::vector<Arrived> FairQueue::take(std::size_t max_batches) {
  std::vector<Arrived> taken;
  std::size_t bytes = 0;
  std::map<Source, std::size_t> of_source;
  std::vector<Source> had_enough;  // of this turn; they go on where they stood
  const auto full = [&] {
    return taken.size() >= max_batches || bytes >= kBytesOfTurn;
  };
  while (!turns_.empty() && !full()) {
    const Source source = turns_.front();
    turns_.pop_front();
    const auto at = waiting_.find(source);
    Waiting& queue = at->second;
    std::size_t& share = of_source[source];
    queue.deficit += kQuantum;
    while (!queue.batches.empty() && !full() &&
           cost(queue.batches.front()) <= queue.deficit) {
      const std::size_t size = cost(queue.batches.front());
      queue.deficit -= size;
      queue.bytes -= size;
      bytes_ -= size;
      --batches_;
      bytes += size;
      share += size;
      taken.push_back(std::move(queue.batches.front()));
      queue.batches.pop_front();
    }
    if (queue.batches.empty()) {
      waiting_.erase(at);
    } else if (share >= kBytesOfSourceInTurn) {
      queue.deficit = 0;
      had_enough.push_back(source);
    } else {
      queue.deficit = full() ? 0 : queue.deficit;
      turns_.push_back(source);
    }
  }
  turns_.insert(turns_.end(), had_enough.begin(), had_enough.end());
  return taken;
}

}  // namespace strongroom
