// SPDX-License-Identifier: Apache-2.0
// A source that means harm, for hours on end: the loop's memory stays where it
// was after the first hours (docs/architecture.md, "What bounds memory").
#include <gtest/gtest.h>
#include <malloc.h>

#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

std::size_t heap_in_use() {
  return ::mallinfo2().uordblks;
}

EventMessage finding(int number) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_finding_tag;
  event.body.finding.kind = strongroom_v1_FindingKind_FINDING_KIND_ACK_INVALID;
  const std::string subject = "subject " + std::to_string(number);
  subject.copy(event.body.finding.subject,
               sizeof(event.body.finding.subject) - 1);
  return event;
}

EventMessage loss(std::uint64_t epoch, std::uint64_t at) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_telemetry_lost_tag;
  event.body.telemetry_lost.epoch = epoch;
  event.body.telemetry_lost.from_seq = at;
  event.body.telemetry_lost.to_seq = at;
  return event;
}

EventMessage identified(int number) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_device_identified_tag;
  auto& body = event.body.device_identified;
  const std::string device = "d" + std::to_string(number);
  device.copy(body.device, sizeof(body.device) - 1);
  std::string_view("serial_number").copy(body.name, sizeof(body.name) - 1);
  std::string_view("7").copy(body.text, sizeof(body.text) - 1);
  return event;
}

class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
  }

  Bytes live(int number) {
    strongroom_v1_Live message = strongroom_v1_Live_init_zero;
    message.format = kWireFormat;
    const std::string device = "d" + std::to_string(number);
    device.copy(message.device, sizeof(message.device) - 1);
    message.point_count = Views::kMaxPoints;
    message.values_count = 1;
    std::string_view("t").copy(message.values[0].name, 1);
    return encode_live(message);
  }

  /// Everything that an enrolled source can send, as fast as it is let.
  void an_hour_of_harm() {
    for (std::uint64_t i = 0; i < Ledger::kEpochsPerHour; ++i) {
      agent.open_epoch(++epoch_);
      const int number = static_cast<int>(epoch_);
      std::vector<EventMessage> bodies;
      for (int j = 0; j < 8; ++j) {
        bodies.push_back(finding(number * 8 + j));
        bodies.push_back(identified(number * 8 + j));
        bodies.push_back(loss(epoch_, static_cast<std::uint64_t>(2 + 2 * j)));
      }
      LedgerInbox::Work work;
      work.batches.push_back(
          {agent.source,
           agent.cut(Stream::kRecord, {.resync = true, .bodies = bodies})
               .payload});
      // Of a closed epoch, of one that nobody knows, and no batch at all.
      TestAgent other("edge-1@bj1", 1, epoch_ - 1);
      work.batches.push_back(
          {agent.source,
           other.cut(Stream::kRecord, {.count = 2, .resync = true}).payload});
      TestAgent unknown("edge-1@bj1", 1, epoch_ + 1'000'000);
      unknown.cut(Stream::kRecord, {});
      work.batches.push_back(
          {agent.source, unknown.cut(Stream::kRecord, {}).payload});
      work.batches.push_back({agent.source, Bytes(50, 0x77)});
      work.live.push_back({agent.source, live(number)});
      const auto done = at.ledger->turn(std::move(work));
      ASSERT_TRUE(done) << done.error().what;
      forget();
    }
    at.now.wall += std::chrono::minutes(61);
  }

  /// What the fixture keeps, not the ledger.
  void forget() {
    at.acks.clear();
    at.told.clear();
    at.warnings.clear();
    at.guard->signed_notes.clear();
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  std::uint64_t epoch_ = 0x1000;
};

TEST_F(MemoryTest, HoursOfHarm_TakeNoMoreThanTheFirst) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's heap does not say what is in use";
#endif
  // Until everything is as full as it gets: the caches of tiles and of SQLite
  // are the last.
  for (int hour = 0; hour < 45; ++hour) {
    an_hour_of_harm();
  }
  const std::size_t before = heap_in_use();
  for (int hour = 0; hour < 24; ++hour) {
    an_hour_of_harm();
  }
  const std::size_t after = heap_in_use();
  EXPECT_LT(after, before + 256 * 1024) << before << " grew to " << after;
  // And a start with all that behind it.
  ASSERT_TRUE(at.open()) << at.why;
  forget();
  EXPECT_LT(heap_in_use(), before + 512 * 1024);
}

}  // namespace
}  // namespace strongroom
