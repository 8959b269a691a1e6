// SPDX-License-Identifier: Apache-2.0
// A PIN crosses the line encrypted, and stands nowhere else.
#include <algorithm>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kEnter = 11;

struct Pin : testing::Test, PanelBench {
  void key(std::uint8_t value) {
    for (int bit = 3; bit >= 0; --bit) {
      now_us_ += 2000;
      panel_->reader_pulse(1, (value >> bit & 1) != 0, now_us_);
    }
    for (int i = 0; i < 50; ++i) {
      wait(2000);
    }
  }
  void enter(const Bytes& digits) {
    PanelRequest request{.ring = kRing, .order_id = 900};
    request.which_order = strongroom_panel_v1_PanelRequest_indicate_tag;
    request.order.indicate = {
        .reader = 1, .signal = strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED};
    ASSERT_EQ(exchanged(++counter_, kMaxAnswerRegisters, request).result,
              strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE);
    for (const std::uint8_t digit : digits) {
      key(digit);
    }
    key(kEnter);
  }
  // By another implementation.
  static Bytes decrypted(const strongroom_panel_v1_PinEntry& pin,
                         std::uint64_t session,
                         std::uint32_t counter) {
    const LinkKeys keys = derive_keys(example_key());
    Bytes nonce(12);
    put_be(std::span(nonce), 0, session);
    put_be(std::span(nonce), 8, counter);
    Bytes digits(sizeof pin.digits);
    crypto_stream_chacha20_ietf_xor(digits.data(),
                                    pin.digits,
                                    sizeof pin.digits,
                                    nonce.data(),
                                    keys.pin.data());
    return digits;
  }
  PanelAnswer exchanged(std::uint32_t counter,
                        unsigned registers = kMaxAnswerRegisters,
                        const PanelRequest& request = {}) {
    const auto answer = exchange(request, counter, registers);
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(PanelAnswer{});
  }
  bool is_pin_pending() { return (ask(rtu(kUnit, 4, 0, 2)).at(4) & 2) != 0; }

 protected:
  std::uint32_t counter_ = 4;
};

TEST_F(Pin, CrossesEncrypted_OnceAgainAlike_ThenIsWiped) {
  configure();
  EXPECT_FALSE(is_pin_pending());
  enter({1, 2, 3, 4, 5});
  ASSERT_TRUE(is_pin_pending());
  const Bytes asked = exchange_adu(
      FrameParts{.counter = ++counter_, .body = encoded(PanelRequest{})}
          .bytes());
  const Bytes answered = ask(asked);
  const auto answer = answer_in(answered, counter_).value_or(PanelAnswer{});
  ASSERT_TRUE(answer.has_pin);
  EXPECT_EQ(answer.pin.reader, 1);
  EXPECT_EQ(hex(decrypted(answer.pin, kSession, counter_)),
            "01 02 03 04 05 ff ff ff ff ff ff ff");
  EXPECT_EQ(hex(ask(asked)), hex(answered));
  const auto next = exchanged(++counter_);
  EXPECT_FALSE(next.has_pin);
  EXPECT_FALSE(is_pin_pending());
  EXPECT_EQ(panel_->pin().digits, PinDigits{}.digits);
}

TEST_F(Pin, TheSameDigits_NeverLookTheSame) {
  configure();
  enter({1, 2, 3, 4});
  const auto first = exchanged(++counter_);
  enter({1, 2, 3, 4});
  const auto second = exchanged(++counter_);
  ASSERT_TRUE(first.has_pin && second.has_pin);
  EXPECT_NE(hex(first.pin.digits), hex(second.pin.digits));
  EXPECT_NE(first.pin.entry, second.pin.entry);
  EXPECT_EQ(hex(decrypted(second.pin, kSession, counter_)),
            "01 02 03 04 ff ff ff ff ff ff ff ff");
}

TEST_F(Pin, ForWhichThereIsNoRoom_Waits) {
  configure();
  enter({1, 2, 3, 4});
  const auto small = exchanged(++counter_, kMinExchangeRegisters);
  EXPECT_FALSE(small.has_pin);
  EXPECT_TRUE(is_pin_pending());
  const auto large = exchanged(++counter_, kMinExchangeRegisters + 14);
  EXPECT_TRUE(large.has_pin);
}

TEST_F(Pin, IsNeitherInMemoryThatSurvives_NorInRegisters) {
  configure();
  const Bytes digits{9, 1, 7, 3, 8, 2, 6, 4};
  enter(digits);
  ASSERT_TRUE(is_pin_pending());
  const std::span memory(
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
      reinterpret_cast<const std::uint8_t*>(memory_.get()),
      sizeof *memory_);
  EXPECT_TRUE(std::ranges::search(memory, digits).empty());
  for (const auto& [address, count] :
       {std::pair{0x100, 38}, {0x200, 28}, {0x300, 7}, {0x400, 18}}) {
    const Bytes answer = ask(rtu(kUnit,
                                 4,
                                 static_cast<unsigned>(address),
                                 static_cast<unsigned>(count)));
    EXPECT_GT(answer.size(), 5U);
    EXPECT_TRUE(std::ranges::search(answer, digits).empty());
  }
}

}  // namespace
}  // namespace strongroom::panel
