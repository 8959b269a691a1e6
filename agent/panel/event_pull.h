// SPDX-License-Identifier: Apache-2.0
// Which events of a panel's ring are held by the journal, which are on the way
// to it, and which are to be asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/loop/panel_io.h"

namespace strongroom {

class EventPull {
 public:
  /// Where the journal's record ends; ring 0: there is none.
  EventPull(std::uint32_t ring, std::uint32_t held);

  std::uint32_t ring() const { return ring_; }
  std::uint32_t held() const { return held_; }
  std::uint32_t newest() const { return newest_; }

  /// The panel's ring, as its hello says. When it is not the one that is known:
  /// the ring that counts from now on, which is the panel's own, or one made by
  /// `fresh` when the panel has none. One that was made and of which nothing
  /// was told serves again.
  std::optional<PanelRingLost> meet(
      std::uint32_t ring, const std::function<std::uint32_t()>& fresh);
  /// A panel that has just begun a session may have lost its newest events.
  void session_began();

  /// What the loop says is in the journal.
  void hold(const PanelHeld& held, MonoTime now);
  /// The newest number modulo 2^16, as a poll tells.
  void hint(std::uint16_t newest);

  /// When the next exchange should ask for events or free them; nothing: not
  /// before something else happens.
  std::optional<MonoTime> due(MonoTime now);
  /// Events that are probably there to be sent after held().
  std::uint32_t expected() const;

  /// The answer to an exchange that asked with `acked`. Nothing: nothing new,
  /// or what it says cannot be (`error` says why).
  std::optional<PanelFacts> judge(const strongroom_panel_v1_PanelAnswer& answer,
                                  std::uint32_t acked,
                                  bool asked_for_events,
                                  MonoTime now,
                                  std::string& error);
  /// What became of these facts: taken by the loop, or to be asked for again.
  void offered(const PanelFacts& facts, bool is_taken, MonoTime now);
  /// What was reported and is not held is asked for again.
  void rewind();

 private:
  std::string fault_of(const strongroom_panel_v1_PanelAnswer& answer,
                       std::uint32_t acked) const;

  std::uint32_t ring_;
  std::uint32_t held_;
  std::uint32_t reported_;   // given to the loop
  std::uint32_t newest_;     // of the panel
  std::uint16_t hinted_;     // modulo 2^16, as the last poll or answer said
  std::uint32_t acked_ = 0;  // that the panel has heard of
  bool is_fresh_ = false;    // made by this object
  bool was_told_ = false;    // the loop took events of this ring once
  bool is_behind_ = false;   // there is more than was reported
  bool is_full_ = false;     // answers bring only what is reported already
  MonoTime not_before_{};
  std::optional<MonoTime> ack_since_;       // held, not acknowledged
  std::optional<MonoTime> reported_since_;  // reported, not held
};

}  // namespace strongroom
