// SPDX-License-Identifier: Apache-2.0
// For tests: the same life written into the journal in SQLite and into the fake
// one, with everything that an agent's loop may write.
#pragma once

#include <gtest/gtest.h>

#include "agent/journal/check_journal.h"
#include "agent/journal/fake_journal.h"
#include "agent/journal/journal_test_util.h"

namespace strongroom::testing_journal {

class Twin {
 public:
  explicit Twin(std::filesystem::path path)
      : path_(std::move(path)), opened_(testing_journal::open(path_)) {
    number_ = opened_.state.last_transaction;
  }

  struct Side {
    std::optional<EventChain> chain;
    std::vector<EpochRow> epochs;
    std::vector<Bytes> events;
    std::vector<CutBatch> batches;
    Position cut = 0;
    Position delivered = 0;
    Position tail() const { return events.size(); }
  };
  Side& side(Stream stream) { return sides_[slot_of(stream)]; }
  Journal& sqlite() { return *opened_.journal; }
  FakeJournal& fake() { return fake_; }
  /// As the last opening found it.
  const JournalState& state() const { return opened_.state; }
  JournalTransaction& turn() { return turn_; }

  /// A new epoch in both streams.
  void open_epoch(std::uint64_t epoch) {
    for (const Stream stream : kAgentStreams) {
      Side& at = side(stream);
      EventMessage event = testing_log::epoch_opened();
      if (at.chain) {
        auto& body = event.body.epoch_opened;
        body.has_previous = true;
        body.previous.epoch = at.chain->epoch();
        body.previous.seq = at.chain->last_seq();
        std::ranges::copy(at.chain->last_hash(), body.previous.hash);
      }
      at.chain.emplace(kSource, stream, epoch);
      at.epochs.push_back({stream,
                           epoch,
                           at.tail() + 1,
                           strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START,
                           0,
                           {},
                           0});
      turn_.epochs.push_back(at.epochs.back());
      add(stream, event);
    }
  }
  void add(Stream stream, EventMessage event) {
    Side& at = side(stream);
    std::array<std::uint8_t, 16> blind{};
    const Now now{.wall = kNow,
                  .monotonic = std::chrono::seconds(1),
                  .quality = ClockQuality::kGood,
                  .error = std::chrono::microseconds(250)};
    at.events.push_back(at.chain->append(event, now, blind).value());
    turn_.events[slot_of(stream)].push_back(at.events.back());
  }
  void boots(Stream stream, int count) {
    for (int i = 0; i < count; ++i) {
      add(stream, testing_log::boot());
    }
  }
  const EpochRow& epoch_at(Stream stream, Position position) {
    const auto after = std::ranges::upper_bound(
        side(stream).epochs, position, {}, &EpochRow::first_position);
    return *std::prev(after);
  }
  /// Cuts rows from `first` on.
  void cut(Stream stream, Position first, std::uint32_t count) {
    Side& at = side(stream);
    std::vector<ByteView> views;
    for (Position p = first; p < first + count; ++p) {
      views.emplace_back(at.events[p - 1]);
    }
    const EpochRow& epoch = epoch_at(stream, first);
    at.batches.push_back({stream,
                          first,
                          count,
                          cut_batch(kSource,
                                    stream,
                                    epoch.epoch,
                                    first - epoch.first_position + 1,
                                    decode_envelope(views[0])->prev_hash,
                                    views,
                                    *signer_)});
    at.cut = first + count - 1;
    turn_.batches.push_back(at.batches.back());
  }
  void deliver(const CutBatch& batch,
               std::uint32_t generation = 1,
               WallTime when = kNow) {
    const Origin origin{"ledger.example", "bj1", batch.stream, generation};
    turn_.deliveries.push_back({batch.stream,
                                batch.first_position,
                                batch.count,
                                1000 + batch.first_position,
                                when,
                                origin.text(),
                                "note"});
    side(batch.stream).delivered = batch.first_position + batch.count - 1;
  }
  void stop(Stream stream, EpochRow& epoch, Position at, Position salvaged) {
    epoch.stopped_at = at;
    epoch.stopped_reason = strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN;
    epoch.salvaged_to = salvaged;
    epoch.stream = stream;
    turn_.stopped.push_back(epoch);
  }
  /// Gives up rows of telemetry and announces it.
  Loss lose(Position first, Position last) {
    const Side& at = side(Stream::kTelemetry);
    const EpochRow& epoch = epoch_at(Stream::kTelemetry, first);
    Loss loss{first,
              last,
              sha256(at.events[first - 2]),
              sha256(at.events[last - 1]),
              0};
    auto event = testing_log::event_of(strongroom_v1_Event_telemetry_lost_tag);
    auto& body = event.body.telemetry_lost;
    body.epoch = epoch.epoch;
    body.from_seq = first - epoch.first_position + 1;
    body.to_seq = last - epoch.first_position + 1;
    std::ranges::copy(loss.before, body.hash_before_from);
    std::ranges::copy(loss.of_last, body.hash_of_to);
    add(Stream::kRecord, event);
    loss.announced = side(Stream::kRecord).tail();
    turn_.losses.push_back(loss);
    return loss;
  }
  void follow(Stream stream, std::uint32_t generation, Position from) {
    const Origin origin{"ledger.example", "bj1", stream, generation};
    turn_.followings.push_back({stream, origin.text(), from, kNow});
    side(stream).delivered = from - 1;
  }

