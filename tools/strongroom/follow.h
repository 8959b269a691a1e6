// SPDX-License-Identifier: Apache-2.0
// What an agent answers to an order to follow a successor, in words.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace strongroom {

/// What the pack proves: the report that stands before anything is done.
/// Faults: `reply` is no answer of /admin/follow.
Result<std::string> describe_proof(std::string_view reply);

/// What the agent says that it does now; empty after a dry run. Faults as
/// above.
Result<std::string> described_deed(std::string_view reply);

}  // namespace strongroom
