// SPDX-License-Identifier: Apache-2.0
// The panel as a Modbus RTU server: bytes of the line in, answers out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/link/frame.h"
#include "firmware/logic/panel.h"

namespace strongroom::panel {

struct LinkSettings {
  std::uint8_t unit = 1;
  std::uint32_t baud = 9600;
  PanelKey key{};
  /// Never the same again for this panel.
  std::uint64_t session = 0;
};

/// What the board and the build say of themselves; identity registers.
struct LinkIdentity {
  const char* board = "";
  const char* firmware = "";
  std::span<const std::uint8_t> serial;
  std::uint16_t boot = 1;
  bool tests_only = false;
};

/// Since the session began.
struct LinkCounters {
  std::uint32_t frames = 0;      // whole, to this unit
  std::uint32_t crc_errors = 0;
  std::uint32_t exceptions = 0;
  std::uint32_t exchanges = 0;   // valid, new
  std::uint32_t repeated = 0;    // answered from store
  std::uint32_t refused = 0;     // forged, replayed, of another session
};

class LinkServer {
 public:
  LinkServer(Panel& panel, const LinkSettings& settings,
             const LinkIdentity& identity);
  LinkServer(const LinkServer&) = delete;
  LinkServer& operator=(const LinkServer&) = delete;

  /// A byte of the line. `is_broken`: it, or one before it, did not arrive
  /// whole.
  void received(std::uint8_t byte, std::uint64_t at_us, bool is_broken);
  /// The answer that is due now, once; empty: none. Never before 3.5 characters
  /// of silence after the request, never later than 2 ms after them.
  std::span<const std::uint8_t> answer(std::uint64_t now_us);

  const LinkCounters& counters() const { return counters_; }

 private:
  // The owner's business.
  Panel& panel_;
  LinkSettings settings_;
  LinkIdentity identity_;
  LinkCounters counters_;
};

}  // namespace strongroom::panel
