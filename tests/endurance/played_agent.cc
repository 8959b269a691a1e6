// SPDX-License-Identifier: Apache-2.0
// An agent whose devices, clock and wire are played; loop, core and journal are
// the real ones. Obeys orders from the socket that is its argument.
#include <cstdlib>
#include <random>
#include <spdlog/spdlog.h>

#include "agent/journal/sqlite_journal.h"
#include "agent/loop/loop.h"
#include "core/base/check.h"
#include "tests/endurance/meters.h"
#include "tests/endurance/pipe.h"

namespace strongroom::endurance {
namespace {

using namespace std::chrono_literals;

struct Sent {
  UplinkTopic topic{};
  Bytes payload;
};

class KeptUplink final : public Uplink {
 public:
  bool publish(UplinkTopic topic, Bytes payload) override {
    sent.push_back({topic, std::move(payload)});
    return true;
  }
  std::vector<Sent> sent;
};

std::shared_ptr<DeviceProfile> profile_of(const std::string& name,
                                          std::size_t points) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = name;
  profile->hash = sha256(as_bytes(name));
  for (std::size_t i = 0; i < points; ++i) {
    PointProfile point;
    point.name = "point_" + std::to_string(i);
    point.unit = "Cel";
    point.exponent = -2;
    profile->points.push_back(point);
  }
  return profile;
}

class PlayedAgent {
 public:
  explicit PlayedAgent(const AgentPlan& plan)
      : plan_(plan), signer_(signer_of(plan.key_seed)) {
    spdlog::set_level(spdlog::level::off);
    for (std::size_t i = 0; i < plan.devices; ++i) {
      values_.emplace_back(plan.points, 2150);
    }
    big_ = profile_of("big", plan.points);
    doors_ = {profile_of("door-a", 1), profile_of("door-b", 1)};
    const Source source = *Source::parse("edge-1@bj1");
    auto opened = open_journal(plan.journal.data(), source, start());
    check(opened.has_value(), "the journal cannot be opened");
    opened_.emplace(*std::move(opened));
    AgentOptions options;
    options.source = source;
    options.version = "0.1.0";
    options.trust = {plan.ledger.data(), {plan.log_key}};
    options.devices = devices();
    options.quota = {plan.quota_bytes, plan.record_reserve_bytes};
    core_.emplace(options,
                  opened_->state,
                  StartReport{opened_->opened_because, opened_->previous, ""},
                  AgentPorts{*opened_->journal,
                             *signer_,
                             [this](std::span<std::uint8_t> out) {
                               for (std::uint8_t& byte : out) {
                                 byte = static_cast<std::uint8_t>(random_());
                               }
                             },
                             [] { return 0.5; }});
    loop_.emplace(LoopPorts{
        *core_, *opened_->journal, uplink_, inbox_, snapshots_, [this] {
          return clocks();
        }});
    turn();  // the first one opens the epoch
  }

  void live_until(MonoTime until, std::uint64_t record_events) {
    const MonoTime began = now_;
    std::uint64_t changes = 0;
    while (next_poll_ <= until) {
      now_ = next_poll_;
      const auto due = static_cast<std::uint64_t>(
          static_cast<double>(record_events) *
          static_cast<double>((now_ - began).count()) /
          static_cast<double>((until - began).count()));
      for (; changes < due; ++changes) {
        door_ = 1 - door_;
        inbox_.push_devices(devices());
        turn();
      }
      push_polls();
      turn();
    }
    now_ = until;
  }

  void turn_at(MonoTime at, bool connected, std::vector<Bytes> acks) {
    now_ = at;
    if (connected) {
      inbox_.push_connected();
    }
    for (Bytes& ack : acks) {
      inbox_.push_ack(std::move(ack));
    }
    if (next_poll_ <= at) {
      push_polls();
    }
    turn();
  }

  std::vector<Sent> take_sent() { return std::exchange(uplink_.sent, {}); }

