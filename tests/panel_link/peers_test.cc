// SPDX-License-Identifier: Apache-2.0
// Masters that we did not write ask a panel on a pseudo-terminal: libmodbus,
// mbpoll, pymodbus.
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "platform/modbus/modbus_test_server.h"
#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

class PanelOnPty {
 public:
  PanelOnPty() : thread_([this] { run(); }) {}
  ~PanelOnPty() {
    stop_ = true;
    thread_.join();
  }
  PanelOnPty(const PanelOnPty&) = delete;
  PanelOnPty& operator=(const PanelOnPty&) = delete;

  std::string port() const { return pty_.path(); }

 private:
  static std::uint64_t now_us() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now().time_since_epoch())
            .count());
  }
  // The board's loop. Times of bytes are those of a machine that may be busy.
  void run() {
    PanelMemory memory{};
    Panel panel(memory, {.boot = 3});
    LinkServer link(
        panel,
        {.unit = kUnit,
         .baud = 115200,
         .key = example_key(),
         .session = kSession,
         .patience_us = 50'000},
        {.board = "example", .firmware = "1.0", .boot = 3, .tests_only = true});
    while (!stop_) {
      pollfd waiting{pty_.master(), POLLIN, 0};
      std::array<std::uint8_t, 256> bytes{};
      if (poll(&waiting, 1, 1) == 1) {
        const auto got = ::read(pty_.master(), bytes.data(), bytes.size());
        for (ssize_t i = 0; i < got; ++i) {
          link.received(bytes[static_cast<std::size_t>(i)], now_us(), false);
        }
      }
      panel.tick(now_us());
      const auto answer = link.answer(now_us());
      if (!answer.empty()) {
        EXPECT_EQ(::write(pty_.master(), answer.data(), answer.size()),
                  std::ssize(answer));
      }
    }
  }

  Pty pty_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct Peers : testing::Test {
  PanelOnPty panel_;
};

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 512> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) {
    output += part.data();
  }
  const int status = pclose(pipe);
  return output + "status " + std::to_string(status);
}

struct Libmodbus : Peers {
  Libmodbus()
      : context_(modbus_new_rtu(panel_.port().c_str(), 115200, 'N', 8, 1)) {
    modbus_set_slave(context_, kUnit);
    modbus_set_response_timeout(context_, 2, 0);
    EXPECT_EQ(modbus_connect(context_), 0);
  }
  ~Libmodbus() override {
    modbus_close(context_);
    modbus_free(context_);
  }
  modbus_t* context_;
};

TEST_F(Libmodbus, ReadsAndWrites) {
  std::array<std::uint16_t, 125> registers{};
  std::array<std::uint8_t, 64> bits{};
  EXPECT_EQ(modbus_read_input_registers(context_, 0, 2, registers.data()), 2);
  EXPECT_EQ(registers[0], 0x1D);
  EXPECT_EQ(modbus_read_input_registers(context_, 0x100, 38, registers.data()),
            38);
  EXPECT_EQ(registers[3], 3);
  EXPECT_EQ(modbus_read_input_bits(context_, 0, 35, bits.data()), 35);
  EXPECT_EQ(modbus_write_register(context_, 0x0F00, 0x8001), 1);
  EXPECT_EQ(modbus_read_registers(context_, 0x0F00, 1, registers.data()), 1);
  EXPECT_EQ(registers[0], 0x8001);
  EXPECT_EQ(modbus_read_bits(context_, 0x0F00, 16, bits.data()), 16);
  EXPECT_EQ(bits[0], 1);
  EXPECT_EQ(bits[1], 0);
  EXPECT_EQ(bits[15], 1);
  EXPECT_EQ(modbus_write_bit(context_, 0x0F01, 1), 1);
  const std::array<std::uint8_t, 3> some{0, 1, 1};
  EXPECT_EQ(modbus_write_bits(context_, 0x0F0D, 3, some.data()), 3);
  EXPECT_EQ(modbus_read_registers(context_, 0x0F00, 1, registers.data()), 1);
  EXPECT_EQ(registers[0], 0xC003);
  registers[0] = 7;
  EXPECT_EQ(modbus_write_registers(context_, 0x0F00, 1, registers.data()), 1);
}

TEST_F(Libmodbus, Exchanges) {
  const strongroom_panel_v1_PanelHello hello{.nonce = 42};
  Bytes frame =
      FrameParts{.type = FrameType::kHello,
                 .session = 0,
                 .counter = 0,
                 .body = encoded(hello, strongroom_panel_v1_PanelHello_msg)}
          .bytes();
  frame.resize((frame.size() + 1) / 2 * 2);
  std::array<std::uint16_t, 125> registers{};
  for (std::size_t i = 0; i < frame.size() / 2; ++i) {
    registers[i] = get_be<std::uint16_t>(frame, 2 * i);
  }
  ASSERT_EQ(modbus_write_and_read_registers(context_,
                                            0x1000,
                                            static_cast<int>(frame.size() / 2),
                                            registers.data(),
                                            0x1000,
                                            125,
                                            registers.data()),
            125);
  EXPECT_EQ(registers[0], 0x0181);
  EXPECT_EQ(registers[2], kSession >> 48);
}

TEST_F(Libmodbus, IsRefused_ByTheRightExceptions) {
  std::array<std::uint16_t, 125> registers{};
  std::array<std::uint8_t, 300> id{};
  const auto fault = [](int result) { return result == -1 ? errno : 0; };
  EXPECT_EQ(fault(modbus_read_registers(context_, 0, 1, registers.data())),
            EMBXILADD);
  EXPECT_EQ(fault(modbus_write_bit(context_, 0, 1)), EMBXILADD);
  EXPECT_EQ(fault(modbus_report_slave_id(context_, 300, id.data())), EMBXILFUN);
  EXPECT_EQ(fault(modbus_write_and_read_registers(context_,
                                                  0x1000,
                                                  12,
                                                  registers.data(),
                                                  0x1000,
                                                  125,
                                                  registers.data())),
            EMBXILVAL);
}

TEST_F(Peers, Mbpoll_ReadsAndWrites) {
  const std::string mbpoll = "mbpoll -m rtu -a 7 -b 115200 -P none -0 -1 -o 2 ";
  const std::string identity =
      output_of(mbpoll + "-t 3:hex -r 256 -c 38 " + panel_.port());
  EXPECT_NE(identity.find("[256]: \t0x0001"), std::string::npos) << identity;
  EXPECT_NE(identity.find("[260]: \t0x1122"), std::string::npos) << identity;
  EXPECT_NE(identity.find("[264]: \t0x6578"), std::string::npos) << identity;
  const std::string written =
      output_of(mbpoll + "-t 4 -r 3840 " + panel_.port() + " 4242");
  EXPECT_NE(written.find("Written 1 references"), std::string::npos) << written;
  const std::string scratch =
      output_of(mbpoll + "-t 4 -r 3840 -c 1 " + panel_.port());
  EXPECT_NE(scratch.find("[3840]: \t4242"), std::string::npos) << scratch;
  const std::string lock =
      output_of(mbpoll + "-t 0 -r 0 " + panel_.port() + " 1");
  EXPECT_NE(lock.find("Illegal data address"), std::string::npos) << lock;
}

TEST_F(Peers, Pymodbus_ReadsWritesAndIdentifies) {
  const std::string output =
      output_of(std::string(PYTHON_PROGRAM) +
                " tests/panel_link/pymodbus_peer.py " + panel_.port() + " 7");
  EXPECT_TRUE(output.ends_with("status 0")) << output;
}

}  // namespace
}  // namespace strongroom::panel
