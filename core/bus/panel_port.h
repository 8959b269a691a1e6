// SPDX-License-Identifier: Apache-2.0
// A panel on a line: what its driver wants of the line, and what became of it.
// The line's machine serves it beside the polls; the driver is agent/panel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/now.h"
#include "core/bus/question.h"

namespace strongroom {

/// FC04 of these two registers: what is pending, newest seq modulo 2^16.
inline constexpr std::uint16_t kPanelPollAddress = 0;
inline constexpr std::uint16_t kPanelPollCount = 2;
/// Other registers that say half of it, for an answer of another shape: what is
/// pending alone; the newest seq, whose lower half is the second one, and what
/// stands behind it (docs/formats/panel-registers.md).
inline constexpr std::uint16_t kPanelSeqAddress = 0x0204;
inline constexpr std::uint16_t kPanelSeqMost = 8;
/// FC23: both the registers written and those read begin here.
inline constexpr std::uint16_t kPanelExchangeAddress = 0x1000;
inline constexpr std::size_t kMaxExchangeWritten = 121;
inline constexpr std::size_t kMaxExchangeRead = 125;

struct PanelWish {
  enum class Kind : std::uint8_t {
    kNothing,   // look again at `due`; nor is a silent panel looked for
    kPoll,      // at `due`, beside the other polls
    kExchange,  // at `due`: past means now, before everything else
  };
  Kind kind = Kind::kNothing;
  MonoTime due{};
  /// Of an exchange: bytes to write, an even number of them, at most 242; valid
  /// until the next call.
  std::span<const std::uint8_t> request;
  std::uint16_t read_registers = 0;
};

/// Used by its line's thread only.
class PanelPort {
 public:
  virtual ~PanelPort() = default;

  /// Asked before every request of the line: must be cheap.
  virtual PanelWish wish(MonoTime now) = 0;
  /// The poll was answered, or the line found the panel again. `asked`: when
  /// the request began. Two cells; of one that could not be asked now the last
  /// known.
  virtual void polled(std::span<const std::uint16_t> cells,
                      MonoTime asked,
                      MonoTime now) = 0;
  /// So many bytes as were asked for. False: no answer to that request; the
  /// line then treats it as garbled.
  virtual bool exchanged(std::span<const std::uint8_t> answer,
                         MonoTime asked,
                         MonoTime now) = 0;
  /// No answer to what was wished, or an exception. What the line asks by
  /// itself to find a silent panel again is not told.
  virtual void failed(const LinkError& error, MonoTime asked, MonoTime now) = 0;
  /// The line is closed: nothing is asked until it is open again.
  virtual void line_down(MonoTime now) = 0;
};

}  // namespace strongroom
