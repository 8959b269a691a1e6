// SPDX-License-Identifier: Apache-2.0
// For tests of the driver: a panel that answers what the test says, and a line
// that asks what the driver wishes.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <pb_decode.h>
#include <pb_encode.h>
#include <string>
#include <utility>
#include <vector>

#include "agent/panel/driver.h"
#include "agent/panel/frame.h"

namespace strongroom {

using std::chrono::milliseconds;
using std::chrono::seconds;

using TestResult = strongroom_panel_v1_OrderResult;

/// What stood in a frame of the driver; its tag was right.
struct RequestSeen {
  PanelFrameType type{};
  std::uint64_t session = 0;
  std::uint32_t counter = 0;
  std::uint64_t nonce = 0;                     // of a hello
  strongroom_panel_v1_PanelRequest request{};  // of an exchange
};

class TestPanel {
 public:
  PanelKey key{1, 2, 3};
  std::uint8_t unit = 7;
  std::uint64_t session = 100;
  std::uint32_t last_counter = 0;
  strongroom_panel_v1_PanelHelloAnswer hello{};
  /// The next answer; counter, order and ring are filled in unless a test does.
  strongroom_panel_v1_PanelAnswer answer{};

  TestPanel() {
    hello.boot = 1;
    hello.ring = 50;
    hello.protocol = 1;
    hello.list_capacity = 256;
    answer.boot = 1;
    answer.uptime_ms = 1000;
    answer.result = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
  }

  RequestSeen open(ByteView frame) const {
    RequestSeen seen;
    const std::size_t size =
        static_cast<std::size_t>(frame[2]) << 8U | frame[3];
    EXPECT_LE(kPanelFrameHead + size + kPanelFrameTag, frame.size());
    EXPECT_EQ(frame.size() % 2, 0U);
    Bytes covered{1, unit};
    append(covered, frame.first(kPanelFrameHead + size));
    const auto tag = siphash24(derive_panel_keys(key).tag, covered);
    EXPECT_EQ(to_hex(frame.subspan(kPanelFrameHead + size, 8)), to_hex(tag));
    seen.type = static_cast<PanelFrameType>(frame[1]);
    for (std::size_t i = 4; i < 12; ++i) {
      seen.session = (seen.session << 8U) | frame[i];
    }
    for (std::size_t i = 12; i < 16; ++i) {
      seen.counter = (seen.counter << 8U) | frame[i];
    }
    const ByteView body = frame.subspan(kPanelFrameHead, size);
    pb_istream_t in = pb_istream_from_buffer(body.data(), body.size());
    if (seen.type == PanelFrameType::kHello) {
      strongroom_panel_v1_PanelHello said{};
      EXPECT_TRUE(pb_decode(&in, strongroom_panel_v1_PanelHello_fields, &said));
      seen.nonce = said.nonce;
    } else {
      EXPECT_TRUE(pb_decode(
          &in, strongroom_panel_v1_PanelRequest_fields, &seen.request));
    }
    return seen;
  }

  Bytes hello_answer(const RequestSeen& seen) {
    auto said = hello;
    said.nonce = seen.nonce;
    return seal(PanelFrameType::kHelloAnswer,
                last_counter,
                strongroom_panel_v1_PanelHelloAnswer_fields,
                said);
  }
  Bytes exchange_answer(const RequestSeen& seen) {
    auto said = answer;
    last_counter = seen.counter;
    said.order_id = seen.request.order_id;
    if (said.order_id == 0) {
      said.result = strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED;
    }
    said.ring = said.ring != 0 ? said.ring : seen.request.ring;
    said.newest_seq = std::max(said.newest_seq, hello.newest_seq);
    return seal(PanelFrameType::kExchangeAnswer,
                seen.counter,
                strongroom_panel_v1_PanelAnswer_fields,
                said);
  }
  template <typename Message>
  Bytes seal(PanelFrameType type,
             std::uint32_t counter,
             const pb_msgdesc_t* fields,
             const Message& message) const {
    Bytes body(700);
    pb_ostream_t out = pb_ostream_from_buffer(body.data(), body.size());
    EXPECT_TRUE(pb_encode(&out, fields, &message));
    body.resize(out.bytes_written);
    Bytes frame{1,
                static_cast<std::uint8_t>(type),
                static_cast<std::uint8_t>(body.size() >> 8U),
                static_cast<std::uint8_t>(body.size())};
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<std::uint8_t>(session >> shift));
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<std::uint8_t>(counter >> shift));
    }
    append(frame, body);
    Bytes covered{2, unit};
    append(covered, frame);
    append(frame, siphash24(derive_panel_keys(key).tag, covered));
    return frame;
  }
};

