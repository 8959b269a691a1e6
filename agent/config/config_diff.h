// SPDX-License-Identifier: Apache-2.0
// What a configuration that was read anew asks of a running agent. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"

namespace strongroom {

/// Lines by name, in the order of the file that they stand in. A line that
/// changed is in stop and in start.
struct ConfigDiff {
  std::vector<std::string> keep;   // not touched
  std::vector<std::string> stop;   // of the old configuration
  std::vector<std::string> start;  // of the new one
  /// Whether the devices, what is computed, or the windows changed.
  bool changes_devices = false;
  /// Keys whose new value counts only after a restart: "mqtt.uri".
  std::vector<std::string> needs_restart;

  bool is_empty() const {
    return stop.empty() && start.empty() && !changes_devices &&
           needs_restart.empty();
  }
};

/// Whether a line goes on as it is. Profiles are the same when their files'
/// bytes are.
bool same_line(const LineConfig& one, const LineConfig& other);

ConfigDiff diff_configs(const AgentConfig& running, const AgentConfig& wanted);

/// `wanted` as far as it can be had without a restart: what diff_configs names
/// in needs_restart stays as in `running`.
AgentConfig without_restart(const AgentConfig& running, AgentConfig wanted);

}  // namespace strongroom
