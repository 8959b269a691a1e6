// SPDX-License-Identifier: Apache-2.0
#include "ledger/registry/key_registry.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/event/key_proof.h"
#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

std::unique_ptr<Signer> key(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(seed);
  return signer_from_seed(bytes);
}

EventMessage enrolled(const char* name,
                      const Signer& signer,
                      bool console = false) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_source_enrolled_tag;
  auto& body = event.body.source_enrolled;
  std::string_view(name).copy(body.source, sizeof(body.source) - 1);
  body.kind = console ? strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE
                      : strongroom_v1_SourceKind_SOURCE_KIND_AGENT;
  std::ranges::copy(signer.public_key(), body.event_key);
  const Bytes sealing(console ? 0 : 32, 5);
  std::ranges::copy(sealing, body.sealing_key.bytes);
  body.sealing_key.size = static_cast<pb_size_t>(sealing.size());
  const auto source = Source::parse(name);
  if (source) {
    std::ranges::copy(
        signer.sign(possession_input(*source, signer.public_key(), sealing)),
        body.possession);
  }
  return event;
}

EventMessage rotated(const char* name, const Signer& from, const Signer& to) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_key_rotated_tag;
  auto& body = event.body.key_rotated;
  std::string_view(name).copy(body.source, sizeof(body.source) - 1);
  std::ranges::copy(from.public_key(), body.old_key);
  std::ranges::copy(to.public_key(), body.new_key);
  body.new_sealing_key.size = 32;
  const Bytes input = rotation_input(*Source::parse(name),
                                     from.public_key(),
                                     to.public_key(),
                                     ByteView(body.new_sealing_key.bytes, 32));
  std::ranges::copy(from.sign(input), body.old_signature);
  std::ranges::copy(to.sign(input), body.new_signature);
  return event;
}

EventMessage revoked(const char* name, const Signer& signer) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_key_revoked_tag;
  auto& body = event.body.key_revoked;
  std::string_view(name).copy(body.source, sizeof(body.source) - 1);
  std::ranges::copy(signer.public_key(), body.key);
  return event;
}

class KeyRegistryTest : public ::testing::Test {
 protected:
  const SourceKey& newest() {
    return registry.find(*Source::parse("edge-1@bj1"))->keys.back();
  }

  KeyRegistry registry;
  std::unique_ptr<Signer> first = key(1);
  std::unique_ptr<Signer> second = key(2);
  std::unique_ptr<Signer> third = key(3);
};

TEST_F(KeyRegistryTest, Enrolment_BringsAValidKey) {
  ASSERT_TRUE(registry.apply(enrolled("edge-1@bj1", *first), 7));
  EXPECT_EQ(newest().key, first->public_key());
  EXPECT_EQ(newest().since, 7U);
  EXPECT_EQ(newest().sealing_key.size(), 32U);
  EXPECT_FALSE(registry.judge(enrolled("edge-1@bj1", *second)));
}

TEST_F(KeyRegistryTest, Enrolment_OfReservedNames_IsRefused) {
  EXPECT_FALSE(registry.judge(enrolled("console@bj1", *first)));
  EXPECT_FALSE(registry.judge(enrolled("edge-1@central", *first)));
  EXPECT_FALSE(registry.judge(enrolled("edge-1@bj1", *first, true)));
  EXPECT_FALSE(registry.judge(enrolled("no source", *first)));
  EXPECT_TRUE(registry.judge(enrolled("console@bj1", *first, true)));
  EXPECT_TRUE(registry.judge(enrolled("console@central", *first, true)));
}

TEST_F(KeyRegistryTest, Enrolment_WithoutPossession_IsRefused) {
  EventMessage event = enrolled("edge-1@bj1", *first);
  event.body.source_enrolled.possession[0] ^= 1;
  EXPECT_FALSE(registry.judge(event));
  event = enrolled("edge-1@bj1", *first);
  event.body.source_enrolled.sealing_key.bytes[0] ^= 1;
  EXPECT_FALSE(registry.judge(event));
  event = enrolled("edge-2@bj1", *first);
  std::string_view("edge-1@bj1").copy(event.body.source_enrolled.source, 10);
  EXPECT_FALSE(registry.judge(event)) << "possession is of one name";
}

TEST_F(KeyRegistryTest, Rotation_NeedsBothKeysAndTheNewestOld) {
  ASSERT_TRUE(registry.apply(enrolled("edge-1@bj1", *first), 0));
  EventMessage event = rotated("edge-1@bj1", *first, *second);
  event.body.key_rotated.old_signature[3] ^= 1;
  EXPECT_FALSE(registry.judge(event));
  event = rotated("edge-1@bj1", *first, *second);
  event.body.key_rotated.new_signature[3] ^= 1;
  EXPECT_FALSE(registry.judge(event));
  EXPECT_FALSE(registry.judge(rotated("edge-1@bj1", *third, *second)));
  ASSERT_TRUE(registry.apply(rotated("edge-1@bj1", *first, *second), 3));
  EXPECT_EQ(newest().key, second->public_key());
  EXPECT_FALSE(registry.judge(rotated("edge-1@bj1", *first, *third)))
      << "the old key was replaced already";
  EXPECT_FALSE(registry.judge(rotated("edge-1@bj1", *second, *first)))
      << "a key never comes back";
}

TEST_F(KeyRegistryTest, Revocation_IsFinal) {
  ASSERT_TRUE(registry.apply(enrolled("edge-1@bj1", *first), 0));
  EXPECT_FALSE(registry.judge(revoked("edge-1@bj1", *second)));
  EXPECT_FALSE(registry.judge(revoked("edge-2@bj1", *first)));
  ASSERT_TRUE(registry.apply(revoked("edge-1@bj1", *first), 5));
  EXPECT_TRUE(newest().revoked);
  EXPECT_FALSE(registry.judge(revoked("edge-1@bj1", *first)));
  EXPECT_FALSE(registry.judge(rotated("edge-1@bj1", *first, *second)));
  EXPECT_FALSE(registry.judge(enrolled("edge-1@bj1", *first)));
  // A lost key is replaced by enrolling the source with another.
  ASSERT_TRUE(registry.apply(enrolled("edge-1@bj1", *second), 9));
  EXPECT_FALSE(newest().revoked);
}

}  // namespace
}  // namespace strongroom
