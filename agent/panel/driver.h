// SPDX-License-Identifier: Apache-2.0
// Drives one panel: sessions, polls, exchanges, orders, event pull,
// configuration and offline list. Pure but for its mailbox: time is given,
// frames in and out (docs/formats/panel-link.md). Used by its line's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/loop/panel_io.h"
#include "agent/panel/mailbox.h"
#include "core/bus/panel_port.h"
#include "core/crypto/panel_cipher.h"

namespace strongroom {

/// What the panel is to be, and who it is.
struct PanelSetup {
  std::string name;
  std::uint8_t unit_id = 1;
  PanelKey key{};
  std::chrono::milliseconds poll_period{40};
  std::chrono::milliseconds offline_after{3000};
  /// The parts in order, without version, index and count.
  std::vector<strongroom_panel_v1_ConfigPart> config;
  /// Where the journal's record of it ends; ring 0: there is none.
  std::uint32_t ring = 0;
  std::uint32_t held_seq = 0;
};

struct PanelDriverPorts {
  /// What the loop wants of the panel; outlives the driver.
  PanelMailbox& mailbox;
  std::function<Now()> clock;
  std::function<void(std::span<std::uint8_t>)> random;
  /// To the loop. False: no room; it is offered again later, and of events
  /// nothing is acknowledged meanwhile.
  std::function<bool(PanelReport)> report;
};

/// For status pages.
struct PanelDriverStatus {
  std::string name;
  std::uint8_t unit_id = 1;
  bool is_up = false;
  bool is_silenced = false;
  std::string board;
  std::string firmware;
  bool tests_only = false;
  std::string error;  // the last one; empty while it is up
  std::uint32_t config_version = 0;
  std::uint32_t list_version = 0;
  std::uint32_t ring = 0;
  std::uint32_t held_seq = 0;
  std::uint32_t newest_seq = 0;
  std::uint64_t polls = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t repeats = 0;          // the same frame again
  std::uint64_t invalid_answers = 0;  // of the right length, not of its request
  std::uint64_t sessions = 0;
  strongroom_panel_v1_PanelStatus state{};
};

std::unique_ptr<PanelPort> make_panel_driver(
    PanelSetup setup,
    PanelDriverPorts ports,
    std::function<void(PanelDriverStatus)> show = [](auto) {});

}  // namespace strongroom
