// SPDX-License-Identifier: Apache-2.0
// The way up over MQTT (DESIGN section 6): topics, will, qualities of service.
#pragma once

#include <array>
#include <string>

#include "agent/config/config.h"
#include "agent/loop/inbox.h"
#include "agent/uplink/uplink.h"
#include "core/base/source.h"
#include "platform/mqtt/mqtt_client.h"

namespace strongroom {

/// "strongroom/v1/<site>/<agent>/<leaf>"
std::string uplink_topic(const Source& source, std::string_view leaf);

/// Identity, files, the subscription to acks, and the will: the status
/// `offline`, retained.
MqttOptions uplink_options(const AgentConfig& config,
                           const std::array<std::uint8_t, 16>& boot_id,
                           const std::string& version);

/// They copy into the inbox and return. `inbox` outlives the client.
MqttCallbacks uplink_callbacks(const Source& source, Inbox& inbox);

class MqttUplink final : public Uplink {
 public:
  /// `client` outlives it.
  MqttUplink(const Source& source, MqttClient& client);
  bool publish(UplinkTopic topic, Bytes payload) override;

 private:
  const std::array<std::string, 3> topics_;  // by UplinkTopic
  MqttClient& client_;
};

}  // namespace strongroom
