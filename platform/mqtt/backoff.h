// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next connection attempt. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace strongroom {

/// Exponential with full jitter: a thousand agents that lost one broker at the
/// same instant come back spread over the whole interval.
class Backoff {
 public:
  using Millis = std::chrono::milliseconds;
  Backoff(Millis min, Millis max) : min_(min), max_(max), ceiling_(min) {}

  /// Only a session this long counts as stable. A broker that accepts and cuts
  /// us at once would otherwise be asked again at full speed for ever.
  static constexpr std::chrono::seconds kStable{30};

  /// A value below the ceiling, which then doubles up to the maximum.
  Millis next(std::uint64_t random);
  /// How long the session lasted that has just ended.
  void session_ended(std::chrono::steady_clock::duration lasted);

 private:
  Millis min_;
  Millis max_;
  Millis ceiling_;
};

}  // namespace strongroom
