// SPDX-License-Identifier: Apache-2.0
// Against a real mosquitto.
#include <algorithm>
#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "core/base/check.h"
#include "platform/mqtt/mqtt_client.h"
#include "platform/mqtt/nodelay.h"
#include "tests/support/mosquitto.h"
#include "tests/support/mqtt_party.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

class PahoClient : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) {
      FAIL() << "no mosquitto: run script/bootstrap";
    }
  }

  static MqttOptions options(const Mosquitto& broker, std::string id) {
    return {.uri = broker.uri(), .client_id = std::move(id)};
  }
};

TEST_F(PahoClient, Publish_BeforeConnected_IsRefusedAndCounted) {
  MqttParty party({.uri = "tcp://127.0.0.1:1", .client_id = "a"});
  EXPECT_FALSE(party.client().publish(message("t", "x")));
  EXPECT_EQ(party.client().counters().publish_failures, 1);
}

TEST_F(PahoClient, Stop_WithoutStart_Returns) {
  MqttParty party({.uri = "tcp://127.0.0.1:1", .client_id = "a"});
  party.stop();
  party.stop();
}

TEST_F(PahoClient, Start_NobodyListens_KeepsTryingAndStops) {
  MqttParty party({.uri = "tcp://127.0.0.1:1", .client_id = "a"});
  party.start();
  EXPECT_TRUE(wait_until(
      [&] { return party.client().counters().connect_failures >= 3; }));
  party.stop();
  EXPECT_EQ(party.count("connected"), 0);
  EXPECT_EQ(party.count("disconnected"), 0);
}

TEST_F(PahoClient, Publish_ThousandMessagesBothWays_AllArriveInOrder) {
  const Mosquitto broker;
  MqttOptions left = options(broker, "left");
  left.subscriptions = {{.filter = "to/left", .qos = 1}};
  MqttOptions right = options(broker, "right");
  right.subscriptions = {{.filter = "to/right", .qos = 1}};
  MqttParty a(left);
  MqttParty b(right);
  a.start();
  b.start();
  ASSERT_TRUE(a.connects());
  ASSERT_TRUE(b.connects());

  const auto send_all = [](MqttParty& party, const std::string& topic) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(deliver(party, message(topic, std::to_string(i))));
    }
  };
  std::thread other([&] { send_all(a, "to/right"); });
  send_all(b, "to/left");
  other.join();

  ASSERT_TRUE(a.receives(1000));
  ASSERT_TRUE(b.receives(1000));
  for (MqttParty* party : {&a, &b}) {
    const std::vector<MqttMessage> messages = party->messages();
    ASSERT_EQ(messages.size(), 1000);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      EXPECT_EQ(messages[i].payload, bytes_of(std::to_string(i)));
      EXPECT_EQ(messages[i].qos, 1);
      EXPECT_FALSE(messages[i].retained);
    }
    EXPECT_EQ(party->client().counters().messages_in, 1000);
    EXPECT_TRUE(wait_until(
        [&] { return party->client().counters().messages_out == 1000; }));
  }
}

TEST_F(PahoClient, OnConnected_ComesWhenEverySubscriptionIsGranted) {
  const Mosquitto broker;
  MqttParty sender(options(broker, "sender"));
  sender.start();
  ASSERT_TRUE(sender.connects());
  MqttOptions with = options(broker, "receiver");
  with.subscriptions = {{.filter = "a", .qos = 0},
                        {.filter = "b/+", .qos = 1},
                        {.filter = "c/#", .qos = 1}};
  MqttParty receiver(with);
  receiver.start();
  ASSERT_TRUE(receiver.connects());
  // Nothing is retained: only a subscription that already stands gets these.
  for (const char* topic : {"a", "b/x", "c/y/z"}) {
    ASSERT_TRUE(deliver(sender, message(topic, topic)));
  }
  EXPECT_TRUE(receiver.receives(3));
}

// mosquitto 2.0.11 grants every subscription and then sends nothing; other
// brokers refuse. This one answers each CONNECT, and each SUBSCRIBE with a code
// of our choice.
class ScriptedBroker {
 public:
  explicit ScriptedBroker(std::uint8_t grant) : grant_(grant) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(listener_ >= 0, "no socket for a scripted broker");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    ::getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedBroker() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string uri() const { return "tcp://127.0.0.1:" + std::to_string(port_); }

