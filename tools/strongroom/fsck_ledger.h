// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "tools/strongroom/command.h"

namespace strongroom {

/// `strongroom fsck ledger CONFIG`: prints what was checked, or the first bad
/// index and what differs.
void fsck_ledger(const std::filesystem::path& config, Outcome& outcome);

}  // namespace strongroom
