// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <stop_token>
#include <thread>

#include "core/base/check.h"
#include "platform/mqtt/backoff.h"
#include "platform/mqtt/mqtt_client.h"
#include "platform/mqtt/paho_session.h"
#include "platform/mqtt/tls_files.h"
#include "platform/system/random.h"

namespace strongroom {
namespace {

/// Threads: the connector owns every session and calls on_connected and
/// on_disconnected; Paho's receive thread calls on_message; publish() may come
/// from any other.
class PahoClient final : public MqttClient {
 public:
  PahoClient(MqttOptions options, MqttCallbacks callbacks)
      : options_(std::move(options)), callbacks_(std::move(callbacks)) {}
  ~PahoClient() override { stop(); }

  void start() override {
    check(!connector_.joinable(), "an MQTT client starts once");
    connector_ =
        std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  bool publish(const MqttMessage& message) override {
    PahoSession* session = borrow();
    const bool taken = session != nullptr && session->publish(message);
    if (session != nullptr) {
      give_back();
    }
    if (!taken) {
      ++counters_.publish_failures;
    }
    return taken;
  }

  void stop() override {
    if (connector_.joinable()) {
      connector_.request_stop();
      connector_.join();
    }
  }

  MqttCounters counters() const override {
    return {.connects = counters_.connects,
            .connect_failures = counters_.connect_failures,
            .disconnects = counters_.disconnects,
            .messages_in = counters_.messages_in,
            .messages_out = counters_.messages_out,
            .oversized_in = counters_.oversized_in,
            .publish_failures = counters_.publish_failures};
  }

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop) {
    Backoff backoff(options_.backoff_min, options_.backoff_max);
    while (!stop.stop_requested()) {
      const Clock::duration lasted = one_session(stop);
      backoff.session_ended(lasted);
      std::unique_lock lock(mutex_);
      wake_.wait_for(
          lock, stop, backoff.next(random64()), [] { return false; });
    }
  }

  // How long it was connected.
  Clock::duration one_session(const std::stop_token& stop) {
    auto session = std::make_unique<PahoSession>(
        options_, callbacks_.on_message, counters_);
    if (const auto up = session->establish(stop); !up) {
      if (!stop.stop_requested()) {
        ++counters_.connect_failures;
        report(up.error().what);
      }
      return {};
    }
    const Clock::time_point since = Clock::now();
    ++counters_.connects;
    last_failure_.clear();
    spdlog::info(
        "mqtt_connected uri={} client={}", options_.uri, options_.client_id);
    lend(session.get());
    callbacks_.on_connected();
    const auto lost = session->wait_until_lost(stop);
    take_back();
    if (!lost) {
      session->disconnect();
    }
    session.reset();  // no message of it comes after on_disconnected
    ++counters_.disconnects;
    const std::string reason = lost.value_or("stopped");
    spdlog::info("mqtt_disconnected reason=\"{}\"", reason);
    callbacks_.on_disconnected(reason);
    return Clock::now() - since;
  }

  // Once for each new reason: the loop may try for weeks.
  void report(const std::string& what) {
    if (what != last_failure_) {
      spdlog::warn("mqtt_connect_failed what=\"{}\"", what);
      last_failure_ = what;
    }
  }

  void lend(PahoSession* session) {
    const std::lock_guard lock(mutex_);
    session_ = session;
  }
  PahoSession* borrow() {
    const std::lock_guard lock(mutex_);
    borrowed_ += session_ != nullptr ? 1U : 0U;
    return session_;
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    --borrowed_;
    wake_.notify_all();
  }
  void take_back() {
    std::unique_lock lock(mutex_);
    session_ = nullptr;
    wake_.wait(lock, [&] { return borrowed_ == 0; });
  }

  const MqttOptions options_;
  const MqttCallbacks callbacks_;
  SharedCounters counters_;
  std::string last_failure_;  // the connector's

  std::mutex mutex_;  // a leaf: never held while Paho is called
  std::condition_variable_any wake_;
  PahoSession* session_ = nullptr;  // for publish(); null when not connected
  std::size_t borrowed_ = 0;

  std::jthread connector_;
};

Result<void> check_message(const MqttMessage& message) {
  if (message.qos < 0 || message.qos > 1) {
    return fault(message.topic + ": QoS must be 0 or 1");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<MqttClient>> make_paho_client(MqttOptions options,
                                                     MqttCallbacks callbacks) {
  const auto address = parse_broker_uri(options.uri);
  if (!address) {
    return std::unexpected(address.error());
  }
  if (address->tls) {
    if (auto files = check_tls_files(
            options.ca_file, options.cert_file, options.key_file);
        !files) {
      return std::unexpected(files.error());
    }
  }
  if (options.will) {
    if (auto will = check_message(*options.will); !will) {
      return std::unexpected(will.error());
    }
  }
  for (const MqttSubscription& subscription : options.subscriptions) {
    if (subscription.qos < 0 || subscription.qos > 1) {
      return fault(subscription.filter + ": QoS must be 0 or 1");
    }
  }
  // The log's first use builds it. Here, before the threads that log: the
  // thread sanitizer does not see the guard inside spdlog's library.
  static_cast<void>(spdlog::default_logger_raw());
  const auto nothing = [](auto&&...) {};
  if (!callbacks.on_connected) {
    callbacks.on_connected = nothing;
  }
  if (!callbacks.on_disconnected) {
    callbacks.on_disconnected = nothing;
  }
  if (!callbacks.on_message) {
    callbacks.on_message = nothing;
  }
  return std::make_unique<PahoClient>(std::move(options), std::move(callbacks));
}

}  // namespace strongroom
