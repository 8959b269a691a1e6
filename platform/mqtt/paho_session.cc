// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt/paho_session.h"

#include <charconv>
#include <cstdint>
#include <spdlog/spdlog.h>

#include "platform/mqtt/nodelay.h"

namespace strongroom {
namespace {

// Above about 2.5 MB the publisher's hop collapses: Paho's receive loop waits a
// second for something to read while it could write.
constexpr std::size_t kMaxBytesInFlight = 2'000'000;
// Paho's own window must never fill: each time it does, it stalls for up to a
// second. So it is twice what we hand over. Its buffer counts both what waits
// and what is unacknowledged.
constexpr std::size_t kMaxMessagesInFlight = 2000;
constexpr int kPahoWindow = 2 * kMaxMessagesInFlight;
constexpr std::chrono::seconds kConnectTimeout{10};
// Paho completes or fails an operation by itself; this is for when it does not.
constexpr std::chrono::seconds kAwaitTimeout{15};
constexpr std::chrono::milliseconds kGoodbyeTimeout{500};

// Paho starts its two threads with the first client and ends them with the
// last; the two are not safe against each other (an end waits with its lock
// open). Never taken in callbacks.
std::mutex& life_mutex() {
  static std::mutex mutex;
  return mutex;
}

mqtt::ssl_options tls_options(const MqttOptions& options) {
  mqtt::ssl_options tls;
  tls.set_trust_store(options.ca_file.string());
  if (!options.cert_file.empty()) {
    tls.set_key_store(options.cert_file.string());
    tls.set_private_key(options.key_file.string());
  }
  tls.set_enable_server_cert_auth(true);
  tls.set_verify(true);  // the host's name
  return tls;
}

mqtt::connect_options connect_options(const MqttOptions& options) {
  mqtt::connect_options connect;
  // Never DEFAULT: that falls back to 3.1 and can complete a token twice.
  connect.set_mqtt_version(MQTTVERSION_3_1_1);
  connect.set_clean_session(true);
  connect.set_automatic_reconnect(false);
  connect.set_keep_alive_interval(options.keep_alive);
  connect.set_connect_timeout(kConnectTimeout);
  connect.set_max_inflight(kPahoWindow);
  if (options.will) {
    const MqttMessage& will = *options.will;
    connect.set_will(mqtt::will_options(will.topic,
                                        will.payload.data(),
                                        will.payload.size(),
                                        will.qos,
                                        will.retained));
  }
  if (options.uri.starts_with("ssl://")) {
    connect.set_ssl(tls_options(options));
  }
  return connect;
}

// Paho's own words for a failed TCP or TLS connect are "Failure".
std::string failure_text(const mqtt::token& token) {
  switch (const int code = token.get_return_code()) {
    case 1:
      return "the broker does not speak MQTT 3.1.1";
    case 2:
      return "the broker rejects this client id";
    case 3:
      return "the broker is unavailable";
    case 4:
      return "the broker rejects user name or password";
    case 5:
      return "the broker does not authorise this client";
    case MQTTASYNC_FAILURE:
      return "no connection (network, or TLS: then the broker's log says why)";
    default:
      return "code " + std::to_string(code) + ", " +
             mqtt::exception::error_str(code);
  }
}

}  // namespace

// Awaits one connect, subscribe or disconnect.
class PahoSession::Operation : public mqtt::iaction_listener {
 public:
  explicit Operation(PahoSession& session) : session_(session) {}

  Outcome outcome;         // guarded by the session's mutex
  mqtt::token_ptr issued;  // until the client is gone

 private:
  void on_success(const mqtt::token& token) override {
    if (token.get_type() == mqtt::token::Type::SUBSCRIBE) {
      const auto response = token.get_subscribe_response();
      for (const auto code : response.get_reason_codes()) {
        if (static_cast<int>(code) >= 0x80) {
          return finish("refused by the broker");
        }
      }
    }
    finish("");
  }
  void on_failure(const mqtt::token& token) override {
    finish(failure_text(token));
  }
  void finish(std::string fault) {
    const std::lock_guard lock(session_.mutex_);
    outcome = {.done = true, .fault = std::move(fault)};
    session_.changed_.notify_all();
  }

  PahoSession& session_;
};

// Frees the bytes of each message whose delivery token completes. The token's
// context is their number.
class PahoSession::Deliveries : public mqtt::iaction_listener {
 public:
  explicit Deliveries(PahoSession& session) : session_(session) {}

 private:
  void on_success(const mqtt::token& token) override {
    release(token);
    ++session_.counters_.messages_out;
  }
  void on_failure(const mqtt::token& token) override {
    release(token);
    ++session_.counters_.publish_failures;
  }
  void release(const mqtt::token& token) {
    session_.release(
        reinterpret_cast<std::uintptr_t>(token.get_user_context()));
    const std::lock_guard lock(session_.mutex_);
    session_.handed_over_.clear();
  }

