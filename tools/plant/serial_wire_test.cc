// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/serial_wire.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

// At 10 000 baud, 10 bits a character, a character takes 1000 us and the gap
// 3500 us.
constexpr LineWire kWire{
    .kind = LineKind::kRtu, .baud = 10'000, .bits_per_character = 10};
const Bytes kRequest{1, 4, 0, 1, 0, 2, 0x20, 0x0B};

Time at(std::int64_t us) {
  return Time{us};
}

TEST(PacedWire, Request_IsHeardAfterItsBytesAndTheGap) {
  const auto wire = paced_wire(kWire);
  wire->hear(kRequest, at(1000));
  EXPECT_EQ(wire->due(), at(1000 + 8000 + 3500));
  EXPECT_EQ(wire->take_frame(at(12'499)), std::nullopt);
  EXPECT_EQ(wire->take_frame(at(12'500)), kRequest);
  EXPECT_EQ(wire->take_frame(at(20'000)), std::nullopt);
  EXPECT_EQ(wire->due(), std::nullopt);
}

TEST(PacedWire, PiecesWithoutAGap_AreOneFrame) {
  const auto wire = paced_wire(kWire);
  wire->hear(ByteView(kRequest).first(5), at(0));
  wire->hear(ByteView(kRequest).subspan(5), at(6000));  // silent for 1 ms
  EXPECT_EQ(wire->take_frame(at(12'499)), std::nullopt);
  EXPECT_EQ(wire->take_frame(at(12'500)), kRequest);
  wire->hear(kRequest, at(20'000));
  wire->hear(kRequest, at(20'001));  // one breath: neither is a frame
  EXPECT_EQ(wire->take_frame(at(40'000)).value_or(Bytes()).size(), 16U);
}

TEST(PacedWire, Answer_ComesByteByByte) {
  const auto wire = paced_wire(kWire);
  wire->queue({at(5000), {10, 11, 12, 13}});
  EXPECT_EQ(wire->due(), at(5000));
  EXPECT_EQ(wire->speak(at(5999)), Bytes());
  EXPECT_EQ(wire->due(), at(6000));
  EXPECT_EQ(wire->speak(at(6000)), Bytes({10}));
  EXPECT_EQ(wire->speak(at(8999)), Bytes({11, 12}));
  EXPECT_EQ(wire->speak(at(8999)), Bytes());
  EXPECT_EQ(wire->speak(at(9000)), Bytes({13}));
  EXPECT_EQ(wire->due(), std::nullopt);
}

TEST(PacedWire, FastLine_IsNotLookedAtForEveryByte) {
  const auto wire = paced_wire(
      {.kind = LineKind::kRtu, .baud = 115'200, .bits_per_character = 10});
  wire->queue({at(0), Bytes(256, 1)});
  int looks = 0;
  std::size_t spoken = 0;
  while (const auto due = wire->due()) {
    spoken += wire->speak(*due).size();
    ++looks;
  }
  EXPECT_EQ(spoken, 256U);
  EXPECT_LE(looks, 26);  // 22.2 ms
}

TEST(PacedWire, TwoAnswers_HaveAGapBetween) {
  const auto wire = paced_wire(kWire);
  wire->queue({at(0), {1, 2}});
  wire->queue({at(0), {3}});
  EXPECT_EQ(wire->speak(at(2000)), Bytes({1, 2}));
  EXPECT_EQ(wire->due(), at(5500));
  EXPECT_EQ(wire->speak(at(6499)), Bytes());
  EXPECT_EQ(wire->speak(at(6500)), Bytes({3}));
  EXPECT_EQ(wire->collisions(), 0U);
}

TEST(PacedWire, BothAtOnce_SpoilsBoth) {
  const auto wire = paced_wire(kWire);
  wire->queue({at(0), {1, 2, 3, 4}});
  EXPECT_EQ(wire->speak(at(2000)), Bytes({1, 2}));
  wire->hear(kRequest, at(2500));
  EXPECT_EQ(wire->collisions(), 1U);
  const Bytes rest = wire->speak(at(4000));
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_NE(rest, Bytes({3, 4}));
  const Bytes heard = wire->take_frame(at(30'000)).value_or(Bytes());
  EXPECT_EQ(heard.size(), kRequest.size());
  EXPECT_EQ(parse_rtu(heard), std::nullopt);
  // The next of each is whole again.
  wire->hear(kRequest, at(30'000));
  EXPECT_EQ(wire->take_frame(at(60'000)), kRequest);
  wire->queue({at(60'000), {5}});
  EXPECT_EQ(wire->speak(at(61'000)), Bytes({5}));
  EXPECT_EQ(wire->collisions(), 1U);
}

TEST(PacedWire, AnswerIntoARequest_SpoilsBoth) {
  const auto wire = paced_wire(kWire);
  wire->hear(kRequest, at(0));
  wire->queue({at(4000), {1, 2}});  // a late one
  const Bytes spoken = wire->speak(at(6000));
  ASSERT_EQ(spoken.size(), 2U);
  EXPECT_NE(spoken, Bytes({1, 2}));
  EXPECT_EQ(wire->collisions(), 1U);
  EXPECT_EQ(parse_rtu(wire->take_frame(at(11'500)).value_or(Bytes())),
            std::nullopt);
}

TEST(PacedWire, RequestInTheGapAfterAnAnswer_IsCounted) {
  const auto wire = paced_wire(kWire);
  wire->queue({at(0), {1}});
  EXPECT_EQ(wire->speak(at(1000)), Bytes({1}));
  wire->hear(kRequest, at(4499));
  EXPECT_EQ(wire->hasty(), 1U);
  EXPECT_EQ(wire->take_frame(at(16'000)), kRequest);
  wire->hear(kRequest, at(20'000));
  EXPECT_EQ(wire->hasty(), 1U);
}

TEST(PromptWire, FramesByTheirLength) {
  const auto wire = prompt_wire();
  Bytes two = kRequest;
  append(two, kRequest);
  wire->hear(two, at(0));
  EXPECT_EQ(wire->take_frame(at(0)), kRequest);
  EXPECT_EQ(wire->take_frame(at(0)), kRequest);
  EXPECT_EQ(wire->take_frame(at(0)), std::nullopt);
  // What has no length that can be told, or a wrong CRC, ends with silence.
  wire->hear(Bytes({1, 0x2B, 0x0E}), at(100));
  wire->hear(kRequest, at(200));
  EXPECT_EQ(wire->take_frame(at(5199)), std::nullopt);
  EXPECT_EQ(wire->due(), at(5200));
  EXPECT_EQ(wire->take_frame(at(5200)).value_or(Bytes()).size(), 11U);
  wire->hear(kRequest, at(6000));
  EXPECT_EQ(wire->take_frame(at(6000)), kRequest);
}

TEST(PromptWire, SpeaksInOrderOfTimeAtOnce) {
  const auto wire = prompt_wire();
  wire->queue({at(30), {3}});
  wire->queue({at(10), {1, 1}});
  wire->queue({at(20), {2}});
  EXPECT_EQ(wire->due(), at(10));
  EXPECT_EQ(wire->speak(at(25)), Bytes({1, 1, 2}));
  EXPECT_EQ(wire->speak(at(30)), Bytes({3}));
}

TEST(PacedWire, Stations_HearTheClientWhenItsLastBitIsThrough) {
  const auto wire = paced_wire(kWire, true);
  wire->hear(ByteView(kRequest).first(5), at(0));
  wire->hear(ByteView(kRequest).subspan(5), at(2000));
  EXPECT_EQ(wire->due(), at(8000));
  EXPECT_FALSE(wire->take_heard(at(7999)));
  const auto heard = wire->take_heard(at(8000));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->bytes, kRequest) << "in one piece";
  EXPECT_FALSE(heard->by);
  EXPECT_FALSE(wire->take_heard(at(20'000)));
  EXPECT_EQ(wire->take_frame(at(11'500)), kRequest) << "and so do devices";
}

TEST(PacedWire, Station_IsReadAtTheLinesPaceAndHeardByTheOthers) {
  const auto wire = paced_wire(kWire, true);
  wire->say(3, Bytes{10, 11}, at(5000));
  EXPECT_EQ(wire->speak(at(5999)), Bytes());
  wire->say(3, Bytes{12}, at(6500));
  EXPECT_EQ(wire->speak(at(6999)), Bytes({10}));
  EXPECT_EQ(wire->speak(at(7999)), Bytes({11}));
  EXPECT_FALSE(wire->take_heard(at(7999)));
  EXPECT_EQ(wire->speak(at(8000)), Bytes({12}));
  const auto heard = wire->take_heard(at(8000));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->bytes, Bytes({10, 11, 12}));
  EXPECT_EQ(heard->by, 3U);
  EXPECT_EQ(wire->collisions(), 0U);
  EXPECT_EQ(wire->due(), std::nullopt);
}

TEST(PacedWire, StationThatPauses_SpeaksWhenItHasSomething) {
  const auto wire = paced_wire(kWire, true);
  wire->say(0, Bytes{10}, at(0));
  wire->say(0, Bytes{11}, at(3000));  // nobody has looked since
  EXPECT_EQ(wire->due(), Time{0});
  EXPECT_EQ(wire->speak(at(3999)), Bytes({10}));
  EXPECT_EQ(wire->speak(at(4000)), Bytes({11}));
}

TEST(PacedWire, TwoStationsAtOnce_SpoilBoth) {
  const auto wire = paced_wire(kWire, true);
  wire->say(0, Bytes{1, 2, 3}, at(0));
  EXPECT_EQ(wire->speak(at(1000)), Bytes({1}));
  wire->say(1, Bytes{4, 5}, at(1500));
  EXPECT_EQ(wire->collisions(), 1U);
  const Bytes rest = wire->speak(at(100'000));
  ASSERT_EQ(rest.size(), 4U);
  EXPECT_NE(rest[0], 2);
  EXPECT_NE(rest[2], 4);
}

TEST(PacedWire, StationThatSpeaksIntoARequest_SpoilsBoth) {
  const auto wire = paced_wire(kWire, true);
  wire->hear(kRequest, at(0));
  wire->say(0, Bytes{1, 2}, at(4000));
  EXPECT_EQ(wire->collisions(), 1U);
  EXPECT_NE(wire->speak(at(50'000)), Bytes({1, 2}));
  const auto heard = wire->take_heard(at(50'000));
  ASSERT_TRUE(heard);
  EXPECT_NE(wire->take_frame(at(50'000)), kRequest);
}

TEST(PacedWire, RequestIntoAStationsAnswer_SpoilsBoth) {
  const auto wire = paced_wire(kWire, true);
  wire->say(0, Bytes{1, 2, 3, 4}, at(0));
  wire->hear(kRequest, at(1500));
  EXPECT_EQ(wire->collisions(), 1U);
  EXPECT_NE(wire->speak(at(50'000)), Bytes({1, 2, 3, 4}));
  EXPECT_NE(wire->take_frame(at(50'000)), kRequest);
}

TEST(PromptWire, Stations_HearAndSpeakAtOnce) {
  const auto wire = prompt_wire(true);
  wire->hear(kRequest, at(0));
  EXPECT_EQ(wire->take_heard(at(0)).value_or(Heard()).bytes, kRequest);
  wire->say(1, Bytes{7}, at(0));
  EXPECT_EQ(wire->speak(at(0)), Bytes({7}));
  EXPECT_EQ(wire->take_heard(at(0)).value_or(Heard()).by, 1U);
}

}  // namespace
}  // namespace strongroom::plant
