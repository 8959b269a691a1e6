// SPDX-License-Identifier: Apache-2.0
// Function 23 through libmodbus: against its own server, and against a peer
// that answers byte by byte what a test says.
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>
#include <vector>

#include "platform/modbus/libmodbus_link.h"
#include "platform/modbus/modbus_test_server.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Bytes = std::vector<std::uint8_t>;

constexpr milliseconds kTimeout{150};
constexpr std::uint16_t kWindow = 0x1000;

std::unique_ptr<ModbusLink> link_to(const Pty& pty) {
  return make_libmodbus_link(
      {.endpoint = RtuEndpoint{.device = pty.path()}, .timeout = kTimeout});
}

Bytes counting(std::size_t size, std::uint8_t from) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), from);
  return bytes;
}

/// The server writes first and reads then: what was written comes back.
void expect_echo(ModbusLink& link, std::size_t written, std::size_t read) {
  const Bytes request = counting(written, 1);
  Bytes answer(read);
  const auto done = link.exchange(1, 0, request, answer, kTimeout);
  ASSERT_TRUE(done.has_value()) << done.error().what;
  const auto same = std::min(written, read);
  EXPECT_EQ(Bytes(answer.begin(), answer.begin() + std::ptrdiff_t(same)),
            Bytes(request.begin(), request.begin() + std::ptrdiff_t(same)));
  if (read > written) {
    EXPECT_NE(answer[read - 1], 0) << "registers behind what was written";
  }
}

class Exchange : public testing::TestWithParam<LineKind> {};

TEST_P(Exchange, GoesUpToTheLimits) {
  const Pty pty;
  const bool is_tcp = GetParam() == LineKind::kTcp;
  const TestServer server = is_tcp ? TestServer() : TestServer(pty);
  const auto link =
      is_tcp ? make_libmodbus_link(
                   {.endpoint = TcpEndpoint{"127.0.0.1", server.port()},
                    .timeout = kTimeout})
             : link_to(pty);
  ASSERT_TRUE(link->open().has_value());
  expect_echo(*link, 2, 2);
  expect_echo(*link, 10, 64);
  expect_echo(*link, 242, 64);
  expect_echo(*link, 242, 250);
  // And reads go on beside it.
  std::uint16_t value = 0;
  const auto read = link->read(
      {.kind = RegisterKind::kInput, .address = 5}, kTimeout, {&value, 1});
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(value, 105);
}

TEST_P(Exchange, SilenceAndExceptions) {
  const Pty pty;
  const bool is_tcp = GetParam() == LineKind::kTcp;
  TestServer server = is_tcp ? TestServer() : TestServer(pty);
  const auto link =
      is_tcp ? make_libmodbus_link(
                   {.endpoint = TcpEndpoint{"127.0.0.1", server.port()},
                    .timeout = kTimeout})
             : link_to(pty);
  ASSERT_TRUE(link->open().has_value());
  Bytes answer(4);
  const auto refused = link->exchange(1, 0xF000, Bytes{1, 2}, answer, kTimeout);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, LinkFault::kException);
  EXPECT_EQ(refused.error().exception, ModbusException::kIllegalAddress);
  server.mute(true);
  const auto silent = link->exchange(1, 0, Bytes{1, 2}, answer, kTimeout);
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().fault, LinkFault::kTimeout);
  EXPECT_NE(silent.error().what.find("unit 1, exchange"), std::string::npos)
      << silent.error().what;
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         Exchange,
                         testing::Values(LineKind::kRtu, LineKind::kTcp),
                         [](const auto& kind) {
                           return kind.param == LineKind::kRtu ? "Rtu" : "Tcp";
                         });

/// A panel that takes requests of `size` bytes and answers the n-th as told.
class ScriptedPanel {
 public:
  using Answer = std::function<void(int fd, const Bytes& request, int nth)>;
  ScriptedPanel(const Pty& pty, std::size_t size, Answer answer)
      : fd_(pty.master()), thread_([this, size, answer = std::move(answer)] {
          for (int nth = 0;; ++nth) {
            Bytes request;
            while (request.size() < size) {
              pollfd waiting{fd_, POLLIN, 0};
              if (stop_) {
                return;
              }
              if (poll(&waiting, 1, 10) != 1) {
                continue;
              }
              Bytes more(size - request.size());
              const auto got = ::read(fd_, more.data(), more.size());
              if (got > 0) {
                request.insert(request.end(), more.begin(), more.begin() + got);
              }
            }
            answer(fd_, request, nth);
          }
        }) {}
  ~ScriptedPanel() {
    stop_ = true;
    thread_.join();
  }
  ScriptedPanel(const ScriptedPanel&) = delete;
  ScriptedPanel& operator=(const ScriptedPanel&) = delete;