  AgentReport report() {
    const AgentSnapshot snapshot = core_->snapshot();
    AgentReport out;
    out.at = now_;
    out.due = std::min(core_->next_deadline(), next_poll_);
    out.cpu = std::exchange(cpu_, {});
    for (std::size_t slot = 0; slot < 2; ++slot) {
      out.tail[slot] = snapshot.streams[slot].tail;
      out.delivered[slot] = snapshot.streams[slot].delivered;
    }
    if (const auto shown = snapshots_.get()) {
      out.commits = shown->journal.commits;
      out.dropped_polls = shown->dropped_polls;
    }
    out.losses = snapshot.space.losses;
    out.lost_events = snapshot.space.lost_events;
    out.window_level = snapshot.space.level;
    out.peak_used_bytes = peak_used_;
    out.peak_memory_bytes = memory_.peak_bytes();
    return out;
  }

 private:
  static std::unique_ptr<Signer> signer_of(std::uint8_t seed) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(seed);
    return signer_from_seed(bytes);
  }

  WallTime start() const { return WallTime(plan_.start); }
  Now clocks() const {
    return {start() + now_, now_, ClockQuality::kGood, 100us};
  }

  DeviceSet devices() const {
    DeviceSet set;
    for (std::size_t i = 0; i < plan_.devices; ++i) {
      set.devices.push_back({"line-1", "plant-" + std::to_string(i), big_});
    }
    set.devices.push_back({"line-1", "door", doors_[door_]});
    set.windows.length = plan_.window;
    return set;
  }

  void push_polls() {
    for (std::size_t i = 0; i < plan_.devices; ++i) {
      PollDone poll = poll_of("plant-" + std::to_string(i), big_);
      for (std::int64_t& value : values_[i]) {
        value += static_cast<std::int64_t>(random_() % 7) - 3;
        poll.samples.push_back({PointQuality::kGood, value});
      }
      inbox_.push_poll(std::move(poll));
    }
    PollDone door = poll_of("door", doors_[door_]);
    door.samples.push_back({PointQuality::kGood, 1});
    inbox_.push_poll(std::move(door));
    while (next_poll_ <= now_) {
      next_poll_ += plan_.poll_period;
    }
  }

  PollDone poll_of(std::string device,
                   std::shared_ptr<const DeviceProfile> profile) const {
    PollDone poll;
    poll.line = "line-1";
    poll.device = std::move(device);
    poll.at = start() + now_;
    poll.monotonic = now_;
    poll.profile = std::move(profile);
    return poll;
  }

  void turn() {
    const auto before = cpu_time();
    const auto end = loop_->turn();
    cpu_ += cpu_time() - before;
    check(!end, "the agent's loop ended");
    peak_used_ = std::max(peak_used_, opened_->journal->usage().used_bytes);
  }

  MemoryMeter memory_;  // before everything else
  AgentPlan plan_;
  std::unique_ptr<Signer> signer_;
  std::mt19937_64 random_{1};
  std::vector<std::vector<std::int64_t>> values_;
  std::shared_ptr<const DeviceProfile> big_;
  std::array<std::shared_ptr<const DeviceProfile>, 2> doors_;
  std::size_t door_ = 0;
  MonoTime now_{};
  MonoTime next_poll_{};
  std::chrono::microseconds cpu_{};
  std::uint64_t peak_used_ = 0;
  std::optional<OpenedJournal> opened_;
  std::optional<AgentCore> core_;
  KeptUplink uplink_;
  Inbox inbox_;
  SnapshotHolder snapshots_;
  std::optional<Loop> loop_;
};

void serve(int socket) {
  AgentPlan plan;
  check(get(socket, plan), "no plan");
  PlayedAgent agent(plan);
  Order order;
  while (get(socket, order)) {
    if (order.command == Command::kLive) {
      agent.live_until(order.at, order.number);
    } else {
      std::vector<Bytes> acks;
      for (std::uint64_t i = 0; i < order.number; ++i) {
        acks.push_back(get_bytes(socket));
      }
      agent.turn_at(order.at, order.connects, std::move(acks));
    }
    const std::vector<Sent> sent = agent.take_sent();
    put(socket, std::uint64_t{sent.size()});
    for (const Sent& one : sent) {
      put(socket, one.topic == UplinkTopic::kBatch);
      put_bytes(socket, one.payload);
    }
    put(socket, agent.report());
  }
}

}  // namespace
}  // namespace strongroom::endurance

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  strongroom::endurance::serve(std::atoi(argv[1]));
  return 0;
}
