// SPDX-License-Identifier: Apache-2.0
// Events that are well signed and well chained and that nobody can read: they
// are kept as they came, shown as such, proven like others, and stop nothing.
#include <gtest/gtest.h>

#include "core/base/wire.h"
#include "core/log/tlog_proof.h"
#include "core/pack/pack.h"
#include "tests/ledger/test_http.h"

namespace strongroom {
namespace {

using nlohmann::json;
using testing_ledger::LedgerHttp;
using testing_ledger::TestAgent;

void put_varint(Bytes& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  to.push_back(static_cast<std::uint8_t>(value));
}

/// An event's envelope with another body in it.
Bytes with_body(ByteView event, std::uint32_t number, ByteView body) {
  WireReader reader(event);
  std::size_t envelope = 0;
  while (const auto field = reader.next()) {
    if (field->number >= 20) {
      break;
    }
    envelope = event.size() - reader.rest().size();
  }
  Bytes out(event.begin(),
            event.begin() + static_cast<std::ptrdiff_t>(envelope));
  put_varint(out, (std::uint64_t{number} << 3U) | 2U);
  put_varint(out, body.size());
  append(out, body);
  return out;
}

Bytes bytes_of(std::string_view text) {
  return Bytes(as_bytes(text).begin(), as_bytes(text).end());
}

/// Field 1 of a message: a text.
Bytes text_field(std::string_view text) {
  Bytes out{0x0a};
  put_varint(out, text.size());
  append(out, as_bytes(text));
  return out;
}

class PoisonTest : public LedgerHttp {
 protected:
  /// A batch of one whole event, the poison, and another whole one.
  TestAgent::Batch poisoned(Stream stream,
                            std::uint32_t number,
                            ByteView body) {
    EventChain& chain = agent.chain(stream);
    const std::uint64_t first = chain.last_seq() + 1;
    const Hash before = chain.last_hash();
    TestAgent::Batch batch;
    for (int i = 0; i < 3; ++i) {
      EventChain at_place(agent.source,
                          stream,
                          agent.epoch,
                          chain.last_seq(),
                          chain.last_hash());
      EventMessage event = TestAgent::boot();
      const std::array<std::uint8_t, 16> blind{9};
      Bytes bytes = *at_place.append(event, at.now, blind);
      if (i == 1) {
        bytes = with_body(bytes, number, body);
      }
      chain = EventChain(agent.source,
                         stream,
                         agent.epoch,
                         chain.last_seq() + 1,
                         sha256(bytes));
      batch.events.push_back(std::move(bytes));
    }
    return agent.finish(stream,
                        std::move(batch),
                        first,
                        before,
                        {.resync = !agent.held.contains(stream)});
  }

  /// How many bytes a body may have so that its event is just as large.
  std::size_t room(std::uint32_t number, std::size_t event_bytes) {
    EventChain chain(agent.source,
                     Stream::kRecord,
                     agent.epoch,
                     agent.record->last_seq() + 1,
                     agent.record->last_hash());
    EventMessage event = TestAgent::boot();
    const std::array<std::uint8_t, 16> blind{9};
    const Bytes empty =
        with_body(*chain.append(event, at.now, blind), number, {});
    return event_bytes - empty.size() - 1;  // a length of two bytes
  }

