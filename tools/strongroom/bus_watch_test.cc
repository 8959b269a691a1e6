// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_watch.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBody = R"({"lines":[
  {"name":"rs485-0","kind":"rtu","endpoint":"/dev/ttyS1","connected":true,
   "error":"","low_latency":"refused","busy_us":500000,"lost":2,"opens":3,
   "failed_opens":1,"devices":[
    {"name":"room-1","unit_id":3,"profile":"xy-md02","state":"answering",
     "polls":100,"failed_polls":1,"requests":120,"timeouts":4,"exceptions":1,
     "garbled":2,"late_bytes":9,"varied":1,"missed_cycles":7,
     "round_trip_p50_us":31000,"round_trip_p99_us":42000,"timeout_us":100000,
     "requests_per_poll":[0,1,0],
     "refused":[{"function":4,"first":9,"last":9}],"error":""}]},
  {"name":"pdu","kind":"tcp","endpoint":"192.0.2.10:502","connected":false,
   "error":"cannot open 192.0.2.10:502: No route","low_latency":"not applicable",
   "busy_us":0,"lost":0,"opens":0,"failed_opens":9,"devices":[
    {"name":"pdu-1","unit_id":1,"profile":"xerus-pdu","state":"silent",
     "polls":3,"failed_polls":3,"requests":3,"timeouts":3,"exceptions":0,
     "garbled":0,"late_bytes":0,"varied":0,"missed_cycles":0,
     "round_trip_p50_us":0,"round_trip_p99_us":0,"timeout_us":500000,
     "requests_per_poll":[0,2,1],"refused":[],"error":"no answer\u001b[2J"}]}
]})";

BusView view() {
  return parse_bus_view(kBody).value();
}

TEST(ParseBusView, Body_GivesLinesAndDevices) {
  const BusView parsed = view();
  ASSERT_EQ(parsed.lines.size(), 2U);
  EXPECT_EQ(parsed.lines[0].endpoint, "/dev/ttyS1");
  EXPECT_EQ(parsed.lines[0].lost, 2U);
  ASSERT_EQ(parsed.lines[0].devices.size(), 1U);
  const WatchedDevice& device = parsed.lines[0].devices[0];
  EXPECT_EQ(device.name, "room-1");
  EXPECT_EQ(device.unit_id, 3);
  EXPECT_EQ(device.polls, 100U);
  EXPECT_EQ(device.garbled, 2U);
  EXPECT_EQ(device.round_trip_p99_us, 42000);
  EXPECT_FALSE(parsed.lines[1].is_connected);
}

TEST(ParseBusView, WhatIsNone_IsAFault) {
  for (const char* body : {"",
                           "[]",
                           "{}",
                           "404",
                           R"({"lines":5})",
                           R"({"lines":[{"name":5}]})",
                           R"({"lines":[{"devices":[{"polls":"x"}]}]})"}) {
    EXPECT_FALSE(parse_bus_view(body).has_value()) << body;
  }
}

TEST(WatchText, AfterASecond_ShowsRatesAndWhatIsNew) {
  const BusView before = view();
  BusView now = before;
  now.lines[0].busy_us += 340'000;
  WatchedDevice& device = now.lines[0].devices[0];
  device.polls += 5;
  device.timeouts += 2;
  const std::string text = watch_text(now, &before, 1000ms, {});
  EXPECT_NE(text.find("rs485-0  /dev/ttyS1  open  34 % busy  lost 2 times  "
                      "adapter refuses low latency\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("errors"), std::string::npos) << text;
  EXPECT_NE(text.find("5.0"), std::string::npos) << text;
  EXPECT_NE(text.find("31.0 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("6 (+2)"), std::string::npos) << text;
}

TEST(WatchText, WellDevice_HasNoTrouble) {
  const BusView now = view();
  const std::string text = watch_text(now, &now, 1000ms, {});
  EXPECT_NE(text.find("answering      0.0"), std::string::npos) << text;
}

TEST(WatchText, FailedPolls_AreNoRate) {
  const BusView before = view();
  BusView now = before;
  now.lines[1].devices[0].polls += 50;
  now.lines[1].devices[0].failed_polls += 50;
  const std::string text = watch_text(now, &before, 1000ms, {});
  EXPECT_EQ(text.find("50.0"), std::string::npos) << text;
}

TEST(WatchText, Trouble_IsAWordAndNotColourAlone) {
  const BusView now = view();
  const std::string plain = watch_text(now, &now, 1000ms, {0, false});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos) << "also of what others say";
  EXPECT_NE(plain.find("silent"), std::string::npos);
  EXPECT_NE(plain.find("CLOSED: cannot open 192.0.2.10:502: No route"),
            std::string::npos);
  const std::string coloured = watch_text(now, &now, 1000ms, {0, true});
  EXPECT_NE(coloured.find("\x1b[31m"), std::string::npos);
}

TEST(WatchText, NarrowTerminal_KeepsNameAndState) {
  const BusView now = view();
  const std::string text = watch_text(now, &now, 1000ms, {30, false});
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 30U) << text.substr(start, end - start);
    start = end + 1;
  }
  EXPECT_NE(text.find("room-1"), std::string::npos);
  EXPECT_NE(text.find("silent"), std::string::npos);
}

TEST(WatchText, NoLines_IsSaid) {
  EXPECT_EQ(watch_text({}, nullptr, 0ms, {}), "the agent has no lines\n");
}

TEST(TroubleOf, EachKind_HasItsWord) {
  WatchedDevice before;
  before.state = "answering";
  const auto word_after = [&before](auto change) {
    WatchedDevice now = before;
    change(now);
    return trouble_of(now, &before);
  };
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.polls = 9; }), "ok");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.state = "silent"; }), "silent");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.state = "unknown"; }),
            "unknown");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.timeouts = 1; }), "errors");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.garbled = 1; }), "errors");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.exceptions = 1; }), "errors");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.failed_polls = 1; }), "errors");
  EXPECT_EQ(word_after([](WatchedDevice& d) { d.missed_cycles = 1; }),
            "missed");
}

}  // namespace
}  // namespace strongroom
