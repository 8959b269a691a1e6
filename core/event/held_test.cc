// SPDX-License-Identifier: Apache-2.0
#include "core/event/held.h"

#include <gtest/gtest.h>
#include <map>

#include "core/event/test_log.h"

namespace strongroom {
namespace {

using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestLog;
using testing_log::TestSource;

constexpr std::string_view kOrigin = "ledger.example/bj1/record/1";
constexpr auto kInvalid = strongroom_v1_FindingKind_FINDING_KIND_ACK_INVALID;
constexpr auto kInconsistent =
    strongroom_v1_FindingKind_FINDING_KIND_CHECKPOINT_INCONSISTENT;
constexpr auto kOtherRoot =
    strongroom_v1_FindingKind_FINDING_KIND_SAME_TREE_OTHER_ROOT;

// An agent's batches among a neighbour's in one log.
class HeldTest : public ::testing::Test {
 protected:
  HeldTest() : origin_(*Origin::parse(kOrigin)) {
    trust_ = {.ledger = "ledger.example", .log_keys = {log_key_->public_key()}};
  }

  TestBatch append_ours(std::size_t count) {
    TestBatch batch = ours_.cut_boots(count, *agent_key_);
    first_index_ = log_.append(batch);
    return batch;
  }
  void append_other(std::size_t count) {
    log_.append(other_.cut_boots(count, *other_key_));
  }

  Held ack_of(const TestBatch& batch, std::uint64_t from_size) const {
    return {.first_index = first_index_,
            .range_proof = log_.range(first_index_, batch.events.size() + 1),
            .checkpoint = sign_checkpoint(log_.checkpoint(), *log_key_),
            .from_size = from_size,
            .consistency_proof = log_.consistency(from_size)};
  }

  HeldVerdict verify(const Held& ack,
                     const TestBatch& batch,
                     const std::optional<Checkpoint>& held) const {
    return verify_held(ack, batch.leaves(), origin_, trust_, held);
  }

  static strongroom_v1_FindingKind kind_of(const HeldVerdict& verdict) {
    const auto* refuted = std::get_if<HeldRefuted>(&verdict);
    return refuted == nullptr
               ? strongroom_v1_FindingKind_FINDING_KIND_UNSPECIFIED
               : refuted->kind;
  }

