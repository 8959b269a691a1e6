// SPDX-License-Identifier: Apache-2.0
// For tests of doors: a rig with panels, a policy, and a panel's ring.
#pragma once

#include <gtest/gtest.h>

#include "agent/loop/agent_rig_test_util.h"
#include "agent/loop/panel_bodies.h"
#include "core/access/credential_bits.h"

namespace strongroom::testing_doors {

using namespace std::chrono_literals;
using testing_agent::AgentRig;

#define STRONGROOM_KIND(name) \
  strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_##name
#define STRONGROOM_REASON(name) strongroom_v1_AccessReason_ACCESS_REASON_##name

inline constexpr pb_size_t kRead = strongroom_v1_Event_badge_read_tag;
inline constexpr pb_size_t kGranted = strongroom_v1_Event_access_granted_tag;
inline constexpr pb_size_t kDenied = strongroom_v1_Event_access_denied_tag;
inline constexpr pb_size_t kLeaf = strongroom_v1_Event_leaf_changed_tag;
inline constexpr pb_size_t kPanel = strongroom_v1_Event_panel_changed_tag;
inline constexpr pb_size_t kGone = strongroom_v1_Event_panel_events_lost_tag;
inline constexpr pb_size_t kIs = strongroom_v1_Event_panel_described_tag;
inline constexpr pb_size_t kEnded = strongroom_v1_Event_order_ended_tag;

inline constexpr std::uint32_t kRing = 0xa1b2c3d4;
inline constexpr auto kH10301 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10301;

inline PanelShape door(std::string name = "door-1") {
  PanelShape shape{"line-2", std::move(name), {}, {}};
  shape.leaves = {{"vault", "vault-room", true, true},
                  {"cage", "cage-room", true, false},
                  {"gate", "yard", false, true}};
  shape.readers = {{"in", strongroom_v1_Direction_DIRECTION_IN, kH10301, 1},
                   {"out", strongroom_v1_Direction_DIRECTION_OUT, kH10301, 1},
                   {"shared", strongroom_v1_Direction_DIRECTION_IN, kH10301, 3},
                   {"gate", strongroom_v1_Direction_DIRECTION_IN, kH10301, 4}};
  return shape;
}

inline CredentialBits badge(std::uint32_t card) {
  return wiegand_bits(kH10301, 7, card).value();
}

/// ann: everywhere; bob: the vault; cy: the vault in hours that never are; dan:
/// suspended. Cards 1 to 4. `pin` and `two` change the vault.
inline Policy policy() {
  Policy out;
  out.version = 12;
  out.hash = sha256(as_bytes("policy"));
  const auto person = [&](const std::string& id, std::uint32_t card) {
    out.persons[id] = {id, false, "verifier-of-" + id};
    out.credentials[{kH10301, badge(card)}] = {"card-" + id, id, {}, {}, false};
  };
  person("ann", 1);
  person("bob", 2);
  person("cy", 3);
  person("dan", 4);
  out.persons["dan"].is_suspended = true;
  out.schedules["never"] = {};
  out.zones["vault-room"] = {"vault-room"};
  out.zones["cage-room"] = {"cage-room"};
  out.zones["yard"] = {"yard"};
  out.leaves["vault"] = {"vault", "vault-room", false};
  out.leaves["cage"] = {"cage", "cage-room", false};
  out.leaves["gate"] = {"gate", "yard", false};
  out.grants = {{"ann", "cage-room", ""},
                {"ann", "vault-room", ""},
                {"ann", "yard", ""},
                {"bob", "vault-room", ""},
                {"cy", "vault-room", "never"}};
  return out;
}

class DoorsTest : public ::testing::Test {
 protected:
  explicit DoorsTest(std::optional<Policy> rules = policy()) {
    set_policy(std::move(rules));
    rig_.options.devices.panels = {door()};
    rig_.start();
    rig_.turn();
    ring_.panel = "door-1";
  }
  void set_policy(std::optional<Policy> rules) {
    rig_.options.devices.policy =
        rules ? std::make_shared<const Policy>(*std::move(rules)) : nullptr;
  }
  void reload(std::optional<Policy> rules) {
    set_policy(std::move(rules));
    rig_.reload(rig_.options.devices);
  }
  /// As by kill -9; the ring is the panel's and goes on.
  void restart() {
    rig_.start();
    rig_.turn();
  }

