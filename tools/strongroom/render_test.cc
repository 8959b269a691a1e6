// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/render.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Printable, WhatCommandsATerminal_IsReplaced) {
  EXPECT_EQ(printable("line\n\ttab \xe4\xb8\xad \xe2\x80\x94"),
            "line\n\ttab \xe4\xb8\xad \xe2\x80\x94");
  const std::string mark = "\xef\xbf\xbd";
  for (const char* evil : {"\x1b",
                           "\r",
                           "\x07",
                           "\x7f",
                           "\xc2\x9b",      // CSI in one character
                           "\xe2\x80\xae",  // what follows is reversed
                           "\xe2\x81\xa6"}) {
    EXPECT_EQ(printable(std::string("a") + evil + "b"), "a" + mark + "b");
  }
  EXPECT_EQ(printable("\xff\xc3"), mark + mark);
  EXPECT_EQ(printable(std::string(1, '\0')), mark);
}

}  // namespace
}  // namespace strongroom
