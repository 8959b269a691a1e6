// SPDX-License-Identifier: Apache-2.0
// Packs whose sources change their keys.
#include <gtest/gtest.h>

#include "core/pack/pack.h"
#include "core/pack/test_pack.h"

namespace strongroom {
namespace {

using testing_log::epoch_opened;
using testing_log::key_revoked;
using testing_log::key_rotated;
using testing_log::source_enrolled;
using testing_log::test_signer;
using testing_log::TestLedger;

std::string verdict_of(const TestLedger& ledger, const Pack& pack) {
  const auto verdict = verify_pack(pack.encode(), ledger.trust());
  return verdict ? "" : verdict.error().what;
}

TEST(PackKeys, RotatedKey_IsFollowed) {
  TestLedger ledger;
  const auto new_key = test_signer(13);
  ledger.register_events(
      {key_rotated(ledger.agent, *ledger.agent_key, *new_key)});
  const auto first =
      ledger.record.append(ledger.agent_source.cut_boots(1, *new_key));
  ASSERT_EQ(first, 20U);
  const Pack pack{
      {ledger.record_part({4, 20}), ledger.registry_part({1, 4, 7})}};
  const auto verdict = verify_pack(pack.encode(), ledger.trust());
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->events[0].key, ledger.agent_key->public_key());
  EXPECT_EQ(verdict->events[1].key, new_key->public_key());

  const Pack without{
      {ledger.record_part({4, 20}), ledger.registry_part({1, 4})}};
  EXPECT_EQ(verdict_of(ledger, without),
            "ledger.example/bj1/record/1, index 21: no key of edge-1@bj1 "
            "signed batch record edge-1@bj1 9..9");
  const Pack unrooted{{ledger.record_part({20}), ledger.registry_part({1, 7})}};
  EXPECT_NE(verdict_of(ledger, unrooted), "");
}

TEST(PackKeys, RevokedKey_IsVoidFromTheNamedIndex) {
  const auto revoked_from = [](std::string_view origin, std::uint64_t index) {
    TestLedger ledger;
    ledger.register_events(
        {key_revoked(ledger.agent, *ledger.agent_key, origin, index)});
    const Pack pack{
        {ledger.record_part({4, 15}), ledger.registry_part({1, 4, 7})}};
    return verdict_of(ledger, pack);
  };
  const std::string origin = "ledger.example/bj1/record/1";
  const std::string at = origin + ", index ";
  EXPECT_EQ(revoked_from(origin, 20), "");
  EXPECT_EQ(revoked_from(origin, 19),
            at + "19: the key that signed batch record edge-1@bj1 4..8 is "
                 "revoked here");
  EXPECT_EQ(revoked_from(origin, 7),
            at + "19: the key that signed batch record edge-1@bj1 4..8 is "
                 "revoked here");
  EXPECT_EQ(revoked_from(origin, 6),
            at + "6: the key that signed batch record edge-1@bj1 1..3 is "
                 "revoked here");
  EXPECT_EQ(revoked_from("ledger.example/bj1/telemetry/1", 0), "");
}

/// The ledger's logs after a recovery: a registry that says everything again,
/// and a record log that goes on; the agent's key is revoked before or after.
struct Recovered {
  TestLedger ledger;
  testing_log::TestSource console{"console@central", Stream::kRegistry, 15};
  testing_log::TestLog registry{"ledger.example/central/registry/2"};
  testing_log::TestLog record{"ledger.example/bj1/record/2"};

