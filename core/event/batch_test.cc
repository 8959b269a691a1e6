// SPDX-License-Identifier: Apache-2.0
#include "core/event/batch.h"

#include <gtest/gtest.h>

#include "core/base/wire.h"
#include "core/event/test_log.h"

namespace strongroom {
namespace {

using testing_log::boot;
using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestSource;

TestBatch sample_batch(std::size_t count = 5) {
  TestSource source("edge-1@bj1", Stream::kRecord);
  const auto signer = test_signer(1);
  source.cut_boots(3, *signer);
  return source.cut_boots(count, *signer);
}

std::optional<BatchFlaw> flaw_of(const TestBatch& batch) {
  std::vector<Hash> leaves;
  return find_flaw(batch.header, batch.views(), leaves);
}

constexpr auto kRoot = strongroom_v1_RefusalReason_REFUSAL_REASON_ROOT;
constexpr auto kChain = strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN;
constexpr auto kMalformed =
    strongroom_v1_RefusalReason_REFUSAL_REASON_MALFORMED;

TEST(Header, RoundTrip_IsCanonicalAndSigned) {
  const TestBatch batch = sample_batch();
  EXPECT_EQ(batch.header.first_seq, 4U);
  EXPECT_EQ(batch.header.count, 5U);
  EXPECT_EQ(batch.header.next_seq(), 9U);
  EXPECT_EQ(encode_header(batch.header), batch.cut.header);
  EXPECT_EQ(describe(batch.header), "batch record edge-1@bj1 4..8");

  const Bytes input = batch_signing_input(batch.cut.header);
  EXPECT_TRUE(as_chars(input).starts_with("strongroom/batch/v1\n"));
  EXPECT_TRUE(
      verify_ed25519(test_signer(1)->public_key(), input, batch.cut.signature));
}

// A header can be changed into another header that is just as canonical; the
// signature is over its bytes. So: no flip decodes to the same header.
TEST(Header, Decode_EveryBitFlipped_IsRefusedOrAnotherHeader) {
  const TestBatch batch = sample_batch();
  for (std::size_t bit = 0; bit < 8 * batch.cut.header.size(); ++bit) {
    Bytes altered = batch.cut.header;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto header = decode_header(altered);
    EXPECT_TRUE(!header || *header != batch.header) << bit;
  }
}

TEST(Header, Decode_NotCanonical_IsRefused) {
  const TestBatch batch = sample_batch();
  Bytes trailing = batch.cut.header;
  WireWriter(trailing).varint(10, 1);
  EXPECT_EQ(decode_header(trailing).error().what,
            "header: field 10 is not of its form");
  Bytes twice = batch.cut.header;
  WireWriter(twice).varint(7, 5);
  EXPECT_EQ(decode_header(twice).error().what, "header: not canonical");
  Bytes cut = batch.cut.header;
  cut.resize(cut.size() - 34);  // without its root
  EXPECT_EQ(decode_header(cut).error().what, "header: not canonical");
  EXPECT_EQ(decode_header(Bytes(300)).error().what, "header: too long");
}

TEST(Header, Decode_FieldOutOfBounds_IsRefused) {
  const auto refused = [](auto change) {
    BatchHeader header = sample_batch().header;
    change(header);
    return !decode_header(encode_header(header));
  };
  EXPECT_FALSE(refused([](BatchHeader&) {}));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.count = 0; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.count = 513; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first_seq = 0; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first_seq = 1; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first_seq = UINT64_MAX - 2; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first_seq = kMaxSeq + 1; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.first_seq = kMaxSeq; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.source.agent = "Edge"; }));
  EXPECT_TRUE(refused([](BatchHeader& h) { h.stream = Stream{4}; }));
}

