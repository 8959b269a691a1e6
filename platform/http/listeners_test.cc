// SPDX-License-Identifier: Apache-2.0
// Where a server listens, and where it does not.
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/http/server.h"
#include "tests/support/http_wire.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

TEST(HttpServerListen, Loopback_Alone) {
  HttpServer server({});
  for (const char* host : {"0.0.0.0", "10.0.0.1", "::", "example.com", ""}) {
    EXPECT_FALSE(server.listen_loopback(host, 0)) << host;
  }
  EXPECT_TRUE(server.listen_loopback("localhost", 0));
}

TEST(HttpServerListen, Port_InUse_IsAFault) {
  HttpServer first({});
  const auto port = first.listen_loopback("127.0.0.1", 0);
  ASSERT_TRUE(port);
  HttpServer second({});
  const auto again = second.listen_loopback("127.0.0.1", *port);
  ASSERT_FALSE(again);
  EXPECT_TRUE(contains(again.error().what, std::to_string(*port)));
}

class HttpServerUnix : public testing::Test {
 protected:
  static void fill(HttpServer& server) {
    server.get("/state",
               [](const HttpRequest&) { return HttpResponse::json("{}"); });
  }
  TemporaryDirectory directory;
  std::filesystem::path path = directory / "admin.sock";
};

TEST_F(HttpServerUnix, Socket_IsOursAlone_AndNeedsNoHost) {
  HttpServer server({.threads = 1});
  fill(server);
  ASSERT_TRUE(server.listen_unix(path));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  HttpWire wire(path);
  wire.send(
      "GET /state HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(wire.receive()), 200);
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(HttpServerUnix, Stale_Socket_IsReplaced) {
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  ASSERT_EQ(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address),
            0);
  ::close(left);
  HttpServer server({.threads = 1});
  EXPECT_TRUE(server.listen_unix(path));
}

TEST_F(HttpServerUnix, Living_Socket_IsAFault) {
  HttpServer first({.threads = 1});
  ASSERT_TRUE(first.listen_unix(path));
  HttpServer second({.threads = 1});
  EXPECT_FALSE(second.listen_unix(path));
  // And it is still there.
  HttpWire wire(path);
  wire.send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(wire.receive()), 404);
}

TEST_F(HttpServerUnix, Something_Else_IsAFaultAndStays) {
  write_text(path, "precious");
  HttpServer server({.threads = 1});
  EXPECT_FALSE(server.listen_unix(path));
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(server.listen_unix(directory / std::string(200, 'x')));
}

}  // namespace
}  // namespace strongroom
