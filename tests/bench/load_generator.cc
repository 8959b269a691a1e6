// SPDX-License-Identifier: Apache-2.0
// Plays many agents towards a real broker and ledger: batches are cut and
// signed beforehand, then sent as an agent sends them (window 4, go on at the
// ack), so that what is measured is broker and ledger.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/event/batch.h"
#include "platform/crypto/keys.h"
#include "platform/mqtt/mqtt_client.h"
#include "platform/system/bounded_queue.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "platform/system/random.h"
#include "platform/system/service.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Options {
  std::string broker;
  std::vector<fs::path> agents;
  std::size_t events_per_batch = 256;
  std::size_t batches = 500;
  std::size_t window = 4;
  bool transport_only = false;  // no ledger: a subscriber acknowledges
  // At a steady rate instead of as fast as acks come: batches a second of each
  // agent; of the first one `hog` times as many in every other phase.
  double rate = 0;
  double hog = 1;
  double phase_s = 5;
};

/// One agent's batches, and how far the ledger has acknowledged them.
struct Player {
  Source source;
  std::uint64_t epoch = 0;
  std::vector<Bytes> payloads;
  std::vector<SteadyTime> sent;
  std::vector<double> latencies_ms;
  std::map<std::size_t, std::vector<double>> by_phase_ms;
  std::vector<std::size_t> phase;  // in which each was due; odd: one is faster
  double due = 0;                  // batches that the rate allows so far
  std::size_t next = 0;
  std::size_t acked = 0;
};

EventMessage window_event(std::size_t points) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_windows_tag;
  auto& windows = event.body.windows;
  std::snprintf(windows.device, sizeof windows.device, "room-1");
  windows.described_seq = 3;
  windows.start_us = 1'760'000'000'000'000;
  windows.duration_ms = 60'000;
  const auto count = static_cast<pb_size_t>(points);
  windows.good_count = windows.missed_count = windows.quality_count = count;
  windows.last_count = windows.last_minus_min_count = count;
  windows.max_minus_last_count = windows.sum_minus_good_last_count = count;
  for (std::size_t at = 0; at < points; ++at) {
    windows.good[at] = 60;
    windows.quality[at] = strongroom_v1_PointQuality_POINT_QUALITY_GOOD;
    windows.last[at] = 235;
    windows.last_minus_min[at] = 3;
    windows.max_minus_last[at] = 2;
    windows.sum_minus_good_last[at] = -40;
  }
  return event;
}

Player prepare(const fs::path& dir, const Options& options) {
  const auto request =
      nlohmann::json::parse(read_file(dir / "enrol.json").value());
  Player player;
  player.source =
      Source::parse(request.at("source").get<std::string>()).value();
  player.epoch = random64();
  const auto signer = load_signer(dir / "event.key", KeyKind::kEvent).value();
  EventChain chain(player.source, Stream::kTelemetry, player.epoch);
  const Now now = read_clocks();
  EventMessage opened = strongroom_v1_Event_init_zero;
  opened.which_body = strongroom_v1_Event_epoch_opened_tag;
  opened.body.epoch_opened.reason =
      strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
  const EventMessage reading = window_event(2);
  for (std::size_t batch = 0; batch < options.batches; ++batch) {
    const std::uint64_t first_seq = chain.last_seq() + 1;
    const Hash prev_hash = chain.last_hash();
    std::vector<Bytes> events;
    for (std::size_t at = 0; at < options.events_per_batch; ++at) {
      EventMessage event = batch == 0 && at == 0 ? opened : reading;
      events.push_back(chain.append(event, now, random16()).value());
    }
    const std::vector<ByteView> views(events.begin(), events.end());
    const SignedHeader header = cut_batch(player.source,
                                          Stream::kTelemetry,
                                          player.epoch,
                                          first_seq,
                                          prev_hash,
                                          views,
                                          *signer);
    BatchView view;
    view.header_bytes = header.header;
    view.signature = header.signature;
    view.events = views;
    view.resync = batch == 0;
    player.payloads.push_back(encode_batch(view));
  }
  player.sent.resize(options.batches);
  player.phase.resize(options.batches);
  return player;
}

/// Sends within the windows and notes acknowledgements until all is held.
class Run {
 public:
  Run(const Options& options, std::vector<Player> players)
      : options_(options), players_(std::move(players)) {
    for (std::size_t at = 0; at < players_.size(); ++at) {
      by_topic_[topic(players_[at], "ack")] = at;
      by_topic_[topic(players_[at], "batch")] = at;
    }
  }

