// SPDX-License-Identifier: Apache-2.0
// A panel on a line whose time the test makes, and the master that asks it.
#pragma once

#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <pb_decode.h>
#include <pb_encode.h>

#include "firmware/link/big_endian.h"
#include "firmware/link/link_server.h"
#include "firmware/logic/panel.h"
#include "proto/panel.pb.h"
#include "tests/panel_link/rtu.h"

namespace strongroom::panel {

using PanelRequest = strongroom_panel_v1_PanelRequest;
using PanelAnswer = strongroom_panel_v1_PanelAnswer;
using HelloAnswer = strongroom_panel_v1_PanelHelloAnswer;

inline constexpr std::uint8_t kUnit = 7;
inline constexpr std::uint64_t kSession = 0x1122334455667788;
inline constexpr std::uint64_t kCharUs = 95;
inline constexpr std::uint64_t kGapUs = 1750;
inline constexpr std::uint32_t kRing = 0xA1B2C3D4;

inline PanelKey example_key() {
  PanelKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(i);
  }
  return key;
}

template <typename Message>
Bytes encoded(const Message& message, const pb_msgdesc_t& type) {
  Bytes bytes(700);
  pb_ostream_t out = pb_ostream_from_buffer(bytes.data(), bytes.size());
  EXPECT_TRUE(pb_encode(&out, &type, &message)) << PB_GET_ERROR(&out);
  bytes.resize(out.bytes_written);
  return bytes;
}

inline Bytes encoded(const PanelRequest& request) {
  return encoded(request, strongroom_panel_v1_PanelRequest_msg);
}

/// Head, body, tag; not yet padded.
struct FrameParts {
  FrameType type = FrameType::kExchange;
  std::uint64_t session = kSession;
  std::uint32_t counter = 1;
  Bytes body;
  std::uint8_t unit = kUnit;  // under the tag
  PanelKey key = example_key();

  Bytes bytes() const {
    Bytes frame(kFrameHead);
    frame[0] = 1;
    frame[1] = static_cast<std::uint8_t>(type);
    put_be(std::span(frame), 2, static_cast<std::uint16_t>(body.size()));
    put_be(std::span(frame), 4, session);
    put_be(std::span(frame), 12, counter);
    frame = frame + body;
    return frame + bytes_of(frame_tag(
                       derive_keys(key), Direction::kRequest, unit, frame));
  }
};

/// Frame in registers, as function 17h carries it.
inline Bytes exchange_adu(Bytes frame,
                          unsigned read_registers = kMaxAnswerRegisters,
                          std::uint8_t unit = kUnit) {
  if (frame.size() % 2 != 0) {
    frame.push_back(0);
  }
  return rtu(Bytes{unit, 0x17} + be16(0x1000) + be16(read_registers) +
             be16(0x1000) + be16(static_cast<unsigned>(frame.size() / 2)) +
             Bytes{static_cast<std::uint8_t>(frame.size())} + frame);
}

/// Of an answer: nothing when its tag is wrong, or it is none.
inline std::optional<FrameParts> read_answer(const Bytes& adu) {
  if (adu.size() < 5 + kFrameHead + kFrameTag || adu[1] != 0x17 ||
      modbus_crc(adu) != 0 || adu.size() != 5U + adu[2]) {
    return std::nullopt;
  }
  const std::span frame = std::span(adu).subspan(3, adu[2]);
  const std::size_t size = get_be<std::uint16_t>(frame, 2);
  if (frame[0] != 1 || kFrameHead + size + kFrameTag > frame.size()) {
    return std::nullopt;
  }
  const auto tagged = frame.first(kFrameHead + size);
  const FrameTag tag =
      frame_tag(derive_keys(example_key()), Direction::kAnswer, adu[0], tagged);
  if (!is_same(tag, frame.subspan(tagged.size()).first<kFrameTag>())) {
    return std::nullopt;
  }
  return FrameParts{.type = FrameType{frame[1]},
                    .session = get_be<std::uint64_t>(frame, 4),
                    .counter = get_be<std::uint32_t>(frame, 12),
                    .body = bytes_of(tagged.subspan(kFrameHead))};
}

template <typename Message>
std::optional<Message> decoded(const Bytes& body, const pb_msgdesc_t& type) {
  Message message{};
  pb_istream_t in = pb_istream_from_buffer(body.data(), body.size());
  return pb_decode(&in, &type, &message) ? std::optional(message)
                                         : std::nullopt;
}

class PanelBench {
 public:
  PanelBench() { start(kSession); }

