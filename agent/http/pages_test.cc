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
  }

  PageSources sources() {
    return {[this] { return std::make_shared<const AgentSnapshot>(snapshot_); },
            [] {
              return std::vector<LineSnapshot>{
                  {.name = "line-1", .connected = true, .requests = 9}};
            },
            [] { return MqttCounters{}; },
            [this] { return now_; }};
  }
  nlohmann::json health() {
    const HttpResponse response = health_page(sources());
    auto out = nlohmann::json::parse(response.body);
    EXPECT_EQ(out["status"] == "ok", response.status == 200);
    return out;
  }

  AgentSnapshot snapshot_;
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
  EXPECT_EQ(page["status"], "failing");
  EXPECT_NE(page["reasons"][0].get<std::string>().find("disk full"),
            std::string::npos);
}

TEST_F(PagesTest, Health_LoopStandsStill) {
  now_ = 211s;
  EXPECT_EQ(health()["status"], "failing");
}

TEST_F(PagesTest, Health_LedgerRefuses) {
  snapshot_.streams[0].blocked_by = "revoked";
  EXPECT_EQ(health()["reasons"][0], "the ledger refuses record: revoked");
}

TEST_F(PagesTest, BeforeTheFirstTurn_Both503) {
  PageSources none = sources();
  none.agent = [] { return nullptr; };
  EXPECT_EQ(health_page(none).status, 503);
  EXPECT_EQ(metrics_page(none).status, 503);
}

TEST_F(PagesTest, Metrics_ArePrometheusText) {
  const HttpResponse page = metrics_page(sources());
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  const std::regex line(
      R"(# HELP \w+ .+|# TYPE \w+ (counter|gauge)|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+)");
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
        "strongroom_agent_info{source=\"edge-1@bj1\",version=\"0.1.0\"} 1\n"}) {
    EXPECT_NE(page.body.find(sample), std::string::npos) << sample;
  }
}

}  // namespace
}  // namespace strongroom
