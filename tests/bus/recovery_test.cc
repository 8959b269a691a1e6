// SPDX-License-Identifier: Apache-2.0
// Ports that go and come back, servers that die, hang or are replaced: the line
// finds them again, says the truth meanwhile, and disturbs no other line.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "platform/modbus/libmodbus_link.h"
#include "tests/bus/bystander.h"
#include "tests/bus/peer_program.h"
#include "tests/bus/poll_log.h"
#include "tests/bus/rtu_slave.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{100};
constexpr milliseconds kPeriod{20};

/// A line with one device, on which the trouble is.
class Troubled {
 public:
  Troubled(std::variant<TcpEndpoint, RtuEndpoint> endpoint,
           const RegisterDevice& device,
           PollLog::Truth truth)
      : log_(std::move(truth)) {
    const LineKind kind = std::holds_alternative<TcpEndpoint>(endpoint)
                              ? LineKind::kTcp
                              : LineKind::kRtu;
    line_ = std::make_unique<BusLine>(
        "troubled",
        make_libmodbus_link({std::move(endpoint), kTimeout}),
        LineSettings{.wire = {.kind = kind, .baud = 115'200},
                     .timeout = kTimeout},
        std::vector<LineDevice>{device.line_device()},
        log_.sink({{device.name, device.unit}}));
    name_ = device.name;
    line_->start();
  }

  bool becomes_good() { return log_.sees_quality(name_, PointQuality::kGood); }
  /// A poll comes whose points are all bad, and it says why.
  bool becomes_bad() { return log_.sees(is_bad); }
  /// And goes on to be: nothing is made up later.
  bool stays_bad() {
    int bad = 0;
    return log_.sees([&bad](const PollDone& done) {
      bad += is_bad(done) ? 1 : -1000;
      return bad == 10 || bad < 0;
    }) && bad == 10;
  }
  LineStatus status() const { return line_->status().line; }
  void expect_nothing_false() {
    line_->stop();
    const auto counts = log_.counts();
    EXPECT_EQ(counts.wrong, 0U) << counts.first_wrong;
    EXPECT_GT(counts.good, 0U);
  }

 private:
  static bool is_bad(const PollDone& done) {
    return !done.error.empty() &&
           std::ranges::count(done.samples, kBad) == std::ssize(done.samples);
  }

  PollLog log_;
  std::string name_;
  std::unique_ptr<BusLine> line_;
};

bool is_own_register(std::uint8_t unit,
                     const PointProfile& point,
                     std::int64_t value) {
  return value == register_of(unit, point.kind, point.address);
}

RegisterDevice serial_device() {
  return {"serial",
          3,
          {{RegisterKind::kInput, 10}, {RegisterKind::kInput, 20}},
          kPeriod};
}

std::vector<SlaveReply> answer_right(const Question& question) {
  return {{milliseconds(1), right_answer(question)}};
}

/// A serial adapter: its number changes, its stable name does not.
struct Adapter {
  explicit Adapter(const std::filesystem::path& name) {
    const std::filesystem::path next = name.string() + ".new";
    std::filesystem::create_symlink(pty.path(), next);
    std::filesystem::rename(next, name);
  }
  Pty pty;
  RtuSlave slave{pty, answer_right};
};

TEST(Recovery, Rtu_UnpluggedAndPluggedInAgain) {
  Bystander bystander;
  const TemporaryDirectory directory;
  const std::filesystem::path name = directory / "by-id-adapter";
  auto adapter = std::make_unique<Adapter>(name);
  Troubled line(RtuEndpoint{.device = name}, serial_device(), is_own_register);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(line.becomes_good());
    adapter.reset();
    std::filesystem::remove(name);
    ASSERT_TRUE(line.becomes_bad());
    EXPECT_TRUE(line.stays_bad());
    EXPECT_FALSE(line.status().is_open);
    EXPECT_NE(line.status().error, "");
    adapter = std::make_unique<Adapter>(name);
  }
  EXPECT_TRUE(line.becomes_good());
  EXPECT_EQ(line.status().opens, 3U);
  EXPECT_EQ(line.status().lost, 2U);
  line.expect_nothing_false();
  bystander.expect_undisturbed();
}

