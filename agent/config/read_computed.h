// SPDX-License-Identifier: Apache-2.0
// [[computed]] of agent.toml.
#pragma once

#include <set>
#include <string>

#include "agent/config/config.h"
#include "platform/config/config.h"

namespace strongroom {

/// Appends one computed device to config.computed; config.lines is complete.
/// `names`: of all devices so far. Errors are recorded by the table.
void read_computed(ConfigTable& table,
                   std::set<std::string>& names,
                   AgentConfig& config);

}  // namespace strongroom