  void commit() {
    turn_.number = ++number_;
    const auto there = sqlite().commit(turn_);
    ASSERT_TRUE(there.has_value()) << there.error().what;
    ASSERT_TRUE(fake_.commit(turn_).has_value());
    turn_ = {};
  }
  /// How many went, of both.
  std::uint64_t prune(Stream stream, WallTime before) {
    const auto gone = sqlite().prune(stream, before);
    EXPECT_TRUE(gone.has_value()) << gone.error().what;
    EXPECT_EQ(*gone, *fake_.prune(stream, before));
    return gone.value_or(0);
  }

  /// Closes, checks the whole file, opens again; both say the same.
  void reopen_and_compare() {
    compare();
    opened_ = {};
    const std::vector<PublicKey> keys = {signer_->public_key()};
    const auto report = check_journal(path_, {keys, std::nullopt});
    ASSERT_TRUE(report.has_value()) << report.error().what;
    ASSERT_EQ(report->flaw, std::nullopt);
    opened_ = testing_journal::open(path_);
    ASSERT_EQ(opened_.damage, "");
    const JournalState there = opened_.state;
    const JournalState fake = fake_.state();
    EXPECT_EQ(there.losses, fake.losses);
    EXPECT_EQ(there.panel_cursors, fake.panel_cursors);
    EXPECT_EQ(there.last_transaction, fake.last_transaction);
    for (std::size_t slot = 0; slot < 2; ++slot) {
      const StreamState& a = there.streams[slot];
      const StreamState& b = fake.streams[slot];
      EXPECT_EQ(a.epochs, b.epochs) << slot;
      EXPECT_EQ(a.tail, b.tail) << slot;
      EXPECT_EQ(a.tail_hash, b.tail_hash) << slot;
      EXPECT_EQ(a.cut, b.cut) << slot;
      EXPECT_EQ(a.delivered, b.delivered) << slot;
      EXPECT_EQ(a.pruned, b.pruned) << slot;
      EXPECT_EQ(a.held_origin, b.held_origin) << slot;
      EXPECT_EQ(a.held_checkpoint, b.held_checkpoint) << slot;
    }
    compare();
  }
  /// What can be read, and what it takes.
  void compare() {
    EXPECT_EQ(sqlite().usage().owed_bytes, fake_.usage().owed_bytes);
    EXPECT_EQ(sqlite().usage().kept_bytes, fake_.usage().kept_bytes);
    for (const Stream stream : kAgentStreams) {
      for (Position at = 1; at <= side(stream).tail() + 1; ++at) {
        const auto there = sqlite().events(stream, at, 7, 1 << 20);
        ASSERT_TRUE(there.has_value()) << there.error().what;
        ASSERT_EQ(*there, *fake_.events(stream, at, 7, 1 << 20))
            << stream_name(stream) << " " << at;
        const auto batch = sqlite().batch_at(stream, at);
        ASSERT_TRUE(batch.has_value()) << batch.error().what;
        ASSERT_EQ(batch->has_value(), fake_.batch_at(stream, at)->has_value());
      }
    }
  }

 private:
  std::filesystem::path path_;
  OpenedJournal opened_;
  FakeJournal fake_;
  std::unique_ptr<Signer> signer_ = test_signer(2);
  std::array<Side, 2> sides_;
  JournalTransaction turn_;
  std::uint64_t number_ = 0;
};

/// Everything that can stand in a file. record: [1 2] delivered to generation
/// 1, follows generation 2 from 3 on; [3 4] was delivered to 1 and is owed
/// again; [5 6] cut; 7 8 announce losses. telemetry: 1 delivered, [2 3] refused
/// and salvaged, 4 (epoch two) delivered, [5 6] cut, 7 8 and 9 10 lost, [11]
/// cut, 12 13.
inline void write_full_sample(const std::filesystem::path& path) {
  Twin twin(path);
  twin.open_epoch(kEpochOne);
  twin.boots(Stream::kRecord, 4);
  twin.boots(Stream::kTelemetry, 2);
  twin.cut(Stream::kRecord, 1, 2);
  twin.cut(Stream::kRecord, 3, 2);
  twin.cut(Stream::kTelemetry, 1, 1);
  twin.cut(Stream::kTelemetry, 2, 2);
  twin.commit();
  auto& record = twin.side(Stream::kRecord);
  auto& telemetry = twin.side(Stream::kTelemetry);
  twin.deliver(record.batches[0]);
  twin.deliver(record.batches[1]);
  twin.deliver(telemetry.batches[0]);
  twin.stop(Stream::kTelemetry, telemetry.epochs[0], 2, 3);
  twin.open_epoch(kEpochTwo);
  twin.boots(Stream::kTelemetry, 9);
  twin.cut(Stream::kRecord, 5, 1);
  twin.cut(Stream::kRecord, 6, 1);
  twin.cut(Stream::kTelemetry, 4, 1);
  twin.cut(Stream::kTelemetry, 5, 2);
  twin.commit();
  twin.deliver(telemetry.batches[2]);
  twin.lose(7, 8);
  twin.lose(9, 10);
  twin.cut(Stream::kTelemetry, 11, 1);
  twin.turn().descriptions.push_back(
      {"room-1", kEpochOne, 2, sha256(as_bytes("description"))});
  twin.turn().panel_cursors.push_back(
      {"door-1", 0xfedcba98, 4711, 3, sha256(as_bytes("list")), 0x305});
  twin.commit();
  twin.follow(Stream::kRecord, 2, 3);
  twin.commit();
  twin.reopen_and_compare();
}

}  // namespace strongroom::testing_journal
