// SPDX-License-Identifier: Apache-2.0
// A journal in memory that fails when told to: for tests and benches.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "agent/journal/journal.h"
#include "agent/journal/layout.h"
#include "core/base/check.h"
#include "core/event/event.h"

namespace strongroom {

class FakeJournal final : public Journal {
 public:
  enum class Failure { kBefore, kAfterDoingTheWork, kBroken };

  /// Of one call of prune().
  static constexpr std::uint64_t kPruneRows = 8192;

  /// The n-th commit from now (1 = the next) fails so, `times` times.
  void fail_commit(int nth, Failure failure, int times = 1) {
    fail_at_ = nth;
    failure_ = failure;
    times_ = times;
  }
  /// The next prune fails so.
  void fail_prune(Failure failure) { prune_failure_ = failure; }

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
    const std::size_t slot = slot_of(stream);
    const auto& all = rows[slot];
    for (Position at = first; at > pruned[slot] && at <= all.size() &&
                              out.size() < max_count && !loss_at(stream, at);
         ++at) {
      bytes += all[at - 1].size();
      if (!out.empty() && bytes > max_bytes) {
        break;
      }
      out.push_back(all[at - 1]);
    }
    return out;
  }

  JournalResult<std::uint64_t> prune(Stream stream, WallTime before) override {
    ++prunes;
    const auto failure = std::exchange(prune_failure_, std::nullopt);
    if (failure && *failure != Failure::kAfterDoingTheWork) {
      return std::unexpected(
          JournalError{"told to fail", *failure == Failure::kBroken});
    }
    const std::uint64_t gone = apply_prune(stream, before);
    if (failure) {
      return std::unexpected(JournalError{"told to fail afterwards", false});
    }
    return gone;
  }
  JournalUsage usage() const override {
    if (used != JournalUsage{}) {
      return used;
    }
    JournalUsage out;
    for (const Stream stream : kAgentStreams) {
      const std::size_t slot = slot_of(stream);
      out.owed_bytes[slot] = owed_bytes_[slot];
      out.kept_bytes[slot] = kept_bytes_[slot];
      out.used_bytes +=
          owed_bytes_[slot] + kept_bytes_[slot] + batch_bytes_[slot];
    }
    return out;
  }
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
      s.pruned = pruned[slot];
      s.held_origin = held[slot].first;
      s.held_checkpoint = held[slot].second;
    }
    for (const auto& [device, row] : descriptions) {
      out.descriptions.push_back(row);
    }
    for (const auto& [panel, row] : panel_cursors) {
      out.panel_cursors.push_back(row);
    }
    for (const auto& [first, loss] : losses) {
      out.losses.push_back(loss);
    }
    out.last_transaction = last_transaction;
    return out;
  }

  std::array<std::vector<Bytes>, 2> rows;  // empty: lost or pruned
  std::array<std::map<Position, EpochRow>, 2> epochs;
  std::array<std::map<Position, CutBatch>, 2> batches;
  std::array<std::vector<Delivery>, 2> deliveries;
  std::array<Position, 2> delivered{};
  std::array<Position, 2> pruned{};  // up to here events() has nothing
  std::array<std::pair<std::string, std::string>, 2> held;
  std::map<std::string, DescriptionRow> descriptions;
  std::map<std::string, PanelCursor> panel_cursors;
  std::map<Position, Loss> losses;  // by first
  // Of delivered batches, by first position; by which generation.
  std::array<std::map<Position, std::pair<WallTime, std::uint32_t>>, 2> held_by;
  std::uint64_t last_transaction = 0;
  int attempts = 0;
  int reads = 0;
  int prunes = 0;
  JournalUsage used;  // what usage() says instead, unless all of it is zero

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
      for (const Bytes& event : turn.events[slot]) {
        owed_bytes_[slot] += event.size();
        rows[slot].push_back(event);
      }
    }
    for (const CutBatch& batch : turn.batches) {
      const std::size_t slot = slot_of(batch.stream);
      auto& all = batches[slot];
      check(!all.contains(batch.first_position), "a batch was cut twice");
      all[batch.first_position] = batch;
      batch_bytes_[slot] += bytes_of(batch);
    }
    for (const Loss& loss : turn.losses) {
      apply(loss);
    }
    for (const Following& following : turn.followings) {
      apply(following);
    }
    for (const Delivery& delivery : turn.deliveries) {
      apply(delivery);
    }
    for (const DescriptionRow& row : turn.descriptions) {
      descriptions[row.device] = row;
    }
    for (const PanelCursor& row : turn.panel_cursors) {
      panel_cursors[row.panel] = row;
    }
  }

  void apply(const Loss& loss) {
    const std::size_t slot = slot_of(Stream::kTelemetry);
    const auto& all = rows[slot];
    check(loss.first <= loss.last && loss.last < all.size() &&
              loss.first > pruned[slot] && loss.announced > 0 &&
              loss.announced <= rows[0].size(),
          "a loss cannot stand there");
    const auto after = batches[slot].upper_bound(loss.last);
    check(after == batches[slot].begin() ||
              last_of(std::prev(after)->second) < loss.first,
          "a loss of rows that were cut");
    check(sha256(all[loss.last - 1]) == loss.of_last,
          "a loss ends with another event");
    if (const Loss* before = loss_at(Stream::kTelemetry, loss.first - 1)) {
      check(before->of_last == loss.before, "a loss does not adjoin");
    } else if (loss.first - 1 > pruned[slot]) {
      check(sha256(all[loss.first - 2]) == loss.before,
            "a loss begins after another event");
    }
    for (Position at = loss.first; at <= loss.last; ++at) {
      drop(slot, at);
    }
    losses[loss.first] = loss;
  }

  void apply(const Following& following) {
    const std::size_t slot = slot_of(following.stream);
    const auto origin = Origin::parse(following.origin);
    check(
        origin && origin->stream == following.stream && origin->generation > 1,
        "a log to follow that is none");
    check(following.resend_from > pruned[slot] &&
              following.resend_from <= rows[slot].size() + 1,
          "nothing can be sent again from there");
    const auto after = batches[slot].lower_bound(following.resend_from);
    check(after == batches[slot].begin() ||
              last_of(std::prev(after)->second) < following.resend_from,
          "to be sent again from inside a batch");
    const StreamLayout layout = layout_of(following.stream);
    for (Position at = layout.after_given_up(delivered[slot] + 1, false);
         at < following.resend_from;) {
      const auto batch = batches[slot].find(at);
      check(batch != batches[slot].end(),
            "rows that were never sent count as held");
      held_by[slot].try_emplace(at, following.at, origin->generation - 1);
      at = layout.after_given_up(last_of(batch->second) + 1, false);
    }
    move_delivered(slot, following.resend_from - 1);
    held[slot] = {following.origin, {}};
  }

  void apply(const Delivery& delivery) {
    const std::size_t slot = slot_of(delivery.stream);
    check(batches[slot].contains(delivery.first_position),
          "delivered and never cut");
    const Position last = delivery.first_position + delivery.count - 1;
    check(last > delivered[slot], "the delivered mark went back");
    const auto origin = Origin::parse(delivery.origin);
    held_by[slot][delivery.first_position] = {delivery.at,
                                              origin ? origin->generation : 0};
    move_delivered(slot, last);
    deliveries[slot].push_back(delivery);
    held[slot] = {delivery.origin, delivery.checkpoint};
  }

  std::uint64_t apply_prune(Stream stream, WallTime before) {
    const std::size_t slot = slot_of(stream);
    const Position to =
        prunable_to(layout_of(stream),
                    {pruned[slot], delivered[slot], before, kPruneRows},
                    [&](Position at) { return next_batch(slot, at); });
    std::uint64_t gone = 0;
    for (Position at = pruned[slot] + 1; at <= to; ++at) {
      gone += rows[slot][at - 1].empty() ? 0U : 1U;
      drop(slot, at);
    }
    for (auto at = batches[slot].begin();
         at != batches[slot].end() && at->first <= to;) {
      batch_bytes_[slot] -= bytes_of(at->second);
      held_by[slot].erase(at->first);
      at = batches[slot].erase(at);
    }
    if (stream == Stream::kTelemetry) {
      std::erase_if(losses,
                    [&](const auto& at) { return at.second.last <= to; });
    }
    pruned[slot] = to;
    return gone;
  }

  std::optional<BatchMark> next_batch(std::size_t slot, Position at) const {
    const auto found = batches[slot].lower_bound(at);
    if (found == batches[slot].end()) {
      return std::nullopt;
    }
    BatchMark mark{found->first, last_of(found->second), std::nullopt};
    if (const auto by = held_by[slot].find(found->first);
        by != held_by[slot].end()) {
      mark.delivered_us = by->second.first.time_since_epoch().count();
    }
    return mark;
  }

  StreamLayout layout_of(Stream stream) const {
    StreamLayout out;
    for (const auto& [first, row] : epochs[slot_of(stream)]) {
      out.epochs.push_back(row);
    }
    if (stream == Stream::kTelemetry) {
      for (const auto& [first, loss] : losses) {
        out.losses.push_back(loss);
      }
    }
    out.tail = rows[slot_of(stream)].size();
    return out;
  }

  const Loss* loss_at(Stream stream, Position at) const {
    const auto after = losses.upper_bound(at);
    if (stream != Stream::kTelemetry || after == losses.begin() ||
        std::prev(after)->second.last < at) {
      return nullptr;
    }
    return &std::prev(after)->second;
  }

  void move_delivered(std::size_t slot, Position to) {
    const Position from = std::min(delivered[slot], to);
    std::uint64_t bytes = 0;
    for (Position at = from + 1; at <= std::max(delivered[slot], to); ++at) {
      bytes += rows[slot][at - 1].size();
    }
    auto& more = to > delivered[slot] ? kept_bytes_ : owed_bytes_;
    auto& less = to > delivered[slot] ? owed_bytes_ : kept_bytes_;
    more[slot] += bytes;
    less[slot] -= bytes;
    delivered[slot] = to;
  }

  void drop(std::size_t slot, Position at) {
    auto& bytes = at > delivered[slot] ? owed_bytes_ : kept_bytes_;
    bytes[slot] -= rows[slot][at - 1].size();
    Bytes().swap(rows[slot][at - 1]);
  }

  static Position last_of(const CutBatch& batch) {
    return batch.first_position + batch.count - 1;
  }
  static std::uint64_t bytes_of(const CutBatch& batch) {
    return batch.sealed.header.size() + batch.sealed.signature.size();
  }

  std::array<std::uint64_t, 2> owed_bytes_{};
  std::array<std::uint64_t, 2> kept_bytes_{};
  std::array<std::uint64_t, 2> batch_bytes_{};
  std::optional<Failure> prune_failure_;
  int fail_at_ = 0;
  int times_ = 0;
  Failure failure_ = Failure::kBefore;
};

}  // namespace strongroom
