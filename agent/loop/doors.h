// SPDX-License-Identifier: Apache-2.0
// What panels tell, as events: each once, in order, with the cursor in the
// transaction that holds it; what is missing is named. And what panels are to
// be told. Pure; part of the agent's core.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/loop/door_snapshot.h"
#include "agent/loop/gatekeeper.h"
#include "agent/loop/lockdown_order.h"
#include "agent/loop/open_orders.h"
#include "agent/loop/panel_bodies.h"
#include "agent/loop/panel_io.h"
#include "agent/loop/panel_orders.h"
#include "agent/loop/panel_set.h"
#include "agent/loop/recorder.h"

namespace strongroom {

struct DoorPorts {
  Recorder& recorder;
  RandomFill random;
  /// The serial number that the PanelDescribed of a row told; nothing: the row
  /// is gone.
  std::function<std::optional<Bytes>(const DescriptionRow&)> serial_of;
};

/// Not thread-safe. Everything but the constructor happens within a turn.
class Doors {
 public:
  Doors(DoorPorts ports,
        const JournalState& state,
        std::vector<PanelShape> panels,
        std::shared_ptr<const Policy> policy);

  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  /// Wipes the digits of a PIN. `heard`: when, in trusted time.
  void take(PanelReport& report, WallTime heard, const Now& now);
  void pin_answered(const PinAnswer& answer, const Now& now) {
    gatekeeper_.pin_answered(answer, now);
  }
  /// Other panels, or another policy. What is known of panels that stay, stays.
  void change(std::vector<PanelShape> panels,
              std::shared_ptr<const Policy> policy,
              const Now& now);
  /// A new epoch has begun: what panels are stands in no event of it yet.
  void describe(const Now& now);
  /// The order was not taken: there was no room.
  void refused(const PanelEffect& effect, const Now& now);
  void pin_refused(std::uint64_t ticket, const Now& now) {
    gatekeeper_.pin_refused(ticket, now);
  }
  /// What is ordered, in words; it counts, and the panel is told of it again
  /// and again, until another order. Faults: no such panel, no such leaf.
  Result<std::string> lock_down(const LockdownOrder& order, const Now& now);
  /// Once a turn, last.
  void tick(const Now& now);

  /// To be released once the turn's transaction stands.
  DoorEffects take_effects() { return std::exchange(effects_, {}); }

  DoorsSnapshot snapshot() const;

 private:
  struct Panel {
    PanelShape shape;
    PanelCursor cursor;
    std::optional<PanelHeard> heard;
    std::optional<Bytes> serial;  // of the newest PanelDescribed
    std::optional<MonoTime> list_due = MonoTime{};  // nothing: it was sent
    std::uint32_t list_entries = 0;
    std::map<std::uint8_t, std::uint32_t> released;  // by leaf: the order
    bool status_fire = false;
    std::optional<MonoTime> lockdown_told;
    PanelSnapshot seen;
  };

  void take(Panel& panel, PanelReport& report, PanelFacts& facts);
  void take(Panel& panel, PanelReport& report, PanelRingLost& lost);
  void take(Panel& panel, PanelReport& report, PanelHeard& heard);
  void take(Panel& panel, PanelReport& report, PanelOrderEnded& ended);
  void take(Panel& panel, PanelReport& report, PanelLink& link);
  void take(Panel& panel, PanelReport& report, PanelPin& pin);
  void take(Panel& panel, PanelReport& report, PanelState& state);

  void begin_ring(Panel& panel, std::uint32_t ring);
  void take_fact(Panel& panel,
                 const PanelReport& report,
                 const PanelFact& fact);
  void take_reading(Panel& panel,
                    const PanelFact& fact,
                    WallTime occurred,
                    std::chrono::microseconds age);
  void look_at_leaf(Reading& reading) const;
  void take_leaf(Panel& panel, const PanelFact& fact);
  void take_flags(Panel& panel, const PanelFact& fact);
  void record_lost(Panel& panel, std::uint32_t from, std::uint32_t to);
  void record_unknown(const Panel& panel,
                      std::uint32_t ring,
                      std::uint32_t from,
                      std::uint32_t next);
  void record_link(const Panel& panel, const PanelLink& link);
  void describe(Panel& panel);
  void send_list(Panel& panel);
  void keep_cursor(const Panel& panel);
  void tell_lockdown(Panel& panel);
  void renew_lockdown(Panel& panel);
  static std::uint8_t lockdown_of(const Panel& panel);
  bool is_under_fire(const Panel& panel) const;
  bool is_locked_down(const Panel& panel, std::uint8_t leaf) const;

  DoorPorts ports_;
  DoorEffects effects_;
  OpenOrders orders_;
  Gatekeeper gatekeeper_;
  std::map<std::string, Panel> panels_;
  std::vector<std::string> order_;  // of the configuration
  // Of panels that are not configured (now), so that they go on where they
  // were.
  std::map<std::string, PanelCursor> cursors_;
  Now now_;         // of the running call
  WallTime heard_;  // of the running report, in trusted time
  std::uint64_t stray_ = 0;
};

}  // namespace strongroom
