// SPDX-License-Identifier: Apache-2.0
// A device (or a gateway) on a pseudo-terminal whose answers the test makes up:
// what, when, how many. Its questions are those of a master that reads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/bus/question.h"
#include "platform/modbus/modbus_test_server.h"

namespace strongroom {

struct SlaveReply {
  std::chrono::microseconds after{};  // the question
  std::vector<std::uint8_t> bytes;    // a frame or anything else
};

class RtuSlave {
 public:
  /// Called on the slave's thread for every question with a right checksum.
  using Answer = std::function<std::vector<SlaveReply>(const Question&)>;

  /// `pty` outlives the slave.
  RtuSlave(const Pty& pty, Answer answer)
      : port_(pty.master()),
        answer_(std::move(answer)),
        thread_([this] { run(); }) {}
  ~RtuSlave() {
    stop_ = true;
    thread_.join();
  }
  RtuSlave(const RtuSlave&) = delete;
  RtuSlave& operator=(const RtuSlave&) = delete;

  int questions() const { return questions_; }

 private:
  using Steady = std::chrono::steady_clock;
  static constexpr std::size_t kQuestionSize = 8;
  static constexpr std::chrono::milliseconds kHeldUp{10};
  struct Due {
    Steady::time_point at;
    std::vector<std::uint8_t> bytes;
  };

  void run() {
    while (!stop_) {
      send_due();
      pollfd waiting{port_, POLLIN, 0};
      const timespec time{0, wait().count()};
      if (ppoll(&waiting, 1, &time, nullptr) == 1) {
        take();
      }
    }
  }
  /// At most 20 ms, so that the end is noticed.
  std::chrono::nanoseconds wait() const {
    std::chrono::nanoseconds longest = std::chrono::milliseconds(20);
    for (const Due& due : due_) {
      longest =
          std::min<std::chrono::nanoseconds>(longest, due.at - Steady::now());
    }
    return std::max(longest, std::chrono::nanoseconds(0));
  }
  void send_due() {
    const auto now = Steady::now();
    std::erase_if(due_, [&](const Due& due) {
      if (due.at > now) {
        return false;
      }
      // Held up by the machine: later than the test says is no answer at all.
      if (now - due.at > kHeldUp) {
        return true;
      }
      // A full pseudo-terminal: nobody listens, as on a wire.
      pollfd writable{port_, POLLOUT, 0};
      if (poll(&writable, 1, 0) == 1) {
        (void)!::write(port_, due.bytes.data(), due.bytes.size());
      }
      return true;
    });
  }
  void take() {
    std::array<std::uint8_t, 256> bytes{};
    const auto got = ::read(port_, bytes.data(), bytes.size());
    if (got <= 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return;
    }
    received_.insert(received_.end(), bytes.begin(), bytes.begin() + got);
    while (received_.size() >= kQuestionSize) {
      const std::vector<std::uint8_t> frame(received_.begin(),
                                            received_.begin() + kQuestionSize);
      if (frame != rtu_frame({frame.begin(), frame.end() - 2})) {
        received_.erase(received_.begin());  // find the next whole one
        continue;
      }
      received_.erase(received_.begin(), received_.begin() + kQuestionSize);
      ++questions_;
      const auto word = [&frame](std::size_t at) {
        return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
      };
      const Question question{.unit = frame[0],
                              .kind = static_cast<RegisterKind>(frame[1]),
                              .address = word(2),
                              .count = word(4)};
      const auto now = Steady::now();
      for (SlaveReply& reply : answer_(question)) {
        due_.push_back({now + reply.after, std::move(reply.bytes)});
      }
    }
  }

  int port_;
  Answer answer_;
  std::vector<std::uint8_t> received_;
  std::vector<Due> due_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> questions_ = 0;
  std::thread thread_;
};

/// What stands in a register of a test's device: who it is and where, so that
/// no two registers of a line say the same. Units 1 to 7, addresses below 4096.
inline std::uint16_t register_of(std::uint8_t unit,
                                 RegisterKind kind,
                                 std::uint16_t address) {
  const unsigned input = kind == RegisterKind::kInput ? 1 : 0;
  return static_cast<std::uint16_t>((unit & 7U) << 13 | input << 12 |
                                    (address & 0x0FFFU));
}

/// The right answer.
inline std::vector<std::uint8_t> right_answer(const Question& question) {
  std::vector<std::uint8_t> frame{
      question.unit,
      static_cast<std::uint8_t>(question.kind),
      static_cast<std::uint8_t>(question.count * 2)};
  for (std::uint16_t i = 0; i < question.count; ++i) {
    const std::uint16_t value =
        register_of(question.unit,
                    question.kind,
                    static_cast<std::uint16_t>(question.address + i));
    frame.push_back(static_cast<std::uint8_t>(value >> 8));
    frame.push_back(static_cast<std::uint8_t>(value & 0xFF));
  }
  return rtu_frame(std::move(frame));
}

}  // namespace strongroom
