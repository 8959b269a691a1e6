// SPDX-License-Identifier: Apache-2.0
// The public frames, and what wiring and noise make of them.
#include "firmware/logic/wiegand.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/logic/reader.h"

namespace strongroom::panel {
namespace {

using Fault = strongroom_panel_v1_PanelReadFault;
using Kind = strongroom_panel_v1_ReaderKind;

constexpr Kind k26 = strongroom_panel_v1_ReaderKind_READER_KIND_H10301;
constexpr Kind k34 = strongroom_panel_v1_ReaderKind_READER_KIND_H10306;
constexpr Kind k37 = strongroom_panel_v1_ReaderKind_READER_KIND_H10302;
constexpr Kind k37Facility = strongroom_panel_v1_ReaderKind_READER_KIND_H10304;
constexpr Fault kNone =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_UNSPECIFIED;
constexpr Fault kLength =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_LENGTH;
constexpr Fault kParity =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_PARITY;
constexpr Fault kSwapped =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_SWAPPED;
constexpr Fault kFraming =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING;
constexpr Fault kBothLow =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_BOTH_LOW;

struct Vector {
  Kind kind;
  WiegandBits frame;
  std::uint64_t data;  // without the parity bits
};

const Vector kVectors[] = {
    {k26, {0x2ec0c86, 26}, 118U << 16 | 1603},
    {k26, {0x2f623ae, 26}, 123U << 16 | 4567},
    {k26, {0x354f64e, 26}, 170U << 16 | 31527},
    {k26, {0x22cd46e, 26}, 0x166a37},
    {k34, {0x200a9dfea, 34}, 84U << 16 | 61429},
    {k26, {0x0c9c83f, 26}, 100U << 16 | 58399},
    {k26, {0x0c9c841, 26}, 100U << 16 | 58400},
    {k26, {0x0000001, 26}, 0},
    {k26, {0x1ffffff, 26}, 255U << 16 | 65535},
    {k34, {0x06073a862, 34}, 12345U << 16 | 54321},
    {k37Facility, {0x104d21bbaa, 37}, 1234ULL << 19 | 56789},
    {k37, {0x100eb79a2b, 37}, 123456789},
};

std::uint64_t complement(WiegandBits frame) {
  return ~frame.bits & ((std::uint64_t{1} << frame.count) - 1);
}

std::string text(WiegandBits frame) {
  std::string bits;
  for (int i = frame.count - 1; i >= 0; --i) {
    bits += (frame.bits >> i & 1) != 0 ? '1' : '0';
  }
  return bits;
}

/// A reader, its two lines, and what it said.
class Lines {
 public:
  explicit Lines(Kind kind,
                 strongroom_panel_v1_KeypadKind keypad = {},
                 std::uint16_t repeat_ms = 1000) {
    strongroom_panel_v1_ReaderSettings settings{};
    settings.reader = 1;
    settings.kind = kind;
    settings.keypad = keypad;
    settings.repeat_ms = repeat_ms;
    reader_.configure(settings);
  }