TEST(Recovery, Rtu_DeviceGoesSilentAndComesBack) {
  Bystander bystander;
  const Pty pty;
  auto slave = std::make_unique<RtuSlave>(pty, answer_right);
  Troubled line(
      RtuEndpoint{.device = pty.path()}, serial_device(), is_own_register);
  ASSERT_TRUE(line.becomes_good());
  slave.reset();  // the port stays: a cable was cut
  ASSERT_TRUE(line.becomes_bad());
  EXPECT_TRUE(line.stays_bad());
  slave = std::make_unique<RtuSlave>(pty, answer_right);
  EXPECT_TRUE(line.becomes_good());
  line.expect_nothing_false();
  bystander.expect_undisturbed();
}

// --- TCP
// ----------------------------------------------------------------------

RegisterDevice tcp_device() {
  return {"tcp",
          1,
          {{RegisterKind::kInput, 10}, {RegisterKind::kInput, 20}},
          kPeriod};
}

bool is_as_the_test_server_says(std::uint8_t /*unit*/,
                                const PointProfile& point,
                                std::int64_t value) {
  return value == 100 + point.address;
}

/// Listens, and the kernel takes connections in; nobody ever answers.
class BlackHole {
 public:
  explicit BlackHole(std::uint16_t port)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(bind(listener_,
                   reinterpret_cast<const sockaddr*>(&address),
                   sizeof address),
              0);
    EXPECT_EQ(listen(listener_, 64), 0);
  }
  ~BlackHole() { close(listener_); }

 private:
  int listener_;
};

TEST(Recovery, Tcp_ServerKilledAndReplaced) {
  Bystander bystander;
  auto server = std::make_unique<TestServer>();
  const std::uint16_t port = server->port();
  Troubled line(
      TcpEndpoint{"127.0.0.1", port}, tcp_device(), is_as_the_test_server_says);
  ASSERT_TRUE(line.becomes_good());
  server.reset();
  ASSERT_TRUE(line.becomes_bad());
  EXPECT_TRUE(line.stays_bad());
  server = std::make_unique<TestServer>(port);
  EXPECT_TRUE(line.becomes_good());
  line.expect_nothing_false();
  bystander.expect_undisturbed();
}

TEST(Recovery, Tcp_ServerReplacedByABlackHoleAndBack) {
  Bystander bystander;
  auto server = std::make_unique<TestServer>();
  const std::uint16_t port = server->port();
  Troubled line(
      TcpEndpoint{"127.0.0.1", port}, tcp_device(), is_as_the_test_server_says);
  ASSERT_TRUE(line.becomes_good());
  server.reset();
  {
    const BlackHole hole(port);
    ASSERT_TRUE(line.becomes_bad());
    EXPECT_TRUE(line.stays_bad());
  }
  server = std::make_unique<TestServer>(port);
  EXPECT_TRUE(line.becomes_good());
  line.expect_nothing_false();
  bystander.expect_undisturbed();
}

TEST(Recovery, Tcp_ServerStoppedAndContinued) {
  Bystander bystander;
  Peer peer(pymodbus({"tcp", "111", "222"}));
  Troubled line(
      TcpEndpoint{"127.0.0.1", peer.port()},
      {"pymodbus",
       1,
       {{RegisterKind::kInput, 1}, {RegisterKind::kInput, 2}},
       kPeriod},
      [](std::uint8_t, const PointProfile& point, std::int64_t value) {
        return value == 111 * point.address;
      });
  ASSERT_TRUE(line.becomes_good());
  // It hangs, its kernel goes on taking questions in.
  ASSERT_EQ(kill(peer.process().id(), SIGSTOP), 0);
  ASSERT_TRUE(line.becomes_bad());
  EXPECT_TRUE(line.stays_bad());
  // Now it answers all of them at once, to whoever still listens.
  ASSERT_EQ(kill(peer.process().id(), SIGCONT), 0);
  EXPECT_TRUE(line.becomes_good());
  line.expect_nothing_false();
  bystander.expect_undisturbed();
}

TEST(Recovery, NameThatDoesNotResolve_HoldsUpItsOwnLineAlone) {
  Bystander bystander;
  PollLog log;
  BusLine line("nowhere",
               make_libmodbus_link(
                   {TcpEndpoint{"no-such-device.invalid", 502}, kTimeout}),
               {.timeout = kTimeout},
               {tcp_device().line_device()},
               log.sink());
  line.start();
  EXPECT_TRUE(log.waits_for(5));
  const auto asked = std::chrono::steady_clock::now();
  line.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5));
  EXPECT_EQ(log.counts().good, 0U);
  EXPECT_NE(log.newest().back().error.find("no-such-device"),
            std::string::npos);
  bystander.expect_undisturbed();
}

}  // namespace
}  // namespace strongroom
