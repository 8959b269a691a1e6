// SPDX-License-Identifier: Apache-2.0
// Entries as they are stored, batch by batch.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/log/merkle.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// Every log entry of a stored batch, its header last. The views point into
/// `row`. Faults: the bundle is damaged.
Result<std::vector<ByteView>> entries_of(const BatchRow& row);

/// Leaf hashes of the same.
Result<std::vector<Hash>> leaves_of(const BatchRow& row);

}  // namespace strongroom
