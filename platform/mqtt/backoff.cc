// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt/backoff.h"

#include <algorithm>

namespace strongroom {

Backoff::Millis Backoff::next(std::uint64_t random) {
  const auto span = static_cast<std::uint64_t>(ceiling_.count()) + 1;
  ceiling_ = std::min(ceiling_ * 2, max_);
  return Millis(static_cast<Millis::rep>(random % span));
}

void Backoff::session_ended(std::chrono::steady_clock::duration lasted) {
  if (lasted >= kStable) {
    ceiling_ = min_;
  }
}

}  // namespace strongroom
