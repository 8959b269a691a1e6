// SPDX-License-Identifier: Apache-2.0
#include "core/base/person.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Person, Persons_AreTwo) {
  EXPECT_EQ(persons_fault("li.wei", "zhang-3"), "");
  EXPECT_EQ(persons_fault(std::string(32, 'a'), "uid:1000"), "");
  for (const auto& [first, second] :
       {std::pair("", "b"),
        std::pair("a", ""),
        std::pair("a", "a"),
        std::pair("Anna", "anna"),
        std::pair("a b", "c"),
        std::pair("a", "c\n"),
        std::pair(" ", "  "),
        std::pair("anna", "anna "),
        std::pair("a", "\xe2\x80\xae<b>"),
        std::pair("a", "\xc3\xa9"),
        std::pair("a", "123456789012345678901234567890123")}) {
    EXPECT_NE(persons_fault(first, second), "") << first << " " << second;
  }
  EXPECT_NE(persons_fault(std::string("a\0x", 3), std::string("a\0y", 3)), "");
}

}  // namespace
}  // namespace strongroom
