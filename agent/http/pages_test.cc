// SPDX-License-Identifier: Apache-2.0
#include "agent/http/pages.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>

namespace strongroom {
namespace {

using namespace std::chrono_literals;

class PagesTest : public ::testing::Test {
 protected:
  PagesTest() {
    snapshot_.source = "edge-1@bj1";
    snapshot_.version = "0.1.0";
    snapshot_.epoch = 0xabc;
    snapshot_.started = 100s;
    snapshot_.at = {WallTime(1'780'000'000s), 200s, ClockQuality::kGood, 1us};
    snapshot_.invalid_acks = 1;
    for (const Stream stream : kAgentStreams) {
      StreamSnapshot& one = snapshot_.streams[slot_of(stream)];
      one.name = stream_name(stream);
      one.tail = 10;
      one.delivered = 7;
      one.backlog = 3;
      one.state = "sending";
      one.sender.refuted = 2;
    }
    snapshot_.devices.push_back(
        {"line-1", "room-1", 5, 1, WallTime(1'780'000'000s), 3ms, ""});
    line_.name = "line-1";
    line_.kind = "rtu";
    line_.endpoint = "/dev/ttyS1";
    line_.low_latency = LowLatency::kSet;
    line_.counters.requests = 9;
    line_.status.is_open = true;
    line_.status.busy = 1500ms;
    LineDeviceStatus device;
    device.name = "room-1";
    device.unit_id = 7;
    device.state = DeviceState::kAnswering;
    device.counters.requests = 6;
    device.counters.late_bytes = 4;
    device.round_trip_p99 = 12ms;
    device.timeout = 80ms;
    device.requests_per_poll = {0, 2, 1};
    device.refused = {{RegisterKind::kInput, 3, 4}};
    line_.status.devices.push_back(device);
    line_.profiles["room-1"] = "xy-md02";
  }

  PageSources sources() {
    return {[this] { return std::make_shared<const AgentSnapshot>(snapshot_); },
            [this] { return std::vector<LineSnapshot>{line_}; },
            [] { return MqttCounters{}; },
            [this] { return now_; },
            [this] { return configuration_; }};
  }
  // Line and device stand still since `ago`.
  void is_down_since(std::chrono::seconds ago) {
    line_.status.is_open = false;
    line_.status.error = "no such port \xff";
    snapshot_.devices[0].last_good = snapshot_.at.wall - ago;
  }
  void is_silent_since(std::chrono::seconds ago) {
    line_.status.devices[0].state = DeviceState::kSilent;
    snapshot_.devices[0].last_good = snapshot_.at.wall - ago;
  }
  nlohmann::json health() {
    const HttpResponse response = health_page(sources());
    auto out = nlohmann::json::parse(response.body);
    EXPECT_EQ(out["status"] == "failed", response.status == 503);
    EXPECT_EQ(out["status"] == "ok", out["reasons"].empty());
    return out;
  }

  AgentSnapshot snapshot_;
  LineSnapshot line_;
  ReloadStatus configuration_;
  MonoTime now_ = 201s;
};

TEST_F(PagesTest, Health_WhenAllIsWell) {
  const auto page = health();
  EXPECT_EQ(page["status"], "ok");
  EXPECT_EQ(page["source"], "edge-1@bj1");
  EXPECT_EQ(page["epoch"], "0000000000000abc");
  EXPECT_EQ(page["backlog"], 6);
  EXPECT_EQ(page["delivered"]["telemetry"], 7);
  EXPECT_EQ(page["acks_refuted"], 5);
  EXPECT_EQ(page["devices"][0]["device"], "room-1");
}

TEST_F(PagesTest, Health_JournalFailsForFiveSeconds) {
  snapshot_.journal.failing_since = 198s;
  snapshot_.journal.error = "disk full \xff";
  EXPECT_EQ(health()["status"], "ok") << "3 s";
  now_ = 203s;
  const auto page = health();
  EXPECT_EQ(page["status"], "failed");
  EXPECT_NE(page["reasons"][0].get<std::string>().find("disk full"),
            std::string::npos);
}

TEST_F(PagesTest, Health_LoopStandsStill) {
  now_ = 211s;
  EXPECT_EQ(health()["status"], "failed");
}

TEST_F(PagesTest, Health_LedgerRefuses) {
  snapshot_.streams[0].blocked_by = "revoked";
  EXPECT_EQ(health()["reasons"][0], "the ledger refuses record: revoked");
}

TEST_F(PagesTest, Health_SuccessorThatWaits_SaysWhatToDo) {
  snapshot_.streams[1].blocked_by = "succeeded";
  const auto page = health();
  EXPECT_EQ(page["status"], "failed");
  EXPECT_NE(page["reasons"][0].get<std::string>().find("strongroom follow"),
            std::string::npos);
}

TEST_F(PagesTest, Health_PolicyThatWasRefusedAtTheStart_IsAReason) {
  configuration_.policy_fault = "policy.toml.sig: no such file";
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_NE(page["reasons"][0].get<std::string>().find("policy.toml.sig"),
            std::string::npos);
}

TEST_F(PagesTest, Health_LongerWindows_AreAReason) {
  snapshot_.space.configured_length = 60s;
  snapshot_.space.window_length = 60s;
  EXPECT_EQ(health()["status"], "ok");
  snapshot_.space.level = 2;
  snapshot_.space.window_length = 15min;
  auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_EQ(page["reasons"][0],
            "the journal fills: windows are 900 s long instead of 60 s");
  snapshot_.space.configured_length = 0s;
  EXPECT_EQ(health()["reasons"][0],
            "the journal fills: windows are 900 s long instead of a poll");
}

TEST_F(PagesTest, Health_LossIsAReason_UntilItIsPassed) {
  snapshot_.space.losses = 2;
  snapshot_.space.lost_events = 70;
  EXPECT_EQ(health()["status"], "ok") << "proven, and what follows it too";
  snapshot_.space.losses_ahead = 1;
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_NE(page["reasons"][0].get<std::string>().find("70 events"),
            std::string::npos);
}

TEST_F(PagesTest, Health_JournalOverItsQuota_IsAReason) {
  snapshot_.space.quota.quota_bytes = 4U << 20U;
  snapshot_.space.usage.used_bytes = 4U << 20U;
  EXPECT_EQ(health()["status"], "ok");
  ++snapshot_.space.usage.used_bytes;
  EXPECT_NE(health()["reasons"][0].get<std::string>().find("4 MiB"),
            std::string::npos);
}

TEST_F(PagesTest, Health_UnfinishedSalvage_IsAReason) {
  snapshot_.streams[0].salvage_pending = 12;
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_EQ(page["reasons"][0],
            "12 events of record of a refused epoch are still to be told "
            "again");
  EXPECT_EQ(page["streams"]["record"]["salvage_pending"], 12);
}

TEST_F(PagesTest, Health_ShowsWhatTheJournalTakes) {
  snapshot_.space.usage = {1000, {10, 20}, {30, 40}};
  snapshot_.space.quota.quota_bytes = 2000;
  snapshot_.space.window_length = 60s;
  const auto journal = health()["journal"];
  EXPECT_EQ(journal["used_bytes"], 1000);
  EXPECT_EQ(journal["quota_bytes"], 2000);
  EXPECT_EQ(journal["owed_bytes"]["record"], 10);
  EXPECT_EQ(journal["owed_bytes"]["telemetry"], 20);
  EXPECT_EQ(journal["kept_bytes"]["record"], 30);
  EXPECT_EQ(journal["kept_bytes"]["telemetry"], 40);
  EXPECT_EQ(journal["window_ms"], 60'000);
  EXPECT_EQ(journal["pressure"], 0);
}

TEST_F(PagesTest, Health_LineThatStaysDown_IsAReason_NotAFailure) {
  is_down_since(29s);
  EXPECT_EQ(health()["status"], "ok") << "it may come back by itself";
  is_down_since(30s);
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  ASSERT_EQ(page["reasons"].size(), 1U);
  EXPECT_TRUE(page["reasons"][0].get<std::string>().starts_with(
      "line line-1 cannot be opened: no such port"));
}

TEST_F(PagesTest, Health_SilentDevice_SaysSinceWhen) {
  is_silent_since(29s);
  EXPECT_EQ(health()["status"], "ok");
  is_silent_since(100s);
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_EQ(page["reasons"][0],
            "device room-1 of line line-1 is silent since "
            "2026-05-28T20:25:00Z");
}

TEST_F(PagesTest, Health_DeviceThatNeverAnswered_IsAReasonAfterAWhile) {
  is_silent_since(0s);
  snapshot_.devices[0].last_good.reset();
  snapshot_.started = snapshot_.at.monotonic - 29s;
  EXPECT_EQ(health()["status"], "ok");
  snapshot_.started = snapshot_.at.monotonic - 30s;
  EXPECT_EQ(health()["reasons"][0],
            "device room-1 of line line-1 has not answered yet");
}

TEST_F(PagesTest, Health_AnsweringDevicePolledSeldom_IsNoReason) {
  snapshot_.devices[0].last_good = snapshot_.at.wall - 1h;
  EXPECT_EQ(health()["status"], "ok");
}

TEST_F(PagesTest, Health_RefusedConfiguration_IsAReason) {
  configuration_.reloads = 3;
  configuration_.refused = {"agent.toml:3: wrong", "agent.toml:9: wrong too"};
  const auto page = health();
  EXPECT_EQ(page["status"], "degraded");
  EXPECT_EQ(page["reasons"][0],
            "configuration refused, the older one stays in force: "
            "agent.toml:3: wrong (and 1 more)");
  EXPECT_EQ(page["configuration"]["reloads"], 3);
}

TEST_F(PagesTest, Health_FailureAndTrouble_AreBothNamed) {
  is_silent_since(100s);
  now_ = 211s;
  const auto page = health();
  EXPECT_EQ(page["status"], "failed");
  EXPECT_EQ(page["reasons"].size(), 2U);
}

TEST_F(PagesTest, Health_KeysThatNeedARestart_AreShown_AndNoReason) {
  configuration_.needs_restart = {"mqtt.uri"};
  const auto page = health();
  EXPECT_EQ(page["status"], "ok");
  EXPECT_EQ(page["configuration"]["needs_restart"][0], "mqtt.uri");
}

TEST_F(PagesTest, Bus_ShowsLinesAndDevices) {
  snapshot_.devices[0].error = "no answer \xff";
  const HttpResponse response = bus_page(sources());
  EXPECT_EQ(response.status, 200);
  const auto page = nlohmann::json::parse(response.body);
  ASSERT_EQ(page["lines"].size(), 1U);
  const auto& line = page["lines"][0];
  EXPECT_EQ(line["name"], "line-1");
  EXPECT_EQ(line["kind"], "rtu");
  EXPECT_EQ(line["endpoint"], "/dev/ttyS1");
  EXPECT_EQ(line["connected"], true);
  EXPECT_EQ(line["low_latency"], "set");
  EXPECT_EQ(line["busy_us"], 1'500'000);
  const auto& device = line["devices"][0];
  EXPECT_EQ(device["name"], "room-1");
  EXPECT_EQ(device["unit_id"], 7);
  EXPECT_EQ(device["profile"], "xy-md02");
  EXPECT_EQ(device["state"], "answering");
  EXPECT_EQ(device["requests"], 6);
  EXPECT_EQ(device["late_bytes"], 4);
  EXPECT_EQ(device["round_trip_p99_us"], 12'000);
  EXPECT_EQ(device["timeout_us"], 80'000);
  EXPECT_EQ(device["requests_per_poll"], nlohmann::json({0, 2, 1}));
  EXPECT_EQ(device["refused"][0]["function"], 4);
  EXPECT_EQ(device["refused"][0]["last"], 4);
  EXPECT_TRUE(device["error"].get<std::string>().starts_with("no answer"));
}

TEST_F(PagesTest, Bus_BeforeTheFirstTurn_IsShownWithoutErrors) {
  PageSources none = sources();
  none.agent = [] { return nullptr; };
  const auto page = nlohmann::json::parse(bus_page(none).body);
  EXPECT_EQ(page["lines"][0]["devices"][0]["error"], "");
}

TEST_F(PagesTest, BeforeTheFirstTurn_Both503) {
  PageSources none = sources();
  none.agent = [] { return nullptr; };
  EXPECT_EQ(health_page(none).status, 503);
  EXPECT_EQ(metrics_page(none).status, 503);
}

TEST_F(PagesTest, Metrics_ArePrometheusText) {
  snapshot_.space.usage = {1000, {10, 20}, {30, 40}};
  snapshot_.space.level = 3;
  snapshot_.space.window_length = 60min;
  snapshot_.streams[1].salvage_pending = 9;
  const HttpResponse page = metrics_page(sources());
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  const std::regex line(
      R"(# HELP \w+ .+|# TYPE \w+ (counter|gauge|histogram)|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+)");
  std::istringstream lines(page.body);
  int count = 0;
  for (std::string text; std::getline(lines, text); ++count) {
    EXPECT_TRUE(std::regex_match(text, line)) << text;
  }
  EXPECT_GT(count, 80);
  for (const char* sample :
       {"strongroom_agent_backlog_events{stream=\"telemetry\"} 3\n",
        "strongroom_agent_refuted_acks_total{stream=\"record\"} 2\n",
        R"(device_polls_total{line="line-1",device="room-1"} 5)",
        "strongroom_agent_line_requests_total{line=\"line-1\"} 9\n",
        "strongroom_agent_line_busy_seconds_total{line=\"line-1\"} 1.5\n",
        R"(device_requests_total{line="line-1",device="room-1"} 6)",
        R"(device_silent{line="line-1",device="room-1"} 0)",
        R"(device_timeout_seconds{line="line-1",device="room-1"} 0.08)",
        R"(device_refused_ranges{line="line-1",device="room-1"} 1)",
        "strongroom_agent_journal_used_bytes 1000\n",
        "strongroom_agent_journal_pressure 3\n",
        "strongroom_agent_window_seconds 3600\n",
        "strongroom_agent_journal_owed_bytes{stream=\"telemetry\"} 20\n",
        "strongroom_agent_journal_kept_bytes{stream=\"record\"} 30\n",
        "strongroom_agent_salvage_pending_events{stream=\"telemetry\"} 9\n",
        "strongroom_agent_config_reload_failed 0\n",
        "strongroom_agent_info{source=\"edge-1@bj1\",version=\"0.1.0\"} 1\n"}) {
    EXPECT_NE(page.body.find(sample), std::string::npos) << sample;
  }
}

}  // namespace
}  // namespace strongroom