TEST(Batch, RoundTrip_KeepsEveryField) {
  const TestBatch batch = sample_batch();
  BatchView view = batch.view();
  const Bytes sealed = {1, 2, 3};
  view.sealed_disclosures = sealed;
  view.held_checkpoint = "a note\n";
  view.resync = true;
  const Bytes bytes = encode_batch(view);

  const auto again = decode_batch(bytes);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(std::ranges::equal(again->header_bytes, batch.cut.header));
  EXPECT_EQ(again->signature, batch.cut.signature);
  ASSERT_EQ(again->events.size(), 5U);
  EXPECT_TRUE(std::ranges::equal(again->events[4], batch.events[4]));
  EXPECT_TRUE(std::ranges::equal(again->sealed_disclosures, sealed));
  EXPECT_EQ(again->held_checkpoint, "a note\n");
  EXPECT_TRUE(again->resync);
  EXPECT_EQ(encode_batch(*again), bytes);
}

std::string batch_fault(const Bytes& bytes) {
  const auto batch = decode_batch(bytes);
  return batch ? "" : batch.error().what;
}

TEST(Batch, Decode_EachFlawOfForm_IsNamed) {
  const TestBatch sample = sample_batch(2);
  const Bytes bytes = encode_batch(sample.view());
  const auto with = [&bytes](auto add) {
    Bytes altered = bytes;
    WireWriter writer(altered);
    add(writer);
    return batch_fault(altered);
  };
  EXPECT_EQ(batch_fault(bytes), "");
  EXPECT_EQ(with([](auto& w) { w.varint(8, 1); }), "batch: field 8: unknown");
  EXPECT_EQ(with([](auto& w) { w.bytes(7, Bytes(129)); }),
            "batch: field 7: too long");
  EXPECT_EQ(with([](auto& w) { w.varint(6, 2); }), "batch: field 6: not true");
  EXPECT_EQ(with([](auto& w) { w.element(4, {}); }), "batch: field 4: empty");
  EXPECT_EQ(with([](auto& w) { w.varint(4, 1); }),
            "batch: field 4: of another type");
  EXPECT_EQ(with([](auto& w) { w.bytes(1, Bytes(1)); }),
            "batch: field 1: twice or out of order");
  EXPECT_EQ(with([](auto& w) { w.bytes(5, Bytes(2049)); }),
            "batch: field 5: too long");
  EXPECT_EQ(with([](auto& w) { w.element_head(5, 1); }),
            "batch: not protobuf after field 3");

  Bytes short_signature;
  WireWriter(short_signature).bytes(2, Bytes(63));
  EXPECT_EQ(batch_fault(short_signature), "batch: field 2: not 64 bytes");
  EXPECT_EQ(batch_fault({}), "batch: header, signature or events are missing");
  EXPECT_EQ(batch_fault(Bytes(kMaxBatchBytes + 1)),
            "batch: larger than 131072 bytes");
}

TEST(Batch, Decode_513Events_IsRefused) {
  const TestBatch sample = sample_batch(1);
  BatchView view = sample.view();
  view.events.assign(kMaxBatchEvents, view.events[0].first(1));
  EXPECT_EQ(batch_fault(encode_batch(view)), "");
  view.events.push_back(view.events[0]);
  EXPECT_EQ(batch_fault(encode_batch(view)), "batch: field 3: more than 512");
}

TEST(Batch, Decode_EveryTruncation_IsRefusedOrLosesOnlyTail) {
  const TestBatch sample = sample_batch(2);
  const Bytes bytes = encode_batch(sample.view());
  std::vector<Hash> leaves;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto batch = decode_batch(ByteView(bytes).first(size));
    // Cut between two events: whole as protobuf, and its root says so.
    EXPECT_TRUE(!batch || find_flaw(sample.header, batch->events, leaves))
        << size;
  }
}

TEST(Flaw, None_GivesTheLeaves) {
  const TestBatch batch = sample_batch();
  std::vector<Hash> leaves = {Hash{}};
  EXPECT_FALSE(find_flaw(batch.header, batch.views(), leaves));
  auto expected = batch.leaves();
  expected.pop_back();
  EXPECT_EQ(leaves, expected);
  EXPECT_EQ(merkle_root(leaves), batch.header.root);
}

