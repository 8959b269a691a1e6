// SPDX-License-Identifier: Apache-2.0
#include "core/log/entry.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Entry, OfAnEvent_IsItsTypeAndItsBytes) {
  const Bytes event = {1, 2, 3};
  const Bytes entry = event_entry(event);
  EXPECT_EQ(to_hex(entry), "01010203");
  EXPECT_EQ(event_leaf(event), leaf_hash(entry));
  EXPECT_EQ(event_leaf({}), leaf_hash(event_entry({})));
  const auto view = parse_entry(entry);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type, EntryType::kEvent);
  EXPECT_EQ(to_hex(view->body), "010203");
}

TEST(Entry, OfAHeader_IsItsTypeItsSignatureAndItsBytes) {
  Signature signature{};
  signature[0] = 0xaa;
  signature[63] = 0xbb;
  const Bytes header = {9, 8};
  const Bytes entry = header_entry(signature, header);
  ASSERT_EQ(entry.size(), 67U);
  EXPECT_EQ(entry[0], 2);
  const auto view = parse_entry(entry);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type, EntryType::kHeader);
  EXPECT_EQ(view->signature, signature);
  EXPECT_EQ(to_hex(view->body), "0908");
}

TEST(Entry, Parse_OfAnythingElse_IsRefused) {
  EXPECT_FALSE(parse_entry({}));
  EXPECT_FALSE(parse_entry(Bytes{0}));
  EXPECT_FALSE(parse_entry(Bytes{3, 1}));
  EXPECT_FALSE(parse_entry(Bytes{0xff}));
  Bytes header(64);
  header[0] = 2;
  EXPECT_FALSE(parse_entry(header));
  header.push_back(0);
  EXPECT_TRUE(parse_entry(header));
  EXPECT_TRUE(parse_entry(Bytes{1}));
}

}  // namespace
}  // namespace strongroom
