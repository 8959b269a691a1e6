// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/agent_core.h"

namespace strongroom {

Result<std::string> AgentCore::follow(const FollowOrder&) {
  return fault("this agent cannot follow yet");
}

}  // namespace strongroom