  PahoSession& session_;
};

PahoSession::PahoSession(const MqttOptions& options,
                         const std::function<void(MqttMessage)>& on_message,
                         SharedCounters& counters)
    : options_(options),
      on_message_(on_message),
      counters_(counters),
      deliveries_(std::make_unique<Deliveries>(*this)) {}

PahoSession::~PahoSession() {
  const std::lock_guard lock(life_mutex());
  client_.reset();
}

Result<void> PahoSession::establish(const std::stop_token& stop) {
  try {
    auto done = connect(stop);
    if (done) {
      done = subscribe(stop);
    }
    return done;
  } catch (const mqtt::exception& error) {
    return fault(error.what());
  }
}

Result<void> PahoSession::connect(const std::stop_token& stop) {
  connecting_ = std::make_unique<Operation>(*this);
  {
    const std::lock_guard lock(life_mutex());
    client_ = std::make_unique<mqtt::async_client>(
        options_.uri,
        options_.client_id,
        mqtt::create_options(MQTTVERSION_3_1_1, kPahoWindow));
    // One by one: set_callback() takes Paho's locks in the opposite order to
    // its own callbacks.
    client_->set_connection_lost_handler(
        [this](const std::string& cause) { connect_lost(cause); });
    client_->set_message_callback(
        [this](const mqtt::const_message_ptr& message) {
          message_arrived(message);
        });
    connecting_->issued =
        client_->connect(connect_options(options_), nullptr, *connecting_);
  }
  auto connected = await(*connecting_, stop, "connecting to " + options_.uri);
  if (!connected) {
    return connected;
  }
  const auto address = parse_broker_uri(options_.uri);
  if (!address || set_nodelay_to_port(address->port) == 0) {
    // A proxy or a sandbox: slower by 40 ms a round trip, otherwise sound.
    spdlog::warn("mqtt_socket_not_found uri={}", options_.uri);
  }
  return {};
}

Result<void> PahoSession::subscribe(const std::stop_token& stop) {
  for (const MqttSubscription& subscription : options_.subscriptions) {
    subscribing_.push_back(std::make_unique<Operation>(*this));
    client_->subscribe(
        subscription.filter, subscription.qos, nullptr, *subscribing_.back());
  }
  for (std::size_t i = 0; i < subscribing_.size(); ++i) {
    auto granted = await(*subscribing_[i],
                         stop,
                         "subscribing to " + options_.subscriptions[i].filter);
    if (!granted) {
      return granted;
    }
  }
  return {};
}

Result<void> PahoSession::await(Operation& operation,
                                const std::stop_token& stop,
                                const std::string& what) {
  std::unique_lock lock(mutex_);
  const bool ended = changed_.wait_for(lock, stop, kAwaitTimeout, [&] {
    return operation.outcome.done || lost_.has_value();
  });
  if (operation.outcome.done) {
    return operation.outcome.fault.empty()
               ? Result<void>{}
               : fault(what + ": " + operation.outcome.fault);
  }
  if (lost_) {
    return fault(what + ": connection lost: " + *lost_);
  }
  return fault(what +
               (ended || !stop.stop_requested() ? ": no answer" : ": stopped"));
}

std::optional<std::string> PahoSession::wait_until_lost(
    const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return lost_.has_value(); });
  return lost_;
}

void PahoSession::disconnect() {
  disconnecting_ = std::make_unique<Operation>(*this);
  constexpr std::chrono::milliseconds kFlush = kGoodbyeTimeout;
  try {
    disconnecting_->issued = client_->disconnect(
        static_cast<int>(kFlush.count()), nullptr, *disconnecting_);
  } catch (const mqtt::exception&) {
    return;  // not connected any more
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 2 * kGoodbyeTimeout, [&] {
    return disconnecting_->outcome.done || lost_.has_value();
  });
}

bool PahoSession::publish(const MqttMessage& message) {
  const std::size_t size = message.payload.size() + message.topic.size();
  if (!reserve(size)) {
    return false;
  }
  try {
    auto token = client_->publish(message.topic,
                                  message.payload.data(),
                                  message.payload.size(),
                                  message.qos,
                                  message.retained,
                                  // NOLINTNEXTLINE(performance-no-int-to-ptr)
                                  reinterpret_cast<void*>(size),
                                  *deliveries_);
    const std::lock_guard lock(mutex_);
    handed_over_.push_back(std::move(token));
    return true;
  } catch (const mqtt::exception&) {
    release(size);
    return false;
  }
}

bool PahoSession::reserve(std::size_t size) {
  const bool room =
      bytes_in_flight_.fetch_add(size) + size <= kMaxBytesInFlight;
  const bool slot =
      messages_in_flight_.fetch_add(1) + 1 <= kMaxMessagesInFlight;
  if (!room || !slot) {
    release(size);
  }
  return room && slot;
}

void PahoSession::release(std::size_t size) {
  bytes_in_flight_ -= size;
  --messages_in_flight_;
}

void PahoSession::connect_lost(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  lost_ = cause.empty() ? "closed by the broker or the network" : cause;
  changed_.notify_all();
}

// On Paho's receive thread, with its lock held: copy and return.
void PahoSession::message_arrived(const mqtt::const_message_ptr& message) {
  const mqtt::binary& payload = message->get_payload();
  if (payload.size() > options_.max_payload) {
    ++counters_.oversized_in;
    return;
  }
  ++counters_.messages_in;
  on_message_({.topic = message->get_topic(),
               .payload = Bytes(payload.begin(), payload.end()),
               .qos = message->get_qos(),
               .retained = message->is_retained()});
}

Result<BrokerAddress> parse_broker_uri(const std::string& uri) {
  BrokerAddress address;
  std::string_view rest = uri;
  if (rest.starts_with("ssl://")) {
    address.tls = true;
    address.port = 8883;
  } else if (rest.starts_with("tcp://")) {
    address.port = 1883;
  } else {
    return fault(uri + ": must begin with ssl:// (or tcp:// in tests)");
  }
  rest.remove_prefix(std::string_view("ssl://").size());
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  const std::size_t colon = rest.find(':', bracket);
  address.host = rest.substr(0, colon);
  if (address.host.empty() || bracket == std::string_view::npos) {
    return fault(uri + ": names no host");
  }
  if (colon == std::string_view::npos) {
    return address;
  }
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, bad] =
      std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (bad != std::errc() || end != port.data() + port.size() ||
      address.port == 0) {
    return fault(uri + ": the port must be a number from 1 to 65535");
  }
  return address;
}

}  // namespace strongroom
