// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/libmodbus_link.h"

#include <functional>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "platform/modbus/modbus_test_server.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{150};

std::unique_ptr<ModbusLink> tcp_link(std::uint16_t port,
                                     std::string host = "127.0.0.1") {
  return make_libmodbus_link(
      {.endpoint = TcpEndpoint{std::move(host), port}, .timeout = kTimeout});
}

std::unique_ptr<ModbusLink> rtu_link(const Pty& pty) {
  return make_libmodbus_link(
      {.endpoint = RtuEndpoint{.device = pty.path()}, .timeout = kTimeout});
}

constexpr Question input(std::uint16_t address, std::uint8_t unit = 1) {
  return {.unit = unit, .kind = RegisterKind::kInput, .address = address};
}

/// What becomes of a question that is not answered.
LinkError error_of(ModbusLink& link, const Question& question) {
  std::vector<std::uint16_t> values(question.count);
  const auto read = link.read(question, kTimeout, values);
  EXPECT_FALSE(read.has_value());
  EXPECT_FALSE(read.has_value() || read.error().what.empty());
  return read ? LinkError{} : read.error();
}

LinkFault fault_of(ModbusLink& link, const Question& question = input(1)) {
  return error_of(link, question).fault;
}

void expect_values(ModbusLink& link,
                   RegisterKind kind,
                   std::uint16_t address,
                   const std::vector<std::uint16_t>& expected) {
  std::vector<std::uint16_t> values(expected.size());
  const auto count = static_cast<std::uint16_t>(expected.size());
  const auto read = link.read({1, kind, address, count}, kTimeout, values);
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(values, expected);
}

void expect_registers(ModbusLink& link) {
  expect_values(link, RegisterKind::kInput, 5, {105, 106, 107});
  expect_values(link, RegisterKind::kHolding, 0, {200, 201, 202});
}

TEST(LibmodbusLink, Tcp_ReadsRegisters) {
  const TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
}

TEST(LibmodbusLink, Rtu_ReadsRegisters) {
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
  const LinkError error = error_of(*link, input(TestServer::kRegisters));
  EXPECT_EQ(error.fault, LinkFault::kException);
  EXPECT_EQ(error.exception, ModbusException::kIllegalAddress);
  expect_registers(*link);
}

TEST(LibmodbusLink, Silence_IsATimeoutAfterTheTimeout) {
  TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  server.mute(true);
  const auto asked = Steady::now();
  EXPECT_EQ(fault_of(*link), LinkFault::kTimeout);
  EXPECT_GE(Steady::now() - asked, kTimeout - milliseconds{5});
}

TEST(LibmodbusLink, Bits_AreReadAsZeroAndOne) {
  const TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  expect_values(*link,
                RegisterKind::kCoil,
                0,
                {1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0});
  expect_values(*link, RegisterKind::kDiscrete, 5, {1, 0, 1, 0, 1, 0, 1, 0, 1});
}

TEST(LibmodbusLink, Timeout_IsTheQuestionsOwn) {
  TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  std::uint16_t value = 0;
  server.delay_next(milliseconds{1100});
  const auto asked = Steady::now();
  // More than a second: the library wants it in two parts.
  const auto read = link->read(input(7), milliseconds{5500}, {&value, 1});
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(value, 107);
  EXPECT_GE(Steady::now() - asked, milliseconds{1100});
  server.mute(true);
  const auto asked_again = Steady::now();
  EXPECT_FALSE(link->read(input(7), milliseconds{20}, {&value, 1}).has_value());
  EXPECT_LT(Steady::now() - asked_again, milliseconds{1000});
}

TEST(LibmodbusLink, ServerThatHangsUp_IsLost) {
  TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  expect_registers(*link);
  server.mute(true);
  server.hang_up();
  EXPECT_EQ(fault_of(*link), LinkFault::kLost);
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
  EXPECT_EQ(fault_of(*link, input(1, 248)), LinkFault::kGarbled);
  // Unit 0 is everybody: the library would take anybody's answer.
  EXPECT_EQ(fault_of(*link, input(1, 0)), LinkFault::kGarbled);
}

