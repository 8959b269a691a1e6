// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "agent/http/health_parts.h"

namespace strongroom {
namespace {

const PanelLinkSnapshot* link_of(const std::vector<LineSnapshot>& lines,
                                 std::string_view name) {
  for (const LineSnapshot& line : lines) {
    const auto found =
        std::ranges::find(line.panels, name, &PanelLinkSnapshot::name);
    if (found != line.panels.end()) {
      return &*found;
    }
  }
  return nullptr;
}

// PanelStatus.flags.
constexpr std::uint32_t kTamper = 1U << 0U;
constexpr std::uint32_t kMainsLost = 1U << 1U;
constexpr std::uint32_t kSupplyLow = 1U << 2U;
constexpr std::uint32_t kFireInput = 1U << 3U;
constexpr std::uint32_t kFireReleased = 1U << 5U;

void add_link_reasons(const PanelSnapshot& panel,
                      const PanelLinkSnapshot* link,
                      std::vector<std::string>& reasons) {
  if (link != nullptr && link->is_silenced) {
    reasons.push_back(fmt::format(
        "panel {} is left alone while the journal cannot commit: its doors "
        "follow their offline rule",
        panel.name));
  } else if (panel.is_up == false) {
    reasons.push_back(fmt::format(
        "panel {} of line {} is down, its doors follow their offline rule{}{}",
        panel.name,
        panel.line,
        link == nullptr || link->error.empty() ? "" : ": ",
        link == nullptr ? "" : link->error));
  }
}

void add_state_reasons(const PanelSnapshot& panel,
                       std::vector<std::string>& reasons) {
  const std::uint32_t flags = panel.status ? panel.status->flags : 0;
  if (panel.is_fire_released && (flags & kFireInput) == 0) {
    reasons.push_back(
        fmt::format("panel {}: locks that fire released stay released until a "
                    "person ends it (strongroom panel lockdown --end-fire)",
                    panel.name));
  } else if (panel.is_under_fire) {
    reasons.push_back(
        fmt::format("panel {}: its fire input is active", panel.name));
  }
  if (panel.tests_only) {
    reasons.push_back(fmt::format(
        "panel {} is for tests only: what must survive a power cut does not",
        panel.name));
  }
  if (panel.list_capacity > 0 && panel.list_entries > panel.list_capacity) {
    reasons.push_back(fmt::format(
        "panel {} has room for {} of the {} credentials of its offline list: "
        "it keeps an older list",
        panel.name,
        panel.list_capacity,
        panel.list_entries));
  }
  const auto say = [&](std::uint32_t flag, std::string_view what) {
    if ((flags & flag) != 0) {
      reasons.push_back(fmt::format("panel {}: {}", panel.name, what));
    }
  };
  say(kTamper, "its case is open");
  say(kMainsLost, "it runs without mains");
  say(kSupplyLow, "its supply is low");
}

}  // namespace

void add_door_reasons(const AgentSnapshot& snapshot,
                      const std::vector<LineSnapshot>& lines,
                      std::vector<std::string>& reasons) {
  const DoorsSnapshot& doors = snapshot.doors;
  if (!doors.panels.empty() && !doors.has_policy) {
    reasons.emplace_back(
        "no policy is loaded ([access] of agent.toml): everybody is denied");
  }
  for (const PanelSnapshot& panel : doors.panels) {
    add_link_reasons(panel, link_of(lines, panel.name), reasons);
    add_state_reasons(panel, reasons);
  }
}

nlohmann::json panels_json(const AgentSnapshot& snapshot,
                           const std::vector<LineSnapshot>& lines) {
  nlohmann::json out = nlohmann::json::array();
  for (const PanelSnapshot& panel : snapshot.doors.panels) {
    const PanelLinkSnapshot* link = link_of(lines, panel.name);
    nlohmann::json one = {
        {"line", panel.line},
        {"panel", panel.name},
        {"leaves", panel.leaves},
        {"up", panel.is_up ? nlohmann::json(*panel.is_up) : nlohmann::json()},
        {"silenced", link != nullptr && link->is_silenced},
        {"alone", panel.is_alone},
        {"under_fire", panel.is_under_fire},
        {"fire_released", panel.is_fire_released},
        {"lockdown", panel.lockdown},
        {"ring", fmt::format("{:08x}", panel.ring)},
        {"held_seq", panel.held_seq},
        {"events", panel.events},
        {"lost", panel.lost},
        {"lost_unknown", panel.lost_unknown},
        {"list_version", panel.list_version},
        {"list_entries", panel.list_entries},
        {"list_capacity", panel.list_capacity},
        {"error", link == nullptr ? "" : link->error}};
    if (panel.status) {
      const auto& leaves = panel.status->leaves;
      one["leaf_states"] =
          std::vector<int>(leaves.bytes, leaves.bytes + leaves.size);
      one["supply_mv"] = panel.status->supply_mv;
      one["flags"] = panel.status->flags;
    }
    out.push_back(std::move(one));
  }
  return out;
}

nlohmann::json link_json(const PanelLinkSnapshot& link) {
  return {{"name", link.name},
          {"unit_id", link.unit_id},
          {"up", link.is_up},
          {"silenced", link.is_silenced},
          {"board", link.board},
          {"firmware", link.firmware},
          {"tests_only", link.tests_only},
          {"fire_released", (link.state.flags & kFireReleased) != 0},
          {"config_version", fmt::format("{:08x}", link.config_version)},
          {"list_version", link.list_version},
          {"ring", fmt::format("{:08x}", link.ring)},
          {"held_seq", link.held_seq},
          {"newest_seq", link.newest_seq},
          {"polls", link.polls},
          {"exchanges", link.exchanges},
          {"repeats", link.repeats},
          {"invalid_answers", link.invalid_answers},
          {"sessions", link.sessions},
          {"frames_refused", link.state.frames_refused},
          {"error", link.error}};
}

}  // namespace strongroom
