// SPDX-License-Identifier: Apache-2.0
// Through a real socket: what persons and strangers' bytes come to.
#include "agent/admin/admin_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/http_wire.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

using nlohmann::json;

class AdminApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_admin_routes(
        server_,
        {[this](const FollowBody& request) -> Result<FollowOrder> {
           ++read_;
           if (request.pack != Bytes{1, 2, 3}) {
             return fault("the pack does not verify");
           }
           FollowOrder order;
           order.predecessor = {"ledger.example", "bj1", Stream::kRecord, 1};
           order.successor = {"ledger.example", "bj1", Stream::kRecord, 2};
           order.first_person = request.first_person;
           order.second_person = request.second_person;
           return order;
         },
         [this](const FollowOrder& order) {
           EXPECT_EQ(order.second_person, "bo");
           ++followed_;
           return outcome_;
         },
         [this] { return snapshot_; },
         [this](const LockdownOrder& order) {
           EXPECT_EQ(order.person, "anna");
           EXPECT_EQ(order.leaves, std::vector<std::string>{"vault"});
           ++locked_down_;
           return outcome_;
         }});
    const auto listening = server_.listen_unix(socket_);
    ASSERT_TRUE(listening) << listening.error().what;
  }

  std::string ask(const std::string& text) const {
    HttpWire wire(socket_);
    wire.send(text);
    return wire.receive();
  }
  std::string post(const std::string& body,
                   const std::string& route = "POST /admin/follow") const {
    return ask(request(route,
                       "Content-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n") +
               body);
  }
  std::string follow(const std::string& pack, bool dry_run = false) const {
    return post(json{
        {"pack", pack},
        {"first_person", "anna"},
        {"second_person", "bo"},
        {"dry_run",
         dry_run}}.dump());
  }

  TemporaryDirectory directory_;
  std::filesystem::path socket_ = directory_.path() / "admin.sock";
  HttpServer server_{admin_limits()};
  FollowOutcome outcome_ = "17 events go again";
  std::shared_ptr<const AgentSnapshot> snapshot_ =
      std::make_shared<const AgentSnapshot>();
  int read_ = 0;
  int followed_ = 0;
  int locked_down_ = 0;
};

TEST_F(AdminApiTest, Follow_IsReadThenAskedOfTheLoop) {
  const std::string response = follow("AQID");
  EXPECT_EQ(status_of(response), 200);
  EXPECT_TRUE(contains(response, "17 events go again"));
  EXPECT_EQ(followed_, 1);
}

TEST_F(AdminApiTest, DryRun_DoesNotReachTheLoop) {
  const std::string response = follow("AQID", true);
  EXPECT_EQ(status_of(response), 200);
  EXPECT_TRUE(contains(response, "\"done\":\"\""));
  EXPECT_TRUE(contains(response, "ledger.example/bj1/record/2"));
  EXPECT_EQ(followed_, 0);
}

TEST_F(AdminApiTest, PackThatProvesNothing_NeverReachesTheLoop) {
  const std::string response = follow("AQIE");
  EXPECT_EQ(status_of(response), 400);
  EXPECT_TRUE(contains(response, "does not verify"));
  EXPECT_EQ(followed_, 0);
}

TEST_F(AdminApiTest, RefusalByTheLoop_IsAConflictThatSaysWhy) {
  outcome_ = fault("record follows ledger.example/bj1/record/2 already");
  const std::string response = follow("AQID");
  EXPECT_EQ(status_of(response), 409);
  EXPECT_TRUE(contains(response, "already"));
}

TEST_F(AdminApiTest, LoopThatSaysNothing_Is503) {
  outcome_.reset();
  EXPECT_EQ(status_of(follow("AQID")), 503);
}

TEST_F(AdminApiTest, BodyThatIsNoOrder_IsNotEvenRead) {
  for (const char* body : {"", "{}", "[]", "AQID", "{\"pack\":\"AQID\"}"}) {
    EXPECT_EQ(status_of(post(body)), 400) << body;
  }
  EXPECT_EQ(read_, 0);
}

