// SPDX-License-Identifier: Apache-2.0
// A panel under a known key, and time that passes as bytes do.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "firmware/link/big_endian.h"
#include "firmware/link/link_server.h"
#include "firmware/link/modbus_crc.h"
#include "firmware/logic/panel.h"
#include "tests/fuzz/event/expect.h"

namespace strongroom::panel {

class PanelOnLine {
 public:
  static constexpr std::uint8_t kUnit = 7;
  static constexpr std::uint64_t kSession = 0x1122334455667788;
  static constexpr std::uint64_t kGapUs = 1750;

  void hear(std::uint8_t byte, bool is_broken) {
    now_us_ += 95;
    link_.received(byte, now_us_, is_broken);
    expect(link_.answer(now_us_).empty());
  }
  std::span<const std::uint8_t> listen() {
    now_us_ += kGapUs;
    panel_.tick(now_us_);
    const auto answer = link_.answer(now_us_);
    expect(answer.size() <= kMaxAdu);
    expect(answer.empty() || modbus_crc(answer) == 0);
    expect(link_.answer(now_us_).empty());
    now_us_ += kGapUs + 100;
    return answer;
  }
  std::span<const std::uint8_t> ask(std::vector<std::uint8_t> frame) {
    const std::uint16_t crc = modbus_crc(frame);
    frame.push_back(static_cast<std::uint8_t>(crc));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
    for (const std::uint8_t byte : frame) {
      hear(byte, false);
    }
    return listen();
  }
  void expect_alive() {
    const auto answer = ask({kUnit, 4, 0, 0, 0, 2});
    expect(answer.size() == 9 && answer[1] == 4);
  }
  /// A body under a right tag.
  std::span<const std::uint8_t> exchange(std::span<const std::uint8_t> body) {
    std::vector<std::uint8_t> frame(kFrameHead);
    frame[0] = 1;
    frame[1] = static_cast<std::uint8_t>(FrameType::kExchange);
    put_be(std::span(frame), 2, static_cast<std::uint16_t>(body.size()));
    put_be(std::span(frame), 4, kSession);
    put_be(std::span(frame), 12, ++counter_);
    frame.insert(frame.end(), body.begin(), body.end());
    const FrameTag tag =
        frame_tag(derive_keys(key()), Direction::kRequest, kUnit, frame);
    frame.insert(frame.end(), tag.begin(), tag.end());
    frame.resize((frame.size() + 1) / 2 * 2);
    const auto size = static_cast<std::uint8_t>(frame.size());
    std::vector<std::uint8_t> adu{
        kUnit, 0x17, 0x10, 0, 0, kMaxAnswerRegisters, 0x10, 0, 0};
    adu.push_back(size / 2);
    adu.push_back(size);
    adu.insert(adu.end(), frame.begin(), frame.end());
    return ask(std::move(adu));
  }
  std::uint32_t unlocks() const { return panel_.view(now_us_ / 1000).unlocks; }

 private:
  static PanelKey key() {
    PanelKey key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = static_cast<std::uint8_t>(i);
    }
    return key;
  }

  std::uint64_t now_us_ = 1'000'000;
  std::uint32_t counter_ = 0;
  std::unique_ptr<PanelMemory> memory_ = std::make_unique<PanelMemory>();
  Panel panel_{*memory_, {.boot = 3, .list_key = derive_keys(key()).list}};
  LinkServer link_{
      panel_,
      {.unit = kUnit, .baud = 115200, .key = key(), .session = kSession},
      {.board = "fuzz", .firmware = "1", .boot = 3}};
};

}  // namespace strongroom::panel
