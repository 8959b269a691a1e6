// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/chains.h"

#include <gtest/gtest.h>

#include "core/log/entry.h"

namespace strongroom {
namespace {

constexpr LogId kLog = 7;
const Source kSource{"edge-1", "bj1"};

BatchHeader header_of(std::uint64_t epoch,
                      std::uint64_t first_seq,
                      std::uint32_t count = 2) {
  BatchHeader header;
  header.source = kSource;
  header.epoch = epoch;
  header.first_seq = first_seq;
  header.count = count;
  return header;
}

void advance(Chains& chains,
             const BatchHeader& header,
             std::int64_t recorded_us = 0) {
  const HeldBatch batch{{encode_header(header), {}}, 0, header.count};
  chains.advance(kLog,
                 header,
                 {.batch = batch,
                  .key = PublicKey{1},
                  .head = Hash{9},
                  .recorded_us = recorded_us});
}

std::vector<ChainRow> changed(Chains& chains) {
  return chains.take_changed([](LogId) { return 100; });
}

ChainRow row_of(std::uint64_t epoch, std::uint64_t next_seq, bool closed) {
  return {.log_id = kLog,
          .source = kSource.text(),
          .epoch = epoch,
          .next_seq = next_seq,
          .head = Hash{3},
          .newest_header = header_entry(Signature{}, Bytes(8, 1)),
          .key = PublicKey{1},
          .closed = closed};
}

TEST(Chains, NextEpoch_ClosesTheOneBeforeAndKnowsWhen) {
  Chains chains;
  advance(chains, header_of(1, 1), 1000);
  advance(chains, header_of(1, 3), 1500);
  EXPECT_EQ(chains.find(kLog, kSource)->find(1)->opened_us, 1000);
  advance(chains, header_of(2, 1), 2000);
  const SourceChains& source = *chains.find(kLog, kSource);
  EXPECT_TRUE(source.find(1)->closed);
  EXPECT_EQ(source.find(1)->closed_us, 2000);
  EXPECT_EQ(source.open(), source.find(2));
  EXPECT_EQ(changed(chains).size(), 2U);
  EXPECT_TRUE(changed(chains).empty());
}

// A source may begin epochs without end.
TEST(Chains, ClosedEpochs_AreKeptInBounds) {
  Chains chains;
  for (std::uint64_t epoch = 1; epoch <= 1000; ++epoch) {
    advance(chains, header_of(epoch, 1));
    if (epoch % 20 == 0) {
      changed(chains);
    }
  }
  changed(chains);
  const SourceChains& source = *chains.find(kLog, kSource);
  EXPECT_EQ(source.epochs.size(), SourceChains::kClosedKept + 1);
  EXPECT_TRUE(source.more_closed);
  EXPECT_EQ(source.find(1), nullptr);
  EXPECT_NE(source.find(999), nullptr);
  EXPECT_EQ(source.open(), source.find(1000));
  EXPECT_LE(source.recent.size(), 16U);
}

TEST(Chains, WhatIsRecalled_IsClosedAndKeptInBounds) {
  Chains chains;
  advance(chains, header_of(5000, 1), 7000);
  for (std::uint64_t epoch = 1; epoch <= 1000; ++epoch) {
    ChainState chain;
    chain.next_seq = 9;
    chain.newest = SignedHeader{Bytes(8, 1), {}};
    chains.recall(kLog, kSource, epoch, chain);
  }
  const SourceChains& source = *chains.find(kLog, kSource);
  EXPECT_EQ(source.epochs.size(), SourceChains::kClosedKept + 1);
  ASSERT_NE(source.find(1000), nullptr);
  EXPECT_TRUE(source.find(1000)->closed);
  EXPECT_EQ(source.find(1000)->closed_us, 7000);
  EXPECT_EQ(source.open(), source.find(5000));
}

TEST(Chains, Load_KeepsWhatIsOpenOrResumed) {
  struct Case {
    bool closed;
    std::uint64_t resumed_from;
    bool kept;
  };
  for (const Case& each : {Case{false, 1, true},
                           Case{true, 1, false},
                           Case{false, 5, true},
                           Case{true, 5, true}}) {
    Chains chains;
    chains.load(row_of(1, 5, each.closed), each.resumed_from);
    const SourceChains& source = *chains.find(kLog, kSource);
    EXPECT_EQ(source.find(1) != nullptr, each.kept);
    EXPECT_EQ(source.more_closed, !each.kept);
    EXPECT_EQ(source.acked, std::nullopt);
    EXPECT_EQ(source.keys.size(), 1U);
    if (each.kept) {
      EXPECT_EQ(source.find(1)->resumed_from, each.resumed_from);
      EXPECT_TRUE(source.find(1)->begun());
    }
  }
}

TEST(Chains, ResumedChain_IsClosedByTheNextEpoch) {
  Chains chains;
  chains.load(row_of(1, 5, false), 5);
  advance(chains, header_of(2, 1));
  const SourceChains& source = *chains.find(kLog, kSource);
  EXPECT_TRUE(source.find(1)->closed);
  // It cannot be asked for later: nothing of it stands in this log.
  for (std::uint64_t epoch = 3; epoch < 200; ++epoch) {
    advance(chains, header_of(epoch, 1));
    changed(chains);
  }
  ASSERT_NE(source.find(1), nullptr);
  EXPECT_TRUE(source.find(1)->closed);
}

TEST(Chains, LossesOfEpochsThatNeverBegin_AreKeptInBounds) {
  Chains chains;
  std::size_t taken = 0;
  for (std::uint64_t epoch = 1; epoch <= 1000; ++epoch) {
    taken += chains.add_loss({.log_id = kLog,
                              .source = kSource.text(),
                              .epoch = epoch,
                              .from_seq = 2,
                              .to_seq = 9})
                 ? 1U
                 : 0U;
  }
  EXPECT_EQ(taken, SourceChains::kUnbegun);
  EXPECT_EQ(chains.find(kLog, kSource)->epochs.size(), SourceChains::kUnbegun);
}

}  // namespace
}  // namespace strongroom
