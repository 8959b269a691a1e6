// SPDX-License-Identifier: Apache-2.0
// A pseudo-terminal under a name that stays.
#pragma once

#include <string>

#include "core/base/result.h"
#include "tools/plant/descriptor.h"

namespace strongroom::plant {

struct Terminal {
  Descriptor master;
  Descriptor slave;  // open, so that the master sees no hang-up
};

/// Raw, with a symbolic link to it. A link that is there is replaced, any other
/// file is a fault; who opens it removes the link.
Result<Terminal> open_terminal(const std::string& link);

}  // namespace strongroom::plant