TEST_F(AdminApiTest, BodyOverTheBound_Is413) {
  EXPECT_EQ(status_of(ask(
                request("POST /admin/follow",
                        "Content-Type: application/json\r\nContent-Length: " +
                            std::to_string(kMaxAdminBody + 1) + "\r\n"))),
            413);
  EXPECT_EQ(read_, 0);
}

TEST_F(AdminApiTest, GreatestPack_FitsTheBound) {
  EXPECT_EQ(status_of(follow(to_base64(Bytes(kMaxFollowPack)))), 400);
  EXPECT_EQ(read_, 1) << "it was looked at";
}

TEST_F(AdminApiTest, Lockdown_IsAskedOfTheLoop) {
  const std::string order =
      R"({"panel":"door-1","leaves":"vault","person":"anna"})";
  outcome_ = "door-1: vault is locked down";
  const std::string done = post(order, "POST /admin/lockdown");
  EXPECT_EQ(status_of(done), 200);
  EXPECT_TRUE(contains(done, "vault is locked down"));
  outcome_ = fault("there is no such panel");
  EXPECT_EQ(status_of(post(order, "POST /admin/lockdown")), 409);
  outcome_.reset();
  EXPECT_EQ(status_of(post(order, "POST /admin/lockdown")), 503);
  EXPECT_EQ(locked_down_, 3);
  EXPECT_EQ(status_of(post("{}", "POST /admin/lockdown")), 400);
  EXPECT_EQ(locked_down_, 3);
}

TEST(LockdownByLoop, WaitsForWhatTheLoopSays_FourAtATime) {
  Inbox inbox;
  for (int each = 0; each < 4; ++each) {
    EXPECT_TRUE(inbox.push_lockdown({{}, [](const auto&) {}}));
  }
  EXPECT_FALSE(lock_down_by_loop(inbox, {}).has_value());
  const std::jthread loop([&inbox] {
    const auto soon = [] {
      return std::chrono::steady_clock::now() + std::chrono::seconds(20);
    };
    ASSERT_EQ(inbox.take(1, soon()).lockdowns.size(), 4U);
    const Inputs inputs = inbox.take(1, soon());
    ASSERT_EQ(inputs.lockdowns.size(), 1U);
    inputs.lockdowns[0].reply("done");
  });
  LockdownOutcome outcome;
  while (!outcome) {  // until the four are taken
    outcome = lock_down_by_loop(inbox, {});
  }
  EXPECT_EQ(**outcome, "done");
}

TEST(FollowByLoop, WaitsForWhatTheLoopSays) {
  Inbox inbox;
  const std::jthread loop([&inbox] {
    const Inputs inputs = inbox.take(
        1, std::chrono::steady_clock::now() + std::chrono::seconds(20));
    ASSERT_TRUE(inputs.follow.has_value());
    EXPECT_EQ(inputs.follow->order.frozen_size, 7U);
    inputs.follow->reply(fault("no such log"));
  });
  FollowOrder order;
  order.frozen_size = 7;
  const FollowOutcome outcome = follow_by_loop(inbox, order);
  ASSERT_TRUE(outcome.has_value());
  ASSERT_FALSE(outcome->has_value());
  EXPECT_EQ(outcome->error().what, "no such log");
}

TEST(FollowByLoop, LoopThatStops_IsNotWaitedFor) {
  Inbox inbox;
  inbox.push_stop();
  EXPECT_FALSE(follow_by_loop(inbox, {}).has_value());
}

TEST_F(AdminApiTest, State_BeforeTheFirstTurn_Is503) {
  EXPECT_EQ(status_of(ask(request("GET /admin/state"))), 200);
  snapshot_ = nullptr;
  EXPECT_EQ(status_of(ask(request("GET /admin/state"))), 503);
}

TEST_F(AdminApiTest, OtherRoutesAndMethods_AreNotThere) {
  EXPECT_EQ(status_of(ask(request("GET /admin/follow"))), 405);
  EXPECT_EQ(status_of(ask(request("GET /metrics"))), 404);
}

}  // namespace
}  // namespace strongroom
