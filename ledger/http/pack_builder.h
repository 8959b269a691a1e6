// SPDX-License-Identifier: Apache-2.0
// Builds the evidence pack of chosen entries: what a stranger needs to verify
// them offline (docs/formats/pack.md).
#pragma once

#include <set>

#include "core/pack/pack.h"
#include "ledger/http/log_access.h"

namespace strongroom {

/// The entries at `indices` with the headers that cover them, and from the
/// registry everything about the keys of their sources. A header that is asked
/// for brings the first event of its batch, which a pack must show with it.
/// Faults: an index is not in the log, what is stored cannot be read, or a
/// chosen entry or one of the registry is not the one that was signed.
Result<Pack> build_pack(LogAccess& access,
                        const PublishedLog& log,
                        const PublishedLog& registry,
                        const std::set<std::uint64_t>& indices);

}  // namespace strongroom
