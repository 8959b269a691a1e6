// SPDX-License-Identifier: Apache-2.0
// For tests: a core over a journal in memory, with clocks held by hand.
#pragma once

#include <deque>
#include <memory>
#include <random>

#include "agent/journal/fake_journal.h"
#include "agent/loop/agent_core.h"
#include "agent/loop/model_ledger_test_util.h"

namespace strongroom::testing_agent {

using namespace std::chrono_literals;
using testing_ledger::ModelLedger;
using testing_log::test_signer;

inline std::shared_ptr<DeviceProfile> two_points() {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "xy-md02";
  profile->hash = sha256(as_bytes("profile"));
  for (const char* name : {"temperature", "humidity"}) {
    PointProfile point;
    point.name = name;
    point.unit = "Cel";
    point.exponent = -1;
    point.min = -1000;
    point.max = 1000;
    profile->points.push_back(point);
  }
  return profile;
}

class AgentRig {
 public:
  AgentRig() { options = default_options(); }

  static AgentOptions default_options() {
    AgentOptions out;
    out.source = {"edge-1", "bj1"};
    out.version = "0.1.0";
    out.boot_id.fill(0xb0);
    out.trust = {"ledger.example", {test_signer(1)->public_key()}};
    const auto profile = two_points();
    out.devices.devices = {{"line-1", "room-1", profile},
                           {"line-1", "room-2", profile}};
    out.devices.windows.length = 0ms;
    return out;
  }

  /// What a start does; an earlier core is gone as by kill -9.
  void start(StartReport report = {}) {
    const JournalState state = journal.state();
    if (state.streams[0].tail == 0 &&
        report.opened_because ==
            strongroom_v1_EpochReason_EPOCH_REASON_UNSPECIFIED) {
      report.opened_because =
          strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
    }
    core =
        std::make_unique<AgentCore>(options,
                                    state,
                                    std::move(report),
                                    AgentPorts{journal,
                                               *key,
                                               [this](auto out) { fill(out); },
                                               [] { return 0.0; }});
  }

  /// Time passes on both clocks.
  void pass(MonoTime time) {
    now.monotonic += time;
    now.wall += time;
  }

  /// One turn without failures; its effects.
  std::vector<Publish> turn(const std::function<void()>& inputs = [] {}) {
    core->begin(now);
    inputs();
    Turn turn = core->finish();
    if (turn.broken) {
      throw std::runtime_error(turn.broken->what);
    }
    if (turn.transaction.number != 0 && !journal.commit(turn.transaction)) {
      throw std::runtime_error("the commit failed");
    }
    std::vector<Publish> effects = std::move(turn.effects);
    doors = std::move(turn.doors);
    core->committed(turn);
    return effects;
  }

  /// A turn in which the configuration was read anew.
  std::vector<Publish> reload(DeviceSet set) {
    options.devices = std::move(set);
    return turn([this] { core->devices_changed(options.devices); });
  }

  PollDone poll(std::string device, std::int64_t value = 215) const {
    PollDone done;
    done.line = "line-1";
    done.device = std::move(device);
    done.at = now.wall;
    done.monotonic = now.monotonic;
    done.samples = {{PointQuality::kGood, value}, {PointQuality::kGood, 500}};
    done.profile = profile_of(done.device);
    return done;
  }

  /// As the newest configuration has it.
  std::shared_ptr<const DeviceProfile> profile_of(
      std::string_view device) const {
    const auto found = std::ranges::find(
        options.devices.devices, device, &TelemetryDevice::name);
    return found == options.devices.devices.end() ? nullptr : found->profile;
  }

  std::vector<EventMessage> events(Stream stream) const {
    std::vector<EventMessage> out;
    for (const Bytes& row : journal.rows[slot_of(stream)]) {
      out.push_back(*decode_event(row));
    }
    return out;
  }
  /// Those of one body.
  std::vector<EventMessage> events(Stream stream, pb_size_t body) const {
    std::vector<EventMessage> out = events(stream);
    std::erase_if(out, [body](const EventMessage& event) {
      return event.which_body != body;
    });
    return out;
  }
  std::vector<pb_size_t> bodies(Stream stream) const {
    std::vector<pb_size_t> out;
    for (const EventMessage& event : events(stream)) {
      out.push_back(event.which_body);
    }
    return out;
  }
  std::size_t count(Stream stream, pb_size_t body) const {
    return static_cast<std::size_t>(std::ranges::count(bodies(stream), body));
  }

  static std::vector<Bytes> of(UplinkTopic topic,
                               const std::vector<Publish>& effects) {
    std::vector<Bytes> out;
    for (const Publish& effect : effects) {
      if (effect.topic == topic) {
        out.push_back(effect.payload);
      }
    }
    return out;
  }
  static BatchHeader header_of(const Bytes& payload) {
    return *decode_header(decode_batch(payload)->header_bytes);
  }

  void fill(std::span<std::uint8_t> out) {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(random());
    }
  }

  AgentOptions options;
  DoorEffects doors;  // of the last turn
  FakeJournal journal;
  std::unique_ptr<Signer> key = test_signer(2);
  std::unique_ptr<Signer> log_key = test_signer(1);
  std::mt19937_64 random{1};
  Now now{WallTime(1'780'000'000s), 1000s, ClockQuality::kGood, 100us};
  std::unique_ptr<AgentCore> core;
};

}  // namespace strongroom::testing_agent