  void pulse(bool is_one) { keep(reader_.pulse(is_one, now_us_)); }
  void both_low() { keep(reader_.both_low(now_us_)); }
  void pass(std::uint64_t us) { now_us_ += us; }
  void send(std::string_view bits, std::uint64_t interval_us = 2000) {
    for (const char bit : bits) {
      pulse(bit == '1');
      pass(interval_us);
    }
  }
  /// Ticks meanwhile.
  void wait(std::uint64_t us) {
    for (; us >= 1000; us -= 1000) {
      now_us_ += 1000;
      keep(reader_.tick(now_us_));
    }
  }
  void frame(std::string_view bits) {
    send(bits);
    wait(30'000);
  }

  std::vector<Credential> badges;
  std::vector<Fault> faults;
  std::vector<std::uint8_t> keys;

 private:
  void keep(const ReaderOutput& output) {
    if (const auto* seen = std::get_if<BadgeSeen>(&output)) {
      badges.push_back(seen->credential);
    }
    if (const auto* unreadable = std::get_if<Unreadable>(&output)) {
      faults.push_back(unreadable->fault);
    }
    if (const auto* pressed = std::get_if<KeyPressed>(&output)) {
      keys.push_back(pressed->key);
    }
  }

  Reader reader_;
  std::uint64_t now_us_ = 1'000'000;
};

TEST(Wiegand, TakesThePublicFrames) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(wiegand_fault(vector.kind, vector.frame), kNone)
        << text(vector.frame);
    EXPECT_EQ(vector.frame.count, wiegand_length(vector.kind));
    const std::uint64_t data =
        vector.frame.bits >> 1 &
        ((std::uint64_t{1} << (vector.frame.count - 2)) - 1);
    EXPECT_EQ(data, vector.data) << text(vector.frame);
  }
}

TEST(Wiegand, RefusesAnyFlippedBit) {
  for (const Vector& vector : kVectors) {
    for (unsigned bit = 0; bit < vector.frame.count; ++bit) {
      WiegandBits spoilt = vector.frame;
      spoilt.bits ^= std::uint64_t{1} << bit;
      const Fault fault = wiegand_fault(vector.kind, spoilt);
      // The middle one of 37 bits is in both groups: both fail, as they do when
      // the lines are swapped.
      const bool is_shared = vector.frame.count == 37 && bit == 18;
      EXPECT_EQ(fault, is_shared ? kSwapped : kParity)
          << text(vector.frame) << ' ' << bit;
    }
  }
}

TEST(Wiegand, TellsSwappedLines) {
  for (const Vector& vector : kVectors) {
    const WiegandBits swapped{complement(vector.frame), vector.frame.count};
    EXPECT_EQ(wiegand_fault(vector.kind, swapped), kSwapped)
        << text(vector.frame);
  }
}

// jpliew/Wiegand-NG, issue 3: both parities fail, and the complement is the
// number that was printed on the badge.
TEST(Wiegand, TellsThePublicFrameOfSwappedLines) {
  Lines lines(k34);
  lines.frame("0100111010100101111001011110111000");
  EXPECT_TRUE(lines.badges.empty());
  EXPECT_EQ(lines.faults, std::vector{kSwapped});
}

TEST(Wiegand, RefusesEveryOtherLength) {
  for (std::uint8_t count = 0; count < 64; ++count) {
    for (const Kind kind : {k26, k34, k37, k37Facility}) {
      if (count != wiegand_length(kind)) {
        EXPECT_EQ(wiegand_fault(kind, {0, count}), kLength) << int{count};
      }
    }
  }
}

TEST(Wiegand, ReadsPulsesAtTheIntervalsOfManuals) {
  // From first edge to first edge: Seeed, XPR, Southco and CDVI, and slow ones.
  for (const std::uint64_t interval_us :
       {1040U, 1100U, 2040U, 2050U, 5000U, 20'000U}) {
    for (const Vector& vector : kVectors) {
      Lines lines(vector.kind);
      lines.send(text(vector.frame), interval_us);
      lines.wait(30'000);
      EXPECT_EQ(
          lines.badges,
          std::vector{credential_of(vector.frame.bits, vector.frame.count)})
          << interval_us << ' ' << text(vector.frame);
      EXPECT_TRUE(lines.faults.empty());
    }
  }
}

// Raw bits, parity included, left-justified: as access.md has FC 118 CN 1603.
TEST(Wiegand, KeepsTheBitsAsTheyWereSent) {
  Lines lines(k26);
  lines.frame("10111011000000110010000110");
  ASSERT_EQ(lines.badges.size(), 1U);
  EXPECT_EQ(lines.badges[0].bit_count, 26);
  EXPECT_EQ(lines.badges[0].bits,
            (std::array<std::uint8_t, 6>{0xbb, 0x03, 0x21, 0x80}));
}

TEST(Wiegand, EndsAFrameAfter25MsOfSilence) {
  Lines lines(k26);
  lines.send(text(kVectors[0].frame));  // the last pulse is 2 ms ago
  lines.wait(22'000);
  EXPECT_TRUE(lines.badges.empty());
  lines.wait(1000);
  EXPECT_EQ(lines.badges.size(), 1U);
}

// The loop came too late to see the silence; the times of the pulses tell it.
TEST(Wiegand, KnowsTheSilenceByTheTimesOfThePulses) {
  Lines lines(k26, {}, 0);
  lines.send(text(kVectors[0].frame));
  lines.pass(30'000);
  lines.send(text(kVectors[1].frame));
  lines.pass(30'000);
  lines.wait(1000);
  EXPECT_EQ(lines.badges.size(), 2U);
  EXPECT_TRUE(lines.faults.empty());
}

TEST(Wiegand, TellsAMissingAndAnExtraBit) {
  for (const std::size_t length : {1U, 25U, 27U, 63U, 64U, 65U, 200U}) {
    Lines lines(k26);
    lines.frame(std::string(length, '1'));
    EXPECT_TRUE(lines.badges.empty()) << length;
    EXPECT_EQ(lines.faults, std::vector{kLength}) << length;
  }
}

// The end of what is too long is not a frame of its own.
TEST(Wiegand, TakesNoFrameOfTheEndOfALongOne) {
  Lines lines(k26);
  lines.send(std::string(64, '0'));
  lines.frame(text(kVectors[0].frame));
  EXPECT_TRUE(lines.badges.empty());
  EXPECT_EQ(lines.faults, std::vector{kLength});
}

// Lines that hum at 50 Hz have no silence of 25 ms.
TEST(Wiegand, TellsNoiseThatNeverEndsOnce) {
  Lines lines(k26);
  for (int i = 0; i < 100'000; ++i) {
    lines.pulse(i % 3 == 0);
    lines.wait(20'000);
  }
  EXPECT_TRUE(lines.badges.empty());
  EXPECT_EQ(lines.faults, std::vector{kLength});
}

TEST(Wiegand, HearsNoRingingOfOneLine) {
  Lines lines(k26);
  for (const char bit : text(kVectors[0].frame)) {
    lines.pulse(bit == '1');
    lines.pass(60);
    lines.pulse(bit == '1');
    lines.pass(439);
    lines.pulse(bit == '1');
    lines.pass(1501);
  }
  lines.wait(30'000);
  EXPECT_EQ(lines.badges.size(), 1U);
  EXPECT_TRUE(lines.faults.empty());
}

TEST(Wiegand, BelievesNoFrameInWhichTheOtherLineAnswers) {
  Lines lines(k26);
  const std::string bits = text(kVectors[0].frame);
  lines.send(bits.substr(0, 10));
  lines.pulse(true);
  lines.pass(100);
  lines.pulse(false);
  lines.pass(1900);
  lines.frame(bits.substr(11));
  EXPECT_TRUE(lines.badges.empty());
  EXPECT_EQ(lines.faults, std::vector{kFraming});
}

TEST(Wiegand, BelievesNoFrameInWhichBothLinesWereLow) {
  const std::string bits = text(kVectors[0].frame);
  for (std::size_t at = 0; at <= bits.size(); ++at) {
    Lines lines(k26);
    lines.send(bits.substr(0, at));
    lines.both_low();
    lines.pass(2000);
    lines.frame(bits.substr(at));
    EXPECT_TRUE(lines.badges.empty()) << at;
    EXPECT_EQ(lines.faults, std::vector{kBothLow}) << at;
    lines.frame(bits);
    EXPECT_EQ(lines.badges.size(), 1U) << at;
  }
}

TEST(Wiegand, IsOneReadingWhileTheBadgeStays) {
  Lines lines(k26);
  const std::string bits = text(kVectors[0].frame);
  for (int i = 0; i < 10; ++i) {
    lines.frame(bits);
    lines.wait(500'000);
  }
  EXPECT_EQ(lines.badges.size(), 1U);
  lines.wait(1'000'000);
  lines.frame(bits);
  EXPECT_EQ(lines.badges.size(), 2U);
  lines.frame(text(kVectors[1].frame));
  EXPECT_EQ(lines.badges.size(), 3U);
}

TEST(Wiegand, ReadsEveryFrameWithoutARepeatTime) {
  Lines lines(k26, {}, 0);
  lines.frame(text(kVectors[0].frame));
  lines.frame(text(kVectors[0].frame));
  EXPECT_EQ(lines.badges.size(), 2U);
}

}  // namespace
}  // namespace strongroom::panel
