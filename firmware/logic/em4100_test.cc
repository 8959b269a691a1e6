// SPDX-License-Identifier: Apache-2.0
// The public frames and the ways in which a UART spoils them.
#include "firmware/logic/em4100.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/logic/reader.h"

namespace strongroom::panel {
namespace {

using Fault = strongroom_panel_v1_PanelReadFault;

constexpr auto kRdm6300 = strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300;
constexpr auto kId12la = strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA;
constexpr auto kChecksum =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_CHECKSUM;
constexpr auto kFraming =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING;

strongroom_panel_v1_ReaderSettings settings(strongroom_panel_v1_ReaderKind kind,
                                            std::uint16_t repeat_ms = 1000) {
  strongroom_panel_v1_ReaderSettings settings{};
  settings.reader = 1;
  settings.kind = kind;
  settings.repeat_ms = repeat_ms;
  return settings;
}

/// "3C00CE754CCB", as the module frames it.
std::string frame(strongroom_panel_v1_ReaderKind kind,
                  std::string_view digits) {
  return "\x02" + std::string(digits) + (kind == kId12la ? "\r\n" : "") +
         "\x03";
}

Credential badge(std::array<std::uint8_t, 6> bits) {
  return {.bit_count = 40, .bits = bits};
}

const Credential kBadge = badge({0x3c, 0x00, 0xce, 0x75, 0x4c});
constexpr std::string_view kDigits = "3C00CE754CCB";

/// A reader, its line at 9600 baud, and what it said.
class Line {
 public:
  explicit Line(const strongroom_panel_v1_ReaderSettings& settings) {
    reader_.configure(settings);
  }

  void send(std::string_view bytes) {
    for (const char byte : bytes) {
      keep(reader_.byte(static_cast<std::uint8_t>(byte), now_ms_));
      ++now_ms_;
    }
  }
  void wait(std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms; ++i) {
      keep(reader_.tick(++now_ms_ * 1000));
    }
  }
  /// As when the loop does not come round.
  void jump(std::uint64_t ms) { now_ms_ += ms; }

  std::vector<Credential> badges;
  std::vector<Fault> faults;

 private:
  void keep(const ReaderOutput& output) {
    if (const auto* seen = std::get_if<BadgeSeen>(&output)) {
      badges.push_back(seen->credential);
    }
    if (const auto* unreadable = std::get_if<Unreadable>(&output)) {
      faults.push_back(unreadable->fault);
    }
  }