 private:
  int fd_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void put(int fd, const Bytes& bytes) {
  EXPECT_EQ(::write(fd, bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
}

const Bytes kRequest{0xCA, 0xFE, 0x00, 0x01};
/// 13 and what is written.
constexpr std::size_t kRequestSize = 17;

class ScriptedExchange : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(link->open().has_value()); }
  std::expected<Bytes, LinkError> exchange() {
    Bytes answer(4, 0xEE);
    const auto done = link->exchange(1, kWindow, kRequest, answer, kTimeout);
    if (!done) {
      return std::unexpected(done.error());
    }
    return answer;
  }
  /// What becomes of an exchange that is answered so.
  LinkFault fault_after(const Bytes& bytes) {
    const ScriptedPanel panel(
        pty, kRequestSize, [&](int fd, const Bytes&, int) { put(fd, bytes); });
    const auto done = exchange();
    EXPECT_FALSE(done.has_value());
    return done ? LinkFault{} : done.error().fault;
  }
  Pty pty;
  std::unique_ptr<ModbusLink> link = link_to(pty);
};

const Bytes kAnswer = rtu_frame({1, 23, 4, 0x12, 0x34, 0x56, 0x78});

TEST_F(ScriptedExchange, BytesAreInTheOrderOfTheWire) {
  Bytes seen;
  {
    const ScriptedPanel panel(
        pty, kRequestSize, [&](int fd, const Bytes& request, int) {
          seen = request;
          put(fd, kAnswer);
        });
    const auto answer = exchange();
    ASSERT_TRUE(answer.has_value()) << answer.error().what;
    EXPECT_EQ(*answer, (Bytes{0x12, 0x34, 0x56, 0x78}));
  }
  EXPECT_EQ(
      seen,
      rtu_frame({1, 23, 0x10, 0, 0, 2, 0x10, 0, 0, 2, 4, 0xCA, 0xFE, 0, 1}));
}

TEST_F(ScriptedExchange, WhatIsNotTheAnswer) {
  Bytes noisy = kAnswer;
  noisy[4] ^= 1;
  const struct {
    const char* what;
    Bytes bytes;
    LinkFault fault;
  } cases[] = {
      {"half of it", {1, 23, 4, 0x12}, LinkFault::kTimeout},
      {"nothing", {}, LinkFault::kTimeout},
      {"wrong checksum", noisy, LinkFault::kGarbled},
      {"other unit",
       rtu_frame({2, 23, 4, 0x12, 0x34, 0x56, 0x78}),
       LinkFault::kGarbled},
      {"an answer to a poll",
       rtu_frame({1, 4, 4, 0, 1, 0, 2}),
       LinkFault::kGarbled},
      {"a register more",
       rtu_frame({1, 23, 6, 1, 2, 3, 4, 5, 6}),
       LinkFault::kGarbled},
      {"a register less", rtu_frame({1, 23, 2, 1, 2}), LinkFault::kGarbled},
      {"exception 3", rtu_frame({1, 0x97, 3}), LinkFault::kException},
      {"exception of another function",
       rtu_frame({1, 0x84, 3}),
       LinkFault::kGarbled},
      {"garbage before it",
       [] {
         Bytes bytes{0xFF, 0x00, 0x55};
         bytes.insert(bytes.end(), kAnswer.begin(), kAnswer.end());
         return bytes;
       }(),
       LinkFault::kGarbled},
  };
  for (const auto& c : cases) {
    const LinkFault fault = fault_after(c.bytes);
    // Garbage that looks like the beginning of a long frame is waited for.
    if (std::string_view(c.what) == "garbage before it") {
      EXPECT_TRUE(fault == LinkFault::kGarbled || fault == LinkFault::kTimeout);
    } else {
      EXPECT_EQ(fault, c.fault) << c.what;
    }
    link->discard(milliseconds{5}, kTimeout);
  }
}

TEST_F(ScriptedExchange, LateAnswer_IsThrownAwayBeforeTheNextRequest) {
  std::atomic<bool> may_answer = false;
  std::atomic<bool> has_answered = false;
  const ScriptedPanel panel(
      pty, kRequestSize, [&](int fd, const Bytes&, int nth) {
        if (nth == 0) {
          may_answer.wait(false);
          put(fd, kAnswer);
          has_answered = true;
          has_answered.notify_one();
        } else {
          put(fd, rtu_frame({1, 23, 4, 9, 9, 9, 9}));
        }
      });
  const auto late = exchange();
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().fault, LinkFault::kTimeout);
  may_answer = true;
  may_answer.notify_one();
  has_answered.wait(false);
  const auto next = exchange();
  ASSERT_TRUE(next.has_value()) << next.error().what;
  EXPECT_EQ(*next, (Bytes{9, 9, 9, 9}));
}

TEST_F(ScriptedExchange, UnitThatRtuDoesNotHave_IsRefused) {
  Bytes answer(2);
  for (const int unit : {0, 248}) {
    const auto done = link->exchange(
        static_cast<std::uint8_t>(unit), kWindow, kRequest, answer, kTimeout);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().fault, LinkFault::kGarbled);
  }
}

TEST_F(ScriptedExchange, WhatFitsIntoNoRequest_IsAMistake) {
  Bytes answer(4);
  Bytes long_answer(252);
  EXPECT_DEATH((void)link->exchange(1, kWindow, Bytes(244), answer, kTimeout),
               "holds");
  EXPECT_DEATH((void)link->exchange(1, kWindow, Bytes(3), answer, kTimeout),
               "holds");
  EXPECT_DEATH(
      (void)link->exchange(1, kWindow, kRequest, long_answer, kTimeout),
      "holds");
  EXPECT_DEATH((void)link->exchange(1, kWindow, Bytes(), answer, kTimeout),
               "holds");
}

}  // namespace
}  // namespace strongroom
