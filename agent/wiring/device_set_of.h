// SPDX-License-Identifier: Apache-2.0
// What the loop is told of a configuration.
#pragma once

#include "agent/config/config.h"
#include "agent/loop/device_set.h"
#include "core/base/result.h"

namespace strongroom {

/// `policy`: nothing when nobody is to be let in.
DeviceSet device_set_of(const AgentConfig& config,
                        std::shared_ptr<const Policy> policy);

/// The policy that the configuration names; nothing when it names none. A
/// fault: it cannot be believed, or has errors.
Result<std::shared_ptr<const Policy>> policy_of(const AgentConfig& config);

}  // namespace strongroom
