// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/libmodbus_link.h"

#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>

#include "agent/bus/bus.h"
#include "agent/bus/test_server.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{150};

std::unique_ptr<ModbusLink> tcp_link(std::uint16_t port) {
  return make_libmodbus_link(
      {.endpoint = TcpEndpoint{"127.0.0.1", port}, .timeout = kTimeout});
}

std::unique_ptr<ModbusLink> rtu_link(const Pty& pty,
                                     milliseconds timeout = kTimeout) {
  return make_libmodbus_link(
      {.endpoint = RtuEndpoint{.device = pty.path()}, .timeout = timeout});
}

LinkFault fault_of(ModbusLink& link,
                   std::uint16_t address,
                   std::uint8_t unit = 1) {
  std::uint16_t value = 0;
  const auto read = link.read(unit, RegisterKind::kInput, address, {&value, 1});
  EXPECT_FALSE(read.has_value());
  EXPECT_FALSE(read.has_value() || read.error().what.empty());
  return read ? LinkFault::kLost : read.error().fault;
}

void expect_registers(ModbusLink& link) {
  std::array<std::uint16_t, 3> values{};
  const auto input = link.read(1, RegisterKind::kInput, 5, values);
  ASSERT_TRUE(input.has_value()) << input.error().what;
  EXPECT_EQ(values, (std::array<std::uint16_t, 3>{105, 106, 107}));
  const auto holding = link.read(1, RegisterKind::kHolding, 0, values);
  ASSERT_TRUE(holding.has_value()) << holding.error().what;
  EXPECT_EQ(values, (std::array<std::uint16_t, 3>{200, 201, 202}));
}

TEST(LibmodbusLink, Tcp_ReadsBothKinds) {
  const TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
}

TEST(LibmodbusLink, Rtu_ReadsBothKinds) {
  const Pty pty;
  const TestServer server(pty);
  const auto link = rtu_link(pty);
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
}

TEST(LibmodbusLink, AddressThatIsNotThere_IsAnException) {
  const TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  EXPECT_EQ(fault_of(*link, TestServer::kRegisters), LinkFault::kException);
  expect_registers(*link);
}

TEST(LibmodbusLink, Silence_IsATimeoutAfterTheTimeout) {
  TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  server.mute(true);
  const auto asked = Steady::now();
  EXPECT_EQ(fault_of(*link, 1), LinkFault::kTimeout);
  EXPECT_GE(Steady::now() - asked, kTimeout - milliseconds{5});
}

TEST(LibmodbusLink, TimeoutOfASecondAndMore_IsTaken) {
  const TestServer server;
  const auto link =
      make_libmodbus_link({.endpoint = TcpEndpoint{"127.0.0.1", server.port()},
                           .timeout = milliseconds{1500}});
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
}

TEST(LibmodbusLink, ServerThatHangsUp_IsLost) {
  TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
  server.mute(true);
  server.hang_up();
  EXPECT_EQ(fault_of(*link, 1), LinkFault::kLost);
}

TEST(LibmodbusLink, NothingListens_DoesNotOpen) {
  std::uint16_t port = 0;
  {
    const TestServer server;
    port = server.port();
  }
  const auto link = tcp_link(port);
  const auto opened = link->open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().what.find("127.0.0.1:"), std::string::npos);
}

TEST(LibmodbusLink, PortThatIsNotThere_DoesNotOpen) {
  const auto link = make_libmodbus_link(
      {.endpoint = RtuEndpoint{.device = "/dev/no-such-port"},
       .timeout = kTimeout});
  const auto opened = link->open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().what.find("/dev/no-such-port"), std::string::npos);
}

TEST(LibmodbusLink, UnitThatRtuDoesNotHave_IsRefused) {
  const Pty pty;
  const auto link = rtu_link(pty);
  ASSERT_TRUE(link->open().has_value());
  EXPECT_EQ(fault_of(*link, 1, 248), LinkFault::kGarbled);
}

/// A slave that answers each question with bytes of the test's own.
class ScriptedSlave {
 public:
  using Answer = std::function<void(int fd)>;
  ScriptedSlave(const Pty& pty, Answer answer)
      : thread_([fd = pty.master(), answer = std::move(answer)] {
          std::array<std::uint8_t, 8> request{};
          for (std::size_t got = 0; got < request.size();) {
            const auto size =
                ::read(fd, request.data() + got, request.size() - got);
            if (size <= 0) {
              return;
            }
            got += static_cast<std::size_t>(size);
          }
          answer(fd);
        }) {}
  ~ScriptedSlave() { thread_.join(); }

 private:
  std::thread thread_;
};

