// SPDX-License-Identifier: Apache-2.0
// A journal in memory that fails when told to: for tests and benches.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "agent/journal/journal.h"
#include "core/base/check.h"
#include "core/event/event.h"

namespace strongroom {

class FakeJournal final : public Journal {
 public:
  enum class Failure { kBefore, kAfterDoingTheWork, kBroken };

  /// The n-th commit from now (1 = the next) fails so, `times` times.
  void fail_commit(int nth, Failure failure, int times = 1) {
    fail_at_ = nth;
    failure_ = failure;
    times_ = times;
  }

  JournalResult<void> commit(const JournalTransaction& turn) override {
    ++attempts;
    const bool fails = fail_at_ == 1;
    fail_at_ = std::max(fail_at_ - 1, 0);
    if (fails) {
      if (--times_ > 0) {
        fail_at_ = 1;
      }
      if (failure_ != Failure::kAfterDoingTheWork) {
        return std::unexpected(
            JournalError{"told to fail", failure_ == Failure::kBroken});
      }
    }
    apply(turn);
    if (fails) {
      return std::unexpected(JournalError{"told to fail afterwards", false});
    }
    return {};
  }

  JournalResult<std::optional<CutBatch>> batch_at(Stream stream,
                                                  Position first) override {
    const auto& all = batches[slot_of(stream)];
    const auto found = all.find(first);
    return found == all.end() ? std::nullopt
                              : std::optional<CutBatch>(found->second);
  }

  JournalResult<std::vector<Bytes>> events(Stream stream,
                                           Position first,
                                           std::size_t max_count,
                                           std::size_t max_bytes) override {
    ++reads;
    std::vector<Bytes> out;
    std::size_t bytes = 0;
    const auto& all = rows[slot_of(stream)];
    for (Position at = std::max(first, pruned[slot_of(stream)] + 1);
         at <= all.size() && out.size() < max_count;
         ++at) {
      bytes += all[at - 1].size();
      if (!out.empty() && bytes > max_bytes) {
        break;
      }
      out.push_back(all[at - 1]);
    }
    return out;
  }

  JournalResult<std::uint64_t> prune(Stream, WallTime) override {
    ++prunes;
    return 0;
  }
  JournalUsage usage() const override { return used; }
  void checkpoint() override {}

  /// What a start would find now.
  JournalState state() const {
    JournalState out;
    for (const Stream stream : kAgentStreams) {
      const std::size_t slot = slot_of(stream);
      StreamState& s = out.streams[slot];
      for (const auto& [first, row] : epochs[slot]) {
        s.epochs.push_back(row);
      }
      s.tail = rows[slot].size();
      if (s.tail > 0) {
        s.tail_hash = sha256(rows[slot].back());
        s.tail_recorded = WallTime(std::chrono::microseconds(
            decode_event(rows[slot].back())->recorded_us));
      }
      if (!batches[slot].empty()) {
        const CutBatch& last = batches[slot].rbegin()->second;
        s.cut = last.first_position + last.count - 1;
      }
      s.delivered = delivered[slot];
      s.held_origin = held[slot].first;
      s.held_checkpoint = held[slot].second;
    }
    for (const auto& [device, row] : descriptions) {
      out.descriptions.push_back(row);
    }
    out.last_transaction = last_transaction;
    return out;
  }

  std::array<std::vector<Bytes>, 2> rows;
  std::array<std::map<Position, EpochRow>, 2> epochs;
  std::array<std::map<Position, CutBatch>, 2> batches;
  std::array<std::vector<Delivery>, 2> deliveries;
  std::array<Position, 2> delivered{};
  std::array<Position, 2> pruned{};  // up to here events() has nothing
  std::array<std::pair<std::string, std::string>, 2> held;
  std::map<std::string, DescriptionRow> descriptions;
  std::uint64_t last_transaction = 0;
  int attempts = 0;
  int reads = 0;
  int prunes = 0;
  JournalUsage used;  // what usage() says

 private:
  void apply(const JournalTransaction& turn) {
    if (turn.number == last_transaction) {
      return;
    }
    check(turn.number == last_transaction + 1, "out of turn");
    last_transaction = turn.number;
    for (const auto* list : {&turn.epochs, &turn.stopped}) {
      for (const EpochRow& row : *list) {
        epochs[slot_of(row.stream)][row.first_position] = row;
      }
    }
    for (std::size_t slot = 0; slot < rows.size(); ++slot) {
      rows[slot].insert(
          rows[slot].end(), turn.events[slot].begin(), turn.events[slot].end());
    }
    for (const CutBatch& batch : turn.batches) {
      auto& all = batches[slot_of(batch.stream)];
      check(!all.contains(batch.first_position), "a batch was cut twice");
      all[batch.first_position] = batch;
    }
    for (const Delivery& delivery : turn.deliveries) {
      const std::size_t slot = slot_of(delivery.stream);
      check(batches[slot].contains(delivery.first_position),
            "delivered and never cut");
      const Position last = delivery.first_position + delivery.count - 1;
      check(last > delivered[slot], "the delivered mark went back");
      delivered[slot] = last;
      deliveries[slot].push_back(delivery);
      held[slot] = {delivery.origin, delivery.checkpoint};
    }
    for (const DescriptionRow& row : turn.descriptions) {
      descriptions[row.device] = row;
    }
  }

  int fail_at_ = 0;
  int times_ = 0;
  Failure failure_ = Failure::kBefore;
};

}  // namespace strongroom