// Each case takes one event in the middle apart and puts it together wrong.
TEST(Flaw, EachFieldOfAnEventWrong_IsNamed) {
  struct Case {
    const char* name;
    void (*change)(EventMessage&);
    strongroom_v1_RefusalReason reason;
    const char* what;
  };
  const Case cases[] = {
      {"source",
       [](EventMessage& e) { testing_log::set_text(e.source, "edge-2@bj1"); },
       kChain,
       "event 6: source is edge-2@bj1, not the header's edge-1@bj1"},
      {"stream",
       [](EventMessage& e) {
         e.stream = strongroom_v1_Stream_STREAM_TELEMETRY;
       },
       kChain,
       "event 6: stream is telemetry, not the header's record"},
      {"epoch",
       [](EventMessage& e) { ++e.epoch; },
       kChain,
       "event 6: epoch is not the header's"},
      {"seq ahead",
       [](EventMessage& e) { ++e.seq; },
       kChain,
       "event 6: seq is 7"},
      {"seq behind",
       [](EventMessage& e) { --e.seq; },
       kChain,
       "event 6: seq is 5"},
      {"prev_hash",
       [](EventMessage& e) { e.prev_hash[31] ^= 1; },
       kChain,
       "event 6: prev_hash is not the hash of the event before it"},
      {"content",
       [](EventMessage& e) { ++e.occurred_us; },
       kChain,
       "event 7: prev_hash is not the hash of the event before it"},
  };
  for (const Case& c : cases) {
    TestBatch batch = sample_batch();
    EventMessage event = *decode_event(batch.events[2]);
    c.change(event);
    batch.events[2] = *encode_event(event);
    const auto flaw = flaw_of(batch);
    ASSERT_TRUE(flaw) << c.name;
    EXPECT_EQ(flaw->reason, c.reason) << c.name;
    EXPECT_EQ(flaw->what, c.what) << c.name;
  }
}

TEST(Flaw, TruncatedEvent_IsMalformed) {
  TestBatch batch = sample_batch();
  batch.events[2].pop_back();
  const auto flaw = flaw_of(batch);
  ASSERT_TRUE(flaw);
  EXPECT_EQ(flaw->reason, kMalformed);
  EXPECT_TRUE(flaw->what.starts_with("event 6: ")) << flaw->what;
}

TEST(Flaw, LastEventAltered_IsRoot) {
  TestBatch batch = sample_batch();
  EventMessage event = *decode_event(batch.events[4]);
  ++event.occurred_us;
  batch.events[4] = *encode_event(event);
  EXPECT_EQ(flaw_of(batch)->reason, kRoot);
}

TEST(Flaw, HeaderSaysOtherwise_IsNamed) {
  TestBatch root = sample_batch();
  root.header.root[0] ^= 1;
  EXPECT_EQ(flaw_of(root)->reason, kRoot);

  TestBatch more = sample_batch();
  ++more.header.count;
  EXPECT_EQ(flaw_of(more)->reason, kRoot);
  EXPECT_EQ(flaw_of(more)->what, "5 events, the header says 6");

  TestBatch missing = sample_batch();
  missing.events.pop_back();
  EXPECT_EQ(flaw_of(missing)->reason, kRoot);

  TestBatch first = sample_batch();
  first.header.first_prev_hash[0] ^= 1;
  EXPECT_EQ(flaw_of(first)->what,
            "event 4: prev_hash is not the hash of the event before it");

  TestBatch seq = sample_batch();
  ++seq.header.first_seq;
  EXPECT_EQ(flaw_of(seq)->what, "event 5: seq is 4");

  TestBatch swapped = sample_batch();
  std::swap(swapped.events[1], swapped.events[2]);
  EXPECT_EQ(flaw_of(swapped)->reason, kChain);
}

TEST(Flaw, EveryByteOfEveryEventFlipped_IsFound) {
  const TestBatch batch = sample_batch(3);
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    for (std::size_t at = 0; at < batch.events[i].size(); ++at) {
      TestBatch altered = batch;
      altered.events[i][at] ^= 0x01;
      EXPECT_TRUE(flaw_of(altered)) << i << ", byte " << at;
    }
  }
}

}  // namespace
}  // namespace strongroom
