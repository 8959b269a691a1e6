// SPDX-License-Identifier: Apache-2.0
// What the loop is told of a configuration.
#pragma once

#include "agent/config/config.h"
#include "agent/loop/device_set.h"

namespace strongroom {

DeviceSet device_set_of(const AgentConfig& config);

}  // namespace strongroom
