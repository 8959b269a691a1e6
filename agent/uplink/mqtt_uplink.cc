// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/mqtt_uplink.h"

#include <spdlog/spdlog.h>

#include "agent/loop/names.h"
#include "core/event/batch.h"

namespace strongroom {

std::string uplink_topic(const Source& source, std::string_view leaf) {
  return "strongroom/v1/" + source.site + "/" + source.agent + "/" +
         std::string(leaf);
}

MqttOptions uplink_options(const AgentConfig& config,
                           const std::array<std::uint8_t, 16>& boot_id,
                           const std::string& version) {
  strongroom_v1_Status offline = strongroom_v1_Status_init_zero;
  offline.format = kWireFormat;
  std::ranges::copy(boot_id, offline.boot_id);
  put_text(offline.version, version);

  MqttOptions options;
  options.uri = config.mqtt_uri;
  options.client_id = config.source.site + "/" + config.source.agent;
  options.ca_file = config.mqtt_ca;
  options.cert_file = config.mqtt_certificate;
  options.key_file = config.mqtt_key;
  options.will = MqttMessage{
      uplink_topic(config.source, "status"), encode_status(offline), 1, true};
  options.subscriptions = {{uplink_topic(config.source, "ack"), 1}};
  // The inbox holds 64 of them, whoever sent them.
  options.max_payload = strongroom_v1_Ack_size;
  return options;
}

MqttCallbacks uplink_callbacks(const Source& source, Inbox& inbox) {
  MqttCallbacks callbacks;
  callbacks.on_connected = [&inbox] {
    spdlog::info("uplink_connected");
    inbox.push_connected();
  };
  callbacks.on_disconnected = [&inbox](const std::string& reason) {
    spdlog::warn("uplink_disconnected reason=\"{}\"", reason);
    inbox.push_disconnected();
  };
  callbacks.on_message =
      [&inbox, topic = uplink_topic(source, "ack")](MqttMessage message) {
        if (message.topic == topic) {
          inbox.push_ack(std::move(message.payload));
        }
      };
  return callbacks;
}

MqttUplink::MqttUplink(const Source& source, MqttClient& client)
    : topics_{uplink_topic(source, "batch"),
              uplink_topic(source, "status"),
              uplink_topic(source, "live")},
      client_(client) {}

bool MqttUplink::publish(UplinkTopic topic, Bytes payload) {
  MqttMessage message;
  message.topic = topics_[static_cast<std::size_t>(topic)];
  message.payload = std::move(payload);
  message.qos = topic == UplinkTopic::kLive ? 0 : 1;
  message.retained = topic == UplinkTopic::kStatus;
  return client_.publish(message);
}

}  // namespace strongroom
