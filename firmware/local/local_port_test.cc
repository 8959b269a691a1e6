// SPDX-License-Identifier: Apache-2.0
#include "firmware/local/local_port.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace strongroom::panel {
namespace {

constexpr std::string_view kKeyText = "000102030405060708090a0b0c0d0e0f";

class LocalPortTest : public testing::Test {
 protected:
  /// The reply to a line; what the caller would have to answer is `wish_`.
  std::string ask(std::string_view line) {
    for (const char c : line) {
      EXPECT_EQ(LocalWish::kNone, port_.received(static_cast<std::uint8_t>(c)));
      EXPECT_TRUE(port_.reply().bytes().empty());
    }
    wish_ = port_.received('\n');
    const auto bytes = port_.reply().bytes();
    return {bytes.begin(), bytes.end()};
  }

  LocalPort port_{Commissioning{}};
  LocalWish wish_ = LocalWish::kNone;
};

TEST_F(LocalPortTest, SetsEverything) {
  for (const std::string line :
       {"unit 17", "baud 115200", "parity n", "leaves 2", "readers 0"}) {
    EXPECT_EQ("ok not saved yet\n", ask(line)) << line;
  }
  EXPECT_EQ("ok not saved yet\n", ask("key " + std::string(kKeyText)));
  EXPECT_EQ("", ask("save"));
  EXPECT_EQ(LocalWish::kSave, wish_);

  const Commissioning& wanted = port_.wanted();
  EXPECT_EQ(17, wanted.unit);
  EXPECT_EQ(115200U, wanted.baud);
  EXPECT_EQ('N', wanted.parity);
  EXPECT_EQ(2, wanted.leaves);
  EXPECT_EQ(0, wanted.readers);
  ASSERT_TRUE(wanted.has_key);
  for (std::uint8_t i = 0; i < wanted.key.size(); ++i) {
    EXPECT_EQ(i, wanted.key[i]);
  }
  EXPECT_EQ(Commissioning{}, port_.saved());
  port_.mark_saved();
  EXPECT_EQ(wanted, port_.saved());
}

TEST_F(LocalPortTest, RefusesWhatCannotBe) {
  for (const std::string line : {"unit 0",
                                 "unit 248",
                                 "unit",
                                 "unit x",
                                 "unit 5 5",
                                 "unit  5",
                                 "unit 1000000",
                                 "baud 9601",
                                 "baud 0",
                                 "parity M",
                                 "parity",
                                 "parity EE",
                                 "leaves 0",
                                 "leaves 9",
                                 "readers 9",
                                 "key",
                                 "key 00",
                                 "id? now",
                                 "unlock 1",
                                 "un",
                                 "units 4",
                                 "?",
                                 "SAVE",
                                 "key 00000000000000000000000000000000",
                                 "key 000102030405060708090a0b0c0d0e0g",
                                 "key 000102030405060708090a0b0c0d0e0f00"}) {
    EXPECT_TRUE(ask(line).starts_with("error ")) << line;
    EXPECT_EQ(LocalWish::kNone, wish_) << line;
  }
  EXPECT_EQ(Commissioning{}, port_.wanted());
}

TEST_F(LocalPortTest, SavesNothingWithoutAKey) {
  EXPECT_TRUE(ask("save").starts_with("error there is no key"));
  EXPECT_EQ(LocalWish::kNone, wish_);
}

TEST_F(LocalPortTest, ShowsNoKey) {
  ask("key " + std::string(kKeyText));
  for (const std::string line : {"key?", "help", "key"}) {
    EXPECT_EQ(std::string::npos, ask(line).find("0102")) << line;
  }
}

TEST_F(LocalPortTest, PassesQuestionsOn) {
  EXPECT_EQ("", ask("id?"));
  EXPECT_EQ(LocalWish::kIdentity, wish_);
  EXPECT_EQ("", ask("status?"));
  EXPECT_EQ(LocalWish::kStatus, wish_);
}

TEST_F(LocalPortTest, TakesTerminalsAsTheyAre) {
  EXPECT_EQ("", ask(""));
  EXPECT_EQ("", ask("\r"));
  EXPECT_EQ("ok not saved yet\n",
            ask("unit 58\b\x7f"
                "7  "));
  EXPECT_EQ(7, port_.wanted().unit);
}

TEST_F(LocalPortTest, ALongLineIsOneError) {
  EXPECT_TRUE(ask(std::string(5000, 'a')).starts_with("error the line is"));
  EXPECT_EQ("ok not saved yet\n", ask("unit 9"));
}

TEST_F(LocalPortTest, NoBytesHurt) {
  std::uint32_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    state = state * 1664525 + 1013904223;
    port_.received(static_cast<std::uint8_t>(state >> 24));
    ASSERT_LE(port_.reply().bytes().size(), 400U);
  }
}

TEST(Commissioning, RoundTrip) {
  Commissioning there{.unit = 247,
                      .baud = 76800,
                      .parity = 'O',
                      .leaves = 3,
                      .readers = 2,
                      .has_key = true};
  there.key.fill(0x5a);
  EXPECT_EQ(there, decode_commissioning(encode(there)));
}

TEST(Commissioning, DecodesNothingElse) {
  const auto good = encode(Commissioning{.has_key = true});
  EXPECT_FALSE(decode_commissioning({}));
  EXPECT_FALSE(decode_commissioning(std::span(good).first(25)));
  for (const auto& [at, byte] :
       std::initializer_list<std::pair<std::size_t, std::uint8_t>>{{0, 2},
                                                                   {1, 0},
                                                                   {1, 248},
                                                                   {2, 1},
                                                                   {6, 'X'},
                                                                   {7, 0},
                                                                   {7, 9},
                                                                   {8, 9}}) {
    auto bad = good;
    bad[at] = byte;
    EXPECT_FALSE(decode_commissioning(bad)) << at;
  }
}

// SipHash-2-4 of "id" under 00 01 … 0f, by another implementation
// (tests/panel/siphash.py): people compare these eight digits.
TEST(Commissioning, Fingerprint) {
  PanelKey key{};
  for (std::uint8_t i = 0; i < key.size(); ++i) {
    key[i] = i;
  }
  EXPECT_EQ(0x3ab78680U, fingerprint(key));
}

}  // namespace
}  // namespace strongroom::panel
