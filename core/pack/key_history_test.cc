// SPDX-License-Identifier: Apache-2.0
#include "core/pack/key_history.h"

#include <gtest/gtest.h>

#include "core/event/test_log.h"

namespace strongroom {
namespace {

using testing_log::key_revoked;
using testing_log::key_rotated;
using testing_log::source_enrolled;
using testing_log::test_signer;

class KeyHistoryTest : public ::testing::Test {
 protected:
  std::vector<PublicKey> keys() const {
    std::vector<PublicKey> keys;
    for (const auto& key : history_.keys_of(source_)) {
      keys.push_back(key.key);
    }
    return keys;
  }

  Source source_ = *Source::parse("edge-1@bj1");
  std::unique_ptr<Signer> one_ = test_signer(1);
  std::unique_ptr<Signer> two_ = test_signer(2);
  std::unique_ptr<Signer> three_ = test_signer(3);
  KeyHistory history_;
};

TEST_F(KeyHistoryTest, EnrolledAndRotatedIn_InTheirOrder) {
  EXPECT_TRUE(keys().empty());
  ASSERT_TRUE(history_.apply(source_enrolled(source_, *one_)));
  ASSERT_TRUE(history_.apply(key_rotated(source_, *one_, *two_)));
  ASSERT_TRUE(history_.apply(key_rotated(source_, *two_, *three_)));
  EXPECT_EQ(keys(),
            (std::vector{
                one_->public_key(), two_->public_key(), three_->public_key()}));
  EXPECT_FALSE(history_.keys_of(source_)[0].rotated_in);
  EXPECT_TRUE(history_.keys_of(source_)[1].rotated_in);
  EXPECT_TRUE(history_.keys_of(*Source::parse("edge-2@bj1")).empty());
}

TEST_F(KeyHistoryTest, RotationFromUnknownKey_AddsNothing) {
  ASSERT_TRUE(history_.apply(key_rotated(source_, *one_, *two_)));
  EXPECT_TRUE(keys().empty());
}

TEST_F(KeyHistoryTest, SignatureOfAnotherSource_IsRefused) {
  auto enrolled = source_enrolled(source_, *one_);
  testing_log::set_text(enrolled.body.source_enrolled.source, "edge-2@bj1");
  EXPECT_FALSE(history_.apply(enrolled));
  auto rotated = key_rotated(source_, *one_, *two_);
  testing_log::set_text(rotated.body.key_rotated.source, "edge-2@bj1");
  EXPECT_FALSE(history_.apply(rotated));
  auto sealing = source_enrolled(source_, *one_);
  sealing.body.source_enrolled.sealing_key.bytes[0] ^= 1;
  EXPECT_FALSE(history_.apply(sealing));
}

TEST_F(KeyHistoryTest, Revocation_VoidsItsKeyAlone) {
  const std::string log = "l/bj1/record/1";
  ASSERT_TRUE(history_.apply(source_enrolled(source_, *one_)));
  ASSERT_TRUE(history_.apply(key_rotated(source_, *one_, *two_)));
  ASSERT_TRUE(history_.apply(key_revoked(source_, *one_, log, 9)));
  EXPECT_FALSE(history_.is_revoked(source_, one_->public_key(), log, 8));
  EXPECT_TRUE(history_.is_revoked(source_, one_->public_key(), log, 9));
  EXPECT_FALSE(history_.is_revoked(source_, two_->public_key(), log, 9));

  ASSERT_TRUE(history_.apply(key_revoked(source_, *one_, log, 4)));
  EXPECT_TRUE(history_.is_revoked(source_, one_->public_key(), log, 4))
      << "the strictest revocation counts";
}

TEST_F(KeyHistoryTest, Revocation_ReachesLaterGenerationsOfTheLogsItNames) {
  ASSERT_TRUE(history_.apply(source_enrolled(source_, *one_)));
  ASSERT_TRUE(history_.apply(key_revoked(source_, *one_, "l/bj1/record/2", 9)));
  const struct {
    const char* log;
    std::uint64_t index;
    bool is_void;
  } cases[] = {{"l/bj1/record/2", 8, false},
               {"l/bj1/record/2", 9, true},
               {"l/bj1/record/3", 0, true},
               {"l/bj1/record/10", 0, true},
               {"l/bj1/record/1", 99, false},
               {"l/bj1/telemetry/2", 99, false},
               {"l/bj1/telemetry/3", 99, false},
               {"l/bj2/record/3", 99, false},
               {"m/bj1/record/3", 99, false},
               {"no origin", 99, false}};
  for (const auto& [log, index, is_void] : cases) {
    EXPECT_EQ(history_.is_revoked(source_, one_->public_key(), log, index),
              is_void)
        << log << " " << index;
  }
}

TEST_F(KeyHistoryTest, OtherBodies_SayNothingOfKeys) {
  EXPECT_TRUE(history_.apply(testing_log::boot()));
  EXPECT_TRUE(keys().empty());
}

}  // namespace
}  // namespace strongroom
