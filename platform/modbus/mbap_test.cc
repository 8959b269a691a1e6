// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/mbap.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace strongroom {
namespace {

constexpr std::uint16_t kTransaction = 0x0102;
constexpr Question kTwoRegisters{
    .unit = 7, .kind = RegisterKind::kInput, .address = 0x1234, .count = 2};

using Frame = std::vector<std::uint8_t>;

LinkError error_of(const Frame& frame,
                   const Question& question = kTwoRegisters) {
  std::vector<std::uint16_t> values(question.count, 0xDEAD);
  const auto taken = take_mbap_answer(question, kTransaction, frame, values);
  EXPECT_FALSE(taken.has_value());
  EXPECT_EQ(values, std::vector<std::uint16_t>(question.count, 0xDEAD));
  return taken ? LinkError{} : taken.error();
}

TEST(Mbap, Request_IsAsThePaperHasIt) {
  EXPECT_EQ(mbap_request(kTwoRegisters, kTransaction),
            (std::array<std::uint8_t, 12>{
                0x01, 0x02, 0, 0, 0, 6, 7, 4, 0x12, 0x34, 0, 2}));
}

TEST(Mbap, Registers_AreTaken) {
  std::vector<std::uint16_t> values(2);
  EXPECT_TRUE(
      take_mbap_answer(kTwoRegisters,
                       kTransaction,
                       Frame{1, 2, 0, 0, 0, 7, 7, 4, 4, 0xAB, 0xCD, 0, 1},
                       values)
          .has_value());
  EXPECT_EQ(values, (std::vector<std::uint16_t>{0xABCD, 1}));
}

TEST(Mbap, Exchange_IsAsThePaperHasIt) {
  std::array<std::uint8_t, kMbapFrameSize> frame{};
  const Frame written{0xCA, 0xFE, 0x00, 0x01};
  const auto request =
      mbap_exchange(7, 0x1000, written, 125, kTransaction, frame);
  EXPECT_EQ(Frame(request.begin(), request.end()),
            (Frame{0x01, 0x02, 0, 0, 0, 15, 7,    23,   0x10, 0, 0,
                   125,  0x10, 0, 0, 2, 4,  0xCA, 0xFE, 0,    1}));
  const Frame most(242, 0xAA);
  EXPECT_EQ(mbap_exchange(7, 0x1000, most, 125, kTransaction, frame).size(),
            259U);
}

TEST(Mbap, ExchangeIsTakenWhenItIsExactlyTheAnswer) {
  const Frame answer{1, 2, 0, 0, 0, 7, 7, 23, 4, 0xAB, 0xCD, 0, 1};
  Frame read(4);
  EXPECT_TRUE(take_mbap_exchange(7, kTransaction, answer, read).has_value());
  EXPECT_EQ(read, (Frame{0xAB, 0xCD, 0, 1}));
  for (std::size_t at = 0; at < 9; ++at) {
    Frame other = answer;
    other[at] ^= 1;
    EXPECT_FALSE(take_mbap_exchange(7, kTransaction, other, read).has_value())
        << at;
  }
  const auto refused = take_mbap_exchange(
      7, kTransaction, Frame{1, 2, 0, 0, 0, 3, 7, 0x97, 3}, read);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().exception, ModbusException::kIllegalValue);
}

TEST(Mbap, Bits_AreTakenLowestFirst) {
  const Question question{
      .unit = 7, .kind = RegisterKind::kDiscrete, .count = 10};
  std::vector<std::uint16_t> values(10);
  EXPECT_TRUE(
      take_mbap_answer(question,
                       kTransaction,
                       Frame{1, 2, 0, 0, 0, 5, 7, 2, 2, 0b1000'0101, 0b10},
                       values)
          .has_value());
  EXPECT_EQ(values, (std::vector<std::uint16_t>{1, 0, 1, 0, 0, 0, 0, 1, 0, 1}));
}

TEST(Mbap, WhatIsNotExactlyTheAnswer_IsGarbled) {
  const struct {
    const char* what;
    Frame frame;
  } cases[] = {
      {"nothing", {}},
      {"a header", {1, 2, 0, 0, 0, 1, 7}},
      {"other transaction", {1, 3, 0, 0, 0, 7, 7, 4, 4, 0, 1, 0, 2}},
      {"other protocol", {1, 2, 0, 1, 0, 7, 7, 4, 4, 0, 1, 0, 2}},
      {"length too long", {1, 2, 0, 0, 0, 8, 7, 4, 4, 0, 1, 0, 2}},
      {"length too short", {1, 2, 0, 0, 0, 6, 7, 4, 4, 0, 1, 0, 2}},
      {"other unit", {1, 2, 0, 0, 0, 7, 8, 4, 4, 0, 1, 0, 2}},
      {"other function", {1, 2, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0, 2}},
      {"byte count", {1, 2, 0, 0, 0, 7, 7, 4, 5, 0, 1, 0, 2}},
      {"one register", {1, 2, 0, 0, 0, 5, 7, 4, 2, 0, 1}},
      {"three registers", {1, 2, 0, 0, 0, 9, 7, 4, 6, 0, 1, 0, 2, 0, 3}},
      {"exception of another function", {1, 2, 0, 0, 0, 3, 7, 0x83, 2}},
      {"exception that is too long", {1, 2, 0, 0, 0, 4, 7, 0x84, 2, 0}},
      {"exception of another unit", {1, 2, 0, 0, 0, 3, 8, 0x84, 2}},
      {"exception 0", {1, 2, 0, 0, 0, 3, 7, 0x84, 0}},
      {"exception 9", {1, 2, 0, 0, 0, 3, 7, 0x84, 9}},
      {"exception 12", {1, 2, 0, 0, 0, 3, 7, 0x84, 12}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(error_of(c.frame).fault, LinkFault::kGarbled) << c.what;
  }
}

TEST(Mbap, Exceptions_AreKeptApart) {
  for (const int code : {1, 2, 3, 4, 5, 6, 7, 8, 10, 11}) {
    const LinkError error =
        error_of({1, 2, 0, 0, 0, 3, 7, 0x84, static_cast<std::uint8_t>(code)});
    EXPECT_EQ(error.fault, LinkFault::kException);
    EXPECT_EQ(static_cast<int>(error.exception), code);
  }
}

TEST(Mbap, AnyBytes_AreJudgedWithinTheirBounds) {
  std::minstd_rand random(1);
  for (int round = 0; round < 100'000; ++round) {
    Frame frame(random() % 24);
    for (auto& byte : frame) {
      byte = static_cast<std::uint8_t>(random());
    }
    // Right as far as it goes, so that the later checks are reached.
    const Frame right{1, 2, 0, 0, 0, 0, 7, 4, 4};
    const std::size_t upto = std::min<std::size_t>(random() % 10, frame.size());
    std::copy_n(right.begin(), upto, frame.begin());
    if (frame.size() > 6) {
      frame[5] = static_cast<std::uint8_t>(frame.size() - 6);
    }
    std::vector<std::uint16_t> values(2);
    const bool taken =
        take_mbap_answer(kTwoRegisters, kTransaction, frame, values)
            .has_value();
    EXPECT_TRUE(!taken || (frame.size() == 13 && frame[8] == 4));
  }
}

}  // namespace
}  // namespace strongroom
