// SPDX-License-Identifier: Apache-2.0
// The panel as a Modbus RTU server: bytes of the line in, answers out.
#pragma once

#include <cstdint>
#include <span>

#include "firmware/link/exchange.h"
#include "firmware/link/frame.h"
#include "firmware/link/identity.h"
#include "firmware/link/line_frames.h"
#include "firmware/link/registers.h"
#include "firmware/logic/panel.h"

namespace strongroom::panel {

struct LinkSettings {
  std::uint8_t unit = 1;
  std::uint32_t baud = 9600;
  PanelKey key{};
  /// Never the same again for this panel. 0: there is none, so no exchanges.
  std::uint64_t session = 0;
  /// How long the beginning of a frame waits for its rest. 0: for the gap, as
  /// the standard says. More only where times of bytes are not the line's, but
  /// those of an operating system that delivers them.
  std::uint32_t patience_us = 0;
};

class LinkServer {
 public:
  LinkServer(Panel& panel,
             const LinkSettings& settings,
             const LinkIdentity& identity);
  LinkServer(const LinkServer&) = delete;
  LinkServer& operator=(const LinkServer&) = delete;

  /// A byte of the line, none that this panel sent itself. `is_broken`: it, or
  /// one before it, did not arrive whole.
  void received(std::uint8_t byte, std::uint64_t at_us, bool is_broken);
  /// The answer that is due now, once; empty: none. Never before 3.5 characters
  /// of silence after the request: call it at least every ms, after received()
  /// of everything that came. Valid until the next received().
  std::span<const std::uint8_t> answer(std::uint64_t now_us);

  /// 2^32 - 1 exchanges: until begin_session() none is taken.
  bool wants_session() const { return exchange_.is_exhausted(); }
  void begin_session(std::uint64_t session) { exchange_.begin(session); }

  LinkCounters counters() const;

 private:
  Reply judge(std::span<const std::uint8_t> request, std::uint64_t now_us);
  Reply read_bits(std::span<const std::uint8_t> request, std::uint64_t now_us);
  Reply read_registers(std::span<const std::uint8_t> request,
                       std::uint64_t now_us);
  Reply write_coil(std::span<const std::uint8_t> request);
  Reply write_coils(std::span<const std::uint8_t> request);
  Reply write_register(std::span<const std::uint8_t> request);
  Reply write_registers(std::span<const std::uint8_t> request);
  Reply read_write_registers(std::span<const std::uint8_t> request,
                             std::uint64_t now_us);
  RegisterSource source(std::uint64_t now_us) const;

  Panel& panel_;
  LinkIdentity identity_;
  std::uint8_t unit_;
  LineFrames line_;
  Exchange exchange_;
  std::uint32_t frames_ = 0;
  std::uint32_t exceptions_ = 0;
  std::uint16_t scratch_ = 0;
};

}  // namespace strongroom::panel
