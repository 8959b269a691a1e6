// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/doctor_panels.h"

#include <algorithm>
#include <optional>

#include "platform/policy/policy_file.h"

namespace strongroom {
namespace {

// Whatever another program may have answered.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

std::uint64_t number_of(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : 0;
}

// Nothing: the page does not say.
std::optional<bool> flag_of(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_boolean()
             ? std::optional(found->get<bool>())
             : std::nullopt;
}

bool has_panels(const AgentConfig& config) {
  return std::ranges::any_of(config.lines, [](const LineConfig& line) {
    return !line.panels.empty();
  });
}

void examine_policy(Examination& examination, const AgentConfig& config) {
  if (config.policy.empty()) {
    if (has_panels(config)) {
      examination.warn("policy-missing",
                       "there are panels and no [access] policy: everybody is "
                       "denied",
                       "Write one, sign it with `strongroom policy sign`, and "
                       "name it in agent.toml.");
    }
    return;
  }
  const auto key = load_policy_key(config.policy_key);
  const auto policy = key ? load_policy(config.policy, *key)
                          : Result<Policy>(std::unexpected(key.error()));
  if (!policy) {
    examination.ill("policy-refused",
                    policy.error().what,
                    "Mend the policy and sign it again; the agent does not "
                    "start with one that it cannot believe, and a reload "
                    "keeps the older one.");
    return;
  }
  examination.healthy("policy version " + std::to_string(policy->version));
}

}  // namespace

void examine_panels(Examination& examination, const AgentConfig& config) {
  AgentConfig with_keys = config;
  const auto errors = load_panel_keys(with_keys);
  for (const ConfigError& error : errors) {
    examination.ill("panel-key",
                    error.text(),
                    "`strongroom panel keygen` makes one, `strongroom panel "
                    "commission` gives it to the panel; mode 0600, owned by "
                    "the agent's account.");
  }
  if (errors.empty() && has_panels(config)) {
    examination.healthy("keys of panels");
  }
  examine_policy(examination, config);
}

void examine_running_panels(Examination& examination,
                            const nlohmann::json& health) {
  const auto panels = health.find("panels");
  if (panels == health.end() || !panels->is_array()) {
    return;
  }
  for (const auto& panel : *panels) {
    const std::string name = "panel " + text_of(panel, "panel");
    if (flag_of(panel, "silenced") == true) {
      examination.ill("panel-silenced",
                      name + " is left alone: the journal cannot commit",
                      "See to the journal's disk; its doors follow their "
                      "offline rule meanwhile.");
    } else if (flag_of(panel, "up") == false) {
      examination.ill(
          "panel-down",
          name + " of line " + text_of(panel, "line") + ": " +
              text_of(panel, "error"),
          "Look at power and cable; compare unit, baud, parity and the key's "
          "fingerprint with `strongroom panel show` at its local port.");
    }
    const auto capacity = number_of(panel, "list_capacity");
    const auto entries = number_of(panel, "list_entries");
    if (capacity > 0 && entries > capacity) {
      examination.warn("panel-list",
                       name + " has room for " + std::to_string(capacity) +
                           " of " + std::to_string(entries) +
                           " credentials: it keeps an older list",
                       "Take a board with more room, or write offline = "
                       "\"deny\" for leaves that do not need the list.");
    }
  }
}

void examine_panel_links(Examination& examination, const nlohmann::json& line) {
  const auto panels = line.is_object() ? line.find("panels") : line.end();
  if (!line.is_object() || panels == line.end() || !panels->is_array()) {
    return;
  }
  for (const auto& panel : *panels) {
    const std::string name = "panel " + text_of(panel, "name");
    if (number_of(panel, "frames_refused") > 0) {
      examination.warn(
          "panel-frames",
          name + " refused " +
              std::to_string(number_of(panel, "frames_refused")) +
              " frames since it started",
          "Is another master, or another agent, on the line? Else look for "
          "who is: only this agent has the key.");
    }
    if (flag_of(panel, "tests_only") == true) {
      examination.warn("panel-tests-only",
                       name + " (" + text_of(panel, "board") +
                           ") is for tests: what must survive a power cut "
                           "does not",
                       "Never at a real door.");
    }
  }
}

}  // namespace strongroom
