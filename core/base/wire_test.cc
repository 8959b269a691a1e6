// SPDX-License-Identifier: Apache-2.0
#include "core/base/wire.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace strongroom {
namespace {

constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

Bytes bytes_of(std::string_view hex) {
  return from_hex(hex).value();
}

// The fields of a message, or nothing when it is malformed.
std::optional<std::vector<WireField>> read_all(ByteView message) {
  WireReader reader(message);
  std::vector<WireField> fields;
  while (const auto field = reader.next()) {
    fields.push_back(*field);
  }
  return reader.ok() ? std::optional(fields) : std::nullopt;
}

TEST(WireReader, OfEachType_ReadsIt) {
  const Bytes message = bytes_of(
      "089601"              // 1: varint 150, as in protobuf's own guide
      "120774657374696e67"  // 2: "testing"
      "190100000000000080"  // 3: fixed64
      "2504030201"          // 4: fixed32
      "2a00");              // 5: empty
  const auto fields = read_all(message);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 5U);
  EXPECT_TRUE(fields->at(0).is(1, WireType::kVarint));
  EXPECT_EQ(fields->at(0).value, 150U);
  EXPECT_TRUE(fields->at(1).is(2, WireType::kBytes));
  EXPECT_EQ(fields->at(1).text(), "testing");
  EXPECT_EQ(fields->at(1).bytes.data(), message.data() + 5);
  EXPECT_TRUE(fields->at(2).is(3, WireType::kFixed64));
  EXPECT_EQ(fields->at(2).value, 0x8000000000000001U);
  EXPECT_TRUE(fields->at(3).is(4, WireType::kFixed32));
  EXPECT_EQ(fields->at(3).value, 0x01020304U);
  EXPECT_TRUE(fields->at(4).is(5, WireType::kBytes));
  EXPECT_TRUE(fields->at(4).bytes.empty());
}

TEST(WireReader, OfNothing_IsAtItsEnd) {
  WireReader reader({});
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(WireReader, OfAMalformedMessage_Refuses) {
  for (const char* hex : {
           "08",                        // no value
           "0880",                      // cut short
           "088000",                    // longer than needed
           "08ff00",                    //
           "880001",                    // a tag longer than needed
           "0880808080808080808002",    // 65 bits
           "08ffffffffffffffffff7f",    //
           "088080808080808080808001",  // eleven bytes
           "1201",                      // runs past the end
           "12ffffffffffffffffff01",    //
           "12810061",                  // a length longer than needed
           "0900000000000000",          // seven bytes of eight
           "0d000000",                  // three bytes of four
           "0b",                        // groups
           "0c",                        //
           "0e",                        // types that are none
           "0f",                        //
           "0001",                      // field 0
           "0200",                      //
           "808080801001",              // field 2^29
       }) {
    EXPECT_FALSE(read_all(bytes_of(hex))) << hex;
  }
}

TEST(WireReader, OfTheLargestNumberAndValue_ReadsThem) {
  const auto fields = read_all(bytes_of("f8ffffff0fffffffffffffffffff01"));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at(0).number, (1U << 29U) - 1);
  EXPECT_EQ(fields->at(0).value, kMax);
}

TEST(WireReader, AfterAMalformedField_StaysWhereItWas) {
  const Bytes message = bytes_of("0801120561");
  WireReader reader(message);
  EXPECT_TRUE(reader.next());
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.rest().size(), 3U);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.ok());
}

TEST(WireWriter, WritesWhatTheReaderReads) {
  Bytes out = {0xaa};  // what was there stays
  WireWriter writer(out);
  writer.varint(1, 150);
  writer.fixed64(2, 0x8000000000000001U);
  writer.text(3, "testing");
  writer.bytes(536870911, Bytes{1});
  EXPECT_EQ(to_hex(out),
            "aa"
            "089601"
            "110100000000000080"
            "1a0774657374696e67"
            "faffffff0f0101");
}

TEST(WireWriter, OfDefaults_WritesElementsOnly) {
  Bytes out;
  WireWriter writer(out);
  writer.varint(1, 0);
  writer.fixed64(2, 0);
  writer.text(3, "");
  writer.bytes(4, {});
  EXPECT_TRUE(out.empty());
  writer.element(5, {});
  EXPECT_EQ(to_hex(out), "2a00");
  writer.element_head(6, 300);
  EXPECT_EQ(to_hex(out), "2a0032ac02");
}

TEST(Varint, OfEverySize_IsReadBackAndMinimal) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t value = bits == 0 ? 1 : kMax >> (64 - bits);
    Bytes out;
    WireWriter(out).varint(1, value);
    EXPECT_EQ(out.size(), 1 + varint_size(value)) << bits;
    const auto fields = read_all(out);
    ASSERT_TRUE(fields) << bits;
    EXPECT_EQ(fields->at(0).value, value);
  }
  EXPECT_EQ(varint_size(0), 1U);
  EXPECT_EQ(varint_size(127), 1U);
  EXPECT_EQ(varint_size(128), 2U);
  EXPECT_EQ(varint_size(kMax), 10U);
}

TEST(Zigzag, OfEverySign_IsReadBack) {
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
  EXPECT_EQ(zigzag(kHighest), kMax - 1);
  EXPECT_EQ(zigzag(kLowest), kMax);
  for (const std::int64_t value : {kLowest,
                                   kLowest + 1,
                                   std::int64_t{-300},
                                   std::int64_t{300},
                                   kHighest}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
}

}  // namespace
}  // namespace strongroom
