// SPDX-License-Identifier: Apache-2.0
#include "core/base/source.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Stream, Names_AreReadBack) {
  for (const Stream stream :
       {Stream::kRecord, Stream::kTelemetry, Stream::kRegistry}) {
    EXPECT_EQ(stream_from_name(stream_name(stream)), stream);
    EXPECT_EQ(stream_from_wire(static_cast<int>(stream)), stream);
  }
  EXPECT_EQ(stream_name(Stream::kTelemetry), "telemetry");
}

TEST(Stream, OfNoSuchNameOrNumber_IsRefused) {
  EXPECT_FALSE(stream_from_name(""));
  EXPECT_FALSE(stream_from_name("Record"));
  EXPECT_FALSE(stream_from_name("record "));
  EXPECT_FALSE(stream_from_wire(0));
  EXPECT_FALSE(stream_from_wire(4));
  EXPECT_FALSE(stream_from_wire(-1));
  EXPECT_FALSE(stream_from_wire(257));
}

TEST(Name, OfItsForm_IsValid) {
  for (const char* name : {"a", "0", "edge-1", "bj1", "a-", "a--b"}) {
    EXPECT_TRUE(is_valid_name(name)) << name;
  }
  EXPECT_TRUE(is_valid_name(std::string(32, 'a')));
}

TEST(Name, OfAnotherForm_IsNot) {
  for (const char* name : {"",
                           "-a",
                           "A",
                           "a.b",
                           "a_b",
                           "a b",
                           "a/b",
                           "a@b",
                           "a+b",
                           "a#",
                           "\xc3\xa9",
                           "a\n"}) {
    EXPECT_FALSE(is_valid_name(name)) << name;
  }
  EXPECT_FALSE(is_valid_name(std::string(33, 'a')));
  EXPECT_FALSE(is_valid_name(std::string_view("a\0b", 3)));
}

TEST(LedgerName, MayHaveDots) {
  EXPECT_TRUE(is_valid_ledger_name("demo.strongroom.example"));
  EXPECT_TRUE(is_valid_ledger_name(std::string(63, 'a')));
  EXPECT_FALSE(is_valid_ledger_name(std::string(64, 'a')));
  EXPECT_FALSE(is_valid_ledger_name(".a"));
  EXPECT_FALSE(is_valid_ledger_name("a/b"));
  EXPECT_FALSE(is_valid_ledger_name("a+b"));
  EXPECT_FALSE(is_valid_ledger_name(""));
}

TEST(Source, Text_IsReadBack) {
  const auto source = Source::parse("edge-1@bj1");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->agent, "edge-1");
  EXPECT_EQ(source->site, "bj1");
  EXPECT_EQ(source->text(), "edge-1@bj1");
  EXPECT_FALSE(source->is_console());
  EXPECT_TRUE(Source::parse("console@bj1")->is_console());
}

TEST(Source, OfAnotherForm_IsRefused) {
  for (const char* text :
       {"", "@", "a@", "@b", "a", "a@b@c", "a@@b", "A@b", "a@b ", "a@b.c"}) {
    EXPECT_FALSE(Source::parse(text)) << text;
  }
}

TEST(Origin, Text_IsReadBack) {
  const char* text = "demo.strongroom.example/bj1/telemetry/4294967295";
  const auto origin = Origin::parse(text);
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->ledger, "demo.strongroom.example");
  EXPECT_EQ(origin->site, "bj1");
  EXPECT_EQ(origin->stream, Stream::kTelemetry);
  EXPECT_EQ(origin->generation, 4294967295U);
  EXPECT_EQ(origin->text(), text);
  EXPECT_TRUE(Origin::parse("a/central/registry/1"));
}

TEST(Origin, OfAnotherForm_IsRefused) {
  for (const char* text : {"",
                           "a/b/record",
                           "a/b/record/",
                           "a/b/record/0",
                           "a/b/record/01",
                           "a/b/record/+1",
                           "a/b/record/-1",
                           "a/b/record/ 1",
                           "a/b/record/1 ",
                           "a/b/record/1/",
                           "a/b/record/1/1",
                           "a/b/record/4294967296",
                           "a/b/record/one",
                           "a/b/doors/1",
                           "a/b//1",
                           "a//record/1",
                           "/b/record/1",
                           "a/b.c/record/1",
                           "A/b/record/1",
                           "/a/b/record/1",
                           "a/b/record/1\n"}) {
    EXPECT_FALSE(Origin::parse(text)) << text;
  }
}

}  // namespace
}  // namespace strongroom
