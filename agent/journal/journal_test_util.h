// SPDX-License-Identifier: Apache-2.0
// For tests: a journal's file with everything in it that can stand there.
#pragma once

#include <filesystem>

#include "agent/journal/sqlite_journal.h"
#include "core/event/test_log.h"

namespace strongroom::testing_journal {

using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestLog;
using testing_log::TestSource;

inline const Source kSource{"edge-1", "bj1"};
inline const WallTime kNow{std::chrono::seconds(1'780'000'500)};
constexpr std::uint64_t kEpochOne = 0x1111222233334444;
constexpr std::uint64_t kEpochTwo = 0xeeeeffff00001111;

inline OpenedJournal open(const std::filesystem::path& path) {
  auto opened = open_journal(path, kSource, kNow);
  if (!opened) {
    throw std::runtime_error(opened.error().what);
  }
  return std::move(*opened);
}

/// Writes transactions as the loop would.
class Writer {
 public:
  explicit Writer(OpenedJournal& opened)
      : journal_(*opened.journal),
        number_(opened.state.last_transaction),
        tails_{opened.state.streams[0].tail, opened.state.streams[1].tail} {}

  void open_epoch(Stream stream,
                  std::uint64_t epoch,
                  TestSource& source,
                  const TestSource* before = nullptr) {
    turn_.epochs.push_back({stream,
                            epoch,
                            tails_[slot_of(stream)] + 1,
                            strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START,
                            0,
                            {}});
    EventMessage event = testing_log::epoch_opened();
    if (before != nullptr) {
      auto& body = event.body.epoch_opened;
      body.has_previous = true;
      body.previous.epoch = before->chain().epoch();
      body.previous.seq = before->chain().last_seq();
      std::ranges::copy(before->chain().last_hash(), body.previous.hash);
    }
    add(stream, source.write(event));
  }
  void add(Stream stream, Bytes event) {
    turn_.events[slot_of(stream)].push_back(std::move(event));
    ++tails_[slot_of(stream)];
  }
  void boots(Stream stream, TestSource& source, int count) {
    for (int i = 0; i < count; ++i) {
      add(stream, source.write(testing_log::boot()));
    }
  }
  /// Cuts rows that are journalled or stand in this turn.
  TestBatch cut(Stream stream,
                Position first,
                std::uint32_t count,
                const std::vector<Bytes>& events,
                std::uint64_t epoch,
                std::uint64_t first_seq,
                const Signer& signer) {
    TestBatch batch;
    batch.events = events;
    batch.cut = cut_batch(kSource,
                          stream,
                          epoch,
                          first_seq,
                          decode_envelope(events[0])->prev_hash,
                          batch.views(),
                          signer);
    batch.header = *decode_header(batch.cut.header);
    turn_.batches.push_back({stream, first, count, batch.cut});
    return batch;
  }
  void deliver(Stream stream,
               Position first,
               std::uint32_t count,
               std::uint64_t index,
               const std::string& note,
               std::uint32_t generation = 1,
               WallTime at = kNow) {
    turn_.deliveries.push_back(
        {stream,
         first,
         count,
         index,
         at,
         Origin{"ledger.example", "bj1", stream, generation}.text(),
         note});
  }
  JournalTransaction& turn() { return turn_; }
  JournalResult<void> try_commit() {
    turn_.number = number_ + 1;
    auto result = journal_.commit(turn_);
    if (result) {
      ++number_;
      turn_ = {};
    }
    return result;
  }
  void commit() {
    if (auto result = try_commit(); !result) {
      throw std::runtime_error(result.error().what);
    }
  }

 private:
  Journal& journal_;
  std::uint64_t number_;
  std::array<Position, 2> tails_;
  JournalTransaction turn_;
};

/// record: [1 2] delivered, [3 4] cut, 5 6 not cut. telemetry: epoch one: 1
/// delivered, [2] cut, 3 not cut, both stopped; epoch two: 4 delivered, 5.
inline void write_sample(const std::filesystem::path& path) {
  const auto key = test_signer(2);
  const auto log_key = test_signer(1);
  OpenedJournal opened = open(path);
  Writer writer(opened);
  TestSource record("edge-1@bj1", Stream::kRecord, kEpochOne);
  TestSource telemetry("edge-1@bj1", Stream::kTelemetry, kEpochOne);
  TestSource telemetry_two("edge-1@bj1", Stream::kTelemetry, kEpochTwo);
  writer.open_epoch(Stream::kRecord, kEpochOne, record);
  writer.boots(Stream::kRecord, record, 5);
  writer.open_epoch(Stream::kTelemetry, kEpochOne, telemetry);
  writer.boots(Stream::kTelemetry, telemetry, 2);
  writer.open_epoch(Stream::kTelemetry, kEpochTwo, telemetry_two, &telemetry);
  writer.boots(Stream::kTelemetry, telemetry_two, 1);
  const std::vector<Bytes> r = writer.turn().events[0];
  const std::vector<Bytes> t = writer.turn().events[1];

  TestLog record_log("ledger.example/bj1/record/1");
  TestLog telemetry_log("ledger.example/bj1/telemetry/1");
  record_log.append(
      writer.cut(Stream::kRecord, 1, 2, {r[0], r[1]}, kEpochOne, 1, *key));
  writer.cut(Stream::kRecord, 3, 2, {r[2], r[3]}, kEpochOne, 3, *key);
  telemetry_log.append(
      writer.cut(Stream::kTelemetry, 1, 1, {t[0]}, kEpochOne, 1, *key));
  writer.cut(Stream::kTelemetry, 2, 1, {t[1]}, kEpochOne, 2, *key);
  telemetry_log.append(
      writer.cut(Stream::kTelemetry, 4, 1, {t[3]}, kEpochTwo, 1, *key));
  writer.commit();
  writer.deliver(Stream::kRecord,
                 1,
                 2,
                 0,
                 sign_checkpoint(record_log.checkpoint(), *log_key));
  writer.deliver(Stream::kTelemetry,
                 1,
                 1,
                 0,
                 sign_checkpoint(telemetry_log.checkpoint(2), *log_key));
  writer.turn().stopped.push_back(
      {Stream::kTelemetry,
       kEpochOne,
       1,
       strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START,
       2,
       strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN});
  writer.turn().descriptions.push_back(
      {"room-1", kEpochOne, 2, sha256(as_bytes("description"))});
  writer.turn().panel_cursors.push_back(
      {"door-1", 0xfedcba98, 4711, 3, sha256(as_bytes("list")), 0x305});
  writer.commit();
  writer.deliver(Stream::kTelemetry,
                 4,
                 1,
                 2,
                 sign_checkpoint(telemetry_log.checkpoint(), *log_key));
  writer.commit();
}

}  // namespace strongroom::testing_journal
