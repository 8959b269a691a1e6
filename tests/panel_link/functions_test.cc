// SPDX-License-Identifier: Apache-2.0
// Each function, each of its answers and exceptions, in the standard's order.
#include <cctype>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

struct Case {
  std::string name;
  Bytes request;  // without unit and check
  Bytes answer;

  // Else its bytes, addresses included, stand in the tests' names.
  friend void PrintTo(const Case& shown,  // NOLINT: googletest names it
                      std::ostream* out) {
    *out << shown.name;
  }
};

Bytes full(Bytes pdu) {
  return rtu(Bytes{kUnit} + pdu);
}

// Before each case the scratch register is 0xA5C3.
const std::vector<Case>& cases() {
  static const std::vector<Case> kCases{
      // 01 read coils
      {"01 scratch", {1, 0x0F, 0, 0, 16}, {1, 2, 0xC3, 0xA5}},
      {"01 scratch, from bit 4", {1, 0x0F, 4, 0, 5}, {1, 1, 0x1C}},
      {"01 outputs", {1, 0, 0, 0, 32}, {1, 4, 0, 0, 0, 0}},
      {"01 no coil", {1, 0x0F, 0, 0, 0}, {0x81, 3}},
      {"01 too many", {1, 0x0F, 0, 7, 0xD1}, {0x81, 3}},
      {"01 the most", {1, 0x0F, 0, 7, 0xD0}, {0x81, 2}},
      {"01 beyond the end", {1, 0x0F, 0, 0, 17}, {0x81, 2}},
      {"01 count before address", {1, 0x77, 0, 0, 0}, {0x81, 3}},
      {"01 past the last address", {1, 0xFF, 0xFF, 0, 2}, {0x81, 2}},
      // 02 read discrete inputs
      {"02 leaves", {2, 0, 0, 0, 8}, {2, 1, 0}},
      {"02 all", {2, 0, 0, 0, 35}, {2, 5, 0, 0, 0, 0, 7}},
      {"02 none", {2, 0, 0, 0, 0}, {0x82, 3}},
      {"02 too many", {2, 0, 0, 7, 0xD1}, {0x82, 3}},
      {"02 beyond the end", {2, 0, 0, 0, 36}, {0x82, 2}},
      {"02 scratch is no input", {2, 0x0F, 0, 0, 1}, {0x82, 2}},
      // 03 read holding registers
      {"03 scratch", {3, 0x0F, 0, 0, 1}, {3, 2, 0xA5, 0xC3}},
      {"03 none", {3, 0x0F, 0, 0, 0}, {0x83, 3}},
      {"03 too many", {3, 0x0F, 0, 0, 126}, {0x83, 3}},
      {"03 beyond scratch", {3, 0x0F, 0, 0, 2}, {0x83, 2}},
      {"03 the exchange's window", {3, 0x10, 0, 0, 1}, {0x83, 2}},
      {"03 an input register", {3, 0, 0, 0, 1}, {0x83, 2}},
      // 04 read input registers
      {"04 poll", {4, 0, 0, 0, 2}, {4, 4, 0, 0x1D, 0, 1}},
      {"04 none", {4, 0, 0, 0, 0}, {0x84, 3}},
      {"04 too many", {4, 0, 0, 0, 126}, {0x84, 3}},
      {"04 the most", {4, 0, 0, 0, 125}, {0x84, 2}},
      {"04 a hole", {4, 0, 1, 0, 2}, {0x84, 2}},
      {"04 scratch is no input", {4, 0x0F, 0, 0, 1}, {0x84, 2}},
      {"04 past the last address", {4, 0xFF, 0xFF, 0, 2}, {0x84, 2}},
      // 05 write one coil
      {"05 on", {5, 0x0F, 2, 0xFF, 0}, {5, 0x0F, 2, 0xFF, 0}},
      {"05 off", {5, 0x0F, 0, 0, 0}, {5, 0x0F, 0, 0, 0}},
      {"05 neither", {5, 0x0F, 0, 0, 1}, {0x85, 3}},
      {"05 neither, nowhere", {5, 0, 0, 0x12, 0x34}, {0x85, 3}},
      {"05 a lock", {5, 0, 0, 0xFF, 0}, {0x85, 2}},
      {"05 beyond scratch", {5, 0x0F, 16, 0xFF, 0}, {0x85, 2}},
      // 06 write one register
      {"06", {6, 0x0F, 0, 0x12, 0x34}, {6, 0x0F, 0, 0x12, 0x34}},
      {"06 elsewhere", {6, 0x0F, 1, 0x12, 0x34}, {0x86, 2}},
      {"06 the exchange's window", {6, 0x10, 0, 0x12, 0x34}, {0x86, 2}},
      // 0F write coils
      {"0F", {15, 0x0F, 8, 0, 8, 1, 0xFF}, {15, 0x0F, 8, 0, 8}},
      {"0F none", {15, 0x0F, 0, 0, 0, 0}, {0x8F, 3}},
      {"0F too many",
       Bytes{15, 0x0F, 0, 7, 0xB1, 0xF7} + Bytes(0xF7),
       {0x8F, 3}},
      {"0F the most",
       Bytes{15, 0x0F, 0, 7, 0xB0, 0xF6} + Bytes(0xF6),
       {0x8F, 2}},
      {"0F a byte too many", {15, 0x0F, 0, 0, 8, 2, 0, 0}, {0x8F, 3}},
      {"0F a byte too few", {15, 0x0F, 0, 0, 9, 1, 0}, {0x8F, 3}},
      {"0F beyond scratch", {15, 0x0F, 9, 0, 8, 1, 0xFF}, {0x8F, 2}},
      {"0F locks", {15, 0, 0, 0, 8, 1, 0xFF}, {0x8F, 2}},
      // 10 write registers
      {"10", {16, 0x0F, 0, 0, 1, 2, 0x12, 0x34}, {16, 0x0F, 0, 0, 1}},
      {"10 none", {16, 0x0F, 0, 0, 0, 0}, {0x90, 3}},
      {"10 too many", Bytes{16, 0x0F, 0, 0, 124, 246} + Bytes(246), {0x90, 3}},
      {"10 the most", Bytes{16, 0x0F, 0, 0, 123, 246} + Bytes(246), {0x90, 2}},
      {"10 a byte too many", {16, 0x0F, 0, 0, 1, 3, 1, 2, 3}, {0x90, 3}},
      {"10 beyond scratch", {16, 0x0F, 0, 0, 2, 4, 1, 2, 3, 4}, {0x90, 2}},
      {"10 the exchange's window", {16, 0x10, 0, 0, 1, 2, 1, 2}, {0x90, 2}},
      // 17 read and write registers
      {"17 nothing read",
       {23, 0x10, 0, 0, 0, 0x10, 0, 0, 1, 2, 1, 2},
       {0x97, 3}},
      {"17 too many read",
       {23, 0x10, 0, 0, 126, 0x10, 0, 0, 1, 2, 1, 2},
       {0x97, 3}},
      {"17 nothing written", {23, 0x10, 0, 0, 1, 0x10, 0, 0, 0, 0}, {0x97, 3}},
      {"17 too many written",
       Bytes{23, 0x10, 0, 0, 1, 0x10, 0, 0, 122, 242} + Bytes(242),
       {0x97, 3}},
      {"17 a byte too few",
       {23, 0x10, 0, 0, 1, 0x10, 0, 0, 1, 1, 1},
       {0x97, 3}},
      {"17 scratch is written",
       {23, 0x10, 0, 0, 1, 0x0F, 0, 0, 1, 2, 1, 2},
       {0x97, 2}},
      {"17 scratch is read",
       {23, 0x0F, 0, 0, 1, 0x10, 0, 0, 1, 2, 1, 2},
       {0x97, 2}},
      {"17 no frame", {23, 0x10, 0, 0, 125, 0x10, 0, 0, 1, 2, 1, 2}, {0x97, 3}},
      // 2B/0E read device identification
      {"2B basic",
       {0x2B, 14, 1, 0},
       Bytes{0x2B, 14,  1,   0x82, 0,   0,   3,   0,   10, 'S', 't',
             'r',  'o', 'n', 'g',  'r', 'o', 'o', 'm', 1,  5,   'p',
             'a',  'n', 'e', 'l',  2,   3,   '1', '.', '0'}},
      {"2B basic, from the third",
       {0x2B, 14, 1, 2},
       {0x2B, 14, 1, 0x82, 0, 0, 1, 2, 3, '1', '.', '0'}},
      {"2B regular, from the model",
       {0x2B, 14, 2, 5},
       {0x2B, 14, 2, 0x82, 0, 0, 1, 5, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e'}},
      {"2B extended is regular",
       {0x2B, 14, 3, 5},
       {0x2B, 14, 3, 0x82, 0, 0, 1, 5, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e'}},
      {"2B one",
       {0x2B, 14, 4, 2},
       {0x2B, 14, 4, 0x82, 0, 0, 1, 2, 3, '1', '.', '0'}},
      {"2B one that there is not", {0x2B, 14, 4, 3}, {0xAB, 2}},
      {"2B no such code", {0x2B, 14, 0, 0}, {0xAB, 3}},
      {"2B no such code either", {0x2B, 14, 5, 0}, {0xAB, 3}},
      {"2B another type", {0x2B, 13, 0, 0}, {0xAB, 1}},
      {"2B too long", {0x2B, 14, 1, 0, 0}, {0xAB, 3}},
      // whatever else
      {"04 too long", {4, 0, 0, 0, 2, 0}, {0x84, 3}},
      {"06 too short", {6, 0x0F, 0}, {0x86, 3}},
      {"0F without data", {15, 0x0F}, {0x8F, 3}},
      {"17 without data", {23, 0x10}, {0x97, 3}},
      {"07", {7}, {0x87, 1}},
      {"08", {8, 0, 0, 0, 0}, {0x88, 1}},
      {"11", {0x11}, {0x91, 1}},
      {"16", {0x16, 0, 4, 0, 0xF2, 0, 0x25}, {0x96, 1}},
      {"18", {0x18, 0x0F, 0}, {0x98, 1}},
      {"0", {0, 1, 2}, {0x80, 1}},
      {"7F", {0x7F, 1, 2}, {0xFF, 1}},
  };
  return kCases;
}

class Functions : public testing::TestWithParam<Case>, public PanelBench {
 protected:
  Functions() { EXPECT_FALSE(ask(rtu(kUnit, 6, 0x0F00, 0xA5C3)).empty()); }
};

TEST_P(Functions, AreAnswered_AsTheStandardSays) {
  const Bytes answer = ask(full(GetParam().request));
  EXPECT_EQ(hex(answer), hex(full(GetParam().answer)));
  const bool is_exception = GetParam().answer[0] >= 0x80;
  EXPECT_EQ(link_->counters().exceptions, is_exception ? 1U : 0U);
  EXPECT_EQ(link_->counters().frames, 2U);
  EXPECT_EQ(link_->counters().crc_errors, 0U);
}

// What is sent to all is sent by nobody whom we could believe.
TEST_P(Functions, ToEveryUnit_AreNotAnswered_AndChangeNothing) {
  EXPECT_EQ(hex(ask(rtu(Bytes{0} + GetParam().request))), "");
  EXPECT_EQ(hex(ask(rtu(kUnit, 3, 0x0F00, 1))), hex(full({3, 2, 0xA5, 0xC3})));
  EXPECT_EQ(link_->counters().frames, 2U);
}

TEST_P(Functions, WithAWrongCheck_AreNotAnswered_AndChangeNothing) {
  Bytes request = full(GetParam().request);
  request.back() ^= 0x01;
  EXPECT_EQ(hex(ask(request)), "");
  EXPECT_EQ(hex(ask(rtu(kUnit, 3, 0x0F00, 1))), hex(full({3, 2, 0xA5, 0xC3})));
}

INSTANTIATE_TEST_SUITE_P(All,
                         Functions,
                         testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& shown) {
                           std::string name;
                           for (const char c : shown.param.name) {
                             name += std::isalnum(
                                         static_cast<unsigned char>(c)) != 0
                                         ? c
                                         : '_';
                           }
                           return name;
                         });

struct Writes : testing::Test, PanelBench {
  std::string scratch() { return hex(ask(rtu(kUnit, 3, 0x0F00, 1))); }
  static std::string holds(unsigned value) {
    return hex(rtu(Bytes{kUnit, 3, 2} + be16(value)));
  }
};

TEST_F(Writes, ReachScratch_BitByBit) {
  EXPECT_EQ(scratch(), holds(0));
  ask(full({5, 0x0F, 15, 0xFF, 0}));
  EXPECT_EQ(scratch(), holds(0x8000));
  ask(full({15, 0x0F, 2, 0, 9, 2, 0xFF, 0xFF}));
  EXPECT_EQ(scratch(), holds(0x87FC));
  ask(full({5, 0x0F, 4, 0, 0}));
  EXPECT_EQ(scratch(), holds(0x87EC));
  ask(full({15, 0x0F, 2, 0, 3, 1, 0}));
  EXPECT_EQ(scratch(), holds(0x87E0));
  ask(full({16, 0x0F, 0, 0, 1, 2, 0x12, 0x34}));
  EXPECT_EQ(scratch(), holds(0x1234));
}

TEST_F(Writes, OfEveryKind_AtEveryAddress_ReachNothingElse) {
  configure();
  const auto before = view();
  for (unsigned address = 0; address <= 0xFFFF; ++address) {
    const auto at = be16(address);
    for (const Bytes& pdu : {Bytes{5} + at + Bytes{0xFF, 0},
                             Bytes{6} + at + Bytes{0xFF, 0xFF},
                             Bytes{15} + at + Bytes{0, 8, 1, 0xFF},
                             Bytes{16} + at + Bytes{0, 1, 2, 0xFF, 0xFF}}) {
      const Bytes request = full(pdu);
      for (const std::uint8_t byte : request) {
        link_->received(byte, now_us_, false);
      }
      now_us_ += kGapUs;
      link_->answer(now_us_);
      now_us_ += 10 * kCharUs;
    }
  }
  const auto after = view();
  EXPECT_EQ(after.outputs, before.outputs);
  EXPECT_EQ(after.unlocks, before.unlocks);
  EXPECT_EQ(after.acked_seq, before.acked_seq);
  EXPECT_EQ(after.newest_seq, before.newest_seq);
  EXPECT_EQ(after.config_version, before.config_version);
  EXPECT_EQ(scratch(), holds(0xFFFF));
}

}  // namespace
}  // namespace strongroom::panel
