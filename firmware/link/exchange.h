// SPDX-License-Identifier: Apache-2.0
// The tagged exchange (docs/formats/panel-link.md): who is believed, what is
// executed once, and what is answered again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/link/frame.h"
#include "firmware/link/identity.h"
#include "firmware/link/line_frames.h"
#include "firmware/logic/panel.h"

namespace strongroom::panel {

/// Exceptions of Modbus.
inline constexpr std::uint8_t kIllegalFunction = 1;
inline constexpr std::uint8_t kIllegalAddress = 2;
inline constexpr std::uint8_t kIllegalValue = 3;
inline constexpr std::uint8_t kDeviceFailure = 4;

/// An answer without its check, its unit and function yet to be set; or why
/// there is none. Lies at the beginning of a buffer that holds the longest one.
struct Reply {
  std::span<std::uint8_t> adu;
  std::uint8_t exception = 0;  // 0: `adu` is the answer
};

struct ExchangeCounters {
  std::uint32_t accepted = 0;
  std::uint32_t repeated = 0;
  std::uint32_t refused = 0;
};

class Exchange {
 public:
  /// `identity` outlives it. `session` 0: there is none, nothing is exchanged.
  Exchange(Panel& panel,
           std::uint8_t unit,
           const PanelKey& key,
           const LinkIdentity& identity,
           std::uint64_t session);

  /// `request`: a whole FC23 request, its counts and addresses judged. A
  /// hello is answered in `buffer`, which may be where the request lies.
  Reply answer(std::span<const std::uint8_t> request,
               std::span<std::uint8_t, kMaxAdu> buffer,
               std::uint64_t now_us);

  std::uint64_t session() const { return session_; }
  /// Its counters are used up; refuses everything until begin().
  bool is_exhausted() const { return last_counter_ == UINT32_MAX; }
  void begin(std::uint64_t session);
  /// No valid exchange yet.
  bool is_new() const { return last_counter_ == 0; }
  const ExchangeCounters& counters() const { return counters_; }

 private:
  struct Frame;
  class Room;
  Reply refuse(std::uint64_t now_us);
  Reply hello(const Frame& frame,
              std::size_t registers,
              std::span<std::uint8_t, kMaxAdu> buffer,
              std::uint64_t now_us);
  void describe(strongroom_panel_v1_PanelHelloAnswer& said) const;
  Reply execute(const Frame& frame,
                std::size_t registers,
                std::uint64_t now_us);
  Reply stored(std::size_t registers);
  std::size_t answer_body(const Frame& frame,
                          std::span<std::uint8_t> body,
                          std::uint64_t now_ms);
  void add_pin(strongroom_panel_v1_PanelAnswer& answer, std::uint32_t counter);
  std::size_t finish(std::span<std::uint8_t> adu,
                     FrameType type,
                     std::uint32_t counter,
                     std::size_t body_size);

  Panel& panel_;
  std::uint8_t unit_;
  LinkKeys keys_;
  const LinkIdentity& identity_;
  std::uint64_t session_;
  std::uint32_t last_counter_ = 0;
  FrameTag last_tag_{};
  ExchangeCounters counters_;
  std::size_t stored_size_ = 0;  // of the frame in stored_
  std::array<std::uint8_t, kMaxAdu> stored_{};
};

}  // namespace strongroom::panel
