// SPDX-License-Identifier: Apache-2.0
// Doctor's look at an agent.
#pragma once

#include "agent/config/config.h"
#include "tools/strongroom/parts.h"

namespace strongroom {

/// Keys, trust, certificates, clock, disk, journal, lines, profiles, broker,
/// and the running agent: config-warning, key-*, trust-*, tls-*,
/// disclosure-key, disk-*, quota-beyond-disk, admin-socket-mode, journal-*,
/// telemetry-lost, salvage-unfinished, succession-waiting, line-*, panel-*,
/// policy-*, profile-untried, rotation-unfinished, program-*, broker-*,
/// clock-*.
void examine_agent(Examination& examination,
                   const AgentConfig& config,
                   Now now);

/// What /bus and /health of the running agent say: line-latency,
/// journal-pressure, telemetry-lost, salvage-unfinished, succession-waiting.
void examine_running(Examination& examination, const AgentConfig& config);

/// config: every error of a configuration, with file and line.
void examine_config(Examination& examination,
                    const std::vector<ConfigError>& errors);

/// program-down, program-unwell, program-degraded: what GET /health of a
/// program says.
void examine_health(Examination& examination,
                    const std::string& program,
                    const std::string& host,
                    int port);

}  // namespace strongroom
