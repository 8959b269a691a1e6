// SPDX-License-Identifier: Apache-2.0
// For tests: a ledger whose pages are asked over a real socket.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "ledger/http/public_api.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom::testing_ledger {

class LedgerHttp : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
    pool = std::make_unique<LogAccessPool>(at.store_path());
    api = std::make_unique<PublicApi>(
        PublicApi{.logs = *pool,
                  .publication = *at.publication,
                  .views = *at.views,
                  .registry = *Origin::parse("test.example/central/registry/1"),
                  .version = "1.2.3",
                  .vitals = [] {
                    return Vitals{.broker_connected = true,
                                  .counters = {{"messages_in", 5}}};
                  }});
    add_public_routes(server, *api);
    add_page_routes(server);
    const auto bound = server.listen_loopback("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().what;
    port = *bound;
  }
  void TearDown() override { server.stop(); }

  TestAgent::Batch send(Stream stream, std::size_t count) {
    auto batch = agent.cut(
        stream, {.count = count, .resync = !agent.held.contains(stream)});
    EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    return batch;
  }

  httplib::Result get(const std::string& path) {
    httplib::Client client("127.0.0.1", port);
    return client.Get(path.c_str());
  }
  std::string body(const std::string& path) {
    const auto reply = get(path);
    EXPECT_TRUE(reply) << path;
    EXPECT_EQ(reply ? reply->status : 0, 200) << path << " " << reply->body;
    return reply ? reply->body : "";
  }
  int status(const std::string& path) {
    const auto reply = get(path);
    return reply ? reply->status : 0;
  }
  Checkpoint checkpoint(const std::string& log) {
    const auto opened =
        open_checkpoint(body("/log/" + log + "/checkpoint"), at.trust());
    EXPECT_TRUE(opened);
    return opened.value_or(Checkpoint{});
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  std::unique_ptr<LogAccessPool> pool;
  std::unique_ptr<PublicApi> api;
  HttpServer server{{}};
  int port = 0;
};

}  // namespace strongroom::testing_ledger
