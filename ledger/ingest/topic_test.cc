// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/topic.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Topic, OfAnAgent_IsTakenApart) {
  const auto topic = parse_topic("strongroom/v1/bj1/edge-1/batch");
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->source.text(), "edge-1@bj1");
  EXPECT_EQ(topic->kind, TopicKind::kBatch);
  EXPECT_EQ(parse_topic("strongroom/v1/bj1/edge-1/status")->kind,
            TopicKind::kStatus);
  EXPECT_EQ(parse_topic("strongroom/v1/bj1/edge-1/live")->kind,
            TopicKind::kLive);
  EXPECT_EQ(ack_topic(topic->source), "strongroom/v1/bj1/edge-1/ack");
}

TEST(Topic, AnythingElse_IsNone) {
  for (const char* text : {"",
                           "strongroom/v1/bj1/edge-1",
                           "strongroom/v1/bj1/edge-1/",
                           "strongroom/v1/bj1/edge-1/batch/",
                           "strongroom/v1/bj1/edge-1/ack",
                           "strongroom/v2/bj1/edge-1/batch",
                           "strongroom/v1//edge-1/batch",
                           "strongroom/v1/bj1/Edge/batch",
                           "strongroom/v1/bj 1/edge/batch",
                           "strongroom/v1/bj1/a/b/batch",
                           "/strongroom/v1/bj1/edge-1/batch"}) {
    EXPECT_FALSE(parse_topic(text)) << text;
  }
}

}  // namespace
}  // namespace strongroom
