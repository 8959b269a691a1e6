// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/fault.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

TEST(Fault, Words_AreReadAndSaidAgain) {
  for (const char* words : {"dead",
                            "dead p=0.25",
                            "late 800 serial",
                            "late 100-900 parallel p=0.1",
                            "wrong-unit",
                            "wrong-unit 9 p=0.5",
                            "noise p=0.01",
                            "truncated 3",
                            "exception 11",
                            "garbage 8",
                            "duplicate",
                            "unplug",
                            "stuck",
                            "sentinel temperature",
                            "cut door_a door_b"}) {
    const auto parsed = parse_fault(words);
    ASSERT_TRUE(parsed) << words << ": " << parsed.error().what;
    EXPECT_EQ(fault_text(*parsed), words);
  }
  EXPECT_EQ(fault_text(parse_fault("late 5").value()), "late 5 serial");
  EXPECT_EQ(fault_text(parse_fault("truncated").value()), "truncated 2");
}

TEST(Fault, WrongWords_AreRefusedWithTheRightOnes) {
  for (const char* words : {"",
                            "broken",
                            "dead 5",
                            "dead p=0",
                            "dead p=1.1",
                            "dead p=x",
                            "late",
                            "late x",
                            "late 9-5",
                            "late -5",
                            "late 5 sideways",
                            "late 3600001",
                            "exception",
                            "exception 0",
                            "exception 12",
                            "wrong-unit 256",
                            "unplug p=0.5"}) {
    EXPECT_FALSE(parse_fault(words)) << words;
  }
  EXPECT_EQ(parse_fault("late").error().what,
            "late takes MS|MS-MS [serial|parallel] [p=0.1]");
}

FaultSet with(const char* words) {
  FaultSet faults;
  faults.add(parse_fault(words).value());
  return faults;
}

Answer spoiled(const char* words, Framing framing) {
  Random random(1);
  Answer answer{5, {4, 2, 0, 10}};
  spoil_answer(with(words), framing, random, answer);
  return answer;
}

TEST(Fault, Answers_AreSpoiled) {
  EXPECT_EQ(spoiled("exception 6", Framing::kRtu).pdu, Bytes({0x84, 6}));
  EXPECT_EQ(spoiled("wrong-unit", Framing::kRtu).unit, 6);
  EXPECT_EQ(spoiled("wrong-unit 77", Framing::kRtu).unit, 77);
  EXPECT_EQ(spoiled("noise", Framing::kTcp).pdu, Bytes({0x84, 11}));
  EXPECT_EQ(spoiled("noise", Framing::kRtu).pdu, Bytes({4, 2, 0, 10}));
}

TEST(Fault, Frames_AreSpoiled) {
  const Request request{.unit = 1, .function = 4};
  const Bytes whole =
      frame_answer(Framing::kRtu, request, 1, Bytes({4, 2, 0, 10}));
  const auto spoiled_frame = [&](const char* words, std::uint64_t seed) {
    Random random(seed);
    Bytes frame = whole;
    spoil_frame(with(words), Framing::kRtu, random, frame);
    return frame;
  };
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Bytes noisy = spoiled_frame("noise", seed);
    ASSERT_EQ(noisy.size(), whole.size());
    EXPECT_EQ(parse_rtu(noisy), std::nullopt) << "the CRC tells";
  }
  EXPECT_EQ(spoiled_frame("truncated 3", 1),
            Bytes(whole.begin(), whole.end() - 3));
  EXPECT_EQ(spoiled_frame("truncated 200", 1), Bytes());
  const Bytes longer = spoiled_frame("garbage 6", 1);
  ASSERT_EQ(longer.size(), whole.size() + 6);
  EXPECT_TRUE(std::equal(whole.begin(), whole.end(), longer.begin()));
  Bytes twice = whole;
  append(twice, whole);
  EXPECT_EQ(spoiled_frame("duplicate", 1), twice);
}

TEST(Fault, Probability_IsKept) {
  Random random(3);
  const FaultSet faults = with("dead p=0.1");
  int struck = 0;
  for (int i = 0; i < 10'000; ++i) {
    struck += faults.strike(FaultKind::kDead, random) != nullptr ? 1 : 0;
  }
  EXPECT_NEAR(struck, 1000, 100);
  EXPECT_EQ(faults.strike(FaultKind::kLate, random), nullptr);
}

TEST(Fault, OneOfAKind) {
  FaultSet faults = with("late 5");
  faults.add(parse_fault("late 9").value());
  faults.add(parse_fault("dead").value());
  EXPECT_EQ(faults.all().size(), 2U);
  EXPECT_EQ(fault_text(*faults.find(FaultKind::kLate)), "late 9 serial");
  faults.clear(FaultKind::kLate);
  EXPECT_EQ(faults.find(FaultKind::kLate), nullptr);
  EXPECT_NE(faults.find(FaultKind::kDead), nullptr);
}

}  // namespace
}  // namespace strongroom::plant
