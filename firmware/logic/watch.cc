// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/watch.h"

namespace strongroom::panel {

bool MasterWatch::heard(std::uint64_t now_ms) {
  heard_ms_ = now_ms;
  const bool was_alone = is_alone_;
  is_alone_ = false;
  return was_alone;
}

bool MasterWatch::tick(std::uint32_t offline_after_ms, std::uint64_t now_ms) {
  if (is_alone_ || offline_after_ms == 0 ||
      now_ms - heard_ms_ < offline_after_ms) {
    return false;
  }
  is_alone_ = true;
  since_ms_ = now_ms;
  return true;
}

void RefusalWatch::refused(std::uint64_t now_ms) {
  std::uint64_t& oldest = newest_[total_ % kBurst];
  if (total_ >= kBurst - 1) {
    // The one seven before this one.
    const std::uint64_t first = newest_[(total_ + 1) % kBurst];
    is_burst_ = is_burst_ || now_ms - first <= kWithinMs;
  }
  oldest = now_ms;
  ++total_;
}

std::uint32_t RefusalWatch::tick(std::uint64_t now_ms) {
  if (!is_burst_ || (has_told_ && now_ms - told_ms_ < kPauseMs)) {
    return 0;
  }
  const std::uint32_t count = total_ - told_;
  told_ = total_;
  told_ms_ = now_ms;
  has_told_ = true;
  is_burst_ = false;
  return count;
}

}  // namespace strongroom::panel
