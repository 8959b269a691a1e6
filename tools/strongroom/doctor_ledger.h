// SPDX-License-Identifier: Apache-2.0
// Doctor's look at a ledger.
#pragma once

#include <filesystem>

#include "tools/strongroom/examination.h"
#include "tools/strongroom/parts.h"

namespace strongroom {

/// Configuration, keys, certificates, stores, guard, disks, broker and the
/// running ledger.
void examine_ledger(Examination& examination,
                    const std::filesystem::path& config_file,
                    Now now);

}  // namespace strongroom
