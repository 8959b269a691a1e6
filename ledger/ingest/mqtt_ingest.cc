// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/mqtt_ingest.h"

#include <spdlog/spdlog.h>

#include "core/event/batch.h"

namespace strongroom {

MqttOptions ingest_options(const LedgerConfig& config) {
  MqttOptions options;
  options.uri = config.mqtt_uri;
  options.client_id = "central/ledger";
  options.ca_file = config.mqtt_ca;
  options.cert_file = config.mqtt_certificate;
  options.key_file = config.mqtt_key;
  options.max_payload = kMaxBatchBytes;
  options.subscriptions = {{"strongroom/v1/+/+/batch", 1},
                           {"strongroom/v1/+/+/status", 1},
                           {"strongroom/v1/+/+/live", 0}};
  return options;
}

MqttCallbacks ingest_callbacks(LedgerInbox& inbox, BrokerState& state) {
  MqttCallbacks callbacks;
  callbacks.on_connected = [&state] {
    spdlog::info("broker_connected");
    state.connected = true;
  };
  callbacks.on_disconnected = [&state](const std::string& reason) {
    spdlog::warn("broker_disconnected reason=\"{}\"", reason);
    state.connected = false;
  };
  callbacks.on_message = [&inbox, &state](MqttMessage message) {
    if (const auto topic = parse_topic(message.topic)) {
      inbox.post(*topic, std::move(message.payload));
    } else {
      ++state.foreign_topics;
    }
  };
  return callbacks;
}

}  // namespace strongroom