  /// False when the ledger refused something or 120 s passed.
  bool play() {
    MqttOptions mqtt;
    mqtt.uri = options_.broker;
    mqtt.client_id = "load-generator-" + std::to_string(getpid());
    const char* what = options_.transport_only ? "batch" : "ack";
    for (const Player& player : players_) {
      mqtt.subscriptions.push_back({topic(player, what), 1});
    }
    MqttCallbacks callbacks;
    callbacks.on_connected = [this] { inbox_.push({}); };
    callbacks.on_disconnected = [this](const std::string& why) {
      if (!stopping_) {
        std::fprintf(stderr, "disconnected: %s\n", why.c_str());
        failed_ = true;
      }
    };
    callbacks.on_message = [this](MqttMessage message) {
      inbox_.push(std::move(message));
    };
    auto client = make_paho_client(mqtt, callbacks).value();
    client->start();
    const bool done = loop(*client);
    stopping_ = true;
    client->stop();
    return done;
  }

  /// Of all agents but the first: medians over the phases, those in which it
  /// is faster and those in which it is not. What else runs on the machine
  /// spoils a phase, not the median.
  void print_fairness() const {
    const std::size_t phases = phase_at(ended_);  // the last one is cut short
    std::array<std::vector<double>, 2> p50;
    std::array<std::vector<double>, 2> p99;
    for (std::size_t phase = 0; phase < phases; ++phase) {
      const std::vector<double> all = of_others_in(phase);
      if (!all.empty()) {
        p50[phase % 2].push_back(all[all.size() / 2]);
        p99[phase % 2].push_back(all[all.size() * 99 / 100]);
      }
    }
    const auto median = [](std::vector<double> of) {
      std::ranges::sort(of);
      return of.empty() ? 0.0 : of[of.size() / 2];
    };
    const nlohmann::json row = {{"calm_p50_ms", median(p50[0])},
                                {"calm_p99_ms", median(p99[0])},
                                {"hogged_p50_ms", median(p50[1])},
                                {"hogged_p99_ms", median(p99[1])},
                                {"phases", phases}};
    std::printf("%s\n", row.dump().c_str());
  }

  void print() const {
    std::vector<double> all;
    for (const Player& player : players_) {
      all.insert(
          all.end(), player.latencies_ms.begin(), player.latencies_ms.end());
    }
    std::ranges::sort(all);
    const double seconds =
        std::chrono::duration<double>(ended_ - started_).count();
    const double events =
        static_cast<double>(all.size() * options_.events_per_batch);
    const auto at = [&](double part) {
      return all[static_cast<std::size_t>(part *
                                          static_cast<double>(all.size() - 1))];
    };
    const nlohmann::json row = {{"events_per_s", events / seconds},
                                {"events", events},
                                {"seconds", seconds},
                                {"batch_bytes", players_[0].payloads[1].size()},
                                {"p50_ms", at(0.5)},
                                {"p99_ms", at(0.99)}};
    std::printf("%s\n", row.dump().c_str());
  }

 private:
  /// Sorted.
  std::vector<double> of_others_in(std::size_t phase) const {
    std::vector<double> all;
    for (std::size_t at = 1; at < players_.size(); ++at) {
      const auto found = players_[at].by_phase_ms.find(phase);
      if (found != players_[at].by_phase_ms.end()) {
        all.insert(all.end(), found->second.begin(), found->second.end());
      }
    }
    std::ranges::sort(all);
    return all;
  }

  static std::string topic(const Player& player, const char* what) {
    return "strongroom/v1/" + player.source.site + "/" + player.source.agent +
           "/" + what;
  }

  std::size_t phase_at(SteadyTime now) const {
    const double passed = std::chrono::duration<double>(now - started_).count();
    return static_cast<std::size_t>(passed / options_.phase_s);
  }

  /// What the rate allows by now. A batch that waits for its window is late:
  /// its latency counts from when it was due.
  void pace(SteadyTime now) {
    const double passed = std::chrono::duration<double>(now - paced_).count();
    paced_ = now;
    const std::size_t phase = phase_at(now);
    for (std::size_t at = 0; at < players_.size(); ++at) {
      Player& player = players_[at];
      const std::size_t before = static_cast<std::size_t>(player.due);
      player.due += passed * options_.rate *
                    (at == 0 && phase % 2 == 1 ? options_.hog : 1);
      const std::size_t all = player.payloads.size();
      for (std::size_t i = before;
           i < std::min(static_cast<std::size_t>(player.due), all);
           ++i) {
        player.sent[i] = now;
        player.phase[i] = phase;
      }
    }
  }

