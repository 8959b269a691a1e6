// SPDX-License-Identifier: Apache-2.0
// The ledger's side of MQTT (DESIGN section 6): what it subscribes to, and how
// messages reach the inbox. The client's threads only copy.
#pragma once

#include <atomic>

#include "ledger/config/config.h"
#include "ledger/loop/inbox.h"
#include "platform/mqtt/mqtt_client.h"

namespace strongroom {

/// Shared by the client's threads and whoever shows health.
struct BrokerState {
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> foreign_topics{0};
};

MqttOptions ingest_options(const LedgerConfig& config);

/// `inbox` and `state` outlive the client.
MqttCallbacks ingest_callbacks(LedgerInbox& inbox, BrokerState& state);

}  // namespace strongroom
