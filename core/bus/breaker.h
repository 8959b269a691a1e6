// SPDX-License-Identifier: Apache-2.0
// Whether a device is asked at all. One that answers nothing is only probed, so
// that it costs the others next to nothing (docs/decisions/0056).
#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/now.h"

namespace strongroom {

/// Of one device on one line.
class Breaker {
 public:
  /// `wants_haste`: the device has safety points.
  explicit Breaker(bool wants_haste) : wants_haste_(wants_haste) {}

  /// A whole poll without any answer.
  void poll_unanswered(MonoTime now);
  /// An answer, also one that refuses: the device is there. True when it was
  /// silent.
  bool heard();
  void probe_sent(MonoTime now) { probed_ = now; }

  bool is_silent() const { return is_silent_; }
  bool was_heard() const { return was_heard_; }
  /// Polls in vain since the last answer.
  std::uint32_t polls_in_vain() const { return polls_in_vain_; }
  MonoTime silent_since() const { return silent_since_; }

  // Of a silent device:
  /// When a probe is welcome that fits into idle time of the line.
  MonoTime probe_from() const;
  /// When it is sent as soon as nothing is due, whatever comes due meanwhile.
  MonoTime probe_soon() const;
  /// When it is sent however busy the line is.
  MonoTime probe_by() const;

 private:
  bool wants_haste_;
  bool was_heard_ = false;
  bool is_silent_ = false;
  std::uint32_t polls_in_vain_ = 0;
  MonoTime silent_since_{};
  MonoTime probed_{};
};

}  // namespace strongroom