/// Answers one question with bytes of the test's own.
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

class Rtu : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(link->open().has_value()); }
  /// What becomes of a question for input register 1 that is answered so.
  LinkError error_after(std::vector<std::uint8_t> bytes) {
    const ScriptedSlave slave(pty, [&](int fd) { put(fd, bytes); });
    return error_of(*link, input(1));
  }
  Pty pty;
  std::unique_ptr<ModbusLink> link = rtu_link(pty);
};

TEST_F(Rtu, AnswerThatCannotBeOurs_IsGarbled) {
  const struct {
    const char* what;
    std::vector<std::uint8_t> bytes;
  } cases[] = {
      {"wrong checksum", {1, 4, 2, 0x00, 0xEB, 0xDE, 0xAD}},
      {"other unit", rtu_frame({2, 4, 2, 0x00, 0xEB})},
      {"other function", rtu_frame({1, 3, 2, 0x00, 0xEB})},
      {"one register too many", rtu_frame({1, 4, 4, 0, 1, 0, 2})},
      {"half a register more", rtu_frame({1, 4, 3, 0, 1, 0})},
      {"nothing in it", rtu_frame({1, 4, 0})},
      {"exception of another function", rtu_frame({1, 0x83, 2})},
      {"exception 0", rtu_frame({1, 0x84, 0})},
      {"exception 9, which no paper has", rtu_frame({1, 0x84, 9})},
      {"exception 200", rtu_frame({1, 0x84, 200})},
      {"exception with a wrong checksum", {1, 0x84, 2, 0, 0}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(error_after(c.bytes).fault, LinkFault::kGarbled) << c.what;
    link->discard(milliseconds{1}, kTimeout);
  }
}

TEST_F(Rtu, PartOfAnAnswer_IsATimeout) {
  EXPECT_EQ(error_after({1, 4, 2, 0}).fault, LinkFault::kTimeout);
  EXPECT_EQ(error_after({1}).fault, LinkFault::kTimeout);
}

TEST_F(Rtu, Exceptions_AreKeptApart) {
  for (const int code : {1, 2, 3, 4, 5, 6, 7, 8, 10, 11}) {
    const LinkError error =
        error_after(rtu_frame({1, 0x84, static_cast<std::uint8_t>(code)}));
    EXPECT_EQ(error.fault, LinkFault::kException) << code;
    EXPECT_EQ(static_cast<int>(error.exception), code);
  }
}

TEST_F(Rtu, SlaveThatDrips_DoesNotHoldTheLine) {
  const auto asked = Steady::now();
  const ScriptedSlave slave(pty, [](int fd) {
    for (const std::uint8_t byte :
         std::to_array<std::uint8_t>({1, 4, 2, 0, 0, 0, 0})) {
      std::this_thread::sleep_for(kTimeout / 2);
      put(fd, {byte});
    }
  });
  // Taken whole, its checksum would be wrong.
  EXPECT_EQ(fault_of(*link), LinkFault::kTimeout);
  EXPECT_LT(Steady::now() - asked, 3 * kTimeout);
}

TEST_F(Rtu, WhatCameBeforeTheQuestion_IsNoAnswer) {
  put(pty.master(), rtu_frame({1, 4, 2, 0xDE, 0xAD}));
  const ScriptedSlave slave(
      pty, [](int fd) { put(fd, rtu_frame({1, 4, 2, 0, 7})); });
  expect_values(*link, RegisterKind::kInput, 1, {7});
}

TEST_F(Rtu, Discard_CountsWhatItThrowsAway) {
  put(pty.master(), {1, 2, 3, 4, 5});
  EXPECT_EQ(link->discard(milliseconds{30}, kTimeout), 5U);
  const auto start = Steady::now();
  EXPECT_EQ(link->discard(milliseconds{30}, kTimeout), 0U);
  EXPECT_GE(Steady::now() - start, milliseconds{30});
}

TEST_F(Rtu, Discard_IsPatientWhileBytesCome) {
  std::thread drip([this] {
    for (int i = 0; i < 5; ++i) {
      put(pty.master(), {7});
      std::this_thread::sleep_for(milliseconds{20});
    }
  });
  EXPECT_EQ(link->discard(milliseconds{400}, std::chrono::seconds{20}), 5U);
  drip.join();
}

TEST_F(Rtu, Discard_EndsThoughBytesNeverDo) {
  std::atomic<bool> stop = false;
  std::thread flood([&] {
    const std::vector<std::uint8_t> bytes(256, 0xAA);
    fcntl(pty.master(), F_SETFL, O_NONBLOCK);
    while (!stop) {
      if (::write(pty.master(), bytes.data(), bytes.size()) < 0) {
        std::this_thread::yield();
      }
    }
  });
  const auto start = Steady::now();
  EXPECT_GT(link->discard(milliseconds{30}, kTimeout), 0U);
  EXPECT_GE(Steady::now() - start, kTimeout);
  EXPECT_LT(Steady::now() - start, 20 * kTimeout);
  // A question in the flood ends too.
  EXPECT_NE(error_of(*link, input(1)).what, "");
  EXPECT_LT(Steady::now() - start, 40 * kTimeout);
  stop = true;
  flood.join();
}

TEST_F(Rtu, Discard_EndsWhenThePortIsGone) {
  auto other = std::make_unique<Pty>();
  const auto link_to_other = rtu_link(*other);
  ASSERT_TRUE(link_to_other->open().has_value());
  other.reset();
  EXPECT_EQ(
      link_to_other->discard(std::chrono::hours{1}, std::chrono::hours{1}), 0U);
  EXPECT_EQ(fault_of(*link_to_other), LinkFault::kLost);
}

// A line that listens for late answers would spin until its next question.
TEST_F(Rtu, Discard_IsStillQuietWhenThePortIsGone) {
  auto other = std::make_unique<Pty>();
  const auto link_to_other = rtu_link(*other);
  ASSERT_TRUE(link_to_other->open().has_value());
  other.reset();
  const auto start = Steady::now();
  EXPECT_EQ(link_to_other->discard(milliseconds{30}, kTimeout), 0U);
  EXPECT_GE(Steady::now() - start, milliseconds{30});
}

/// The number that the next descriptor gets.
int next_descriptor() {
  const int fd = dup(STDERR_FILENO);
  close(fd);
  return fd;
}

TEST(LibmodbusLink, OpeningAgainAndAgain_LeaksNoDescriptor) {
  const Pty pty;
  const auto port = rtu_link(pty);
  const auto second = rtu_link(pty);
  const auto no_port = make_libmodbus_link(
      {.endpoint = RtuEndpoint{.device = "/dev/null"}, .timeout = kTimeout});
  const auto refused = tcp_link(1);
  const int before = next_descriptor();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(port->open().has_value());
    EXPECT_FALSE(second->open().has_value());
    EXPECT_FALSE(no_port->open().has_value());
    EXPECT_FALSE(refused->open().has_value());
    port->close();
  }
  EXPECT_EQ(next_descriptor(), before);
}

