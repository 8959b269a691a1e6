// SPDX-License-Identifier: Apache-2.0
#include "platform/http/responder.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(NamesLoopback, TheseDo) {
  for (const char* name : {"localhost",
                           "localhost:9480",
                           "127.0.0.1",
                           "127.0.0.1:80",
                           "127.255.0.3:1",
                           "[::1]",
                           "[::1]:9480"}) {
    EXPECT_TRUE(names_loopback(name)) << name;
  }
}

TEST(NamesLoopback, TheseDoNot) {
  for (const char* name : {"",
                           ":80",
                           "example.com",
                           "localhost.example.com",
                           "127.0.0.1.example.com",
                           "127.evil.example",
                           "127.0.0.1:80:80",
                           "localhost:x",
                           "localhost@example.com",
                           "128.0.0.1",
                           "::1",
                           "[::2]",
                           "[::1].example.com",
                           "0.0.0.0"}) {
    EXPECT_FALSE(names_loopback(name)) << name;
  }
}

}  // namespace
}  // namespace strongroom
