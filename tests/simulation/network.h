// SPDX-License-Identifier: Apache-2.0
// The net with a broker in its midst that behaves as mosquitto does out of the
// box: nothing is kept for whoever is away, beyond a limit it drops, a restart
// loses all, and that it took a message means nothing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/clockwork.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"

namespace strongroom::simulation {

/// Percentages, and a delay on top; the sum of the faults that rage.
struct Weather {
  int loss = 0;
  int duplicate = 0;
  int reorder = 0;
  MonoTime delay{};
};

using ClientId = std::size_t;

class Network {
 public:
  struct Client {
    std::string name;
    std::vector<std::string> topics;  // subscribed: these, or `*` and an ending
    std::function<void(const std::string& topic, const Bytes& payload)> take;
    std::function<void(bool connected)> connection;
  };

  Network(Clockwork& clockwork, Random random, Trace& trace)
      : clockwork_(clockwork), random_(random), trace_(trace) {}

  /// Offline until go_online().
  ClientId add(Client client);
  void go_online(ClientId id);
  /// The program is gone: no callback any more until it goes online again.
  void go_offline(ClientId id);
  /// False: not connected, nothing was taken.
  bool publish(ClientId from, const std::string& topic, Bytes payload);
  /// From somebody who is no client of ours.
  void inject(const std::string& topic, Bytes payload);

  void cut(ClientId id, MonoTime lasts);
  void crash_broker(MonoTime away);
  void add_weather(const Weather& weather, int sign);
  /// Of each client: so many messages wait, further ones are dropped.
  void set_queue_limit(std::size_t limit) { queue_limit_ = limit; }
  /// Good weather from now on; partitions and the broker's absence end.
  void calm();
  static constexpr std::size_t kQueueLimit = 40;

  std::uint64_t lost() const { return lost_; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  struct Party {
    Client client;
    bool running = false;    // the program
    bool connected = false;  // as it believes
    int cuts = 0;            // partitions that hold
    std::uint64_t session = 0;
    std::size_t queued = 0;  // at the broker
    MonoTime last_up{};      // arrival of the newest message, either way
    MonoTime last_down{};
    std::vector<std::pair<std::string, Bytes>> recent;  // that it published
  };

  MonoTime travel(MonoTime& last);
  bool is_lost() { return random_.below(100) < weather(weather_.loss); }
  static std::uint64_t weather(int percent) {
    return static_cast<std::uint64_t>(percent);
  }
  void at_broker(const std::string& topic, const Bytes& payload);
  void to_client(ClientId id, const std::string& topic, const Bytes& payload);
  void drop(ClientId id);
  void try_connect(ClientId id, std::uint64_t session);

  Clockwork& clockwork_;
  Random random_;
  Trace& trace_;
  std::vector<Party> parties_;
  Weather weather_;
  bool broker_up_ = true;
  bool is_calm_ = false;
  std::size_t queue_limit_ = kQueueLimit;
  std::uint64_t broker_life_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace strongroom::simulation