  void fill(MqttClient& client, Player& player) {
    while (player.next < player.payloads.size() &&
           player.next < player.acked + options_.window) {
      if (options_.rate > 0) {
        if (static_cast<double>(player.next + 1) > player.due) {
          return;
        }
        if (!client.publish({topic(player, "batch"),
                             player.payloads[player.next],
                             1,
                             false})) {
          return;
        }
        ++player.next;
        continue;
      }
      player.sent[player.next] = std::chrono::steady_clock::now();
      if (!client.publish({topic(player, "batch"),
                           player.payloads[player.next],
                           1,
                           false})) {
        return;  // 2 MB in flight: the next ack makes room
      }
      ++player.next;
    }
  }

  bool take(const MqttMessage& message) {
    const auto found = by_topic_.find(message.topic);
    if (found == by_topic_.end()) {
      return true;
    }
    Player& player = players_[found->second];
    if (!options_.transport_only) {
      const auto ack = decode_ack(message.payload);
      if (!ack || !std::holds_alternative<Held>(ack->outcome)) {
        std::fprintf(
            stderr,
            "refused: %s\n",
            ack ? std::to_string(std::get<Refused>(ack->outcome).reason).c_str()
                : ack.error().what.c_str());
        return false;
      }
    }
    ended_ = std::chrono::steady_clock::now();
    const double latency = std::chrono::duration<double, std::milli>(
                               ended_ - player.sent[player.acked])
                               .count();
    player.latencies_ms.push_back(latency);
    player.by_phase_ms[player.phase[player.acked]].push_back(latency);
    ++player.acked;
    return true;
  }

  bool loop(MqttClient& client) {
    const auto limit =
        std::chrono::steady_clock::now() + std::chrono::seconds(120);
    std::size_t open = players_.size() * options_.batches;
    bool connected = false;
    while (open > 0 && !failed_) {
      const auto tick =
          std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
      const auto messages = inbox_.pop_batch(
          64, options_.rate > 0 ? std::min(tick, limit) : limit);
      if (options_.rate > 0 && connected) {
        pace(std::chrono::steady_clock::now());
        if (std::ranges::any_of(players_, [](const Player& player) {
              return player.acked == player.payloads.size();
            })) {
          return true;  // the first that is through ends it for all
        }
      }
      if (messages.empty() && std::chrono::steady_clock::now() >= limit) {
        std::fprintf(stderr, "120 s passed, %zu batches open\n", open);
        return false;
      }
      for (const auto& message : messages) {
        if (!message) {
          connected = true;
          started_ = std::chrono::steady_clock::now();
          paced_ = started_;
        } else if (!take(*message)) {
          return false;
        } else {
          --open;
        }
      }
      for (Player& player : players_) {
        if (connected) {
          fill(client, player);
        }
      }
    }
    return !failed_;
  }

  const Options& options_;
  std::vector<Player> players_;
  std::map<std::string, std::size_t> by_topic_;
  BoundedQueue<std::optional<MqttMessage>> inbox_{4096};
  std::atomic<bool> failed_ = false;
  std::atomic<bool> stopping_ = false;
  SteadyTime started_;
  SteadyTime paced_;
  SteadyTime ended_;
};

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Plays many agents towards a broker and a ledger"};
  app.add_option("--broker", options.broker)->required();
  app.add_option("--agent", options.agents, "Directory of an enrolled agent")
      ->required();
  app.add_option("--events-per-batch", options.events_per_batch);
  app.add_option("--batches", options.batches, "Per agent");
  app.add_option("--window", options.window);
  app.add_flag("--transport-only", options.transport_only);
  app.add_option("--rate", options.rate, "Batches a second of each agent");
  app.add_option(
      "--hog", options.hog, "The first agent is so much faster, turn about");
  app.add_option("--phase", options.phase_s, "Seconds of a phase");
  CLI11_PARSE(app, argc, argv);
  init_logging("load_generator", "warning");
  init_crypto();
  std::vector<Player> players;
  for (const fs::path& dir : options.agents) {
    players.push_back(prepare(dir, options));
  }
  Run play(options, std::move(players));
  if (!play.play()) {
    return 1;
  }
  if (options.rate > 0) {
    play.print_fairness();
  } else {
    play.print();
  }
  return 0;
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  try {
    return strongroom::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_generator: %s\n", error.what());
    return 1;
  }
}
