// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/frame.h"

#include <gtest/gtest.h>

#include "tools/plant/fault.h"

namespace strongroom::plant {
namespace {

Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') {
      digits += c;
    }
  }
  return from_hex(digits).value_or(Bytes());
}

// The examples of the Modbus application protocol 1.1b3, 6.1 to 6.4, and the
// XY-MD02's data sheet.
struct Published {
  const char* request;  // PDU
  Request parsed;
  std::vector<std::uint16_t> cells;
  const char* answer;  // PDU
};

const Published kPublished[] = {
    {"01 0013 0013",
     {.function = 1, .address = 19, .count = 19},
     {1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1},
     "01 03 CD 6B 05"},
    {"02 00C4 0016",
     {.function = 2, .address = 196, .count = 22},
     {0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1},
     "02 03 AC DB 35"},
    {"03 006B 0003",
     {.function = 3, .address = 107, .count = 3},
     {0x022B, 0x0000, 0x0064},
     "03 06 022B 0000 0064"},
    {"04 0008 0001",
     {.function = 4, .address = 8, .count = 1},
     {0x000A},
     "04 02 000A"},
};

TEST(Frame, PublishedExamples_ReadAndAnsweredAsPrinted) {
  for (const Published& example : kPublished) {
    SCOPED_TRACE(example.request);
    const Bytes pdu = hex(example.request);
    Bytes rtu{7};
    append(rtu, pdu);
    const std::uint16_t crc = crc16(rtu);
    rtu.push_back(static_cast<std::uint8_t>(crc & 0xFF));
    rtu.push_back(static_cast<std::uint8_t>(crc >> 8));
    Request request = example.parsed;
    request.unit = 7;
    EXPECT_EQ(parse_rtu(rtu), request);
    EXPECT_EQ(rtu_request_size(rtu), rtu.size());

    Bytes tcp = hex("1501 0000 0006 07");
    append(tcp, pdu);
    request.transaction = 0x1501;
    const TcpHead head = parse_tcp(tcp);
    EXPECT_EQ(head.size, tcp.size());
    EXPECT_EQ(head.request, request);

    const Bytes answer = read_answer(request.function, example.cells);
    EXPECT_EQ(to_hex(answer), to_hex(hex(example.answer)));
  }
}

TEST(Frame, WholeFrames_AsOnPublishedWires) {
  // Two registers from a unit 1, as every primer of Modbus RTU shows them.
  EXPECT_EQ(crc16(hex("01 04 00 01 00 02")), 0x0B20);
  EXPECT_EQ(parse_rtu(hex("01 04 0001 0002 200B")),
            (Request{.unit = 1, .function = 4, .address = 1, .count = 2}));
  EXPECT_EQ(parse_rtu(hex("11 03 006B 0003 7687")),
            (Request{.unit = 17, .function = 3, .address = 107, .count = 3}));
  const Request request{.transaction = 0x1501, .unit = 17, .function = 3};
  const std::vector<std::uint16_t> cells{0xAE41, 0x5652, 0x4340};
  EXPECT_EQ(
      to_hex(frame_answer(Framing::kRtu, request, 17, read_answer(3, cells))),
      to_hex(hex("11 03 06 AE41 5652 4340 49AD")));
  EXPECT_EQ(
      to_hex(frame_answer(Framing::kTcp, request, 17, read_answer(3, cells))),
      to_hex(hex("1501 0000 0009 11 03 06 AE41 5652 4340")));
  EXPECT_EQ(to_hex(frame_answer(Framing::kRtu, {}, 10, exception_answer(1, 2))),
            to_hex(hex("0A 81 02 B053")));
}

TEST(Frame, WhatIsNoRequest_IsNone) {
  EXPECT_EQ(parse_rtu(hex("01 04 0001 0002 200C")), std::nullopt) << "CRC";
  EXPECT_EQ(parse_rtu(hex("200B")), std::nullopt);
  EXPECT_EQ(parse_rtu({}), std::nullopt);
  EXPECT_EQ(rtu_request_size(hex("01")), std::nullopt);
  EXPECT_EQ(rtu_request_size(hex("01 2B")), std::nullopt);
  EXPECT_EQ(rtu_request_size(hex("01 10 0001 0002 04")), 13U);
  // A read with a byte too much: a frame, but no read.
  Bytes long_read = hex("01 04 0001 0002 00");
  const std::uint16_t crc = crc16(long_read);
  long_read.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  long_read.push_back(static_cast<std::uint8_t>(crc >> 8));
  EXPECT_EQ(parse_rtu(long_read), (Request{.unit = 1, .function = 0}));

  EXPECT_TRUE(parse_tcp(hex("0001 0001 0006 01 04 0001 0002")).broken)
      << "protocol";
  EXPECT_TRUE(parse_tcp(hex("0001 0000 0001 01")).broken) << "no function";
  EXPECT_TRUE(parse_tcp(hex("0001 0000 00FF 01")).broken) << "too long";
  EXPECT_FALSE(parse_tcp(hex("0001 0000 00FE 01")).broken);
  EXPECT_EQ(parse_tcp(hex("0001 0000 0006 01 04 0001 00")).size, 0U);
}

TEST(Frame, Garbage_NeverDoesHarm) {
  Random random(7);
  int requests = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes;
    const std::int64_t size = random.between(0, 300);
    for (std::int64_t i = 0; i < size; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(random.next()));
    }
    if (bytes.size() > 4) {
      bytes[2] = bytes[3] = bytes[4] = 0;  // more often Modbus TCP
    }
    const TcpHead head = parse_tcp(bytes);
    EXPECT_LE(head.size, bytes.size());
    requests += head.request ? 1 : 0;
    const auto rtu = parse_rtu(bytes);
    EXPECT_TRUE(!rtu || bytes.size() > 3);
    const auto expected = rtu_request_size(bytes);
    EXPECT_LE(expected.value_or(0), kMaxRtuFrame + 8);
  }
  EXPECT_GT(requests, 100);
}

}  // namespace
}  // namespace strongroom::plant
