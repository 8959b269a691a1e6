// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "core/base/result.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// What a guard holds, read without its lock: for fsck and doctor beside a
/// running daemon. Faults: missing, not a guard.
Result<std::vector<GuardEntry>> read_guard(const std::filesystem::path& path);

}  // namespace strongroom
