// SPDX-License-Identifier: Apache-2.0
// What the agent asks, read with every bound. Its tag was right: what is wrong
// here is a fault of the agent's program, and must not become one of the door.
#pragma once

#include <cstdint>
#include <span>

#include "proto/panel.pb.h"

namespace strongroom::panel {

/// False: the order must not be executed; then it is taken out of the request,
/// and only its id left. What cannot be decoded at all leaves nothing else
/// either.
bool read_request(std::span<const std::uint8_t> body,
                  strongroom_panel_v1_PanelRequest& request);

}  // namespace strongroom::panel
