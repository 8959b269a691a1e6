// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/follow_order.h"

#include <gtest/gtest.h>

#include "core/pack/test_pack.h"

namespace strongroom {
namespace {

using testing_log::boot;
using testing_log::epoch_opened;
using testing_log::event_of;
using testing_log::pack_log;
using testing_log::set_text;
using testing_log::source_enrolled;
using testing_log::test_signer;
using testing_log::TestLog;
using testing_log::TestSource;

constexpr const char* kPredecessor = "ledger.example/bj1/record/1";

EventMessage succession(const char* predecessor = kPredecessor) {
  EventMessage event = event_of(strongroom_v1_Event_log_succeeded_tag);
  auto& body = event.body.log_succeeded;
  set_text(body.predecessor, predecessor);
  body.frozen_size = 40;
  body.signed_size = 44;
  body.frozen_root[0] = 7;
  body.signed_root[0] = 8;
  set_text(body.first_person, "ann");
  set_text(body.second_person, "bob");
  return event;
}

EventMessage resumed(const char* source,
                     std::uint64_t epoch,
                     std::uint64_t next_seq,
                     bool closed = false) {
  EventMessage event = event_of(strongroom_v1_Event_chain_resumed_tag);
  auto& body = event.body.chain_resumed;
  set_text(body.source, source);
  body.epoch = epoch;
  body.next_seq = next_seq;
  body.head[0] = 9;
  body.closed = closed;
  return event;
}

// A successor's log, its first batch by a console that the registry enrols; the
// pack proves all of it but `epoch opened`.
struct Recovered {
  explicit Recovered(std::vector<EventMessage> events,
                     const char* origin = "ledger.example/bj1/record/2",
                     const char* by = "console@bj1",
                     Stream stream = Stream::kRecord)
      : log(origin) {
    registry.append(central.cut(
        {epoch_opened(),
         source_enrolled(*Source::parse("console@central"), *central_key)},
        *central_key));
    registry.append(central.cut(
        {boot(), source_enrolled(*Source::parse(by), *key)}, *central_key));
    events.insert(events.begin(), epoch_opened());
    TestSource source(by, stream, 3);
    log.append(source.cut(std::move(events), *key));
  }

  Result<FollowOrder> read(std::initializer_list<std::uint64_t> indices,
                           const char* first = "ann",
                           const char* second = "bob") const {
    Pack pack;
    pack.logs = {pack_log(log, indices, *log_key),
                 pack_log(registry, {1, 4}, *log_key)};
    return read_follow_order(
        pack.encode(), *Source::parse("edge-1@bj1"), trust, first, second);
  }
  std::string fault(std::initializer_list<std::uint64_t> indices,
                    const char* first = "ann",
                    const char* second = "bob") const {
    const auto order = read(indices, first, second);
    return order ? std::string() : order.error().what;
  }

