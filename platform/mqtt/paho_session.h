// SPDX-License-Identifier: Apache-2.0
// One attempt to connect and the session that comes of it: one Paho object,
// used once, because reusing one is where Paho 1.2.0/1.3.12 loses messages and
// deadlocks (docs/decisions/0030).
//
// Locks. Paho calls back with its own process-wide mutex held. Ours is a leaf:
// it is never held while Paho is called, so no order of the two exists.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mqtt/async_client.h>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/base/result.h"
#include "platform/mqtt/mqtt_client.h"

namespace strongroom {

/// What all sessions of a client count together.
struct SharedCounters {
  std::atomic<std::uint64_t> connects = 0;
  std::atomic<std::uint64_t> connect_failures = 0;
  std::atomic<std::uint64_t> disconnects = 0;
  std::atomic<std::uint64_t> messages_in = 0;
  std::atomic<std::uint64_t> messages_out = 0;
  std::atomic<std::uint64_t> oversized_in = 0;
  std::atomic<std::uint64_t> publish_failures = 0;
};

/// Owned by the connector thread, which calls everything but publish().
class PahoSession {
 public:
  /// What `options` and `on_message` refer to outlives the session.
  PahoSession(const MqttOptions& options,
              const std::function<void(MqttMessage)>& on_message,
              SharedCounters& counters);
  /// After it no callback comes.
  ~PahoSession();
  PahoSession(const PahoSession&) = delete;
  PahoSession& operator=(const PahoSession&) = delete;

  /// Connects, sets TCP_NODELAY, subscribes; returns when every subscription
  /// is granted. Faults: refused, timed out, lost meanwhile, stopped.
  Result<void> establish(const std::stop_token& stop);
  /// Waits for the loss of the connection, and says why; nothing when stopped.
  std::optional<std::string> wait_until_lost(const std::stop_token& stop);
  /// Lets what is in flight leave for a moment, then says goodbye.
  void disconnect();

  /// Any thread. False when too much is in flight or Paho refuses.
  bool publish(const MqttMessage& message);

 private:
  // What an awaited operation came to.
  struct Outcome {
    bool done = false;
    std::string fault;  // empty: it succeeded
  };
  class Operation;
  class Deliveries;

  bool reserve(std::size_t size);
  void release(std::size_t size);
  void connect_lost(const std::string& cause);
  void message_arrived(const mqtt::const_message_ptr& message);
  Result<void> connect(const std::stop_token& stop);
  Result<void> subscribe(const std::stop_token& stop);
  Result<void> await(Operation& operation,
                     const std::stop_token& stop,
                     const std::string& what);

  const MqttOptions& options_;
  const std::function<void(MqttMessage)>& on_message_;
  SharedCounters& counters_;
  std::atomic<std::size_t> bytes_in_flight_ = 0;
  std::atomic<std::size_t> messages_in_flight_ = 0;

  std::mutex mutex_;  // a leaf; guards what follows, and the outcomes
  std::condition_variable_any changed_;
  std::optional<std::string> lost_;
  // Tokens that publish() got back. They are let go in Paho's callbacks, under
  // Paho's lock like its own references: ThreadSanitizer sees no reference
  // count inside the library, and would call an early release a race.
  std::vector<mqtt::delivery_token_ptr> handed_over_;

  // Listeners, to which Paho holds plain pointers until the client is gone.
  std::unique_ptr<Operation> connecting_;
  std::vector<std::unique_ptr<Operation>> subscribing_;
  std::unique_ptr<Operation> disconnecting_;
  std::unique_ptr<Deliveries> deliveries_;
  std::unique_ptr<mqtt::async_client> client_;  // destroyed first
};

/// Of "tcp://host:port" or "ssl://host:port", with the scheme's default.
struct BrokerAddress {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
};
/// Faults: another scheme, no host, not a port.
Result<BrokerAddress> parse_broker_uri(const std::string& uri);

}  // namespace strongroom
