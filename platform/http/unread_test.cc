// SPDX-License-Identifier: Apache-2.0
// Clients that ask and never read: what waits for them has a bound.
#include <gtest/gtest.h>

#include "platform/http/server.h"
#include "tests/support/http_wire.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

TEST(HttpUnread, Answers_ThatNobodyReads_AreBounded) {
  HttpServer small({.threads = 2, .max_unread = 20'000'000});
  small.get("/large", [](const HttpRequest&) {
    std::string body;
    body.resize(16'000'000, 'x');
    return HttpResponse::text(std::move(body));
  });
  const auto listening = small.listen_loopback("127.0.0.1", 0);
  ASSERT_TRUE(listening) << listening.error().what;
  HttpWire silent(*listening);  // the kernel takes some of it, not all
  silent.send(request("GET /large"));
  ASSERT_TRUE(contains(silent.receive("\r\n\r\n"), " 200 "));
  HttpWire second(*listening);
  second.send(request("GET /large"));
  EXPECT_EQ(status_of(second.receive()), 503);
  // What the first one reads makes room again.
  EXPECT_EQ(silent.receive().size(), 16'000'000U);
  HttpWire third(*listening);
  third.send(request("GET /large"));
  EXPECT_EQ(status_of(third.receive()), 200);
}

TEST(HttpUnread, Stream_SlowReaderOfLargeEvents_IsDisconnected) {
  EventBroadcast large(1, 1'000'000);
  HttpServer other({.threads = 1});
  other.stream("/stream", large);
  const auto listening = other.listen_loopback("127.0.0.1", 0);
  ASSERT_TRUE(listening) << listening.error().what;
  HttpWire reader(*listening);
  reader.shrink_receive_buffer();
  reader.send(request("GET /stream"));
  reader.receive("\r\n\r\n");
  const std::string event(500'000, 'x');
  EXPECT_TRUE(wait_until([&] {
    large.send("live", event);
    return large.streams() == 0;
  }));
}

}  // namespace
}  // namespace strongroom