  static PanelFact fact(std::uint32_t seq,
                        strongroom_panel_v1_PanelEventKind kind,
                        std::uint32_t value = 0,
                        std::uint8_t leaf = 0,
                        std::uint8_t reader = 0) {
    PanelFact out;
    out.event.seq = seq;
    out.event.kind = kind;
    out.event.value = value;
    out.event.leaf = leaf;
    out.event.reader = reader;
    out.clock = PanelClockKind::kWall;
    return out;
  }
  PanelFact reading(std::uint32_t seq,
                    std::uint32_t card,
                    std::uint8_t reader = 1,
                    std::uint8_t leaf = 1) const {
    PanelFact out = fact(seq, STRONGROOM_KIND(BADGE_READ), 0, leaf, reader);
    const CredentialBits bits = badge(card);
    const std::size_t bytes = (bits.count + 7U) / 8U;
    out.event.credential.size = static_cast<pb_size_t>(bytes + 1);
    out.event.credential.bytes[0] = bits.count;
    std::copy_n(bits.bits.begin(), bytes, out.event.credential.bytes + 1);
    return out;
  }

  /// A grant of the panel alone, with its badge.
  PanelFact granted_alone(std::uint32_t seq, std::uint32_t card) const {
    PanelFact out = reading(seq, card);
    out.event.kind = STRONGROOM_KIND(OFFLINE_GRANTED);
    return out;
  }

  PanelReport report(decltype(PanelReport::what) what) const {
    return {"door-1", rig_.now.wall, rig_.now.monotonic, std::move(what)};
  }
  /// Facts that occurred `ago`, unless they say when.
  PanelReport facts(std::vector<PanelFact> all,
                    std::uint32_t after,
                    std::optional<std::uint32_t> through = {},
                    std::chrono::microseconds ago = 100ms,
                    std::uint32_t ring = kRing) const {
    for (PanelFact& each : all) {
      if (each.occurred == WallTime{}) {
        each.occurred = rig_.now.wall - ago;
      }
    }
    const std::uint32_t last = all.empty() ? after : all.back().event.seq;
    return report(
        PanelFacts{ring, after, through.value_or(last), std::move(all)});
  }
  /// One turn with these reports.
  void tell(std::vector<PanelReport> reports) {
    rig_.turn([&] {
      for (PanelReport& each : reports) {
        rig_.core->panel_reported(each);
      }
    });
  }
  void tell(PanelReport one) {
    std::vector<PanelReport> reports;
    reports.push_back(std::move(one));
    tell(std::move(reports));
  }
  /// The next event of the panel, in a turn of its own.
  void next(PanelFact fact) {
    fact.event.seq = ++seq_;
    const std::uint32_t after = seq_ - 1;
    tell(facts({std::move(fact)}, after));
  }
  void badge_at(std::uint32_t card,
                std::uint8_t reader = 1,
                std::uint8_t leaf = 1) {
    next(reading(0, card, reader, leaf));
  }
  void begin_ring() { tell(report(PanelRingLost{0, kRing})); }

  std::vector<EventMessage> events(pb_size_t body) const {
    return rig_.events(Stream::kRecord, body);
  }
  strongroom_v1_AccessDecision last(pb_size_t body) const {
    const auto all = events(body);
    if (all.empty()) {
      ADD_FAILURE() << "no decision " << body;
      return strongroom_v1_AccessDecision_init_zero;
    }
    return body == kGranted ? all.back().body.access_granted
                            : all.back().body.access_denied;
  }
  /// Of the last turn.
  template <typename Order>
  std::vector<Order> wanted() const {
    std::vector<Order> out;
    for (const PanelEffect& effect : rig_.doors.orders) {
      EXPECT_EQ(effect.panel, "door-1");
      if (const auto* order = std::get_if<Order>(&effect.order)) {
        out.push_back(*order);
      }
    }
    return out;
  }
  strongroom_panel_v1_Signal signal() const {
    const auto all = wanted<PanelIndicate>();
    return all.empty() ? strongroom_panel_v1_Signal_SIGNAL_UNSPECIFIED
                       : all.back().signal;
  }
  PanelCursor cursor() const {
    const auto found = rig_.journal.panel_cursors.find("door-1");
    return found == rig_.journal.panel_cursors.end() ? PanelCursor{}
                                                     : found->second;
  }
  PanelSnapshot seen() const {
    return rig_.core->snapshot().doors.panels.at(0);
  }
  void answer_pin(bool is_right) {
    ASSERT_EQ(rig_.doors.pins.size(), 1U);
    const std::uint64_t ticket = rig_.doors.pins[0].ticket;
    rig_.turn([&] { rig_.core->pin_answered({ticket, is_right}); });
  }
  void key_in(std::string digits = "1234", std::uint8_t reader = 1) {
    tell(report(PanelPin{reader, 1, 1, std::move(digits)}));
  }

  AgentRig rig_;
  PanelReport ring_;
  std::uint32_t seq_ = 0;
};

}  // namespace strongroom::testing_doors
