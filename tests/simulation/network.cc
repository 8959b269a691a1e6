// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/network.h"

#include <algorithm>
#include <utility>

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Of a client's own messages, which a library may send again after it has
// connected anew.
constexpr std::size_t kRecent = 3;

bool matches(const std::string& pattern, const std::string& topic) {
  return pattern.starts_with('*')
             ? topic.ends_with(std::string_view(pattern).substr(1))
             : pattern == topic;
}

}  // namespace

ClientId Network::add(Client client) {
  parties_.push_back({.client = std::move(client)});
  return parties_.size() - 1;
}

void Network::go_online(ClientId id) {
  Party& party = parties_[id];
  party.running = true;
  ++party.session;
  clockwork_.in(
      milliseconds(random_.between(20, 400)),
      [this, id, session = party.session] { try_connect(id, session); });
}

void Network::go_offline(ClientId id) {
  Party& party = parties_[id];
  party.running = false;
  party.connected = false;
  party.queued = 0;
  party.recent.clear();
  ++party.session;
}

void Network::try_connect(ClientId id, std::uint64_t session) {
  Party& party = parties_[id];
  if (!party.running || party.connected || party.session != session) {
    return;
  }
  if (!broker_up_ || party.cuts > 0) {
    clockwork_.in(milliseconds(random_.between(500, 8'000)),
                  [this, id, session] { try_connect(id, session); });
    return;
  }
  party.connected = true;
  ++party.session;
  party.queued = 0;
  trace_.line(party.client.name, "connected");
  party.client.connection(true);
  for (const auto& [topic, payload] : std::exchange(party.recent, {})) {
    if (random_.chance(0.3)) {
      clockwork_.in(milliseconds(random_.between(1, 300)),
                    [this, topic, payload] { at_broker(topic, payload); });
    }
  }
}

// The client learns that its connection is gone, and tries again.
void Network::drop(ClientId id) {
  Party& party = parties_[id];
  if (!party.running || !party.connected) {
    return;
  }
  party.connected = false;
  party.queued = 0;
  ++party.session;
  trace_.line(party.client.name, "disconnected");
  party.client.connection(false);
  clockwork_.in(
      milliseconds(random_.between(200, 4'000)),
      [this, id, session = party.session] { try_connect(id, session); });
}

// In order on one connection, unless the weather says otherwise.
MonoTime Network::travel(MonoTime& last) {
  MonoTime arrival = clockwork_.now() + milliseconds(random_.between(1, 20));
  if (weather_.delay.count() > 0) {
    arrival += milliseconds(random_.between(0, weather_.delay.count() / 1000));
  }
  if (random_.below(100) < weather(weather_.reorder)) {
    return arrival + milliseconds(random_.between(0, 3'000));
  }
  last = std::max(last, arrival);
  return last;
}

bool Network::publish(ClientId from, const std::string& topic, Bytes payload) {
  Party& party = parties_[from];
  if (!party.running || !party.connected) {
    return false;
  }
  if (party.recent.size() >= kRecent) {
    party.recent.erase(party.recent.begin());
  }
  party.recent.emplace_back(topic, payload);
  const int copies = random_.below(100) < weather(weather_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    clockwork_.at(travel(party.last_up),
                  [this, from, session = party.session, topic, payload] {
                    // What was written before the connection went may still
                    // get there.
                    const Party& sender = parties_[from];
                    const bool gone =
                        sender.session != session && random_.chance(0.4);
                    if (gone || sender.cuts > 0 || !broker_up_ || is_lost()) {
                      ++lost_;
                      return;
                    }
                    at_broker(topic, payload);
                  });
  }
  return true;
}

void Network::inject(const std::string& topic, Bytes payload) {
  if (broker_up_) {
    at_broker(topic, payload);
  }
}

void Network::at_broker(const std::string& topic, const Bytes& payload) {
  if (!broker_up_) {
    ++lost_;
    return;
  }
  for (ClientId id = 0; id < parties_.size(); ++id) {
    const auto& topics = parties_[id].client.topics;
    if (std::ranges::any_of(topics, [&](const std::string& pattern) {
          return matches(pattern, topic);
        })) {
      to_client(id, topic, payload);
    }
  }
}

void Network::to_client(ClientId id,
                        const std::string& topic,
                        const Bytes& payload) {
  Party& party = parties_[id];
  if (!party.running || !party.connected || party.queued > queue_limit_) {
    ++lost_;
    return;
  }
  const int copies = random_.below(100) < weather(weather_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    ++party.queued;
    clockwork_.at(travel(party.last_down),
                  [this, id, session = party.session, topic, payload] {
                    Party& to = parties_[id];
                    if (to.session != session) {
                      ++lost_;
                      return;
                    }
                    --to.queued;
                    if (to.cuts > 0 || is_lost()) {
                      ++lost_;
                      return;
                    }
                    ++delivered_;
                    trace_.line(to.client.name, "gets " + topic, payload);
                    to.client.take(topic, payload);
                  });
  }
}

void Network::cut(ClientId id, MonoTime lasts) {
  Party& party = parties_[id];
  ++party.cuts;
  trace_.line(party.client.name, "cut off");
  // The connection is found dead only after a while, if it is still cut then.
  clockwork_.in(
      milliseconds(random_.between(500, 20'000)),
      [this, id, session = party.session] {
        if (parties_[id].cuts > 0 && parties_[id].session == session) {
          drop(id);
        }
      });
  clockwork_.in(lasts, [this, id] {
    parties_[id].cuts = std::max(parties_[id].cuts - 1, 0);
  });
}

void Network::crash_broker(MonoTime away) {
  trace_.line("broker", "crashes");
  broker_up_ = false;
  const std::uint64_t life = ++broker_life_;
  for (ClientId id = 0; id < parties_.size(); ++id) {
    drop(id);
  }
  clockwork_.in(away, [this, life] {
    if (life == broker_life_) {
      trace_.line("broker", "is back");
      broker_up_ = true;
    }
  });
}

void Network::calm() {
  is_calm_ = true;
  weather_ = {};
  queue_limit_ = kQueueLimit;
  broker_up_ = true;
  ++broker_life_;
  for (Party& party : parties_) {
    party.cuts = 0;
  }
}

void Network::add_weather(const Weather& weather, int sign) {
  if (is_calm_) {
    return;
  }
  weather_.loss += sign * weather.loss;
  weather_.duplicate += sign * weather.duplicate;
  weather_.reorder += sign * weather.reorder;
  weather_.delay += sign * weather.delay;
}

}  // namespace strongroom::simulation
