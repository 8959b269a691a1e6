// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_line.h"

#include <gtest/gtest.h>

#include "tools/strongroom/bus_fake_line_test_util.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

using Units = std::vector<std::uint8_t>;

TEST(ParseUnits, ListsAndRanges_AreEachUnitOnce) {
  EXPECT_EQ(parse_units("7").value(), Units{7});
  EXPECT_EQ(parse_units("1,5,3-6").value(), (Units{1, 3, 4, 5, 6}));
  EXPECT_EQ(parse_units("1-247").value().size(), 247U);
}

TEST(ParseUnits, WhatIsNoList_IsAFault) {
  for (const char* text :
       {"", "0", "248", "5-3", "1-", "-3", "1,", ",1", "a", "1 2", "1-2-3"}) {
    EXPECT_FALSE(parse_units(text).has_value()) << text;
  }
}

TEST(ParseTcpEndpoint, EveryForm_GivesHostAndPort) {
  struct Case {
    const char* text;
    const char* host;
    int port;
  };
  for (const Case& c : {Case{"192.0.2.1", "192.0.2.1", 502},
                        Case{"gateway:1502", "gateway", 1502},
                        Case{"2001:db8::1", "2001:db8::1", 502},
                        Case{"[2001:db8::1]", "2001:db8::1", 502},
                        Case{"[2001:db8::1]:1502", "2001:db8::1", 1502}}) {
    const auto endpoint = parse_tcp_endpoint(c.text);
    ASSERT_TRUE(endpoint.has_value()) << c.text;
    EXPECT_EQ(endpoint->host, c.host);
    EXPECT_EQ(endpoint->port, c.port);
  }
  for (const char* text : {"",
                           ":502",
                           "host:",
                           "host:0",
                           "host:65536",
                           "[::1",
                           "[::1]x",
                           "h:1x"}) {
    EXPECT_FALSE(parse_tcp_endpoint(text).has_value()) << text;
  }
}

TEST(BusLine, Text_NamesWhatOneWouldSay) {
  EXPECT_EQ(text_of(BusLine{{RtuEndpoint{"/dev/ttyS1", 9600, 'E', 2}}}),
            "/dev/ttyS1 9600 8E2");
  EXPECT_EQ(text_of(BusLine{{TcpEndpoint{"192.0.2.1", 502}}}), "192.0.2.1:502");
}

TEST(BusLine, Wire_CountsEveryBitOfACharacter) {
  EXPECT_EQ(
      wire_of(BusLine{{RtuEndpoint{"x", 9600, 'N', 1}}}).bits_per_character,
      10);
  EXPECT_EQ(
      wire_of(BusLine{{RtuEndpoint{"x", 9600, 'E', 2}}}).bits_per_character,
      12);
}

class BusAskerTest : public testing::Test {
 protected:
  BusAskerTest() {
    FakeDevice device;
    for (std::uint16_t i = 0; i < 400; ++i) {
      device.cells[{RegisterKind::kHolding, i}] = i;
    }
    line_.devices[1] = device;
    line_.devices[2] = device;
  }
  Answer ask(std::uint8_t unit,
             std::uint16_t address,
             std::uint16_t count = 2) {
    return asker_.ask({unit, RegisterKind::kHolding, address, count});
  }

  FakeLine line_;
  BusAsker asker_{
      line_, {.kind = LineKind::kRtu, .baud = 115200}, 100ms, 400ms, [this] {
        return line_.now;
      }};
};

TEST_F(BusAskerTest, Answer_IsTheQuestionsOwn) {
  EXPECT_EQ(ask(1, 300).value(), (std::vector<std::uint16_t>{300, 301}));
}

TEST_F(BusAskerTest, Question_ComesAfterStillness) {
  ask(1, 300);
  const MonoTime before = line_.now;
  asker_.ask({1, RegisterKind::kHolding, 0, 1}, 35ms);
  EXPECT_GE(line_.now - before, 35ms + line_.devices[1].delay);
}

TEST_F(BusAskerTest, LateAnswer_IsNeverTakenForTheNextOfItsShape) {
  for (const auto late : {110ms, 150ms, 250ms, 399ms}) {
    line_.devices[1].delay = late;
    EXPECT_FALSE(ask(1, 100).has_value());
    line_.devices[1].delay = 5ms;
    const Answer next = ask(1, 200);
    ASSERT_TRUE(next.has_value()) << late.count();
    EXPECT_EQ(next->front(), 200) << late.count();
  }
}

TEST_F(BusAskerTest, LateAnswer_DoesNotHoldUpAnotherUnit) {
  line_.devices[1].delay = 1s;
  EXPECT_FALSE(ask(1, 100).has_value());
  const MonoTime before = line_.now;
  EXPECT_EQ(ask(2, 200).value().front(), 200);
  EXPECT_LT(line_.now - before, 20ms);
}

TEST_F(BusAskerTest, ExceptionWhileAnAnswerIsOwed_ProvesNothing) {
  line_.devices[1].delay = 150ms;
  EXPECT_FALSE(ask(1, 9999).has_value());  // it will be refused, late
  line_.devices[1].delay = 5ms;
  const Answer refused = ask(1, 9999, 3);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, LinkFault::kGarbled);
  line_.now += 1s;
  EXPECT_EQ(ask(1, 9999, 3).error().fault, LinkFault::kException);
}

}  // namespace
}  // namespace strongroom
