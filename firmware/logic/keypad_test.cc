// SPDX-License-Identifier: Apache-2.0
// Keys among badges on the same two lines.
#include "firmware/logic/keypad.h"

#include <gtest/gtest.h>
#include <string_view>
#include <vector>

#include "firmware/logic/reader.h"

namespace strongroom::panel {
namespace {

using Fault = strongroom_panel_v1_PanelReadFault;
using Keypad = strongroom_panel_v1_KeypadKind;

constexpr Keypad k4 = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4;
constexpr Keypad k8 = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND8;
constexpr Keypad kNoKeypad = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE;
constexpr Fault kLength =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_LENGTH;
constexpr Fault kChecksum =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_CHECKSUM;
constexpr Fault kFraming =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING;
constexpr std::string_view kBadgeBits = "10111011000000110010000110";

TEST(Keypad, ReadsFourBits) {
  for (std::uint8_t key = 0; key < 16; ++key) {
    const auto frame = key_in(k4, {key, 4});
    ASSERT_TRUE(frame) << int{key};
    EXPECT_EQ(frame->fault, key <= kKeyEnter ? Fault{} : kFraming) << int{key};
    EXPECT_EQ(frame->key, key <= kKeyEnter ? key : 0) << int{key};
  }
}

// Of 256 bytes the 16 whose nibbles are complements are keys, and of these 12.
TEST(Keypad, ReadsEightBitsWhoseNibblesAreComplements) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const auto frame = key_in(k8, {bits, 8});
    ASSERT_TRUE(frame) << bits;
    const unsigned low = bits % 16;
    const unsigned high = bits / 16;
    if (high + low != 15) {
      EXPECT_EQ(frame->fault, kChecksum) << bits;
    } else if (low > kKeyEnter) {
      EXPECT_EQ(frame->fault, kFraming) << bits;
    } else {
      EXPECT_EQ(frame->fault, Fault{}) << bits;
      EXPECT_EQ(frame->key, low) << bits;
    }
  }
}

TEST(Keypad, KnowsItsKeysByTheirLength) {
  for (std::uint8_t count = 0; count < 64; ++count) {
    EXPECT_EQ(key_in(k4, {0, count}).has_value(), count == 4);
    EXPECT_EQ(key_in(k8, {0, count}).has_value(), count == 8);
    EXPECT_FALSE(key_in(kNoKeypad, {0, count}));
    EXPECT_FALSE(key_in(Keypad{}, {0, count}));
  }
}

/// A reader and the words that it says: "7" a key, "badge", or "fault 2".
class Lines {
 public:
  Lines(strongroom_panel_v1_ReaderKind kind, Keypad keypad) {
    strongroom_panel_v1_ReaderSettings settings{};
    settings.kind = kind;
    settings.keypad = keypad;
    settings.repeat_ms = 1000;
    reader_.configure(settings);
  }

  void frame(std::string_view bits) {
    for (const char bit : bits) {
      keep(reader_.pulse(bit == '1', now_us_));
      now_us_ += 2000;
    }
    for (int i = 0; i < 30; ++i) {
      now_us_ += 1000;
      keep(reader_.tick(now_us_));
    }
  }
  void bytes(std::string_view bytes) {
    for (const char byte : bytes) {
      now_us_ += 1000;
      keep(reader_.byte(static_cast<std::uint8_t>(byte), now_us_ / 1000));
    }
  }

  std::vector<std::string> said;

 private:
  void keep(const ReaderOutput& output) {
    if (const auto* pressed = std::get_if<KeyPressed>(&output)) {
      said.push_back(std::to_string(pressed->key));
    } else if (const auto* unreadable = std::get_if<Unreadable>(&output)) {
      said.push_back("fault " + std::to_string(unreadable->fault));
    } else if (std::holds_alternative<BadgeSeen>(output)) {
      said.push_back("badge");
    }
  }

  Reader reader_;
  std::uint64_t now_us_ = 1'000'000;
};

using Said = std::vector<std::string>;

TEST(Keypad, SpeaksOnTheLinesOfTheBadgeReader) {
  Lines lines(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, k4);
  lines.frame("0010");
  lines.frame(kBadgeBits);
  lines.frame("1010");
  lines.frame("1011");
  EXPECT_EQ(lines.said, (Said{"2", "badge", "10", "11"}));
}

TEST(Keypad, ChecksTheComplementOfEachKey) {
  Lines lines(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, k8);
  lines.frame("11010010");
  lines.frame("11010011");
  EXPECT_EQ(lines.said, (Said{"2", "fault " + std::to_string(kChecksum)}));
}

TEST(Keypad, TakesNoKeyOfAnotherLength) {
  Lines four(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, k4);
  four.frame("11010010");
  EXPECT_EQ(four.said, Said{"fault " + std::to_string(kLength)});

  Lines none(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, kNoKeypad);
  none.frame("0010");
  EXPECT_EQ(none.said, Said{"fault " + std::to_string(kLength)});
}

// The same key twice is two keys, however fast.
TEST(Keypad, RepeatsKeys) {
  Lines lines(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, k4);
  lines.frame("0111");
  lines.frame("0111");
  EXPECT_EQ(lines.said, (Said{"7", "7"}));
}

// At a shared reader: "1", badge, "2", the same badge.
TEST(Keypad, MakesABadgeAfterAKeyANewReading) {
  Lines lines(strongroom_panel_v1_ReaderKind_READER_KIND_H10301, k4);
  lines.frame("0001");
  lines.frame(kBadgeBits);
  lines.frame(kBadgeBits);
  lines.frame("0010");
  lines.frame(kBadgeBits);
  EXPECT_EQ(lines.said, (Said{"1", "badge", "2", "badge"}));
}

TEST(Keypad, StandsBesideABadgeModuleOnAUart) {
  Lines lines(strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300, k4);
  constexpr std::string_view kFrame =
      "\x02"
      "3C00CE754CCB\x03";
  lines.bytes(kFrame);
  lines.frame("0101");
  // The badge still lies there.
  lines.bytes(kFrame);
  // And no bits are a badge of this reader.
  lines.frame(kBadgeBits);
  EXPECT_EQ(lines.said,
            (Said{"badge", "5", "fault " + std::to_string(kLength)}));
}

}  // namespace
}  // namespace strongroom::panel
