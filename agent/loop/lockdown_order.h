// SPDX-License-Identifier: Apache-2.0
// A person locks leaves down, or ends that, or ends a release by fire.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace strongroom {

struct LockdownOrder {
  std::string panel;
  /// By name: locked down from now on; the panel's others are not.
  std::vector<std::string> leaves;
  /// Locks that fire released lock again, where no fire input is active.
  bool end_fire = false;
  std::string person;
};

/// What ends a release by fire must not arrive in another fire.
inline constexpr std::chrono::seconds kLockdownLifetime{15};

/// What became of it, in words for the person who gave it.
using LockdownReply = std::function<void(const Result<std::string>&)>;

struct LockdownRequest {
  LockdownOrder order;
  LockdownReply reply;  // by the loop's thread, once; must not block
};

}  // namespace strongroom