  Reader reader_;
  std::uint64_t now_ms_ = 1000;
};

struct Vector {
  const char* digits;
  Credential badge;
};

const Vector kVectors[] = {
    {"3C00CE754CCB", badge({0x3c, 0x00, 0xce, 0x75, 0x4c})},
    {"1F00644BB686", badge({0x1f, 0x00, 0x64, 0x4b, 0xb6})},
    {"0D00319CD070", badge({0x0d, 0x00, 0x31, 0x9c, 0xd0})},
    {"62E3086CED08", badge({0x62, 0xe3, 0x08, 0x6c, 0xed})},
};

TEST(Em4100, ReadsThePublicFrames) {
  for (const auto kind : {kRdm6300, kId12la}) {
    for (const Vector& vector : kVectors) {
      Line line(settings(kind));
      line.send(frame(kind, vector.digits));
      EXPECT_EQ(line.badges, std::vector{vector.badge}) << vector.digits;
      EXPECT_TRUE(line.faults.empty()) << vector.digits;
    }
  }
}

TEST(Em4100, RefusesThePublicFrameWithAWrongChecksum) {
  Line line(settings(kRdm6300));
  line.send(frame(kRdm6300, "100026F44426"));
  EXPECT_TRUE(line.badges.empty());
  EXPECT_EQ(line.faults, std::vector{kChecksum});
}

// Each bit of each byte: never a badge, unless the flipped bit leaves the same
// frame, which it never does.
TEST(Em4100, TakesNoFrameWithAFlippedBit) {
  for (const auto kind : {kRdm6300, kId12la}) {
    const std::string sent = frame(kind, kDigits);
    for (std::size_t bit = 0; bit < 8 * sent.size(); ++bit) {
      std::string spoilt = sent;
      spoilt[bit / 8] = static_cast<char>(spoilt[bit / 8] ^ (1 << (bit % 8)));
      Line line(settings(kind));
      line.send(spoilt);
      line.wait(50);
      EXPECT_TRUE(line.badges.empty()) << bit;
      line.send(sent);
      EXPECT_EQ(line.badges, std::vector{kBadge}) << bit;
    }
  }
}

TEST(Em4100, TakesNoFrameThatLacksAByte) {
  for (const auto kind : {kRdm6300, kId12la}) {
    const std::string sent = frame(kind, kDigits);
    for (std::size_t at = 0; at < sent.size(); ++at) {
      std::string spoilt = sent;
      spoilt.erase(at, 1);
      Line line(settings(kind));
      line.send(spoilt);
      line.wait(50);
      EXPECT_TRUE(line.badges.empty()) << at;
      // Without its STX, or with an end after the fifth digit, it is noise.
      EXPECT_EQ(line.faults.size(), at == 0 ? 0 : 1) << at;
      line.send(sent);
      EXPECT_EQ(line.badges, std::vector{kBadge}) << at;
    }
  }
}

TEST(Em4100, TakesNoFrameOfTheOtherModule) {
  Line rdm6300(settings(kRdm6300));
  rdm6300.send(frame(kId12la, kDigits));
  EXPECT_TRUE(rdm6300.badges.empty());
  EXPECT_EQ(rdm6300.faults, std::vector{kFraming});

  Line id12la(settings(kId12la));
  id12la.send(frame(kRdm6300, kDigits));
  EXPECT_TRUE(id12la.badges.empty());
  EXPECT_EQ(id12la.faults, std::vector{kFraming});
}

TEST(Em4100, TakesNoLowerCase) {
  Line line(settings(kRdm6300));
  line.send(frame(kRdm6300, "3c00ce754ccb"));
  EXPECT_TRUE(line.badges.empty());
}

TEST(Em4100, GivesUpAFrameThatPausesLongerThan20Ms) {
  Line line(settings(kRdm6300));
  const std::string sent = frame(kRdm6300, kDigits);
  line.send(sent.substr(0, 9));
  line.wait(19);
  EXPECT_TRUE(line.faults.empty());
  line.wait(2);
  EXPECT_EQ(line.faults, std::vector{kFraming});
  line.send(sent.substr(9));
  EXPECT_TRUE(line.badges.empty());
}

TEST(Em4100, ReadsOnOverAPauseOf20Ms) {
  Line line(settings(kRdm6300));
  const std::string sent = frame(kRdm6300, kDigits);
  line.send(sent.substr(0, 9));
  line.wait(19);
  line.send(sent.substr(9));
  EXPECT_EQ(line.badges, std::vector{kBadge});
}

// The loop came too late to see the silence; the times of the bytes tell it.
TEST(Em4100, KnowsAPauseByTheTimesOfTheBytes) {
  Line line(settings(kRdm6300));
  const std::string sent = frame(kRdm6300, kDigits);
  line.send(sent.substr(0, 9));
  line.jump(30);
  line.send(sent);
  EXPECT_EQ(line.badges, std::vector{kBadge});
  EXPECT_EQ(line.faults, std::vector{kFraming});
}

TEST(Em4100, ReadsBehindAndBeforeNoise) {
  Line line(settings(kRdm6300));
  const std::string noise("\x00\xff\x02\x41\x80\x03\x02\x02", 8);
  line.send(noise + frame(kRdm6300, kDigits) + noise);
  line.wait(50);
  EXPECT_EQ(line.badges, std::vector{kBadge});
  EXPECT_TRUE(line.faults.empty());
}

TEST(Em4100, ReadsAFrameBehindOneThatBroke) {
  Line line(settings(kRdm6300));
  line.send(
      "\x02"
      "3C00CE75");
  line.send(frame(kRdm6300, kDigits));
  EXPECT_EQ(line.badges, std::vector{kBadge});
  EXPECT_EQ(line.faults, std::vector{kFraming});
}

TEST(Em4100, IsOneReadingWhileTheBadgeStays) {
  Line line(settings(kRdm6300));
  for (int i = 0; i < 100; ++i) {
    line.send(frame(kRdm6300, kDigits));
    line.wait(50);
  }
  EXPECT_EQ(line.badges.size(), 1U);
  line.wait(900);
  line.send(frame(kRdm6300, kDigits));
  EXPECT_EQ(line.badges.size(), 1U) << "not gone for long enough";
  line.wait(1000);
  line.send(frame(kRdm6300, kDigits));
  EXPECT_EQ(line.badges.size(), 2U) << "gone, and back";
}

// Of a module on a UART no setting makes a reading of every frame.
TEST(Em4100, IsOneReadingEvenWithoutARepeatTime) {
  Line line(settings(kRdm6300, 0));
  for (int i = 0; i < 10; ++i) {
    line.send(frame(kRdm6300, kDigits));
    line.wait(50);
  }
  EXPECT_EQ(line.badges.size(), 1U);
}

TEST(Em4100, ReadsAnotherBadgeAtOnceAndTheFirstAgain) {
  Line line(settings(kRdm6300));
  line.send(frame(kRdm6300, kVectors[0].digits));
  line.send(frame(kRdm6300, kVectors[1].digits));
  line.send(frame(kRdm6300, kVectors[0].digits));
  EXPECT_EQ(
      line.badges,
      (std::vector{kVectors[0].badge, kVectors[1].badge, kVectors[0].badge}));
}

TEST(Em4100, TellsAFaultThatStaysOnce) {
  Line line(settings(kRdm6300));
  for (int i = 0; i < 100; ++i) {
    line.send(frame(kRdm6300, "100026F44426"));
    line.wait(50);
  }
  EXPECT_EQ(line.faults, std::vector{kChecksum});
  line.wait(2000);
  line.send(frame(kRdm6300, "100026F44426"));
  EXPECT_EQ(line.faults.size(), 2U);
}

// A pin that floats: a day of bytes at the line's speed makes no badge, and not
// an event a minute.
TEST(Em4100, MakesNoBadgesOfAFloatingPin) {
  for (const auto kind : {kRdm6300, kId12la}) {
    Line line(settings(kind));
    std::uint32_t random = 1;
    for (int i = 0; i < 2'000'000; ++i) {
      random = random * 1664525 + 1013904223;
      const char byte = static_cast<char>(random >> 24);
      line.send({&byte, 1});
    }
    EXPECT_TRUE(line.badges.empty());
    EXPECT_LE(line.faults.size(), 1U);
  }
}

TEST(Em4100, IgnoresBytesWithoutSuchAModule) {
  for (const auto kind :
       {strongroom_panel_v1_ReaderKind_READER_KIND_UNSPECIFIED,
        strongroom_panel_v1_ReaderKind_READER_KIND_H10301}) {
    Line line(settings(kind));
    line.send(frame(kRdm6300, kDigits));
    line.wait(50);
    EXPECT_TRUE(line.badges.empty());
    EXPECT_TRUE(line.faults.empty());
  }
}

TEST(Em4100, ForgetsWhatWasHalfReceivedWhenConfigured) {
  Reader reader;
  reader.configure(settings(kRdm6300));
  const std::string sent = frame(kRdm6300, kDigits);
  std::uint64_t now_ms = 1;
  for (const char byte : sent.substr(0, 13)) {
    reader.byte(static_cast<std::uint8_t>(byte), now_ms++);
  }
  reader.configure(settings(kRdm6300));
  const ReaderOutput output = reader.byte(0x03, now_ms);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(output));
}

}  // namespace
}  // namespace strongroom::panel
