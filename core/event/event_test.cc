// SPDX-License-Identifier: Apache-2.0
#include "core/event/event.h"

#include <gtest/gtest.h>

#include "core/base/wire.h"
#include "core/event/test_log.h"

namespace strongroom {
namespace {

using testing_log::boot;
using testing_log::epoch_opened;
using testing_log::event_of;
using testing_log::set_text;
using testing_log::TestSource;

// The fields of an envelope, each of which a case leaves out or replaces.
struct RawEvent {
  std::string source = "edge-1@bj1";
  std::uint64_t stream = 1;
  std::uint64_t seq = 2;
  Bytes prev_hash = Bytes(32, 0x11);
  Bytes blind = Bytes(16, 0x22);
  Bytes client;
  Bytes clock = {0x08, 0x01};
  Bytes salvaged;
  std::uint32_t body = strongroom_v1_Event_boot_tag;
  Bytes body_bytes = {};
  Bytes tail = {};

  Bytes encode() const {
    Bytes out;
    WireWriter writer(out);
    writer.text(1, source);
    writer.varint(2, stream);
    writer.fixed64(3, 7);
    writer.varint(4, seq);
    writer.bytes(5, prev_hash);
    writer.bytes(6, blind);
    writer.varint(7, 1);
    writer.bytes(10, clock);
    writer.bytes(11, client);
    writer.bytes(12, salvaged);
    if (body != 0) {
      writer.element(body, body_bytes);
    }
    append(out, tail);
    return out;
  }
};

std::string fault_of(const RawEvent& event) {
  const auto envelope = decode_envelope(event.encode());
  return envelope ? "" : envelope.error().what;
}

TEST(Event, Append_FillsTheEnvelopeAndLinks) {
  TestSource source("edge-1@bj1", Stream::kRecord, 0xfeed);
  const Bytes first = source.write(epoch_opened());
  const Bytes second = source.write(boot());

  const auto one = decode_envelope(first);
  const auto two = decode_envelope(second);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->seq, 1U);
  EXPECT_EQ(one->prev_hash, Hash{});
  EXPECT_EQ(two->source.text(), "edge-1@bj1");
  EXPECT_EQ(two->stream, Stream::kRecord);
  EXPECT_EQ(two->epoch, 0xfeedU);
  EXPECT_EQ(two->seq, 2U);
  EXPECT_EQ(two->prev_hash, sha256(first));
  EXPECT_EQ(source.chain().last_seq(), 2U);
  EXPECT_EQ(source.chain().last_hash(), sha256(second));

