// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/wire.h"
#include "core/event/batch.h"
#include "core/event/test_log.h"

namespace strongroom {
namespace {

using testing_log::set_text;

Ack sample_ack() {
  return {.source = *Source::parse("edge-1@bj1"),
          .stream = Stream::kTelemetry,
          .epoch = 9,
          .first_seq = 12,
          .count = 3,
          .outcome = Held{.first_index = 4,
                          .range_proof = {Hash{1}, Hash{2}},
                          .checkpoint = "a note",
                          .from_size = 4,
                          .consistency_proof = {Hash{3}}}};
}

Ack refused_ack() {
  Ack ack = sample_ack();
  ack.outcome =
      Refused{.reason = strongroom_v1_RefusalReason_REFUSAL_REASON_GAP,
              .expected = 7,
              .newest = SignedHeader{.header = {1, 2, 3}}};
  return ack;
}

std::string ack_fault(const Bytes& bytes) {
  const auto ack = decode_ack(bytes);
  return ack ? "" : ack.error().what;
}

TEST(Ack, RoundTrip_Held) {
  const auto ack = decode_ack(encode_ack(sample_ack()));
  ASSERT_TRUE(ack) << ack.error().what;
  EXPECT_EQ(ack->source.text(), "edge-1@bj1");
  EXPECT_EQ(ack->stream, Stream::kTelemetry);
  EXPECT_EQ(ack->epoch, 9U);
  EXPECT_EQ(ack->first_seq, 12U);
  EXPECT_EQ(ack->count, 3U);
  const auto& held = std::get<Held>(ack->outcome);
  EXPECT_EQ(held.first_index, 4U);
  EXPECT_EQ(held.range_proof, (Path{Hash{1}, Hash{2}}));
  EXPECT_EQ(held.checkpoint, "a note");
  EXPECT_EQ(held.from_size, 4U);
  EXPECT_EQ(held.consistency_proof, Path{Hash{3}});
}

TEST(Ack, RoundTrip_Refused) {
  const auto ack = decode_ack(encode_ack(refused_ack()));
  ASSERT_TRUE(ack) << ack.error().what;
  const auto& refused = std::get<Refused>(ack->outcome);
  EXPECT_EQ(refused.reason, strongroom_v1_RefusalReason_REFUSAL_REASON_GAP);
  EXPECT_EQ(refused.expected, 7U);
  ASSERT_TRUE(refused.newest);
  EXPECT_EQ(refused.newest->header, (Bytes{1, 2, 3}));
}

TEST(Ack, RoundTrip_LongestProofs) {
  Ack ack = sample_ack();
  std::get<Held>(ack.outcome) = {.first_index = UINT64_MAX,
                                 .range_proof = Path(128),
                                 .checkpoint = std::string(2048, 'x'),
                                 .from_size = UINT64_MAX,
                                 .consistency_proof = Path(66)};
  EXPECT_EQ(ack_fault(encode_ack(ack)), "");
}

TEST(Ack, Decode_EachFlawOfForm_IsNamed) {
  const auto with = [](Bytes bytes, auto add) {
    WireWriter writer(bytes);
    add(writer);
    return ack_fault(bytes);
  };
  const Bytes held = encode_ack(sample_ack());
  EXPECT_EQ(with(held, [](auto& w) { w.varint(9, 1); }),
            "ack: field 9: unknown");
  EXPECT_EQ(with(held, [](auto& w) { w.element(7, {}); }),
            "ack: field 7: twice");
  EXPECT_EQ(with(held, [](auto& w) { w.element(8, {}); }), "ack: not canonical")
      << "both outcomes";

  Bytes inner;
  WireWriter(inner).element(2, Bytes(31));
  EXPECT_EQ(with({}, [&](auto& w) { w.element(7, inner); }),
            "ack: field 7.2: not 32 bytes");
  EXPECT_EQ(with({}, [](auto& w) { w.element(7, Bytes{0x38, 0x01}); }),
            "ack: field 7.7: unknown");
  EXPECT_EQ(with({}, [](auto& w) { w.element(7, {}); }),
            "ack: format is not 1");

  Bytes begun;
  WireWriter writer(begun);
  writer.varint(1, 1);
  EXPECT_EQ(ack_fault(begun), "ack: not a source");
  writer.text(2, "edge-1@bj1");
  EXPECT_EQ(ack_fault(begun), "ack: not a stream");
  EXPECT_EQ(with(begun, [](auto& w) { w.varint(3, 4); }), "ack: not a stream");
  writer.varint(3, 1);
  EXPECT_EQ(ack_fault(begun), "ack: no outcome");
  EXPECT_EQ(with(begun, [](auto& w) { w.element(8, Bytes{0x08, 0x63}); }),
            "ack: no such reason");
  Bytes newest;
  WireWriter(newest).bytes(3, Bytes(64));
  EXPECT_EQ(with(begun, [&](auto& w) { w.element(8, newest); }),
            "ack: newest_header is shorter than its signature");
  EXPECT_EQ(ack_fault(Bytes(20'000)).substr(0, 16), "ack: larger than");
}

// A flip either breaks the form or says something else: no two payloads say
// the same.
TEST(Ack, Decode_EveryBitFlipped_IsRefusedOrSaysOtherwise) {
  for (const Ack& sample : {sample_ack(), refused_ack()}) {
    const Bytes bytes = encode_ack(sample);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      Bytes altered = bytes;
      altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      const auto ack = decode_ack(altered);
      EXPECT_TRUE(!ack || encode_ack(*ack) == altered) << bit;
    }
  }
}

TEST(Status, RoundTripAndFlaws) {
  strongroom_v1_Status status{};
  status.format = 1;
  status.online = true;
  set_text(status.version, "0.1.0");
  status.backlog_count = 1;
  status.backlog[0].stream = strongroom_v1_Stream_STREAM_RECORD;
  status.backlog[0].events = 3;
  const Bytes bytes = encode_status(status);
  const auto again = decode_status(bytes);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->online);
  EXPECT_EQ(again->backlog[0].events, 3U);
  EXPECT_EQ(encode_status(*again), bytes);

  const auto fault_with = [&bytes](auto add) {
    Bytes altered = bytes;
    WireWriter writer(altered);
    add(writer);
    const auto decoded = decode_status(altered);
    return decoded ? "" : decoded.error().what;
  };
  EXPECT_EQ(fault_with([](auto& w) { w.varint(11, 1); }),
            "status: field 11: unknown");
  EXPECT_EQ(fault_with([](auto& w) { w.element(9, Bytes{0x08, 0x04}); }),
            "status: field 9.1: no such quality");
  EXPECT_EQ(fault_with([](auto& w) { w.element(10, {}); }),
            "status: field 10: of another type");
  EXPECT_EQ(decode_status(Bytes{}).error().what, "status: not canonical")
      << "boot_id always stands";
  status.format = 2;
  EXPECT_EQ(decode_status(encode_status(status)).error().what,
            "status: format is not 1");
}

TEST(Live, RoundTripAndFlaws) {
  strongroom_v1_Live live{};
  live.format = 1;
  set_text(live.device, "xy-md02");
  live.values_count = 1;
  set_text(live.values[0].name, "temperature");
  live.values[0].mantissa = -215;
  live.values[0].exponent = -1;
  live.values[0].quality = strongroom_v1_PointQuality_POINT_QUALITY_GOOD;
  const Bytes bytes = encode_live(live);
  const auto again = decode_live(bytes);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->values[0].mantissa, -215);
  EXPECT_EQ(encode_live(*again), bytes);

  Bytes altered = bytes;
  WireWriter(altered).element(6, Bytes{0x20, 0x05});
  EXPECT_EQ(decode_live(altered).error().what,
            "live: field 6.4: no such quality");
  Bytes many = bytes;
  for (int i = 0; i < 64; ++i) {
    WireWriter(many).element(6, {});
  }
  EXPECT_EQ(decode_live(many).error().what, "live: array overflow");
}

}  // namespace
}  // namespace strongroom
