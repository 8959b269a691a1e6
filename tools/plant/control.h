// SPDX-License-Identifier: Apache-2.0
// Lines of control, over a Unix socket or standard input.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "tools/plant/plant.h"
#include "tools/plant/service.h"

namespace strongroom::plant {

/// A Unix stream socket at `path`, which goes with the service. Each line gets
/// a line back: the reply, or "error: ...". A socket that nobody serves any
/// more is replaced. `plant` outlives it.
Result<std::unique_ptr<Service>> open_control(const std::string& path,
                                              Plant& plant);

/// Replies go to standard output. Its end is not the end of the plant.
std::unique_ptr<Service> read_standard_input(Plant& plant);

}  // namespace strongroom::plant
