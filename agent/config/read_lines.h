// SPDX-License-Identifier: Apache-2.0
// The part of agent.toml that says what is polled: lines, devices, computed
// points.
#pragma once

#include <filesystem>
#include <vector>

#include "agent/config/config.h"
#include "platform/config/config.h"

namespace strongroom {

/// Fills lines, computed and warnings of `config`. Errors are recorded by the
/// tables; those inside profiles are returned.
std::vector<ConfigError> read_lines(ConfigTable& root,
                                    const std::filesystem::path& profiles,
                                    AgentConfig& config);

}  // namespace strongroom
