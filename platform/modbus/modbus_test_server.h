// SPDX-License-Identifier: Apache-2.0
// A Modbus server made of libmodbus's own server half, for tests: over TCP, or
// over the master side of a pseudo-terminal. Of unit 1, input register n says
// 100 + n, holding register n 200 + n, coil n whether 3 divides n, discrete
// input n whether n is odd.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string>
#include <sys/socket.h>
#include <termios.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/base/check.h"

namespace strongroom {

/// The frame as it goes over a serial line: with its checksum (Modbus over
/// serial line 1.02, 6.2.2).
inline std::vector<std::uint8_t> rtu_frame(std::vector<std::uint8_t> frame) {
  unsigned int crc = 0xFFFF;
  for (const std::uint8_t byte : frame) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xA001U : crc >> 1;
    }
  }
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

/// Both ends of a pseudo-terminal, raw; closed with the object.
class Pty {
 public:
  Pty() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    std::array<char, 128> name{};
    check(master_ >= 0 && grantpt(master_) == 0 && unlockpt(master_) == 0 &&
              ptsname_r(master_, name.data(), name.size()) == 0,
          "a pseudo-terminal opens");
    path_ = name.data();
    // Held open, so that the master sees no hang-up while no client is there.
    slave_ = open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    check(slave_ >= 0, "the other end of a pseudo-terminal opens");
    termios settings{};
    tcgetattr(slave_, &settings);
    cfmakeraw(&settings);
    tcsetattr(slave_, TCSANOW, &settings);
  }
  ~Pty() {
    close(slave_);
    close(master_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  int master() const { return master_; }
  const std::string& path() const { return path_; }

 private:
  int master_;
  int slave_ = -1;
  std::string path_;
};

class TestServer {
 public:
  static constexpr int kRegisters = 512;
  /// Says more, or something else, than the usual.
  using Fill = std::function<void(modbus_mapping_t&)>;

  /// On this port of 127.0.0.1; 0: a free one.
  explicit TestServer(std::uint16_t port = 0, const Fill& fill = {})
      : context_(modbus_new_tcp("127.0.0.1", port)) {
    listener_ = modbus_tcp_listen(context_, 4);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    check(listener_ >= 0 &&
              getsockname(
                  listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "a server listens");
    port_ = ntohs(address.sin_port);
    start(fill);
  }
  /// On a pseudo-terminal that outlives the server.
  explicit TestServer(const Pty& pty, const Fill& fill = {})
      : context_(modbus_new_rtu(pty.path().c_str(), 9600, 'N', 8, 1)) {
    modbus_set_slave(context_, 1);
    modbus_set_socket(context_, pty.master());
    start(fill);
  }
  ~TestServer() {
    stop_ = true;
    thread_.join();
    if (listener_ >= 0) {
      close(client_);
      close(listener_);
    }
    modbus_mapping_free(mapping_);
    modbus_free(context_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// The next answer comes so much later.
  void delay_next(std::chrono::milliseconds delay) {
    delay_ms_ = delay.count();
  }
  void mute(bool muted) { muted_ = muted; }
  void hang_up() { hang_up_ = true; }
  int answers() const { return answers_; }

 private:
  void start(const Fill& fill) {
    mapping_ =
        modbus_mapping_new(kRegisters, kRegisters, kRegisters, kRegisters);
    for (int i = 0; i < kRegisters; ++i) {
      mapping_->tab_bits[i] = i % 3 == 0;
      mapping_->tab_input_bits[i] = i % 2 == 1;
      mapping_->tab_input_registers[i] = static_cast<std::uint16_t>(100 + i);
      mapping_->tab_registers[i] = static_cast<std::uint16_t>(200 + i);
    }
    if (fill) {
      fill(*mapping_);
    }
    modbus_set_indication_timeout(context_, 0, 20'000);
    thread_ = std::thread([this] { run(); });
  }
  void run() {
    while (!stop_) {
      if (hang_up_.exchange(false) && client_ >= 0) {
        close(client_);
        client_ = -1;
      }
      if (listener_ >= 0 && client_ < 0 && !accept_client()) {
        continue;
      }
      serve_one();
    }
  }
  bool accept_client() {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 20) != 1) {
      return false;
    }
    client_ = modbus_tcp_accept(context_, &listener_);
    return client_ >= 0;
  }
  void serve_one() {
    std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> request{};
    const int size = modbus_receive(context_, request.data());
    if (size < 0 && errno != ETIMEDOUT && listener_ >= 0) {
      close(client_);
      client_ = -1;
    }
    if (size <= 0 || muted_) {
      return;
    }
    std::this_thread::sleep_for(
        std::chrono::milliseconds{delay_ms_.exchange(0)});
    modbus_reply(context_, request.data(), size, mapping_);
    ++answers_;
  }

  modbus_t* context_;
  modbus_mapping_t* mapping_ = nullptr;
  int listener_ = -1;
  int client_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> muted_ = false;
  std::atomic<bool> hang_up_ = false;
  std::atomic<std::int64_t> delay_ms_ = 0;
  std::atomic<int> answers_ = 0;
  std::thread thread_;
};

}  // namespace strongroom
