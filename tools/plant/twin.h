// SPDX-License-Identifier: Apache-2.0
// The twin of an agent's configuration: a scene with every line and device of
// it, to try the configuration on before the hardware is there. Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "core/base/result.h"

namespace strongroom::plant {

struct TwinOptions {
  std::uint16_t port_base = 15020;       // of the first TCP line, then counting
  std::filesystem::path link_directory;  // absolute
  std::filesystem::path profiles;        // empty: the installed ones
};

/// Where the agent finds a line of the twin.
struct TwinLine {
  std::string name;  // of the agent's line
  LineKind kind = LineKind::kTcp;
  std::uint16_t port = 0;  // tcp, on 127.0.0.1
  std::string link;        // rtu
};

struct Twin {
  std::vector<TwinLine> lines;  // in the agent's order
  std::string scene;            // text of the scene file
};

/// Refused: more TCP lines than there are ports.
Result<Twin> twin_of(const AgentConfig& config, const TwinOptions& options);

/// What to change in the agent's configuration, a line of text each.
std::string twin_changes(const AgentConfig& config, const Twin& twin);

/// The text of agent.toml with host, port and serial of its lines those of the
/// twin; everything else, comments too, as it was. Lines that are not written
/// as
/// [[line]] tables stay: the caller reads the result and sees.
std::string with_twin_lines(std::string_view agent_toml, const Twin& twin);

/// Whether a configuration asks the twin.
bool asks_twin(const AgentConfig& config, const Twin& twin);

}  // namespace strongroom::plant