  const auto event = decode_event(second);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->which_body, strongroom_v1_Event_boot_tag);
  EXPECT_EQ(event->recorded_us, 1'780'000'002'000'000);
  EXPECT_EQ(event->occurred_us, event->recorded_us);
  EXPECT_EQ(event->monotonic_us, 102'000'000U);
  EXPECT_EQ(event->clock.quality,
            strongroom_v1_ClockQuality_CLOCK_QUALITY_GOOD);
  EXPECT_EQ(event->clock.error_us, 250U);
  EXPECT_EQ(event->blind[15], 2);
}

TEST(Event, Append_KeepsTheCallersOccurredTime) {
  TestSource source("edge-1@bj1", Stream::kRecord);
  auto message = boot();
  message.occurred_us = 5;
  EXPECT_EQ(decode_event(source.write(message))->occurred_us, 5);
}

TEST(Event, Append_AfterFault_ChainStays) {
  EventChain chain(*Source::parse("edge-1@bj1"), Stream::kTelemetry, 1);
  const std::array<std::uint8_t, 16> blind{};
  auto none = event_of(0);
  EXPECT_FALSE(chain.append(none, Now{}, blind));
  auto with_client = boot();
  with_client.has_client = true;
  EXPECT_FALSE(chain.append(with_client, Now{}, blind));
  EXPECT_EQ(chain.last_seq(), 0U);
  EXPECT_EQ(chain.last_hash(), Hash{});
}

TEST(Event, Append_ContinuesAfterHeldEvent) {
  const Hash last = sha256(as_bytes("held"));
  EventChain chain(*Source::parse("edge-1@bj1"), Stream::kRecord, 1, 41, last);
  auto message = boot();
  const auto bytes =
      chain.append(message, Now{}, std::array<std::uint8_t, 16>{});
  const auto envelope = decode_envelope(*bytes);
  EXPECT_EQ(envelope->seq, 42U);
  EXPECT_EQ(envelope->prev_hash, last);
}

TEST(Event, Encode_BrokenBound_NamesTheField) {
  auto unterminated = boot();
  std::ranges::fill(unterminated.body.boot.version, 'x');
  EXPECT_EQ(encode_event(unterminated).error().what,
            "field 21.2: not terminated");

  auto not_text = boot();
  set_text(not_text.body.boot.version, "\xff");
  EXPECT_EQ(encode_event(not_text).error().what, "field 21.2: not UTF-8");

  auto many = event_of(strongroom_v1_Event_device_described_tag);
  many.body.device_described.points_count = 13;
  EXPECT_EQ(encode_event(many).error().what, "field 40.6: more than 12");

  auto nested = event_of(strongroom_v1_Event_device_described_tag);
  nested.body.device_described.points_count = 2;
  set_text(nested.body.device_described.points[1].unit, "\xc0\x80");
  EXPECT_EQ(encode_event(nested).error().what, "field 40.6.2: not UTF-8");

  auto hash = event_of(strongroom_v1_Event_finding_tag);
  hash.body.finding.hash.size = 31;
  EXPECT_EQ(encode_event(hash).error().what,
            "field 26.7: neither empty nor 32 bytes");

  EXPECT_EQ(encode_event(event_of(0)).error().what, "body is missing");
  EXPECT_EQ(encode_event(event_of(23)).error().what, "body is missing");
}

EventMessage widest_windows(std::size_t points) {
  auto event = event_of(strongroom_v1_Event_windows_tag);
  auto& windows = event.body.windows;
  const auto count = static_cast<pb_size_t>(points);
  windows.last_count = windows.sum_minus_good_last_count = count;
  windows.last_minus_min_count = windows.max_minus_last_count = count;
  for (std::size_t i = 0; i < points; ++i) {
    windows.last[i] = windows.sum_minus_good_last[i] = INT64_MIN;
    windows.last_minus_min[i] = windows.max_minus_last[i] = UINT64_MAX;
  }
  return event;
}

TEST(Event, Encode_LargerThanItsBodyMayBe_IsRefused) {
  EXPECT_TRUE(encode_event(widest_windows(40)));
  EXPECT_EQ(encode_event(widest_windows(64)).error().what,
            "larger than 2048 bytes");
}

TEST(Envelope, Decode_EachFlaw_IsNamed) {
  EXPECT_EQ(fault_of({}), "");
  EXPECT_EQ(fault_of({.source = ""}), "source is missing");
  EXPECT_EQ(fault_of({.source = "edge-1"}), "field 1: not a source");
  EXPECT_EQ(fault_of({.source = "Edge@bj1"}), "field 1: not a source");
  EXPECT_EQ(fault_of({.stream = 0}), "stream is missing");
  EXPECT_EQ(fault_of({.stream = 4}), "field 2: not a stream");
  EXPECT_EQ(fault_of({.stream = (1ULL << 32U) + 1}), "field 2: not a stream");
  EXPECT_EQ(fault_of({.seq = 0}), "seq is 0");
  EXPECT_EQ(fault_of({.seq = 1}), "prev_hash is not zero at seq 1");
  EXPECT_EQ(fault_of({.prev_hash = Bytes(31)}), "field 5: not 32 bytes");
  EXPECT_EQ(fault_of({.prev_hash = {}}), "prev_hash is missing");
  EXPECT_EQ(fault_of({.blind = Bytes(17)}), "field 6: not 16 bytes");
  EXPECT_EQ(fault_of({.blind = {}}), "blind is missing");
  EXPECT_EQ(fault_of({.clock = {0x18, 0x01}}), "field 10: field 3: unknown");
  EXPECT_EQ(fault_of({.stream = 2, .client = {0x10, 0x01}}),
            "client stands outside the stream record");
  EXPECT_EQ(fault_of({.body = 0}), "body is missing");
  EXPECT_EQ(fault_of({.body = 19}), "field 19: unknown");
  EXPECT_EQ(fault_of({.body = 13}), "field 13: unknown");
  EXPECT_EQ(fault_of({.tail = {0xb2, 0x01, 0x00}}), "field 22: a second body");
  EXPECT_EQ(fault_of({.tail = {0x20, 0x05}}), "field 4: twice or out of order");
  EXPECT_EQ(fault_of({.tail = {0xaa, 0x01, 0x00}}),
            "field 21: twice or out of order");
  EXPECT_EQ(fault_of({.tail = {0xff}}), "not protobuf after field 21");
  EXPECT_EQ(fault_of({.body_bytes = Bytes(1024)}),
            "field 21: the event is larger than 1024 bytes");
  EXPECT_EQ(fault_of({.body = 41, .body_bytes = Bytes(1024)}), "");
  EXPECT_EQ(fault_of({.body = 41, .body_bytes = Bytes(2048)}),
            "field 41: the event is larger than 2048 bytes");
}

TEST(Envelope, Decode_UnknownBody_IsNoFault) {
  const Bytes bytes = RawEvent{.body = 177, .body_bytes = {1, 2, 3}}.encode();
  EXPECT_TRUE(decode_envelope(bytes));
  const auto event = decode_event(bytes);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->which_body, 0);
}

