// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/now.h"

namespace strongroom {

/// Both clocks, and the kernel's opinion of the wall clock (adjtimex:
/// synchronised = good with its maximum error; once synchronised since boot =
/// coarse; never = unknown). Any thread.
Now read_clocks();

/// The monotonic clock of read_clocks() alone: no call into the kernel. Any
/// thread.
MonoTime read_monotonic();

}  // namespace strongroom
