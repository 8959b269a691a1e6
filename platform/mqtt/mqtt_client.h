// SPDX-License-Identifier: Apache-2.0
// An MQTT 3.1.1 connection over Paho, as DESIGN section 6 wants it: clean
// sessions, own reconnect loop with full jitter and a new Paho object per
// attempt, TCP_NODELAY set after every connect, callbacks that only copy,
// resubscribe always.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

struct MqttMessage {
  std::string topic;
  Bytes payload;
  int qos = 0;
  bool retained = false;
};

struct MqttSubscription {
  std::string filter;
  int qos = 0;
};

struct MqttOptions {
  std::string uri;                // "ssl://host:8883"; "tcp://" for tests
  std::string client_id;          // identity, e.g. "bj1/edge-1"
  std::filesystem::path ca_file;  // TLS; empty without
  std::filesystem::path cert_file;
  std::filesystem::path key_file;
  std::optional<MqttMessage> will;
  std::vector<MqttSubscription> subscriptions;
  std::chrono::seconds keep_alive{20};
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{30'000};
  /// Payloads larger than this are dropped and counted before they are copied.
  std::size_t max_payload = 256 * 1024;
};

/// What the connection reports. Called on threads of the client: copy into a
/// queue and return. `on_connected` comes after all subscriptions are granted.
struct MqttCallbacks {
  std::function<void()> on_connected;
  std::function<void(std::string reason)> on_disconnected;
  std::function<void(MqttMessage)> on_message;
};

struct MqttCounters {
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t disconnects = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t oversized_in = 0;
  std::uint64_t publish_failures = 0;
};

/// The role: what the loops see. Implementations: PahoClient, and a fake in
/// tests.
class MqttClient {
 public:
  virtual ~MqttClient() = default;
  /// Starts connecting; returns at once.
  virtual void start() = 0;
  /// Hands a message over; false when not connected or when more than 2 MB or
  /// 2000 messages are in flight. Delivery is not promised by `true`. Not from
  /// callbacks.
  virtual bool publish(const MqttMessage& message) = 0;
  /// Publishes nothing more, disconnects, joins. After it no callback comes.
  virtual void stop() = 0;
  virtual MqttCounters counters() const = 0;
};

/// Faults: a certificate, key or CA file that cannot be read.
Result<std::unique_ptr<MqttClient>> make_paho_client(MqttOptions options,
                                                     MqttCallbacks callbacks);

}  // namespace strongroom