TEST(Envelope, Decode_EveryTruncation_IsRefused) {
  TestSource source("edge-1@bj1", Stream::kRecord);
  source.write(epoch_opened());
  const Bytes bytes = source.write(boot());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_envelope(ByteView(bytes).first(size))) << size;
  }
}

TEST(Event, Decode_TextThatIsNone_IsNamed) {
  const auto decode = [](const Bytes& version) {
    Bytes body;
    WireWriter(body).bytes(2, version);
    const auto event = decode_event(RawEvent{.body_bytes = body}.encode());
    return event ? "" : event.error().what;
  };
  EXPECT_EQ(decode({'1', '.', '0'}), "");
  EXPECT_EQ(decode({'1', 0, '0'}), "field 21.2: not UTF-8, or a zero");
  EXPECT_EQ(decode({0xed, 0xa0, 0x80}), "field 21.2: not UTF-8, or a zero");
  EXPECT_EQ(decode(Bytes(48, 'x')), "field 21.2: longer than 47 bytes");
}

TEST(Event, Decode_BodyFieldTwiceOrShort_IsNamed) {
  const auto decode = [](Bytes body) {
    const auto event = decode_event(RawEvent{.body_bytes = body}.encode());
    return event ? "" : event.error().what;
  };
  EXPECT_EQ(decode({0x0a, 0x01, 0x00}), "field 21.1: not 16 bytes");
  EXPECT_EQ(decode({0x12, 0x01, 'a', 0x12, 0x01, 'b'}), "field 21.2: twice");
  EXPECT_EQ(decode({0x1a, 0x00, 0x12, 0x00}), "field 21.2: out of order");
  EXPECT_EQ(decode({0x12, 0x02, 'a'}), "field 21: not protobuf");
  EXPECT_EQ(decode({0x10, 0x01}), "field 21.2: of another type");
  EXPECT_EQ(decode({0x1a, 0x01, 'n'}), "") << "a later field of this body";
}

TEST(Event, Decode_TooLarge_IsRefused) {
  EXPECT_EQ(decode_event(Bytes(2145)).error().what, "larger than 2144 bytes");
}

// --- told again --------------------------------------------------------------

const std::array<std::uint8_t, 16> kBlind{1, 2, 3};
const Now kLater{WallTime(std::chrono::seconds(99)),
                 MonoTime(7),
                 ClockQuality::kGood,
                 MonoTime(1)};