  std::unique_ptr<Signer> log_key = test_signer(1);
  std::unique_ptr<Signer> central_key = test_signer(2);
  std::unique_ptr<Signer> key = test_signer(3);
  TestSource central{"console@central", Stream::kRegistry, 5};
  TestLog registry{"ledger.example/central/registry/1"};
  TestLog log;
  Trust trust{.ledger = "ledger.example", .log_keys = {log_key->public_key()}};
};

TEST(FollowOrder, TakesTheSuccession_AndWhatConcernsThisSource) {
  const Recovered recovered({succession(),
                             resumed("edge-1@bj1", 0xe1, 12),
                             resumed("edge-2@bj1", 0xe2, 5),
                             resumed("edge-1@bj1", 0xe3, 1, true)});
  const auto order = recovered.read({1, 2, 3, 4});
  ASSERT_TRUE(order) << order.error().what;
  EXPECT_EQ(order->stream, Stream::kRecord);
  EXPECT_EQ(order->predecessor.text(), kPredecessor);
  EXPECT_EQ(order->successor.text(), "ledger.example/bj1/record/2");
  EXPECT_EQ(order->frozen_size, 40U);
  EXPECT_EQ(order->frozen_root[0], 7U);
  EXPECT_EQ(order->signed_size, 44U);
  EXPECT_EQ(order->signed_root[0], 8U);
  const auto& batch = recovered.log.batches().front().batch;
  EXPECT_EQ(order->succession, sha256(batch.events[1]));
  Hash head{};
  head[0] = 9;
  EXPECT_EQ(order->chains,
            (std::vector<ResumedChain>{{0xe1, 12, head, false},
                                       {0xe3, 1, head, true}}));
  EXPECT_EQ(order->first_person, "ann");
  EXPECT_EQ(order->second_person, "bob");
}

TEST(FollowOrder, Persons) {
  const Recovered recovered({succession()});
  EXPECT_EQ(recovered.fault({1}), "");
  EXPECT_NE(recovered.fault({1}, "").find("no person's id"), std::string::npos);
  EXPECT_NE(recovered.fault({1}, "ann", ""), "");
  EXPECT_EQ(recovered.fault({1}, "ann", "Ann"),
            "two persons are needed, and \"ann\" is one");
  const std::string thirty_three(33, 'x');
  EXPECT_NE(recovered.fault({1}, "ann", thirty_three.c_str()), "");
}

TEST(FollowOrder, NotOneSuccession) {
  EXPECT_EQ(Recovered({resumed("edge-1@bj1", 1, 2)}).fault({1}),
            "the file says of 0 logs that they have a successor, not of one");
  EXPECT_NE(Recovered({succession(), succession()}).fault({1, 2}), "");
  EXPECT_EQ(Recovered({boot(), succession()}).fault({2}),
            "the succession is not at the beginning of "
            "ledger.example/bj1/record/2");
}

TEST(FollowOrder, LogsThatDoNotFitTogether) {
  struct Case {
    const char* predecessor;
    const char* successor;
    const char* by;
    Stream stream;
    bool fits;
  };
  using enum Stream;
  const Case cases[] = {
      {kPredecessor,
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       true},
      {kPredecessor,
       "ledger.example/bj1/record/9",
       "console@bj1",
       kRecord,
       true},
      {"ledger.example/bj1/telemetry/1",
       "ledger.example/bj1/telemetry/2",
       "console@bj1",
       kTelemetry,
       true},
      {"ledger.example/bj1/record/2",
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       false},
      {"ledger.example/bj1/record/3",
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       false},
      {"ledger.example/bj1/telemetry/1",
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       false},
      {"ledger.example/bj2/record/1",
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       false},
      {"ledger.example/bj2/record/1",
       "ledger.example/bj2/record/2",
       "console@bj2",
       kRecord,
       false},
      {kPredecessor,
       "ledger.example/bj1/record/2",
       "edge-1@bj1",
       kRecord,
       false},
      {kPredecessor,
       "ledger.example/bj1/record/2",
       "console@bj2",
       kRecord,
       false},
      {"nonsense",
       "ledger.example/bj1/record/2",
       "console@bj1",
       kRecord,
       false},
  };
  for (const Case& one : cases) {
    const Recovered recovered(
        {succession(one.predecessor)}, one.successor, one.by, one.stream);
    EXPECT_EQ(recovered.fault({1}).empty(), one.fits)
        << one.predecessor << " to " << one.successor << " by " << one.by
        << ": " << recovered.fault({1});
  }
}

TEST(FollowOrder, ChainsThatMakeNoSense) {
  EXPECT_EQ(
      Recovered({succession(), resumed("edge-1@bj1", 1, 0)}).fault({1, 2}),
      "a chain goes on at seq 0");
  EXPECT_EQ(Recovered({succession(),
                       resumed("edge-1@bj1", 1, 3),
                       resumed("edge-1@bj1", 1, 4)})
                .fault({1, 2, 3}),
            "a chain goes on twice");
}

TEST(FollowOrder, FileThatDoesNotVerify) {
  Recovered recovered({succession()});
  recovered.trust.log_keys = {test_signer(9)->public_key()};
  EXPECT_EQ(recovered.fault({1}).find("the file does not verify: "), 0U);
  EXPECT_FALSE(read_follow_order(Bytes{1, 2, 3},
                                 *Source::parse("edge-1@bj1"),
                                 recovered.trust,
                                 "ann",
                                 "bob"));
}

}  // namespace
}  // namespace strongroom
