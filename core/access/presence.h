// SPDX-License-Identifier: Apache-2.0
// Who is where, and what is pending at a leaf: the part of a decision that
// earlier events made.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/access/policy.h"
#include "core/base/now.h"

namespace strongroom {

/// A badge that waits for another person's.
struct PendingSecond {
  std::string person;
  WallTime until{};
  CredentialFormat format{};
  CredentialBits bits;
};

struct Presence {
  /// Zone by person; a person who is nowhere known is not in it.
  std::map<std::string, std::string> zone_of;
  std::map<std::string, PendingSecond> second_at;  // by leaf
};

}  // namespace strongroom
