// SPDX-License-Identifier: Apache-2.0
#include "agent/admin/admin_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace strongroom {
namespace {

using nlohmann::json;

std::string body(const std::string& member = "",
                 const std::string& value = "") {
  json object = {
      {"pack", "AQID"}, {"first_person", "anna"}, {"second_person", "bo"}};
  std::string text = object.dump();
  if (!member.empty()) {
    object.erase(member);
    text = object.dump();
    if (!value.empty()) {
      text.insert(1, fmt::format("\"{}\":{},", member, value));
    }
  }
  return text;
}

TEST(FollowRequest, IsReadWhole) {
  const auto request = parse_follow_body(body());
  ASSERT_TRUE(request) << request.error().what;
  EXPECT_EQ(to_hex(request->pack), "010203");
  EXPECT_EQ(request->first_person, "anna");
  EXPECT_EQ(request->second_person, "bo");
  EXPECT_FALSE(request->dry_run) << "what is asked for is done";
  const auto dry = parse_follow_body(body("dry_run", "true"));
  ASSERT_TRUE(dry) << dry.error().what;
  EXPECT_TRUE(dry->dry_run);
}

struct Mistake {
  std::string body;
  const char* says;
};

class FollowMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(FollowMistake, IsNamed) {
  const auto request = parse_follow_body(GetParam().body);
  ASSERT_FALSE(request);
  EXPECT_NE(request.error().what.find(GetParam().says), std::string::npos)
      << request.error().what;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    FollowMistake,
    ::testing::Values(
        Mistake{"", "JSON object"},
        Mistake{"{", "JSON object"},
        Mistake{"[]", "JSON object"},
        Mistake{"null", "JSON object"},
        Mistake{std::string(100'000, '['), "JSON object"},
        Mistake{std::string("{\"pack\":\"\0\"}", 13), "JSON object"},
        Mistake{body("pack"), "pack must be a text"},
        Mistake{body("pack", "{}"), "pack must be a text"},
        Mistake{body("pack", "[\"AQID\"]"), "pack must be a text"},
        Mistake{body("pack", "\"\""), "base64"},
        Mistake{body("pack", "\"A\""), "base64"},
        Mistake{body("pack", "\"AQI*\""), "base64"},
        Mistake{body("first_person"), "first_person"},
        Mistake{body("first_person", "7"), "first_person"},
        Mistake{body("second_person"), "second_person"},
        Mistake{body("second_person", "null"), "second_person"},
        Mistake{body("dry_run", "1"), "dry_run"},
        Mistake{body("dry_run", "\"true\""), "dry_run"},
        Mistake{body("force", "true"), "unknown member \"force\""},
        Mistake{body(std::string(500, 'x'), "1"), "unknown member \"xxx"}),
    [](const auto& at) { return "Number" + std::to_string(at.index); });

TEST(FollowRequest, PackOverTheBound_IsRefused) {
  const auto with = [](std::size_t size) {
    return parse_follow_body(
        body("pack", "\"" + to_base64(Bytes(size)) + "\""));
  };
  EXPECT_TRUE(with(kMaxFollowPack));
  const auto request = with(kMaxFollowPack + 1);
  ASSERT_FALSE(request);
  EXPECT_NE(request.error().what.find("1048577 bytes"), std::string::npos)
      << request.error().what;
}

TEST(FollowJson, SaysWhatIsProvenAndWhatBecomesOfIt) {
  FollowOrder order;
  order.stream = Stream::kTelemetry;
  order.predecessor = {"ledger.example", "bj1", Stream::kTelemetry, 1};
  order.successor = {"ledger.example", "bj1", Stream::kTelemetry, 2};
  order.frozen_size = 900;
  order.frozen_root.fill(0xab);
  order.signed_size = 1000;
  order.chains = {{0xabc, 42, {}, false}, {7, 9, {}, true}};
  order.first_person = "anna";
  order.second_person = "bo";
  const auto said = json::parse(follow_json(order, "17 events go again"));
  EXPECT_EQ(said["done"], "17 events go again");
  EXPECT_EQ(said["stream"], "telemetry");
  EXPECT_EQ(said["predecessor"], "ledger.example/bj1/telemetry/1");
  EXPECT_EQ(said["successor"], "ledger.example/bj1/telemetry/2");
  EXPECT_EQ(said["frozen_size"], 900);
  EXPECT_EQ(said["frozen_root"].get<std::string>().substr(0, 4), "abab");
  EXPECT_EQ(said["signed_size"], 1000);
  EXPECT_EQ(said["chains"][0]["epoch"], "0000000000000abc");
  EXPECT_EQ(said["chains"][0]["next_seq"], 42);
  EXPECT_EQ(said["chains"][1]["closed"], true);
  EXPECT_EQ(said["persons"], json({"anna", "bo"}));
  EXPECT_EQ(json::parse(follow_json(order, ""))["done"], "");
}

TEST(LockdownBody, SaysWhichLeavesAndWho) {
  const auto order = parse_lockdown_body(
      R"({"panel":"door-1","leaves":"vault,cage","end_fire":true,"person":"li"})");
  ASSERT_TRUE(order) << order.error().what;
  EXPECT_EQ(order->panel, "door-1");
  EXPECT_EQ(order->leaves, (std::vector<std::string>{"vault", "cage"}));
  EXPECT_TRUE(order->end_fire);
  EXPECT_EQ(order->person, "li");
  const auto none =
      parse_lockdown_body(R"({"panel":"door-1","leaves":"","person":"li"})");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->leaves.empty());
  EXPECT_FALSE(none->end_fire);
}

TEST(LockdownBody, OfAnotherForm_IsRefused) {
  for (const char* body :
       {"",
        "[]",
        R"({"panel":"door-1","leaves":""})",
        R"({"panel":"door-1","person":"li"})",
        R"({"panel":"door-1","leaves":[],"person":"li"})",
        R"({"panel":"door-1","leaves":"","person":""})",
        R"({"panel":"door-1","leaves":"","person":"li wei"})",
        R"({"panel":"door-1","leaves":"","person":"li","end_fire":1})",
        R"({"panel":"door-1","leaves":"","person":"li","endfire":true})"}) {
    EXPECT_FALSE(parse_lockdown_body(body)) << body;
  }
}

TEST(StateJson, SurvivesTextsThatAreNoUtf8) {
  AgentSnapshot snapshot;
  snapshot.source = "edge-1@bj1";
  snapshot.epoch = 0xabc;
  snapshot.journal.error = "disk full \xff";
  snapshot.streams[0].name = "record";
  snapshot.streams[0].blocked_by = "succeeded";
  snapshot.streams[1].name = "telemetry";
  snapshot.streams[1].delivered = 4;
  EXPECT_FALSE(json::parse(state_json(snapshot)).contains("followed"));
  snapshot.followed = {.stream = Stream::kTelemetry,
                       .at = WallTime(std::chrono::seconds(3)),
                       .successor = "ledger.example/bj1/telemetry/2",
                       .resend_events = 5};
  const auto said = json::parse(state_json(snapshot));
  EXPECT_EQ(said["epoch"], "0000000000000abc");
  EXPECT_EQ(said["streams"]["record"]["blocked_by"], "succeeded");
  EXPECT_EQ(said["streams"]["telemetry"]["delivered"], 4);
  EXPECT_EQ(said["followed"]["stream"], "telemetry");
  EXPECT_EQ(said["followed"]["at_ms"], 3000);
  EXPECT_EQ(said["followed"]["resend_events"], 5);
}

}  // namespace
}  // namespace strongroom
