// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/mqtt_uplink.h"

#include <gtest/gtest.h>

#include "core/event/batch.h"

namespace strongroom {
namespace {

class FakeMqttClient final : public MqttClient {
 public:
  void start() override {}
  bool publish(const MqttMessage& message) override {
    messages.push_back(message);
    return is_connected;
  }
  void stop() override {}
  MqttCounters counters() const override { return {}; }

  std::vector<MqttMessage> messages;
  bool is_connected = true;
};

const Source kSource{"edge-1", "bj1"};

AgentConfig config() {
  AgentConfig out;
  out.source = kSource;
  out.mqtt_uri = "ssl://broker:8883";
  out.mqtt_ca = "ca.crt";
  out.mqtt_certificate = "tls.crt";
  out.mqtt_key = "tls.key";
  return out;
}

TEST(MqttUplink, Topics_QualitiesAndRetention) {
  FakeMqttClient client;
  MqttUplink uplink(kSource, client);
  EXPECT_TRUE(uplink.publish(UplinkTopic::kBatch, {1}));
  EXPECT_TRUE(uplink.publish(UplinkTopic::kStatus, {2}));
  client.is_connected = false;
  EXPECT_FALSE(uplink.publish(UplinkTopic::kLive, {3}));
  ASSERT_EQ(client.messages.size(), 3U);
  EXPECT_EQ(client.messages[0].topic, "strongroom/v1/bj1/edge-1/batch");
  EXPECT_EQ(client.messages[0].qos, 1);
  EXPECT_FALSE(client.messages[0].retained);
  EXPECT_EQ(client.messages[0].payload, Bytes{1});
  EXPECT_EQ(client.messages[1].topic, "strongroom/v1/bj1/edge-1/status");
  EXPECT_EQ(client.messages[1].qos, 1);
  EXPECT_TRUE(client.messages[1].retained);
  EXPECT_EQ(client.messages[2].topic, "strongroom/v1/bj1/edge-1/live");
  EXPECT_EQ(client.messages[2].qos, 0);
  EXPECT_FALSE(client.messages[2].retained);
}

TEST(MqttUplink, Options_IdentityWillAndSubscription) {
  std::array<std::uint8_t, 16> boot{};
  boot.fill(7);
  const MqttOptions options = uplink_options(config(), boot, "0.1.0");
  EXPECT_EQ(options.client_id, "bj1/edge-1");
  EXPECT_EQ(options.cert_file, "tls.crt");
  ASSERT_EQ(options.subscriptions.size(), 1U);
  EXPECT_EQ(options.subscriptions[0].filter, "strongroom/v1/bj1/edge-1/ack");
  EXPECT_EQ(options.subscriptions[0].qos, 1);
  ASSERT_TRUE(options.will.has_value());
  EXPECT_EQ(options.will->topic, "strongroom/v1/bj1/edge-1/status");
  EXPECT_TRUE(options.will->retained);
  const auto status = decode_status(options.will->payload);
  ASSERT_TRUE(status.has_value());
  EXPECT_FALSE(status->online);
  EXPECT_STREQ(status->version, "0.1.0");
}

TEST(MqttUplink, Callbacks_FillTheInbox) {
  Inbox inbox;
  const MqttCallbacks callbacks = uplink_callbacks(kSource, inbox);
  callbacks.on_connected();
  callbacks.on_message({"strongroom/v1/bj1/edge-1/ack", {1, 2}, 1, false});
  callbacks.on_message({"strongroom/v1/bj1/edge-1/other", {3}, 1, false});
  const Inputs inputs = inbox.take(1, {});
  EXPECT_TRUE(inputs.connected);
  ASSERT_EQ(inputs.acks.size(), 1U);
  EXPECT_EQ(inputs.acks[0], (Bytes{1, 2}));
  callbacks.on_disconnected("gone");
  EXPECT_TRUE(inbox.take(1, {}).disconnected);
}

}  // namespace
}  // namespace strongroom
