// SPDX-License-Identifier: Apache-2.0
// An MQTT client with a record of what it reported.
#pragma once

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "platform/mqtt/mqtt_client.h"
#include "tests/support/wait_until.h"

namespace strongroom {

class MqttParty {
 public:
  explicit MqttParty(MqttOptions options) {
    options.backoff_min = std::chrono::milliseconds(5);
    options.backoff_max = std::chrono::milliseconds(50);
    MqttCallbacks callbacks;
    callbacks.on_connected = [this] { note("connected"); };
    callbacks.on_disconnected = [this](const std::string&) {
      note("disconnected");
    };
    callbacks.on_message = [this](MqttMessage message) {
      const std::lock_guard lock(mutex_);
      if (stopped_) {
        ++late_;
      }
      messages_.push_back(std::move(message));
    };
    auto made = make_paho_client(std::move(options), std::move(callbacks));
    EXPECT_TRUE(made) << made.error().what;
    client_ = *std::move(made);
  }
  ~MqttParty() { stop(); }

  void start() { client_->start(); }
  void stop() {
    if (client_ != nullptr) {
      client_->stop();
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
  }
  MqttClient& client() { return *client_; }

  bool connects(std::uint64_t times = 1) {
    return wait_until([&] { return client_->counters().connects >= times; }) &&
           wait_until([&] { return count("connected") >= times; });
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(reports_, what));
  }
  std::vector<MqttMessage> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  bool receives(std::size_t number) {
    return wait_until([&] { return messages().size() >= number; });
  }
  int late() {
    const std::lock_guard lock(mutex_);
    return late_;
  }

 private:
  void note(const std::string& what) {
    const std::lock_guard lock(mutex_);
    late_ += stopped_ ? 1 : 0;
    reports_.push_back(what);
  }

  std::mutex mutex_;
  std::vector<std::string> reports_;
  std::vector<MqttMessage> messages_;
  bool stopped_ = false;
  int late_ = 0;
  std::unique_ptr<MqttClient> client_;
};

inline Bytes bytes_of(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

inline MqttMessage message(std::string topic,
                           std::string_view text,
                           int qos = 1) {
  return {.topic = std::move(topic), .payload = bytes_of(text), .qos = qos};
}

// Publishes, waiting for room.
inline bool deliver(MqttParty& party, const MqttMessage& message) {
  return wait_until([&] { return party.client().publish(message); });
}

}  // namespace strongroom
