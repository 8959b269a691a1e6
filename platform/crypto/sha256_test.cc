// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "core/crypto/hash.h"

namespace strongroom {
namespace {

std::string digest(std::string_view text) {
  return to_hex(sha256(as_bytes(text)));
}

// FIPS 180-2 appendix B, and the empty message.
TEST(Sha256, OfPublishedMessages_Matches) {
  EXPECT_EQ(digest(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfParts_IsThatOfTheWhole) {
  const Hash whole = sha256(as_bytes("one two three"));
  EXPECT_EQ(sha256({as_bytes("one "), as_bytes("two "), as_bytes("three")}),
            whole);
  EXPECT_EQ(sha256({as_bytes("one two three"), ByteView()}), whole);
  EXPECT_EQ(sha256({}), sha256(ByteView()));
}

TEST(Sha256, FromSeveralThreads_IsTheSame) {
  const Hash expected = sha256(as_bytes("abc"));
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&expected] {
      for (int round = 0; round < 1000; ++round) {
        EXPECT_EQ(sha256(as_bytes("abc")), expected);
      }
    });
  }
}

TEST(HashFrom, AnotherLength_IsNothing) {
  EXPECT_TRUE(hash_from(Bytes(32, 1)));
  EXPECT_FALSE(hash_from(Bytes(31, 1)));
  EXPECT_FALSE(hash_from(Bytes(33, 1)));
  EXPECT_FALSE(hash_from({}));
}

}  // namespace
}  // namespace strongroom
