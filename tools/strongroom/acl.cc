// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/acl.h"

#include <nlohmann/json.hpp>

namespace strongroom {

std::string make_acl(const std::vector<Source>& agents) {
  std::string acl =
      "# Written by `strongroom acl`; changes by hand are lost.\n"
      "user central/ledger\n"
      "topic read strongroom/v1/+/+/batch\n"
      "topic read strongroom/v1/+/+/status\n"
      "topic read strongroom/v1/+/+/live\n"
      "topic read strongroom/v1/+/+/reply\n"
      "topic write strongroom/v1/+/+/ack\n"
      "topic write strongroom/v1/+/+/share/#\n"
      "topic write strongroom/v1/+/+/command\n"
      "topic write strongroom/v1/+/committed/#\n";
  for (const Source& agent : agents) {
    const std::string own =
        "strongroom/v1/" + agent.site + "/" + agent.agent + "/";
    acl += "\nuser " + agent.site + "/" + agent.agent + "\n";
    for (const char* topic : {"batch", "status", "live", "reply"}) {
      acl += "topic write " + own + topic + "\n";
    }
    for (const char* topic : {"ack", "share/#", "command"}) {
      acl += "topic read " + own + topic + "\n";
    }
  }
  return acl;
}

Result<std::string> acl_from_state(std::string_view state_json) {
  const auto state = nlohmann::json::parse(state_json, nullptr, false);
  if (!state.is_object() || !state.contains("sources") ||
      !state["sources"].is_array()) {
    return fault("the ledger's answer holds no list of sources");
  }
  std::vector<Source> agents;
  for (const auto& entry : state["sources"]) {
    const auto source = Source::parse(entry.value("source", std::string()));
    if (!source) {
      return fault("the ledger's answer names a source that is no name");
    }
    bool usable = false;
    for (const auto& key : entry.value("keys", nlohmann::json::array())) {
      usable = usable || !key.value("revoked", false);
    }
    if (usable && !source->is_console()) {
      agents.push_back(*source);
    }
  }
  return make_acl(agents);
}

}  // namespace strongroom