void put(int fd, const std::vector<std::uint8_t>& bytes) {
  EXPECT_EQ(::write(fd, bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
}

TEST(LibmodbusLink, WrongChecksum_IsGarbled) {
  const Pty pty;
  const auto link = rtu_link(pty);
  ASSERT_TRUE(link->open().has_value());
  const ScriptedSlave slave(
      pty, [](int fd) { put(fd, {1, 4, 2, 0x00, 0xEB, 0xDE, 0xAD}); });
  EXPECT_EQ(fault_of(*link, 1), LinkFault::kGarbled);
}

TEST(LibmodbusLink, AnswerOfAnotherUnit_IsNotTaken) {
  const Pty pty;
  const auto link = rtu_link(pty);
  ASSERT_TRUE(link->open().has_value());
  // Unit 2, function 4, one register 0x00EB, right checksum.
  const ScriptedSlave slave(
      pty, [](int fd) { put(fd, {2, 4, 2, 0x00, 0xEB, 0xBD, 0x7F}); });
  EXPECT_NE(fault_of(*link, 1), LinkFault::kLost);
}

TEST(LibmodbusLink, SlaveThatDrips_DoesNotHoldTheLine) {
  const Pty pty;
  const auto link = rtu_link(pty);
  ASSERT_TRUE(link->open().has_value());
  const ScriptedSlave slave(pty, [](int fd) {
    for (const std::uint8_t byte :
         std::to_array<std::uint8_t>({1, 4, 2, 0, 0, 0, 0})) {
      std::this_thread::sleep_for(kTimeout / 2);
      put(fd, {byte});
    }
  });
  // Taken whole, its checksum would be wrong.
  EXPECT_EQ(fault_of(*link, 1), LinkFault::kTimeout);
}

// --- the line over the real library ---------------------------------------

class Polls {
 public:
  PollSink sink() {
    return [this](PollDone done) {
      const std::scoped_lock lock(mutex_);
      polls_.push_back(std::move(done));
      arrived_.notify_all();
    };
  }
  std::vector<PollDone> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(
        lock, std::chrono::seconds{20}, [&] { return polls_.size() >= count; });
    EXPECT_GE(polls_.size(), count);
    return polls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<PollDone> polls_;
};

BusDevice reads(std::string name, std::uint16_t address) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->points.push_back(
      {.name = "p", .unit = "1", .address = address, .max = 60'000});
  return {.name = std::move(name),
          .profile = std::move(profile),
          .period = milliseconds{0}};
}

/// Devices a, b, c read registers 10, 20, 30 in turns with requests of the same
/// shape: a shifted answer would show as another's value.
std::vector<BusDevice> three_alike() {
  return {reads("a", 10), reads("b", 20), reads("c", 30)};
}

/// How many polls were good; every good one has its own register's value.
std::size_t good_and_own(const std::vector<PollDone>& polls) {
  const std::map<std::string, std::int64_t> own = {
      {"a", 110}, {"b", 120}, {"c", 130}};
  std::size_t good = 0;
  for (const PollDone& done : polls) {
    if (done.samples[0].quality == PointQuality::kGood) {
      ++good;
      EXPECT_EQ(done.samples[0].mantissa, own.at(done.device));
    }
  }
  return good;
}

TEST(BusOverLibmodbus, RtuLateAnswer_IsNeverTakenForAnother) {
  const Pty pty;
  TestServer server(pty);
  Polls polls;
  constexpr milliseconds kLong{400};
  BusLine line("rs485-0", rtu_link(pty, kLong), three_alike(), polls.sink());
  line.start();
  std::size_t seen = polls.wait_for(6).size();
  // On a busy machine a late answer may be read in time after all.
  for (int round = 0; round < 20 && line.counters().timeouts < 3; ++round) {
    // Later than the timeout, earlier than the end of the wait after it.
    server.delay_next(kLong * 13 / 10);
    seen = polls.wait_for(seen + 9).size();
  }
  line.stop();
  const auto all = polls.wait_for(0);
  EXPECT_GE(line.counters().timeouts, 3U);
  EXPECT_EQ(all.size() - good_and_own(all), line.counters().failed_polls);
  EXPECT_GE(good_and_own(all), 20U);
}

TEST(BusOverLibmodbus, TcpLateAnswer_HealsByItself) {
  TestServer server;
  Polls polls;
  BusLine line("tcp-0", tcp_link(server.port()), three_alike(), polls.sink());
  line.start();
  const std::size_t before = polls.wait_for(6).size();
  server.delay_next(kTimeout * 3 / 2);
  const auto all = polls.wait_for(before + 200);
  line.stop();
  EXPECT_GE(good_and_own(all), all.size() - 6);
  EXPECT_EQ(all.back().error, "");
}

TEST(BusOverLibmodbus, TcpServerRestarts_LineComesBack) {
  TestServer server;
  Polls polls;
  BusLine line("tcp-0", tcp_link(server.port()), three_alike(), polls.sink());
  line.start();
  polls.wait_for(6);
  server.hang_up();
  while (line.counters().opens < 2) {
    polls.wait_for(polls.wait_for(0).size() + 1);
  }
  const std::size_t before = polls.wait_for(0).size();
  const auto all = polls.wait_for(before + 20);
  line.stop();
  EXPECT_EQ(all.back().error, "");
  good_and_own(all);
}

TEST(BusOverLibmodbus, MutedDevice_GivesFailedPollsAndComesBack) {
  const Pty pty;
  TestServer server(pty);
  Polls polls;
  BusLine line("rs485-0", rtu_link(pty), {reads("a", 10)}, polls.sink());
  line.start();
  polls.wait_for(2);
  server.mute(true);
  std::size_t before = polls.wait_for(0).size();
  const auto muted = polls.wait_for(before + 3);
  EXPECT_EQ(muted.back().samples[0].quality, PointQuality::kBad);
  EXPECT_NE(muted.back().error, "");
  server.mute(false);
  before = polls.wait_for(0).size();
  EXPECT_EQ(polls.wait_for(before + 3).back().samples[0],
            (PointSample{PointQuality::kGood, 110}));
  line.stop();
}

}  // namespace
}  // namespace strongroom