/// One driver, one panel, one clock.
class PanelDriverFixture : public ::testing::Test {
 protected:
  static constexpr MonoTime kStart = seconds(1000);
  static constexpr WallTime kWall{seconds(1'800'000'000)};

  PanelSetup setup() {
    PanelSetup setup;
    setup.name = "door-1";
    setup.unit_id = panel.unit;
    setup.key = panel.key;
    setup.ring = 50;
    setup.held_seq = 0;
    return setup;
  }
  void start() { start(setup()); }
  void start(PanelSetup setup) {
    driver = make_panel_driver(
        std::move(setup),
        {.mailbox = mailbox,
         .clock =
             [this] {
               return Now{.wall = kWall + (now - kStart),
                          .monotonic = now,
                          .quality = quality,
                          .error = {}};
             },
         .random =
             [this](std::span<std::uint8_t> out) {
               std::ranges::generate(out, [this] { return ++random; });
             },
         .report =
             [this](PanelReport report) {
               if (is_full) {
                 return false;
               }
               reports.push_back(std::move(report.what));
               return true;
             }},
        [this](PanelDriverStatus said) { status = std::move(said); });
  }

  PanelWish wish() { return driver->wish(now); }
  /// An exchange, and now.
  bool is_wished() {
    const PanelWish wished = wish();
    return wished.kind == PanelWish::Kind::kExchange && wished.due <= now;
  }
  /// What is wished now, which must be a frame.
  RequestSeen seen() {
    const PanelWish wished = wish();
    EXPECT_EQ(wished.kind, PanelWish::Kind::kExchange);
    EXPECT_LE(wished.due, now);
    if (wished.kind != PanelWish::Kind::kExchange) {
      return {};
    }
    EXPECT_LE(wished.request.size(), 2 * kMaxExchangeWritten);
    EXPECT_LE(wished.read_registers, kMaxExchangeRead);
    room = 2U * wished.read_registers;
    sent.assign(wished.request.begin(), wished.request.end());
    return panel.open(sent);
  }
  bool give(Bytes frame) {
    EXPECT_LE(frame.size(), room);
    frame.resize(std::max(frame.size(), room));
    const MonoTime asked = now;
    now += milliseconds(10);
    return driver->exchanged(frame, asked, now);
  }
  RequestSeen answer_hello() {
    const RequestSeen request = seen();
    EXPECT_EQ(request.type, PanelFrameType::kHello);
    EXPECT_TRUE(give(panel.hello_answer(request)));
    return request;
  }
  RequestSeen answer_exchange() {
    const RequestSeen request = seen();
    EXPECT_EQ(request.type, PanelFrameType::kExchange);
    EXPECT_TRUE(give(panel.exchange_answer(request)));
    panel.answer.events_count = 0;
    return request;
  }
  void connect() {
    answer_hello();
    answer_exchange();
  }
  void fail(LinkFault fault,
            ModbusException exception = ModbusException::kNone) {
    const MonoTime asked = now;
    now += milliseconds(50);
    driver->failed(
        {.fault = fault, .exception = exception, .what = "x"}, asked, now);
  }
  void poll(std::uint16_t pending, std::uint16_t newest) {
    const std::uint16_t cells[] = {pending, newest};
    driver->polled(cells, now, now);
  }
  void add_event(std::uint32_t seq, std::uint8_t leaf = 0) {
    auto& event = panel.answer.events[panel.answer.events_count++];
    event = strongroom_panel_v1_PanelEvent_init_zero;
    event.seq = seq;
    event.boot = 1;
    event.at_s = 1;
    event.leaf = leaf;
    event.kind = strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED;
    panel.answer.newest_seq = std::max(panel.answer.newest_seq, seq);
  }
  bool unlock(std::uint32_t order, milliseconds within = seconds(5)) {
    return mailbox.push(PanelUnlock{
        .order = order, .leaf = 1, .pulse = {}, .not_after = now + within});
  }
  template <typename What>
  std::vector<What> told() const {
    std::vector<What> all;
    for (const auto& what : reports) {
      if (const auto* const one = std::get_if<What>(&what)) {
        all.push_back(*one);
      }
    }
    return all;
  }

  TestPanel panel;
  MonoTime now = kStart;
  ClockQuality quality = ClockQuality::kGood;
  std::uint8_t random = 0;
  bool is_full = false;
  std::size_t room = 0;
  Bytes sent;
  std::vector<decltype(PanelReport::what)> reports;
  PanelDriverStatus status;
  PanelMailbox mailbox;
  std::unique_ptr<PanelPort> driver;
};

}  // namespace strongroom
