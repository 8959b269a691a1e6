// SPDX-License-Identifier: Apache-2.0
// For tests of the core: a rig, and a model of the ledger for each stream.
#pragma once

#include <gtest/gtest.h>

#include "agent/loop/agent_rig_test_util.h"

namespace strongroom::testing_agent {

inline constexpr pb_size_t kOpened = strongroom_v1_Event_epoch_opened_tag;
inline constexpr pb_size_t kBoot = strongroom_v1_Event_boot_tag;
inline constexpr pb_size_t kDescribed =
    strongroom_v1_Event_device_described_tag;
inline constexpr pb_size_t kWindows = strongroom_v1_Event_windows_tag;
inline constexpr pb_size_t kFinding = strongroom_v1_Event_finding_tag;
inline constexpr pb_size_t kStates = strongroom_v1_Event_states_described_tag;
inline constexpr pb_size_t kSalvageEnded =
    strongroom_v1_Event_salvage_ended_tag;
inline constexpr pb_size_t kLost = strongroom_v1_Event_telemetry_lost_tag;
inline constexpr pb_size_t kLengthened =
    strongroom_v1_Event_windows_lengthened_tag;
inline constexpr pb_size_t kFollowed = strongroom_v1_Event_log_followed_tag;
inline constexpr pb_size_t kStepped = strongroom_v1_Event_clock_stepped_tag;

/// "vault": the temperature of room-1 less that of room-2.
inline TelemetryComputed spread_of(
    const std::shared_ptr<const DeviceProfile>& room_1,
    const std::shared_ptr<const DeviceProfile>& room_2,
    ComputedKind kind = ComputedKind::kDifference) {
  TelemetryComputed out;
  out.device = {"vault",
                {{"spread",
                  kind,
                  {{"room-1", "temperature"}, {"room-2", "temperature"}},
                  {}}}};
  out.profile = std::make_shared<DeviceProfile>(*computed_profile(
      out.device, [&](std::string_view name) -> const DeviceProfile* {
        return name == "room-1"   ? room_1.get()
               : name == "room-2" ? room_2.get()
                                  : nullptr;
      }));
  return out;
}

class AgentCoreTest : public ::testing::Test {
 protected:
  AgentCoreTest()
      : record_log_({"ledger.example", "bj1", Stream::kRecord, 1},
                    *rig_.log_key,
                    rig_.key->public_key()),
        telemetry_log_({"ledger.example", "bj1", Stream::kTelemetry, 1},
                       *rig_.log_key,
                       rig_.key->public_key()) {}

  std::vector<Publish> connect() {
    return rig_.turn([this] { rig_.core->connected(); });
  }
  std::vector<Publish> poll(const std::string& device,
                            std::int64_t value = 215) {
    return rig_.turn([&] { rig_.core->poll_done(rig_.poll(device, value)); });
  }
  // Both logs answer; what the agent sends next.
  std::vector<Publish> answer(const std::vector<Publish>& effects) {
    return rig_.turn([&] {
      for (const Bytes& batch : AgentRig::of(UplinkTopic::kBatch, effects)) {
        ModelLedger& ledger =
            AgentRig::header_of(batch).stream == Stream::kRecord
                ? record_log_
                : telemetry_log_;
        rig_.core->ack_arrived(encode_ack(ledger.take(batch)));
      }
    });
  }
  void settle(std::vector<Publish> effects) {
    while (!AgentRig::of(UplinkTopic::kBatch, effects).empty()) {
      effects = answer(effects);
    }
  }
  Refused refusal(strongroom_v1_RefusalReason reason) {
    return {reason, 0, std::nullopt};
  }

  AgentRig rig_;
  ModelLedger record_log_;
  ModelLedger telemetry_log_;
};

}  // namespace strongroom::testing_agent
