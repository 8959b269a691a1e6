// SPDX-License-Identifier: Apache-2.0
// Where the plant's lines are found: TCP ports and pseudo-terminals.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "tools/plant/plant.h"
#include "tools/plant/service.h"

namespace strongroom::plant {

/// Listens as the line of the plant's scene says, for any number of clients,
/// and tells the plant where it is found. An unplugged line closes the port and
/// every connection; replugged, it is back at the same. `plant` outlives it.
Result<std::unique_ptr<Service>> open_tcp_line(Plant& plant, std::size_t line);

/// A pseudo-terminal with a symbolic link to it, which goes with the service.
/// An existing link is replaced, any other file is a fault. Unplugged, link and
/// terminal are gone; replugged, a new terminal is under the same link. `plant`
/// outlives it.
Result<std::unique_ptr<Service>> open_rtu_line(Plant& plant, std::size_t line);

Result<std::unique_ptr<Service>> open_line(Plant& plant, std::size_t line);

}  // namespace strongroom::plant
