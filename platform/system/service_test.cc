// SPDX-License-Identifier: Apache-2.0
#include "platform/system/service.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

TEST(SignalWatch, Signals_ReachTheirCallbacks) {
  block_signals();
  std::atomic<int> stops = 0;
  std::atomic<int> reloads = 0;
  {
    const SignalWatch watch([&] { ++stops; }, [&] { ++reloads; });
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(wait_until([&] { return reloads == 1; }));
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(wait_until([&] { return reloads == 2; }));
    EXPECT_EQ(stops, 0);
    ::kill(::getpid(), SIGTERM);
    EXPECT_TRUE(wait_until([&] { return stops == 1; }));
    ::kill(::getpid(), SIGINT);
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(wait_until([&] { return reloads == 3; }));
  }
  EXPECT_EQ(stops, 1);
}

TEST(SignalWatch, Ends_WithoutASignal) {
  block_signals();
  const SignalWatch watch([] {}, [] {});
}

TEST(BlockSignals, BrokenPipe_KillsNobody) {
  block_signals();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

// NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread.
class Notify : public testing::Test {
 protected:
  void SetUp() override {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(socket_, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_ / "notify";
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ASSERT_EQ(
        ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address),
        0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  std::string received() const {
    std::array<char, 200> text{};
    const ssize_t count =
        ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

 private:
  TemporaryDirectory directory_;
  int socket_ = -1;
};

TEST_F(Notify, EachState_IsSent) {
  notify_ready("2 lines");
  EXPECT_EQ(received(), "READY=1\nSTATUS=2 lines");
  notify_watchdog();
  EXPECT_EQ(received(), "WATCHDOG=1");
  notify_stopping();
  EXPECT_EQ(received(), "STOPPING=1");
}

TEST_F(Notify, NoSocket_NothingHappens) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_ready("x");
  EXPECT_EQ(received(), "");
  ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  notify_ready("x");
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
}  // namespace strongroom