  /// Again, with what survives a reset.
  void start(std::uint64_t session) {
    link_.reset();
    panel_ = std::make_unique<Panel>(
        *memory_,
        PanelStartInfo{
            .reason = strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON,
            .boot = ++boot_,
            .list_key = derive_keys(example_key()).list});
    link_ = std::make_unique<LinkServer>(*panel_,
                                         LinkSettings{.unit = kUnit,
                                                      .baud = 115200,
                                                      .key = example_key(),
                                                      .session = session},
                                         LinkIdentity{.board = "example",
                                                      .firmware = "1.0",
                                                      .serial = serial_,
                                                      .boot = boot_,
                                                      .tests_only = true});
  }

  void hear(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
      now_us_ += kCharUs;
      link_->received(byte, now_us_, false);
      EXPECT_TRUE(link_->answer(now_us_).empty());
    }
  }
  /// The answer, at the end of the gap and not before; empty: none.
  Bytes listen() {
    EXPECT_TRUE(link_->answer(now_us_ + kGapUs - 1).empty()) << "too early";
    now_us_ += kGapUs;
    const Bytes answer = bytes_of(link_->answer(now_us_));
    EXPECT_TRUE(answer.empty() || modbus_crc(answer) == 0);
    EXPECT_LE(answer.size(), kMaxAdu);
    EXPECT_TRUE(link_->answer(now_us_).empty()) << "twice";
    wait(kCharUs * answer.size() + 2 * kGapUs);
    return answer;
  }
  Bytes ask(std::span<const std::uint8_t> adu) {
    hear(adu);
    return listen();
  }
  void wait(std::uint64_t us) {
    now_us_ += us;
    panel_->tick(now_us_);
  }

  std::optional<PanelAnswer> exchange(
      const PanelRequest& request,
      std::uint32_t counter,
      unsigned read_registers = kMaxAnswerRegisters) {
    return answer_in(
        ask(exchange_adu(
            FrameParts{.counter = counter, .body = encoded(request)}.bytes(),
            read_registers)),
        counter);
  }
  std::optional<PanelAnswer> answer_in(const Bytes& adu,
                                       std::uint32_t counter) const {
    const auto frame = read_answer(adu);
    if (!frame || frame->type != FrameType::kExchangeAnswer ||
        frame->counter != counter) {
      return std::nullopt;
    }
    return decoded<PanelAnswer>(frame->body,
                                strongroom_panel_v1_PanelAnswer_msg);
  }

  /// Part of a configuration: one leaf with a strike, one reader.
  static PanelRequest configuration(std::uint8_t index) {
    PanelRequest request{.ring = kRing, .order_id = 1};
    request.which_order = strongroom_panel_v1_PanelRequest_config_tag;
    auto& part = request.order.config;
    part = {.version = 77, .index = index, .count = 3};
    if (index == 0) {
      part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
      part.part.settings = {
          .leaf_count = 1, .reader_count = 1, .offline_after_ms = 3000};
    } else if (index == 1) {
      part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
      part.part.leaf = {
          .leaf = 1,
          .lock = strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE,
          .exit = strongroom_panel_v1_ExitKind_EXIT_KIND_NONE,
          .offline = strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY,
          .has_inputs = 1,
          .pulse_ms = 5000,
          .held_after_ms = 30000,
          .not_opened_after_ms = 10000,
          .debounce_ms = 30};
    } else {
      part.which_part = strongroom_panel_v1_ConfigPart_reader_tag;
      part.part.reader = {
          .reader = 1,
          .kind = strongroom_panel_v1_ReaderKind_READER_KIND_H10301,
          .keypad = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4,
          .leaves = 1,
          .repeat_ms = 1000};
    }
    return request;
  }
  /// The ring has its name then. Uses up the counters up to 4.
  void configure() {
    for (std::uint8_t i = 0; i < 3; ++i) {
      const PanelAnswer answer =
          exchange(configuration(i), i + 1U).value_or(PanelAnswer{});
      ASSERT_EQ(answer.result,
                strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE);
    }
    ASSERT_EQ(view().config_version, 77U);
    ASSERT_TRUE(exchange({.ring = kRing}, 4));
  }

  PanelRequest unlock(std::uint32_t id) const {
    PanelRequest request{.ring = kRing, .order_id = id};
    request.which_order = strongroom_panel_v1_PanelRequest_unlock_tag;
    request.order.unlock = {.leaf = 1,
                            .not_after_uptime_ms = now_us_ / 1000 + 10'000};
    return request;
  }
  std::uint32_t unlocks() const { return view().unlocks; }
  PanelView view() const { return panel_->view(now_us_ / 1000); }

 protected:
  std::uint16_t boot_ = 2;
  std::uint64_t now_us_ = 1'000'000;
  std::array<std::uint8_t, 4> serial_{0xDE, 0xAD, 0xBE, 0xEF};
  std::unique_ptr<PanelMemory> memory_ = std::make_unique<PanelMemory>();
  std::unique_ptr<Panel> panel_;
  std::unique_ptr<LinkServer> link_;
};

}  // namespace strongroom::panel
