// SPDX-License-Identifier: Apache-2.0
// Panels and decisions on /health, /metrics and /bus.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/http/pages.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

class DoorPages : public ::testing::Test {
 protected:
  DoorPages() {
    snapshot_.source = "edge-1@bj1";
    snapshot_.at = {WallTime(1'780'000'000s), 200s, ClockQuality::kGood, 1us};
    DoorsSnapshot& doors = snapshot_.doors;
    doors.has_policy = true;
    doors.policy_version = 12;
    PanelSnapshot panel;
    panel.line = "line-2";
    panel.name = "door-1";
    panel.leaves = {"vault"};
    panel.is_up = true;
    panel.events = 9;
    panel.lost = 4;
    panel.list_entries = 3;
    panel.list_capacity = 256;
    panel.status = strongroom_panel_v1_PanelStatus_init_zero;
    doors.panels.push_back(panel);
    doors.decisions[strongroom_v1_AccessReason_ACCESS_REASON_GRANT] = 5;
    doors.orders = {5, 1, 0, 2};
    doors.unlock.add(120ms);
    doors.unlock.add(20ms);
    doors.unlock.add(9s);
    line_.name = "line-2";
    line_.kind = "rtu";
    line_.status.is_open = true;
    LinePanelStatus status;
    status.name = "door-1";
    status.round_trip_p99 = 12ms;
    line_.status.panels.push_back(status);
    PanelLinkSnapshot link;
    link.name = "door-1";
    link.unit_id = 3;
    link.is_up = true;
    link.board = "native";
    link.held_seq = 5;
    link.newest_seq = 7;
    line_.panels.push_back(link);
  }
  PageSources sources() {
    return {[this] { return std::make_shared<const AgentSnapshot>(snapshot_); },
            [this] { return std::vector<LineSnapshot>{line_}; },
            [] { return MqttCounters{}; },
            [] { return MonoTime(200s); }};
  }
  PanelSnapshot& panel() { return snapshot_.doors.panels[0]; }
  nlohmann::json health() {
    return nlohmann::json::parse(health_page(sources()).body);
  }
  /// The only reason.
  std::string reason() {
    const auto page = health();
    EXPECT_EQ(page["status"], "degraded");
    EXPECT_EQ(page["reasons"].size(), 1U) << page["reasons"];
    return page["reasons"].at(0);
  }

  AgentSnapshot snapshot_;
  LineSnapshot line_;
};

TEST_F(DoorPages, PanelThatIsUp_IsNoTrouble) {
  const auto page = health();
  EXPECT_EQ(page["status"], "ok") << page["reasons"];
  EXPECT_EQ(page["panels"][0]["panel"], "door-1");
  EXPECT_EQ(page["panels"][0]["up"], true);
  EXPECT_EQ(page["panels"][0]["lost"], 4);
  EXPECT_EQ(page["policy"]["version"], 12);
  panel().is_up.reset();  // not heard of yet: the start
  EXPECT_EQ(health()["status"], "ok");
}

TEST_F(DoorPages, EveryTrouble_IsSaidInWords) {
  panel().is_up = false;
  line_.panels[0].error = "no answer";
  EXPECT_EQ(reason(),
            "panel door-1 of line line-2 is down, its doors follow their "
            "offline rule: no answer");
  line_.panels[0].is_silenced = true;
  EXPECT_NE(reason().find("left alone while the journal cannot commit"),
            std::string::npos);
  line_.panels[0].is_silenced = false;
  panel().is_up = true;
  snapshot_.doors.has_policy = false;
  EXPECT_NE(reason().find("no policy is loaded"), std::string::npos);
  snapshot_.doors.has_policy = true;
  panel().is_under_fire = true;
  EXPECT_NE(reason().find("fire input"), std::string::npos);
  panel().is_fire_released = true;
  EXPECT_NE(reason().find("until a person ends it"), std::string::npos);
  panel().is_under_fire = panel().is_fire_released = false;
  panel().tests_only = true;
  EXPECT_NE(reason().find("for tests only"), std::string::npos);
  panel().tests_only = false;
  panel().list_entries = 300;
  EXPECT_NE(reason().find("room for 256 of the 300"), std::string::npos);
  panel().list_entries = 3;
  const std::vector<std::string> flags = {
      "its case is open", "without mains", "supply is low"};
  for (std::size_t bit = 0; bit < flags.size(); ++bit) {
    panel().status->flags = 1U << bit;
    EXPECT_NE(reason().find(flags[bit]), std::string::npos);
  }
  panel().status->flags = 0;
  EXPECT_EQ(health()["status"], "ok");
}

TEST_F(DoorPages, WithoutPanels_APolicyIsNotMissed) {
  snapshot_.doors = {};
  line_.panels.clear();
  EXPECT_EQ(health()["status"], "ok");
}

TEST_F(DoorPages, Metrics_HaveEveryPanelAndEveryEnd) {
  const std::string text = metrics_page(sources()).body;
  for (const char* line :
       {"strongroom_agent_panel_up{line=\"line-2\",panel=\"door-1\"} 1\n",
        "strongroom_agent_panel_events_total{line=\"line-2\",panel=\"door-1\"} "
        "9\n",
        "strongroom_agent_panel_lost_events_total{line=\"line-2\",panel=\"door-"
        "1\"} 4\n",
        "strongroom_agent_panel_waiting_events{line=\"line-2\",panel=\"door-1\""
        "} 2\n",
        "strongroom_agent_panel_round_trip_p99_seconds{line=\"line-2\",panel="
        "\"door-1\"} 0.012\n",
        "strongroom_agent_orders_total{outcome=\"done\"} 5\n",
        "strongroom_agent_orders_total{outcome=\"unknown\"} 2\n",
        "strongroom_agent_policy_version 12\n",
        "# TYPE strongroom_agent_unlock_seconds histogram\n",
        "strongroom_agent_unlock_seconds_bucket{le=\"0.05\"} 1\n",
        "strongroom_agent_unlock_seconds_bucket{le=\"0.1\"} 1\n",
        "strongroom_agent_unlock_seconds_bucket{le=\"0.15\"} 2\n",
        "strongroom_agent_unlock_seconds_bucket{le=\"5\"} 2\n",
        "strongroom_agent_unlock_seconds_bucket{le=\"+Inf\"} 3\n",
        "strongroom_agent_unlock_seconds_count 3\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_NE(text.find("strongroom_agent_access_decisions_total{reason=\"grant"
                      "\"} 5\n"),
            std::string::npos)
      << text;
}

TEST_F(DoorPages, Bus_ShowsPanelsBesideDevices) {
  const auto page = nlohmann::json::parse(bus_page(sources()).body);
  const auto panel = page["lines"][0]["panels"][0];
  EXPECT_EQ(panel["name"], "door-1");
  EXPECT_EQ(panel["unit_id"], 3);
  EXPECT_EQ(panel["board"], "native");
  EXPECT_EQ(panel["newest_seq"], 7);
  EXPECT_EQ(panel["round_trip_p99_us"], 12'000);
  EXPECT_EQ(panel["state"], "unknown");
}

}  // namespace
}  // namespace strongroom
