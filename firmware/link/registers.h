// SPDX-License-Identifier: Apache-2.0
// The plain registers (docs/formats/panel-registers.md): what any master may
// read, and the one register that it may write.
#pragma once

#include <cstdint>
#include <optional>

#include "firmware/link/identity.h"
#include "firmware/logic/panel.h"

namespace strongroom::panel {

inline constexpr std::uint16_t kScratchRegister = 0x0F00;
inline constexpr std::uint16_t kExchangeRegister = 0x1000;

/// Since the start, modulo 2^32.
struct LinkCounters {
  std::uint32_t frames = 0;  // whole, to this unit
  std::uint32_t crc_errors = 0;
  std::uint32_t exceptions = 0;
  std::uint32_t exchanges = 0;  // valid, new
  std::uint32_t repeated = 0;   // answered from store
  std::uint32_t refused = 0;    // forged, replayed, of another session
};

/// What one request reads: taken once, so that what it reads belongs together.
struct RegisterSource {
  PanelView view;
  LinkCounters counters;
  const LinkIdentity& identity;
  std::uint64_t session = 0;
  bool is_session_new = true;
  std::uint32_t uptime_s = 0;
  std::uint16_t scratch = 0;
};

/// Nothing: there is no such address.
std::optional<std::uint16_t> input_register(const RegisterSource& source,
                                            std::uint16_t address);
std::optional<bool> discrete_input(const RegisterSource& source,
                                   std::uint16_t address);
std::optional<bool> coil(const RegisterSource& source, std::uint16_t address);

}  // namespace strongroom::panel