TEST_F(Rtu, PortInUse_SaysByWhom) {
  const auto second = rtu_link(pty);
  const auto opened = second->open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().what.find(std::to_string(getpid())),
            std::string::npos)
      << opened.error().what;
  link->close();
  EXPECT_TRUE(second->open().has_value());
}

TEST_F(Rtu, PortIsExclusiveForTheKernelToo_UntilItIsClosed) {
  const auto is_exclusive = [&] {
    const int fd = open(pty.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    int exclusive = fd < 0 ? 1 : 0;  // root gets in and can ask
    if (fd >= 0) {
      ioctl(fd, TIOCGEXCL, &exclusive);
      close(fd);
    }
    return exclusive;
  };
  EXPECT_EQ(is_exclusive(), 1);
  link->close();
  EXPECT_EQ(is_exclusive(), 0);
}

TEST(LibmodbusLink, BaudThatTheLibraryDoesNotKnow_IsNotTakenForAnother) {
  const struct {
    int baud;
    bool opens;
  } cases[] = {{9600, true}, {115'200, true}, {14'400, false}, {12, false}};
  for (const auto& c : cases) {
    const Pty pty;
    const auto link = make_libmodbus_link(
        {.endpoint = RtuEndpoint{.device = pty.path(), .baud = c.baud},
         .timeout = kTimeout});
    EXPECT_EQ(link->open().has_value(), c.opens) << c.baud;
  }
}

TEST_F(Rtu, PseudoTerminal_HasNoLatencyToSet) {
  EXPECT_EQ(link->low_latency(), LowLatency::kNotApplicable);
}

// --- options of the socket ---------------------------------------------------

/// The end of a connection to this port that is ours.
int socket_to(std::uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      return fd;
    }
  }
  return -1;
}