  void expect_kept_and_shown(const char* name, const TestAgent::Batch& batch) {
    const Ack ack = at.exchange(agent, batch.payload);
    TestAgent::Batch sent = batch;
    ASSERT_TRUE(at.proves(agent, ack, sent)) << name;
    const std::uint64_t index = std::get<Held>(ack.outcome).first_index + 1;
    const std::string log =
        "bj1/" + std::string(stream_name(batch.header.stream)) + "/1";
    // The page's list, with its neighbours.
    const json list = json::parse(body("/api/v1/entries/" + log + "?from=" +
                                       std::to_string(index - 1) + "&count=4"));
    ASSERT_EQ(list.size(), 4U) << name;
    EXPECT_EQ(list[1]["type"], "event") << name;
    const auto entry = from_base64(list[1]["entry"].get<std::string>());
    ASSERT_TRUE(entry) << name;
    EXPECT_TRUE(
        std::ranges::equal(ByteView(*entry).subspan(1), batch.events[1]))
        << name;
    EXPECT_TRUE(list[0].contains("decoded")) << name;
    EXPECT_TRUE(list[3].contains("decoded")) << name;
    // Proven like any other, in a file that a stranger reads.
    const auto proof = TlogProof::parse(
        body("/api/v1/proof/" + log + "/" + std::to_string(index)));
    ASSERT_TRUE(proof) << name;
    const auto verdict =
        verify_pack(as_bytes(body("/api/v1/pack/" + log +
                                  "?index=" + std::to_string(index))),
                    at.trust());
    ASSERT_TRUE(verdict) << name << ": " << verdict.error().what;
    EXPECT_EQ(
        json::parse(body("/api/v1/find?source=edge-1@bj1&stream=" +
                         std::string(stream_name(batch.header.stream)) +
                         "&epoch=" + std::to_string(agent.epoch) + "&seq=" +
                         std::to_string(batch.header.first_seq + 1)))["index"],
        index)
        << name;
    for (const char* view :
         {"/api/v1/sources", "/api/v1/findings", "/api/v1/live", "/metrics"}) {
      body(view);
    }
  }
};

TEST_F(PoisonTest, WhatNobodyCanRead_IsKeptShownAndProven) {
  const Bytes garbage =
      bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  const Bytes groups(300, 0x0b);  // field 1 begins a group, 300 deep
  const Bytes not_utf8 = text_field("\xff\xfe\xc3\x28");
  const Bytes with_zero = text_field(std::string_view("a\0b", 3));
  const Bytes too_long = text_field(std::string(400, 'x'));
  const Bytes unknown_enum = bytes_of("\x08\xe7\x07");  // field 1 = 999
  struct Case {
    const char* name;
    std::uint32_t number;
    Bytes body;
  };
  // First: the numbers in the envelope are short.
  std::vector<Case> cases{
      {"as large as may be", 999, Bytes(room(999, 1024), 0xff)},
      {"as large as windows", 41, Bytes(room(41, 2048), 0xff)}};
  for (const std::uint32_t number :
       {20U, 21U, 22U, 24U, 25U, 26U, 27U, 28U, 29U, 30U,  31U,
        32U, 33U, 40U, 41U, 42U, 43U, 60U, 61U, 62U, 999U, 536'870'911U}) {
    cases.push_back({"empty", number, {}});
    cases.push_back({"garbage", number, garbage});
    cases.push_back({"groups", number, groups});
    cases.push_back({"no UTF-8", number, not_utf8});
    cases.push_back({"a zero in a text", number, with_zero});
    cases.push_back({"a text that is too long", number, too_long});
    cases.push_back({"an unknown enumerator", number, unknown_enum});
  }
  for (const Case& each : cases) {
    const std::string name =
        std::string(each.name) + " in " + std::to_string(each.number);
    expect_kept_and_shown(name.c_str(),
                          poisoned(Stream::kRecord, each.number, each.body));
    if (HasFatalFailure()) {
      return;
    }
  }
  expect_kept_and_shown("in telemetry",
                        poisoned(Stream::kTelemetry, 41, garbage));
  // A start reads what is listed; none of it stops one.
  server.stop();
  ASSERT_TRUE(at.open()) << at.why;
  auto next = agent.cut(Stream::kRecord, {.count = 1, .resync = true});
  agent.held.clear();
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, next.payload), next));
}

// Beyond its bounds it is no event: the batch is refused and changes nothing.
TEST_F(PoisonTest, WhatIsNoEvent_IsRefused) {
  send(Stream::kRecord, 1);
  const Checkpoint before = checkpoint("bj1/record/1");
  TestAgent copy("edge-1@bj1", 1);
  struct Case {
    const char* name;
    std::uint32_t number;
    std::size_t size;
  };
  for (const Case& each :
       {Case{"one byte too large", 999, room(999, 1025)},
        Case{"one byte too large for windows", 41, room(41, 2049)}}) {
    const EventChain kept = *agent.record;
    const auto batch =
        poisoned(Stream::kRecord, each.number, Bytes(each.size, 0x01));
    const auto refusal = at.refusal_of(at.exchange(agent, batch.payload));
    EXPECT_TRUE(refusal == reason::kChain || refusal == reason::kMalformed)
        << each.name << refusal;
    *agent.record = kept;
  }
  // A finding was written; the agent's own part stands as it stood.
  auto next = agent.cut(Stream::kRecord, {.count = 1});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, next.payload), next));
  EXPECT_GT(checkpoint("bj1/record/1").size, before.size);
}

}  // namespace
}  // namespace strongroom
