// SPDX-License-Identifier: Apache-2.0
// What passes between the loop and the drivers of panels. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/now.h"
#include "proto/panel.pb.h"

namespace strongroom {

// --- from a panel ----------------------------------------------------------

/// How the time of a panel's event is known (proto PanelClock).
enum class PanelClockKind : std::uint8_t {
  kWall = 1,
  kUptime = 2,
  kUnknown = 3
};

struct PanelFact {
  strongroom_panel_v1_PanelEvent event{};
  WallTime occurred{};
  PanelClockKind clock = PanelClockKind::kUnknown;
};

/// Events after the cursor, ascending by seq, none left out between the first
/// and `through`: numbers that are missing are lost.
struct PanelFacts {
  std::uint32_t ring = 0;
  std::uint32_t after = 0;    // the cursor that was asked with
  std::uint32_t through = 0;  // every event up to it that still exists is here
  std::vector<PanelFact> facts;
  bool has_more = false;  // what follows them in the ring is not here yet
};
/// The ring that was known is gone; `next` (made by the driver) names the new
/// one, whose events begin at 1.
struct PanelRingLost {
  std::uint32_t previous = 0;  // 0: none was known
  std::uint32_t next = 0;
};
/// The panel was heard, in a session of its own.
struct PanelHeard {
  strongroom_panel_v1_PanelHelloAnswer hello{};
  std::uint32_t config_version = 0;  // that it will have
  Bytes config_hash;                 // 32 bytes: of all parts
};
/// What an order led to. An order that was sent when the session ended is
/// unknown, and is never sent again.
struct PanelOrderEnded {
  std::uint32_t order = 0;
  enum class Outcome : std::uint8_t { kDone, kExpired, kRefused, kUnknown };
  Outcome outcome = Outcome::kUnknown;
  strongroom_panel_v1_OrderResult result{};
};
/// No valid exchange for offline_after; or again one.
struct PanelLink {
  bool is_up = false;
  std::chrono::milliseconds since_heard{};
};
struct PanelPin {
  std::uint8_t reader = 0;
  std::uint8_t leaf = 0;
  std::uint32_t entry = 0;
  std::string digits;  // wiped by who takes it
};
/// For screens; never journalled.
struct PanelState {
  strongroom_panel_v1_PanelStatus status{};
};

struct PanelReport {
  std::string panel;
  WallTime at;
  MonoTime monotonic{};
  std::variant<PanelFacts,
               PanelRingLost,
               PanelHeard,
               PanelOrderEnded,
               PanelLink,
               PanelPin,
               PanelState>
      what;
};

// --- to a panel ------------------------------------------------------------

/// Events of the ring up to `seq` stand in the journal.
struct PanelHeld {
  std::uint32_t ring = 0;
  std::uint32_t seq = 0;
};
struct PanelUnlock {
  std::uint32_t order = 0;  // id, never used before
  std::uint8_t leaf = 0;
  std::chrono::milliseconds pulse{};  // 0: as configured
  MonoTime not_after{};               // of the agent's clock
};
struct PanelIndicate {
  std::uint8_t reader = 0;
  strongroom_panel_v1_Signal signal{};
  std::chrono::milliseconds duration{};
};
/// The mask is what is wanted from now on: the driver repeats it whenever the
/// panel does not hold it. `end_fire`, a person who ends a release by fire, is
/// sent in one frame and never again: after `not_after` the order has expired
/// (its mask stays wanted), and when its frame was not answered its outcome is
/// unknown.
struct PanelLockdown {
  std::uint32_t order = 0;
  std::uint8_t leaves = 0;  // mask
  bool end_fire = false;
  MonoTime not_after = MonoTime::max();  // of the agent's clock; of end_fire
};
/// All of it; the driver sends what changed.
struct PanelList {
  struct Entry {
    std::uint8_t bit_count = 0;
    Bytes bits;  // left-justified
    std::uint8_t leaves = 0;
    std::uint32_t expires_minutes = 0xffffff;  // since 2020-01-01 UTC
  };
  std::uint32_t version = 0;  // greater than any before; 0: none
  std::vector<Entry> entries;
};

using PanelOrder = std::
    variant<PanelHeld, PanelUnlock, PanelIndicate, PanelLockdown, PanelList>;

}  // namespace strongroom