TEST(LibmodbusLink, Tcp_NoticesThatTheOtherEndIsGone) {
  const TestServer server;
  const auto link = tcp_link(server.port());
  ASSERT_TRUE(link->open().has_value());
  const int fd = socket_to(server.port());
  ASSERT_GE(fd, 0);
  const struct {
    int level;
    int option;
    int at_least;
    int at_most;
  } cases[] = {{IPPROTO_TCP, TCP_NODELAY, 1, 1},
               {SOL_SOCKET, SO_KEEPALIVE, 1, 1},
               {IPPROTO_TCP, TCP_KEEPIDLE, 1, 5},
               {IPPROTO_TCP, TCP_KEEPINTVL, 1, 3},
               {IPPROTO_TCP, TCP_KEEPCNT, 1, 3},
               {IPPROTO_TCP, TCP_USER_TIMEOUT, 1000, 10'000}};
  for (const auto& c : cases) {
    int value = -1;
    socklen_t size = sizeof value;
    ASSERT_EQ(getsockopt(fd, c.level, c.option, &value, &size), 0);
    EXPECT_GE(value, c.at_least) << c.level << " " << c.option;
    EXPECT_LE(value, c.at_most) << c.level << " " << c.option;
  }
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(LibmodbusLink, HostByName_IsFound) {
  const TestServer server;
  const auto link = tcp_link(server.port(), "localhost");
  const auto opened = link->open();
  ASSERT_TRUE(opened.has_value()) << opened.error().what;
  expect_registers(*link);
}

TEST(LibmodbusLink, NameThatIsNobodys_DoesNotOpenAndDoesNotHang) {
  const auto link = tcp_link(502, "no-such-device.invalid");
  const auto start = Steady::now();
  EXPECT_FALSE(link->open().has_value());
  EXPECT_FALSE(link->open().has_value()) << "while the first look-up may go on";
  EXPECT_LT(Steady::now() - start, std::chrono::seconds{5});
}

TEST(LibmodbusLink, HostThatSwallowsConnections_DoesNotHoldTheLine) {
  // A listener whose queue is full answers no connection.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_GE(listener, 0);
  ASSERT_EQ(bind(listener, generic, size), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, generic, &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);
  std::vector<std::unique_ptr<ModbusLink>> fill;
  const auto start = Steady::now();
  std::string refusal;
  while (refusal.empty() && fill.size() < 8) {
    fill.push_back(tcp_link(port));
    const auto opened = fill.back()->open();
    refusal = opened ? "" : opened.error().what;
  }
  EXPECT_NE(refusal.find("timed out"), std::string::npos) << refusal;
  EXPECT_LT(Steady::now() - start, std::chrono::seconds{10});
  close(listener);
}

}  // namespace
}  // namespace strongroom
