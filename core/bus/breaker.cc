// SPDX-License-Identifier: Apache-2.0
#include "core/bus/breaker.h"

namespace strongroom {
namespace {

constexpr std::uint32_t kPollsInVain = 3;
// The last leaves two seconds of the ten in which a return must be noticed, for
// the probe itself and those of others.
constexpr std::chrono::seconds kFrom{2};
constexpr std::chrono::seconds kSoon{4};
constexpr std::chrono::seconds kBy{8};
constexpr std::chrono::milliseconds kFromInHaste{500};
constexpr std::chrono::milliseconds kSoonInHaste{900};

}  // namespace

void Breaker::poll_unanswered(MonoTime now) {
  ++polls_in_vain_;
  if (!is_silent_ && polls_in_vain_ >= kPollsInVain) {
    is_silent_ = true;
    silent_since_ = now;
    probed_ = now;
  }
}

bool Breaker::heard() {
  const bool was_silent = is_silent_;
  was_heard_ = true;
  is_silent_ = false;
  polls_in_vain_ = 0;
  return was_silent;
}

MonoTime Breaker::probe_from() const {
  return probed_ + (wants_haste_ ? MonoTime(kFromInHaste) : MonoTime(kFrom));
}

MonoTime Breaker::probe_soon() const {
  return probed_ + (wants_haste_ ? MonoTime(kSoonInHaste) : MonoTime(kSoon));
}

MonoTime Breaker::probe_by() const {
  return probed_ + kBy;
}

}  // namespace strongroom