 private:
  void run() {
    int client = -1;
    while ((client = ::accept(listener_, nullptr, nullptr)) >= 0) {
      // Packets this small arrive whole on loopback, one by one.
      std::array<std::uint8_t, 512> in{};
      while (::recv(client, in.data(), in.size(), 0) > 0) {
        answer(client, in);
      }
      ::close(client);
    }
  }
  void answer(int client, const std::array<std::uint8_t, 512>& in) const {
    constexpr std::uint8_t kConnect = 0x10;
    constexpr std::uint8_t kSubscribe = 0x82;
    Bytes out;
    if (in[0] == kConnect) {
      out = {0x20, 2, 0, 0};
    } else if (in[0] == kSubscribe) {
      out = {0x90, 3, in[2], in[3], grant_};
    }
    (void)::send(client, out.data(), out.size(), MSG_NOSIGNAL);
  }

  std::uint8_t grant_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(PahoClient, Subscribe_Granted_Connects) {
  const ScriptedBroker broker(0x01);
  MqttOptions with{.uri = broker.uri(), .client_id = "a"};
  with.subscriptions = {{.filter = "t", .qos = 1}};
  MqttParty party(with);
  party.start();
  EXPECT_TRUE(party.connects());
}

TEST_F(PahoClient, Subscribe_RefusedByTheBroker_NeverCountsAsConnected) {
  const ScriptedBroker broker(0x80);
  MqttOptions with{.uri = broker.uri(), .client_id = "a"};
  with.subscriptions = {{.filter = "t", .qos = 1}};
  MqttParty party(with);
  party.start();
  EXPECT_TRUE(wait_until(
      [&] { return party.client().counters().connect_failures >= 2; }));
  EXPECT_EQ(party.client().counters().connects, 0);
  EXPECT_EQ(party.count("connected"), 0);
}

TEST_F(PahoClient, Message_Oversized_IsDroppedAndCounted) {
  const Mosquitto broker;
  MqttOptions with = options(broker, "receiver");
  with.subscriptions = {{.filter = "t", .qos = 1}};
  with.max_payload = 1000;
  MqttParty party(with);
  party.start();
  ASSERT_TRUE(party.connects());
  ASSERT_TRUE(deliver(party, message("t", std::string(1001, 'x'))));
  ASSERT_TRUE(deliver(party, message("t", std::string(1000, 'y'))));
  ASSERT_TRUE(party.receives(1));
  EXPECT_EQ(party.messages().front().payload.size(), 1000);
  EXPECT_EQ(party.client().counters().oversized_in, 1);
  EXPECT_EQ(party.client().counters().messages_in, 1);
}

TEST_F(PahoClient, Publish_DeafBroker_RefusesBeyondTwoMegabytes) {
  Mosquitto broker;
  MqttParty party(options(broker, "a"));
  party.start();
  ASSERT_TRUE(party.connects());
  broker.pause();
  const MqttMessage large = message("t", std::string(100'000, 'x'));
  int taken = 0;
  while (taken < 100 && party.client().publish(large)) {
    ++taken;
  }
  EXPECT_EQ(taken, 19);
  broker.resume();
  // The bytes come back with the delivery tokens.
  EXPECT_TRUE(deliver(party, large));
  EXPECT_TRUE(
      wait_until([&] { return party.client().counters().messages_out == 20; }));
}

TEST_F(PahoClient, Broker_KilledAndRestarted_ReconnectsAndResubscribes) {
  Mosquitto broker;
  MqttOptions with = options(broker, "a");
  with.subscriptions = {{.filter = "t", .qos = 1}};
  MqttParty party(with);
  party.start();
  ASSERT_TRUE(party.connects(1));
  broker.kill();
  ASSERT_TRUE(wait_until([&] { return party.count("disconnected") == 1; }));
  EXPECT_FALSE(party.client().publish(message("t", "lost")));
  broker.start();
  ASSERT_TRUE(party.connects(2));
  ASSERT_TRUE(deliver(party, message("t", "after")));
  ASSERT_TRUE(party.receives(1));
  EXPECT_EQ(party.messages().front().payload, bytes_of("after"));
}

TEST_F(PahoClient, Broker_KilledUnderLoad_AgainAndAgain_NothingHangs) {
  Mosquitto broker;
  MqttOptions with = options(broker, "a");
  with.subscriptions = {{.filter = "t", .qos = 1}};
  MqttParty party(with);
  party.start();
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    while (!done) {
      if (!party.client().publish(message("t", std::string(2000, 'x')))) {
        std::this_thread::sleep_for(1ms);
      }
    }
  });
  for (std::uint64_t round = 1; round <= 4; ++round) {
    EXPECT_TRUE(party.connects(round)) << round;
    const std::size_t before = party.messages().size();
    EXPECT_TRUE(party.receives(before + 20)) << round;
    broker.kill();
    EXPECT_TRUE(
        wait_until([&] { return party.count("disconnected") >= round; }));
    broker.start();
  }
  done = true;
  publisher.join();
}

TEST_F(PahoClient, NoDelay_IsSetOnItsSocketAfterEachConnect) {
  Mosquitto broker;
  MqttParty party(options(broker, "a"));
  party.start();
  for (std::uint64_t round = 1; round <= 2; ++round) {
    ASSERT_TRUE(party.connects(round));
    const std::vector<int> sockets = sockets_to_port(broker.port());
    ASSERT_EQ(sockets.size(), 1);
    int value = 0;
    socklen_t size = sizeof value;
    ASSERT_EQ(
        ::getsockopt(sockets.front(), IPPROTO_TCP, TCP_NODELAY, &value, &size),
        0);
    EXPECT_NE(value, 0);
    broker.kill();
    ASSERT_TRUE(
        wait_until([&] { return party.count("disconnected") == round; }));
    broker.start();
  }
}

TEST_F(PahoClient, Will_OfAClientThatDies_IsPublishedRetained) {
  Mosquitto broker({.config = "retry_interval 1\n"});
  MqttOptions with = options(broker, "dying");
  with.will = MqttMessage{.topic = "status",
                          .payload = bytes_of("offline"),
                          .qos = 1,
                          .retained = true};
  {
    MqttParty dying(with);
    dying.start();
    ASSERT_TRUE(dying.connects());
    ASSERT_TRUE(deliver(dying,
                        {.topic = "status",
                         .payload = bytes_of("online"),
                         .qos = 1,
                         .retained = true}));
    ASSERT_TRUE(wait_until(
        [&] { return dying.client().counters().messages_out == 1; }));
    // Its connection breaks as by the death of its process.
    for (const int descriptor : sockets_to_port(broker.port())) {
      ::shutdown(descriptor, SHUT_RDWR);
    }
    ASSERT_TRUE(wait_until([&] { return dying.count("disconnected") == 1; }));
  }
  MqttOptions watching = options(broker, "watching");
  watching.subscriptions = {{.filter = "status", .qos = 1}};
  MqttParty watcher(watching);
  watcher.start();
  ASSERT_TRUE(watcher.receives(1));
  EXPECT_EQ(watcher.messages().front().payload, bytes_of("offline"));
  EXPECT_TRUE(watcher.messages().front().retained);
}

TEST_F(PahoClient, Will_OfAClientThatStops_IsNot) {
  const Mosquitto broker;
  MqttOptions watching = options(broker, "watching");
  watching.subscriptions = {{.filter = "status", .qos = 1}};
  MqttParty watcher(watching);
  watcher.start();
  ASSERT_TRUE(watcher.connects());
  MqttOptions with = options(broker, "leaving");
  with.will = message("status", "offline");
  MqttParty leaving(with);
  leaving.start();
  ASSERT_TRUE(leaving.connects());
  // Handed over last, and still out before the goodbye.
  ASSERT_TRUE(deliver(leaving, message("status", "bye")));
  leaving.stop();
  ASSERT_TRUE(watcher.receives(1));
  ASSERT_TRUE(deliver(watcher, message("status", "after")));
  ASSERT_TRUE(watcher.receives(2));
  EXPECT_EQ(watcher.messages()[0].payload, bytes_of("bye"));
  EXPECT_EQ(watcher.messages()[1].payload, bytes_of("after"));
}

TEST_F(PahoClient, Stop_UnderLoad_NoCallbackComesAfter) {
  const Mosquitto broker;
  MqttParty sender(options(broker, "sender"));
  sender.start();
  ASSERT_TRUE(sender.connects());
  MqttOptions with = options(broker, "receiver");
  with.subscriptions = {{.filter = "t", .qos = 0}};
  MqttParty receiver(with);
  receiver.start();
  ASSERT_TRUE(receiver.connects());
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    while (!done) {
      sender.client().publish(message("t", "x", 0));
    }
  });
  EXPECT_TRUE(receiver.receives(50));
  receiver.stop();
  const std::size_t at_stop = receiver.messages().size();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(receiver.messages().size(), at_stop);
  EXPECT_EQ(receiver.late(), 0);
  EXPECT_EQ(receiver.count("disconnected"), 1);
  done = true;
  publisher.join();
}

TEST_F(PahoClient, Stop_WhileTheBrokerIsDeaf_Returns) {
  Mosquitto broker;
  broker.pause();
  MqttParty party(options(broker, "a"));
  party.start();
  std::this_thread::sleep_for(20ms);  // anywhere in the attempt
  const auto since = std::chrono::steady_clock::now();
  party.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - since, 10s);
  broker.resume();
}

}  // namespace
}  // namespace strongroom