TEST(Salvage, KeepsBodyTimeAndFirstPlace_HoweverOften) {
  TestSource source("edge-1@bj1", Stream::kRecord, 0xfeed);
  source.write(epoch_opened());
  auto message = boot();
  message.occurred_us = 123;
  const Bytes first = source.write(message);
  Bytes bytes = first;
  for (const std::uint64_t epoch : {0xbeefULL, 0xcafeULL}) {
    EventChain chain({"edge-1", "bj1"}, Stream::kRecord, epoch, 6, Hash{9});
    bytes = *chain.append_again(bytes, kLater, kBlind);
    EXPECT_EQ(chain.last_seq(), 7U);
    EXPECT_EQ(chain.last_hash(), sha256(bytes));
    const auto envelope = decode_envelope(bytes);
    ASSERT_TRUE(envelope) << envelope.error().what;
    EXPECT_EQ(envelope->epoch, epoch);
    EXPECT_EQ(envelope->seq, 7U);
    EXPECT_EQ(envelope->prev_hash, Hash{9});
    const auto event = *decode_event(bytes);
    EXPECT_EQ(event.salvaged.epoch, 0xfeedU);
    EXPECT_EQ(event.salvaged.seq, 2U);
    EXPECT_TRUE(std::ranges::equal(event.salvaged.hash, sha256(first)));
    EXPECT_EQ(event.occurred_us, 123);
    EXPECT_EQ(event.recorded_us, 99'000'000);
    EXPECT_STREQ(event.body.boot.version, message.body.boot.version);
  }
}

TEST(Salvage, UnknownBody_StaysByteForByte) {
  const Bytes body = {1, 2, 3, 4, 5};
  const RawEvent raw{
      .client = {0x0a, 0x01, 'c', 0x10, 0x05}, .body = 177, .body_bytes = body};
  EventChain chain({"edge-1", "bj1"}, Stream::kRecord, 5);
  const auto again = chain.append_again(raw.encode(), kLater, kBlind);
  ASSERT_TRUE(again) << again.error().what;
  ASSERT_TRUE(decode_envelope(*again));
  Bytes expected;
  WireWriter(expected).element(177, body);
  EXPECT_TRUE(
      std::ranges::equal(ByteView(*again).last(expected.size()), expected));
  EXPECT_STREQ(decode_event(*again)->client.id, "c");
}

// As large as the bound allows, its envelope as small as it can be, told again
// with an envelope as large as it can be.
TEST(Salvage, LargestEvents_StillFit) {
  for (const std::uint32_t body : {21U, 41U}) {
    const std::size_t most = body == 41 ? 2048 : 1024;
    RawEvent raw{.clock = {0x08, 0x01}, .body = body, .body_bytes = Bytes(900)};
    raw.body_bytes.resize(900 + most - raw.encode().size());
    ASSERT_EQ(raw.encode().size(), most);
    ASSERT_TRUE(decode_envelope(raw.encode()));
    EventChain chain(
        {"edge-1", "bj1"}, Stream::kRecord, UINT64_MAX, kMaxSeq - 1, Hash{9});
    const Now now{WallTime(std::chrono::microseconds(-1)),
                  MonoTime(-1),
                  ClockQuality::kGood,
                  MonoTime(-1)};
    const auto again = chain.append_again(raw.encode(), now, kBlind);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_GT(again->size(), most + 56);
    EXPECT_TRUE(decode_envelope(*again)) << again->size();
  }
}

TEST(Salvage, OnlyTheRoomForSalvaged_IsMore) {
  const auto decodes = [](std::size_t size) {
    RawEvent raw{.body_bytes = Bytes(900)};
    WireWriter salvaged(raw.salvaged);
    salvaged.fixed64(1, 7);
    salvaged.varint(2, 1);
    salvaged.bytes(3, Bytes(32));
    raw.body_bytes.resize(900 + size - raw.encode().size());
    return decode_envelope(raw.encode()).has_value();
  };
  EXPECT_TRUE(decodes(1024 + kSalvagedRoomBytes));
  EXPECT_FALSE(decodes(1024 + kSalvagedRoomBytes + 1));
}

TEST(Salvage, NotAnEvent_IsAFault_AndTheChainStays) {
  EventChain chain({"edge-1", "bj1"}, Stream::kRecord, 5);
  EXPECT_FALSE(chain.append_again(Bytes{1, 2, 3}, kLater, kBlind));
  EXPECT_EQ(chain.last_seq(), 0U);
}

}  // namespace
}  // namespace strongroom