  explicit Recovered(std::vector<EventMessage> also) {
    std::vector<EventMessage> again{
        epoch_opened(),
        source_enrolled(ledger.console, *ledger.console_key),
        source_enrolled(ledger.agent, *ledger.agent_key)};
    std::ranges::move(also, std::back_inserter(again));
    registry.append(console.cut(std::move(again), *ledger.console_key));
    record.append(ledger.agent_source.cut_boots(4, *ledger.agent_key));
  }
  PackLog keys(std::initializer_list<std::uint64_t> indices) const {
    return pack_log(registry, indices, *ledger.log_key);
  }
  PackLog events() const { return pack_log(record, {0, 2}, *ledger.log_key); }
};

TEST(PackKeys, RegistryOfALaterGeneration_IsEnoughAndMayStandBesideTheEarlier) {
  const Recovered at({});
  const PackLog before = at.ledger.record_part({4, 15});
  EXPECT_EQ(verdict_of(at.ledger, {{before, at.events(), at.keys({1, 2})}}),
            "");
  EXPECT_EQ(verdict_of(at.ledger,
                       {{before,
                         at.events(),
                         at.ledger.registry_part({1, 4}),
                         at.keys({1, 2})}}),
            "");
  EXPECT_EQ(
      verdict_of(at.ledger,
                 {{before, at.events(), at.ledger.registry_part({1, 4})}}),
      "");
  EXPECT_NE(verdict_of(at.ledger, {{at.events(), at.keys({2})}}), "")
      << "who signed the registry's first batch?";
}

TEST(PackKeys, RevocationBeforeARecovery_VoidsEverythingAfterIt) {
  TestLedger keys;
  const Recovered at({key_revoked(
      keys.agent, *keys.agent_key, "ledger.example/bj1/record/1", 20)});
  EXPECT_EQ(verdict_of(at.ledger,
                       {{at.ledger.record_part({4, 15}), at.keys({1, 2, 3})}}),
            "")
      << "written in time";
  EXPECT_EQ(verdict_of(at.ledger, {{at.events(), at.keys({1, 2, 3})}}),
            "ledger.example/bj1/record/2, index 4: the key that signed batch "
            "record edge-1@bj1 9..12 is revoked here");
}

TEST(PackKeys, ConsoleRotatesItsOwnKey_EitherKeySignsThatBatch) {
  for (const bool by_new : {false, true}) {
    TestLedger ledger;
    const auto new_key = test_signer(12);
    const auto rotation =
        key_rotated(ledger.console, *ledger.console_key, *new_key);
    ledger.registry.append(ledger.console_source.cut(
        {rotation}, by_new ? *new_key : *ledger.console_key));
    ledger.registry.append(ledger.console_source.cut_boots(1, *new_key));
    const Pack pack{{ledger.registry_part({1, 7, 9})}};
    EXPECT_EQ(verdict_of(ledger, pack), "") << by_new;
    const Pack without{{ledger.registry_part({1, 9})}};
    EXPECT_NE(verdict_of(ledger, without), "") << by_new;
  }
}

TEST(PackKeys, ConsoleEnrolsItselfAgain_NeedsAKeyThatIsKnown) {
  TestLedger ledger;
  const auto stolen = test_signer(12);
  ledger.registry.append(ledger.console_source.cut(
      {source_enrolled(ledger.console, *stolen)}, *stolen));
  const Pack pack{{ledger.registry_part({1, 7})}};
  EXPECT_NE(verdict_of(ledger, pack), "");
}

TEST(PackKeys, WrongSignatureInTheRegistry_IsRefused) {
  const std::string at = "ledger.example/central/registry/1, index 7: ";
  const auto registered = [](auto make) {
    TestLedger ledger;
    ledger.register_events({make(ledger)});
    const Pack pack{{ledger.registry_part({1, 4, 7})}};
    return verdict_of(ledger, pack);
  };
  EXPECT_EQ(registered([](TestLedger& l) {
              return source_enrolled(l.agent, *l.agent_key, false);
            }),
            at + "enrolment of edge-1@bj1: the proof of possession is wrong");
  EXPECT_EQ(registered([](TestLedger& l) {
              auto event = key_rotated(l.agent, *l.agent_key, *l.neighbour_key);
              event.body.key_rotated.old_signature[0] ^= 1;
              return event;
            }),
            at + "rotation of edge-1@bj1: the old key's signature is wrong");
  EXPECT_EQ(registered([](TestLedger& l) {
              auto event = key_rotated(l.agent, *l.agent_key, *l.neighbour_key);
              event.body.key_rotated.new_signature[0] ^= 1;
              return event;
            }),
            at + "rotation of edge-1@bj1: the new key's signature is wrong");
}

TEST(PackKeys, AgentThatWritesInTheRegistry_IsRefused) {
  TestLedger ledger;
  testing_log::TestSource forger("edge-9@central", Stream::kRegistry);
  ledger.registry.append(forger.cut(
      {epoch_opened(), source_enrolled(ledger.agent, *test_signer(9))},
      *test_signer(9)));
  const Pack pack{{ledger.registry_part({1, 8})}};
  EXPECT_EQ(verdict_of(ledger, pack),
            "ledger.example/central/registry/1, index 9: batch registry "
            "edge-9@central 1..2 is not the registry's own");
}

}  // namespace
}  // namespace strongroom
