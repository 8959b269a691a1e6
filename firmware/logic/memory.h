// SPDX-License-Identifier: Apache-2.0
// All that survives a reset, in one place: the board puts it into .noinit.
// Every part judges its own by CRC (docs/formats/panel-memory.md).
#pragma once

#include <array>
#include <cstdint>

#include "firmware/logic/event_ring.h"
#include "firmware/logic/io.h"
#include "firmware/logic/offline_list.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

/// The configuration that the agent gave.
struct ConfigMemory {
  std::uint32_t version;  // 0: none
  strongroom_panel_v1_PanelSettings settings;
  std::array<strongroom_panel_v1_LeafSettings, kMaxLeaves> leaves;
  std::array<strongroom_panel_v1_ReaderSettings, kMaxReaders> readers;
  std::uint32_t crc;
};

/// Orders that were executed, so that none is executed twice, and what an agent
/// that is away must not undo.
struct OrderMemory {
  std::array<std::uint32_t, 16> unlocks;  // ids, newest anywhere
  std::uint32_t next;                     // place of the next one
  std::uint32_t lockdown;                 // mask of leaves
  std::uint32_t crc;
};

struct PanelMemory {
  RingMemory ring;
  ListMemory list;
  ConfigMemory config;
  ConfigMemory next_config;  // filled part by part, then committed
  OrderMemory orders;
  OrderMemory next_orders;
};

// A reset finds in `current` what was there before a commit, or what is there
// after it. `next` may hold anything outside of one.

/// At the start. Nothing sound in either: `current` becomes all zeros, and
/// false.
bool recover(ConfigMemory& current, ConfigMemory& next);
bool recover(OrderMemory& current, OrderMemory& next);
/// Seals `next` and puts it in the place of `current`.
void commit(ConfigMemory& current, ConfigMemory& next);
void commit(OrderMemory& current, OrderMemory& next);

}  // namespace strongroom::panel
