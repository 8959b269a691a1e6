// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/badge.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

/// Without start and end, which it checks.
std::string frame(ReaderScene kind, std::string_view number) {
  const auto reading = read_badge(kind, "em4100", number);
  if (!reading || reading->bytes.front() != 2 || reading->bytes.back() != 3) {
    return "no frame";
  }
  return {reading->bytes.begin() + 1, reading->bytes.end() - 1};
}

/// "26 2ec0c86"
std::string pulses(ReaderScene kind,
                   std::string_view format,
                   std::string_view number) {
  const auto reading = read_badge(kind, format, number);
  return reading ? std::to_string(reading->bits.size()) + " " +
                       bits_hex(reading->bits)
                 : reading.error().what;
}

// Published frames, with the number that is printed on the card.
TEST(Badge, Em4100_IsTheFrameOfItsReader) {
  EXPECT_EQ(frame(ReaderScene::kRdm6300, "3C00CE754C"), "3C00CE754CCB");
  EXPECT_EQ(frame(ReaderScene::kRdm6300, "0x1f00644bb6"), "1F00644BB686");
  EXPECT_EQ(frame(ReaderScene::kRdm6300, "0D00319CD0"), "0D00319CD070");
  EXPECT_EQ(frame(ReaderScene::kId12la, "62E3086CED"), "62E3086CED08\r\n");
  // Decimal: without the byte of the maker.
  EXPECT_EQ(frame(ReaderScene::kRdm6300, "0013530444"), "0000CE754CF7");
  EXPECT_EQ(frame(ReaderScene::kRdm6300, "0x0013530444"), "001353044400");
}

// Published numbers and bits; those of the longer formats are computed.
TEST(Badge, Wiegand_HasItsParities) {
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "118/1603"), "26 2ec0c86");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "123/4567"), "26 2f623ae");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "170/31527"), "26 354f64e");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "100/58399"), "26 0c9c83f");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "100/58400"), "26 0c9c841");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "0/0"), "26 0000001");
  EXPECT_EQ(pulses(ReaderScene::kH10301, "h10301", "255/65535"), "26 1ffffff");
  EXPECT_EQ(pulses(ReaderScene::kH10306, "h10306", "84/61429"), "34 200a9dfea");
  EXPECT_EQ(pulses(ReaderScene::kH10306, "h10306", "12345/54321"),
            "34 06073a862");
  EXPECT_EQ(pulses(ReaderScene::kH10304, "h10304", "1234/56789"),
            "37 104d21bbaa");
  EXPECT_EQ(pulses(ReaderScene::kH10302, "h10302", "123456789"),
            "37 100eb79a2b");
}

TEST(Badge, RawBitsAndBytes_GoAsTheyAre) {
  const std::string swapped = "0100111010100101111001011110111000";
  const auto bits = read_badge(ReaderScene::kH10306, "bits", swapped);
  ASSERT_TRUE(bits);
  EXPECT_EQ(bits_text(bits->bits), swapped);
  const auto bytes = read_badge(ReaderScene::kRdm6300, "bytes", "02ff");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->bytes, Bytes({2, 255}));
}

TEST(Badge, WhatTheReaderDoesNotRead_IsRefused) {
  struct Wrong {
    ReaderScene kind;
    const char* format;
    const char* number;
  };
  for (const auto& [kind, format, number] :
       {Wrong{ReaderScene::kRdm6300, "h10301", "1/2"},
        {ReaderScene::kRdm6300, "em4100", "12345678901"},
        {ReaderScene::kRdm6300, "em4100", "3C00CE754"},
        {ReaderScene::kRdm6300, "em4100", "3C00CE754G"},
        {ReaderScene::kRdm6300, "bytes", "0"},
        {ReaderScene::kRdm6300, "bits", "01"},
        {ReaderScene::kH10301, "em4100", "1"},
        {ReaderScene::kH10301, "h10301", "256/1"},
        {ReaderScene::kH10301, "h10301", "1/65536"},
        {ReaderScene::kH10301, "h10301", "1"},
        {ReaderScene::kH10302, "h10302", "34359738368"},
        {ReaderScene::kH10301, "bits", ""},
        {ReaderScene::kH10301, "bits", "012"}}) {
    EXPECT_FALSE(read_badge(kind, format, number)) << format << " " << number;
  }
}

TEST(Badge, Keys_AreACodeEach) {
  const auto four = press_keys(KeypadScene::kWiegand4, "05*#");
  ASSERT_TRUE(four);
  ASSERT_EQ(four->size(), 4U);
  EXPECT_EQ(bits_text((*four)[0]), "0000");
  EXPECT_EQ(bits_text((*four)[1]), "0101");
  EXPECT_EQ(bits_text((*four)[2]), "1010");
  EXPECT_EQ(bits_text((*four)[3]), "1011");
  const auto eight = press_keys(KeypadScene::kWiegand8, "5#");
  ASSERT_TRUE(eight);
  EXPECT_EQ(bits_text((*eight)[0]), "10100101");
  EXPECT_EQ(bits_text((*eight)[1]), "01001011");
  EXPECT_FALSE(press_keys(KeypadScene::kNone, "1"));
  EXPECT_FALSE(press_keys(KeypadScene::kWiegand4, ""));
  EXPECT_FALSE(press_keys(KeypadScene::kWiegand4, "1a"));
}

}  // namespace
}  // namespace strongroom::plant
