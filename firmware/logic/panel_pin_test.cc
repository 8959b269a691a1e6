// SPDX-License-Identifier: Apache-2.0
// Signals at readers, and digits on their way to the agent.
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "firmware/logic/panel_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Told = std::vector<std::string>;
using Result = strongroom_panel_v1_OrderResult;

constexpr Result kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
constexpr Result kNoSuchLeaf =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_SUCH_LEAF;
constexpr Result kNotConfigured =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_NOT_CONFIGURED;
constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
constexpr auto kPinWanted = strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED;
constexpr auto kKeypad = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4;

struct PinBench : PanelBench {
  PinBench() {
    configure({leaf_settings(1), leaf_settings(2)},
              {reader_settings(1, 1, kKeypad),
               reader_settings(2, 2, kKeypad),
               reader_settings(3, 1)});
    wait(500);
    has_agent = false;
    read_seq = panel->view(0).newest_seq;
  }
  std::string pin() const {
    std::string text;
    for (std::uint8_t i = 0; i < panel->pin().count; ++i) {
      text += static_cast<char>('0' + panel->pin().digits[i]);
    }
    return text;
  }
};

TEST(PanelPin, ShowsSignals) {
  PanelBench none;
  EXPECT_EQ(none.indicate(1, kPinWanted), kNotConfigured);
  PinBench at;
  EXPECT_EQ(at.indicate(0, kPinWanted), kNoSuchLeaf);
  EXPECT_EQ(at.indicate(4, kPinWanted), kNoSuchLeaf);
  EXPECT_EQ(at.indicate(3, kPinWanted), kInvalid) << "it has no keys";
  EXPECT_EQ(at.indicate(1, strongroom_panel_v1_Signal_SIGNAL_UNSPECIFIED),
            kInvalid);
  EXPECT_EQ(at.indicate(1, strongroom_panel_v1_Signal_SIGNAL_GRANTED), kDone);
  EXPECT_EQ(at.indicate(2, strongroom_panel_v1_Signal_SIGNAL_DENIED), kDone);
  EXPECT_EQ(at.panel->outputs().green, 0b01);
  EXPECT_EQ(at.panel->outputs().red, 0b10);
  EXPECT_EQ(at.panel->outputs().buzzer, 0b11);
  at.indicate(1, strongroom_panel_v1_Signal_SIGNAL_OFF);
  EXPECT_EQ(at.panel->outputs().green, 0);
}

TEST(PanelPin, RefusesWhatIsNoSignal) {
  PinBench at;
  for (const int number : {0, 8, 9, 127, 255}) {
    PanelBench::Request request{};
    request.order_id = 5;
    request.which_order = strongroom_panel_v1_PanelRequest_indicate_tag;
    request.order.indicate.reader = 1;
    // As nanopb leaves it: any number.
    std::memset(&request.order.indicate.signal,
                0,
                sizeof request.order.indicate.signal);
    std::memcpy(&request.order.indicate.signal, &number, 1);
    EXPECT_EQ(at.exchange(request).result, kInvalid) << number;
  }
  EXPECT_EQ(at.panel->outputs(), Outputs{});
}

TEST(PanelPin, HandsAPinOverOnce) {
  PinBench at;
  at.keys("1111#");
  EXPECT_EQ(at.pin(), "") << "nobody wanted it";
  at.badge();
  at.indicate(1, kPinWanted);
  at.keys("1234");
  EXPECT_FALSE(at.panel->view(0).has_pin);
  at.keys("#");
  EXPECT_TRUE(at.panel->view(0).has_pin);
  EXPECT_EQ(at.pin(), "1234");
  EXPECT_EQ(at.panel->pin().entry, 1U);
  EXPECT_EQ(at.panel->pin().reader, 1);
  EXPECT_EQ(at.panel->pin().leaf, 1);
  at.poll();
  EXPECT_EQ(at.pin(), "1234") << "not sent yet";
  at.panel->pin_sent();
  EXPECT_EQ(at.pin(), "1234") << "the answer may be on its way";
  at.poll();
  EXPECT_EQ(at.panel->pin().entry, 0U);
  EXPECT_EQ(at.panel->pin().digits, (std::array<std::uint8_t, 12>{}));
  EXPECT_EQ(at.told(), Told{"BADGE_READ"}) << "no event holds it";
}

TEST(PanelPin, HandsPinsOfTwoReadersOverOneAfterTheOther) {
  PinBench at;
  at.indicate(1, kPinWanted);
  at.indicate(2, kPinWanted);
  at.keys("2222#", 2);
  at.keys("1111#", 1);
  EXPECT_EQ(at.pin(), "2222");
  at.panel->pin_sent();
  at.poll();
  EXPECT_EQ(at.pin(), "1111");
  EXPECT_EQ(at.panel->pin().entry, 2U);
  EXPECT_EQ(at.panel->pin().reader, 1);
  at.poll();
  EXPECT_EQ(at.pin(), "1111");
  at.panel->pin_sent();
  at.poll();
  EXPECT_EQ(at.pin(), "");
}

TEST(PanelPin, WipesAPinThatNobodyTakes) {
  {
    PinBench at;
    at.has_agent = true;
    at.indicate(1, kPinWanted);
    at.keys("1234#");
    at.wait(29'900);
    EXPECT_EQ(at.pin(), "1234");
    at.wait(100);
    EXPECT_EQ(at.pin(), "");
  }
  {
    PinBench at;
    at.indicate(1, kPinWanted);
    at.keys("1234#");
    at.wait(3000);  // alone
    EXPECT_EQ(at.pin(), "");
  }
  {
    PinBench at;
    at.indicate(1, kPinWanted);
    at.keys("12");
    at.indicate(1, strongroom_panel_v1_Signal_SIGNAL_DENIED);
    at.keys("34#");
    EXPECT_EQ(at.pin(), "") << "the agent wants it no more";
  }
  {
    PinBench at;
    at.indicate(1, kPinWanted);
    at.keys("12");
    at.badge();
    at.keys("34#");
    EXPECT_EQ(at.pin(), "") << "of another badge";
  }
}

}  // namespace
}  // namespace strongroom::panel
