// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/acl.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Acl, Agent_WritesOnlyItsOwnTopics) {
  const std::string acl = make_acl({{"edge-1", "bj1"}});
  EXPECT_NE(acl.find("user bj1/edge-1\n"
                     "topic write strongroom/v1/bj1/edge-1/batch\n"),
            std::string::npos);
  EXPECT_NE(acl.find("topic read strongroom/v1/bj1/edge-1/ack\n"),
            std::string::npos);
  const auto agent_part = acl.substr(acl.find("user bj1/edge-1"));
  EXPECT_EQ(agent_part.find('+'), std::string::npos);
  EXPECT_EQ(agent_part.find("topic write strongroom/v1/bj1/edge-1/ack"),
            std::string::npos);
}

TEST(Acl, RevokedAndConsole_AreLeftOut) {
  const auto acl = acl_from_state(
      R"({"sources":[
        {"source":"edge-1@bj1","keys":[{"revoked":true},{"revoked":false}]},
        {"source":"edge-2@bj1","keys":[{"revoked":true}]},
        {"source":"console@bj1","keys":[{"revoked":false}]}]})");
  ASSERT_TRUE(acl.has_value());
  EXPECT_NE(acl->find("user bj1/edge-1\n"), std::string::npos);
  EXPECT_EQ(acl->find("edge-2"), std::string::npos);
  EXPECT_EQ(acl->find("console"), std::string::npos);
}

TEST(Acl, NonsenseState_IsFault) {
  for (const char* nonsense : {"",
                               "{}",
                               "[]",
                               R"({"sources":3})",
                               R"({"sources":[{"source":"a@b\nuser x"}]})"}) {
    EXPECT_FALSE(acl_from_state(nonsense).has_value()) << nonsense;
  }
}

}  // namespace
}  // namespace strongroom
