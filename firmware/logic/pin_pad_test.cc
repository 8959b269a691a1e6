// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/pin_pad.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "firmware/logic/reader.h"

namespace strongroom::panel {
namespace {

PinPad::Key type(PinPad& pad, std::string_view keys, std::uint64_t now_ms = 0) {
  PinPad::Key last = PinPad::Key::kNotWanted;
  for (const char c : keys) {
    const auto key = static_cast<std::uint8_t>(c == '#'   ? kKeyEnter
                                               : c == '*' ? kKeyClear
                                                          : c - '0');
    last = pad.press(key, now_ms);
  }
  return last;
}

std::string taken(PinPad& pad) {
  if (!pad.is_complete()) {
    return "none";
  }
  PinDigits digits;
  pad.take(digits);
  std::string text;
  for (std::uint8_t i = 0; i < digits.count; ++i) {
    text += static_cast<char>('0' + digits.digits[i]);
  }
  return text;
}

struct Row {
  const char* keys;
  PinPad::Key last;
  const char* taken;
};

TEST(PinPad, CollectsWhatTheTableSays) {
  using enum PinPad::Key;
  const Row rows[] = {
      {"1234#", kComplete, "1234"},
      {"1234", kTaken, "none"},
      {"0#", kComplete, "0"},
      {"#", kTaken, "none"},
      {"###12#", kComplete, "12"},
      {"12*34#", kComplete, "34"},
      {"12*#", kTaken, "none"},
      {"*#", kTaken, "none"},
      {"123456789012#", kComplete, "123456789012"},
      {"1234567890123#", kTooLong, "none"},
      {"1234567890123*5#", kComplete, "5"},
      {"1234567890123#5#", kNotWanted, "none"},
      {"1234#5", kNotWanted, "1234"},
  };
  for (const Row& row : rows) {
    PinPad pad;
    pad.want(15'000, 0);
    EXPECT_EQ(type(pad, row.keys), row.last) << row.keys;
    EXPECT_EQ(taken(pad), row.taken) << row.keys;
  }
}

TEST(PinPad, TakesNothingThatIsNotWanted) {
  PinPad pad;
  EXPECT_EQ(type(pad, "1234#"), PinPad::Key::kNotWanted);
  EXPECT_FALSE(pad.is_complete());
  pad.want(1000, 0);
  EXPECT_EQ(pad.press(1, 999), PinPad::Key::kTaken);
  EXPECT_EQ(pad.press(2, 1000), PinPad::Key::kNotWanted) << "too late";
  EXPECT_FALSE(pad.is_wanted());
}

TEST(PinPad, ForgetsWhatNobodyTakes) {
  PinPad pad;
  pad.want(1000, 0);
  type(pad, "1234#", 500);
  pad.tick(30'499);
  EXPECT_TRUE(pad.is_complete());
  pad.tick(30'500);
  EXPECT_FALSE(pad.is_complete());
}

// No digit is left in the object's bytes, whichever way it ended.
TEST(PinPad, LeavesNoDigitBehind) {
  for (const std::string_view end :
       {"take", "cancel", "timeout", "clear", "long", "want"}) {
    PinPad pad;
    pad.want(1000, 0);
    type(pad, "777777777777");
    PinDigits digits;
    if (end == "take") {
      type(pad, "#");
      pad.take(digits);
      EXPECT_EQ(digits.digits[11], 7);
      wipe(digits);
      EXPECT_EQ(digits.digits[11], 0);
    } else if (end == "cancel") {
      pad.cancel();
    } else if (end == "timeout") {
      pad.tick(1000);
    } else if (end == "clear") {
      type(pad, "*");
    } else if (end == "long") {
      type(pad, "7#");
    } else {
      pad.want(1000, 0);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(&pad);
    for (std::size_t i = 0; i < sizeof pad; ++i) {
      EXPECT_NE(bytes[i], 7) << end;
    }
  }
}

}  // namespace
}  // namespace strongroom::panel