  std::unique_ptr<Signer> log_key_ = test_signer(1);
  std::unique_ptr<Signer> agent_key_ = test_signer(2);
  std::unique_ptr<Signer> other_key_ = test_signer(3);
  Origin origin_;
  Trust trust_;
  TestLog log_{kOrigin};
  TestSource ours_{"edge-1@bj1", Stream::kRecord};
  TestSource other_{"edge-2@bj1", Stream::kRecord};
  std::uint64_t first_index_ = 0;
};

TEST_F(HeldTest, Honest_IsProven_WhateverTheTreesShape) {
  std::optional<Checkpoint> held;
  for (std::size_t round = 0; round < 24; ++round) {
    append_other(round % 5 + 1);
    const TestBatch batch = append_ours(round % 7 + 1);
    append_other(round % 3 + 1);
    const Held ack = ack_of(batch, held ? held->size : 0);
    const auto verdict = verify(ack, batch, held);
    const auto* proven = std::get_if<HeldProven>(&verdict);
    ASSERT_NE(proven, nullptr)
        << round << ": " << std::get<HeldRefuted>(verdict).what;
    EXPECT_EQ(proven->first_index, first_index_);
    EXPECT_EQ(proven->checkpoint, log_.checkpoint());
    EXPECT_EQ(proven->note, ack.checkpoint);
    held = proven->checkpoint;
  }
}

TEST_F(HeldTest, NoneHeld_NeedsSizeZeroAndAnEmptyProof) {
  append_other(3);
  const TestBatch batch = append_ours(2);
  EXPECT_TRUE(std::holds_alternative<HeldProven>(
      verify(ack_of(batch, 0), batch, std::nullopt)));
  EXPECT_TRUE(std::holds_alternative<HeldIgnored>(
      verify(ack_of(batch, 4), batch, std::nullopt)));
  Held with_proof = ack_of(batch, 0);
  with_proof.consistency_proof = log_.consistency(4);
  EXPECT_EQ(kind_of(verify(with_proof, batch, std::nullopt)), kInconsistent);
}

TEST_F(HeldTest, SameSizeAgain_NeedsEqualRootAndAnEmptyProof) {
  const TestBatch batch = append_ours(3);
  const Checkpoint held = log_.checkpoint();
  EXPECT_TRUE(std::holds_alternative<HeldProven>(
      verify(ack_of(batch, log_.size()), batch, held)));
  Held with_proof = ack_of(batch, log_.size());
  with_proof.consistency_proof = {held.root};
  EXPECT_EQ(kind_of(verify(with_proof, batch, held)), kInconsistent);
}

TEST_F(HeldTest, SameSizeOtherRoot_IsAForkWhateverFromSizeSays) {
  TestBatch batch = append_ours(3);
  Checkpoint held = log_.checkpoint();
  held.root[0] ^= 1;
  EXPECT_EQ(kind_of(verify(ack_of(batch, held.size), batch, held)), kOtherRoot);
  EXPECT_EQ(kind_of(verify(ack_of(batch, 0), batch, held)), kOtherRoot);
}

TEST_F(HeldTest, FromSizeIsNotOurs_IsIgnored) {
  const TestBatch first = append_ours(3);
  const Checkpoint held = log_.checkpoint();
  const TestBatch second = append_ours(3);
  EXPECT_TRUE(std::holds_alternative<HeldIgnored>(
      verify(ack_of(second, 0), second, held)));
  EXPECT_TRUE(std::holds_alternative<HeldIgnored>(
      verify(ack_of(second, held.size + 1), second, held)));
}

TEST_F(HeldTest, Fork_IsInconsistent) {
  append_other(5);
  const Checkpoint held = log_.checkpoint();

  // The same source's batch, in a log that rewrote what stood before it.
  TestLog forked(kOrigin);
  TestSource rewritten("edge-2@bj1", Stream::kRecord, 99);
  forked.append(rewritten.cut_boots(5, *other_key_));
  const TestBatch batch = ours_.cut_boots(2, *agent_key_);
  const Held ack{.first_index = forked.append(batch),
                 .range_proof = forked.range(6, 3),
                 .checkpoint = sign_checkpoint(forked.checkpoint(), *log_key_),
                 .from_size = held.size,
                 .consistency_proof = forked.consistency(held.size)};
  EXPECT_EQ(kind_of(verify(ack, batch, held)), kInconsistent);
  EXPECT_TRUE(std::holds_alternative<HeldProven>(
      verify(Held{.first_index = ack.first_index,
                  .range_proof = ack.range_proof,
                  .checkpoint = ack.checkpoint},
             batch,
             std::nullopt)))
      << "nothing but our own checkpoint tells the fork";
}

TEST_F(HeldTest, ShorterTree_IsInconsistent) {
  const TestBatch batch = append_ours(3);
  Held ack = ack_of(batch, 0);
  append_other(4);
  const Checkpoint held = log_.checkpoint();
  ack.from_size = held.size;
  EXPECT_EQ(kind_of(verify(ack, batch, held)), kInconsistent);
}

TEST_F(HeldTest, NotTheseLeaves_IsInvalid) {
  append_other(2);
  const TestBatch batch = append_ours(4);
  append_other(2);
  const Held ack = ack_of(batch, 0);

  TestBatch altered = batch;
  altered.events[3].back() ^= 1;
  EXPECT_EQ(kind_of(verify(ack, altered, std::nullopt)), kInvalid);

  TestBatch resigned = batch;
  resigned.cut.signature[0] ^= 1;
  EXPECT_EQ(kind_of(verify(ack, resigned, std::nullopt)), kInvalid);

  TestBatch shorter = batch;
  shorter.events.pop_back();
  EXPECT_EQ(kind_of(verify(ack, shorter, std::nullopt)), kInvalid);

  EXPECT_EQ(kind_of(verify_held(ack, {}, origin_, trust_, std::nullopt)),
            kInvalid);
}

TEST_F(HeldTest, OtherIndex_IsInvalid) {
  append_other(2);
  const TestBatch batch = append_ours(4);
  append_other(2);
  for (const std::uint64_t index : {std::uint64_t{0},
                                    first_index_ - 1,
                                    first_index_ + 1,
                                    log_.size(),
                                    UINT64_MAX,
                                    UINT64_MAX - 3}) {
    Held ack = ack_of(batch, 0);
    ack.first_index = index;
    EXPECT_EQ(kind_of(verify(ack, batch, std::nullopt)), kInvalid) << index;
  }
}

TEST_F(HeldTest, OtherLogOrKey_IsInvalid) {
  const TestBatch batch = append_ours(2);
  Held ack = ack_of(batch, 0);

  Checkpoint elsewhere = log_.checkpoint();
  elsewhere.origin = "ledger.example/bj1/record/2";
  ack.checkpoint = sign_checkpoint(elsewhere, *log_key_);
  EXPECT_EQ(kind_of(verify(ack, batch, std::nullopt)), kInvalid);

  ack.checkpoint = sign_checkpoint(log_.checkpoint(), *other_key_);
  EXPECT_EQ(kind_of(verify(ack, batch, std::nullopt)), kInvalid);

  ack.checkpoint = "";
  EXPECT_EQ(kind_of(verify(ack, batch, std::nullopt)), kInvalid);
}

// Nothing held yet: any generation of this log, and of no other.
TEST_F(HeldTest, AnyGeneration_CountsOnlyWhereNothingIsHeld) {
  const TestBatch batch = append_ours(2);
  const Origin origin = *Origin::parse(kOrigin);
  struct Case {
    const char* origin;
    bool counts;
  };
  const Case cases[] = {{"ledger.example/bj1/record/1", true},
                        {"ledger.example/bj1/record/2", true},
                        {"ledger.example/bj1/record/4000000000", true},
                        {"ledger.example/bj1/record/0", false},
                        {"ledger.example/bj1/record/02", false},
                        {"ledger.example/bj1/telemetry/1", false},
                        {"ledger.example/bj2/record/1", false},
                        {"other.example/bj1/record/1", false}};
  for (const Case& one : cases) {
    Held ack = ack_of(batch, 0);
    Checkpoint of = log_.checkpoint();
    of.origin = one.origin;
    ack.checkpoint = sign_checkpoint(of, *log_key_);
    const auto judge = [&](const std::optional<Checkpoint>& held) {
      return verify_held(
          ack, batch.leaves(), origin, trust_, held, LogChoice::kAnyGeneration);
    };
    const HeldVerdict verdict = judge(std::nullopt);
    EXPECT_EQ(std::holds_alternative<HeldProven>(verdict), one.counts)
        << one.origin;
    if (const auto* proven = std::get_if<HeldProven>(&verdict)) {
      EXPECT_EQ(proven->checkpoint.origin, one.origin);
    }
    // One that holds something follows that.
    const Checkpoint held = log_.checkpoint(0);
    EXPECT_EQ(std::holds_alternative<HeldProven>(judge(held)),
              std::string(one.origin) == kOrigin)
        << one.origin;
  }
}

TEST_F(HeldTest, SignedWithOldAndNewKey_IsProvenWithEither) {
  const TestBatch batch = append_ours(2);
  Held ack = ack_of(batch, 0);
  const std::string text = log_.checkpoint().text();
  ack.checkpoint = Note{text,
                        {sign_note(text, std::string(kOrigin), *log_key_),
                         sign_note(text, std::string(kOrigin), *other_key_)}}
                       .encode();
  EXPECT_TRUE(
      std::holds_alternative<HeldProven>(verify(ack, batch, std::nullopt)));
  trust_.log_keys = {other_key_->public_key()};
  EXPECT_TRUE(
      std::holds_alternative<HeldProven>(verify(ack, batch, std::nullopt)));
  trust_.log_keys = {agent_key_->public_key()};
  EXPECT_EQ(kind_of(verify(ack, batch, std::nullopt)), kInvalid);
}

// Flips each byte of the payload and says where each was caught. What passes
// the decoder and the addressing fields (source, stream, epoch, first_seq,
// count: the agent compares them with the batch it asks about) is left to
// verify_held, and that proves nothing but what the untouched ack proves.
TEST_F(HeldTest, EveryByteOfAnAckFlipped_ProvesNothingElse) {
  append_other(3);
  const Checkpoint held = log_.checkpoint();
  append_other(6);
  const TestBatch batch = append_ours(4);
  append_other(2);
  const Held honest = ack_of(batch, held.size);
  const Ack ack{.source = batch.header.source,
                .stream = batch.header.stream,
                .epoch = batch.header.epoch,
                .first_seq = batch.header.first_seq,
                .count = batch.header.count,
                .outcome = honest};
  const Bytes bytes = encode_ack(ack);
  ASSERT_TRUE(std::holds_alternative<HeldProven>(verify(honest, batch, held)));

  std::map<std::string, int> caught;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned mask : {0x01U, 0x80U, 0xffU}) {
      Bytes altered = bytes;
      altered[at] ^= static_cast<std::uint8_t>(mask);
      const auto decoded = decode_ack(altered);
      if (!decoded) {
        ++caught["decoder"];
        continue;
      }
      const bool same_address =
          decoded->source == ack.source && decoded->stream == ack.stream &&
          decoded->epoch == ack.epoch && decoded->first_seq == ack.first_seq &&
          decoded->count == ack.count;
      if (!same_address) {
        ++caught["address"];
        continue;
      }
      const auto* altered_held = std::get_if<Held>(&decoded->outcome);
      if (altered_held == nullptr) {
        ++caught["refused, which proves nothing"];
        continue;
      }
      const auto verdict = verify(*altered_held, batch, held);
      if (std::holds_alternative<HeldIgnored>(verdict)) {
        ++caught["from_size"];
        continue;
      }
      const auto* refuted = std::get_if<HeldRefuted>(&verdict);
      ASSERT_NE(refuted, nullptr) << "byte " << at << " passes";
      ++caught[refuted->what.substr(0, refuted->what.find(':'))];
    }
  }
  for (const auto& [where, count] : caught) {
    RecordProperty(where, count);
  }
  EXPECT_EQ(caught.size(), 5U);
  for (const char* where :
       {"decoder", "address", "checkpoint", "from_size", "range proof"}) {
    EXPECT_GT(caught[where], 0) << where;
  }
}

}  // namespace
}  // namespace strongroom
