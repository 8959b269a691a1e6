// SPDX-License-Identifier: Apache-2.0
#include "platform/system/random.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace strongroom {
namespace {

TEST(Random, Fill_ReachesEveryByte) {
  std::vector<std::uint8_t> all(1000, 0);
  std::vector<std::uint8_t> buffer(1000);
  for (int i = 0; i < 8; ++i) {
    fill_random(buffer);
    for (std::size_t k = 0; k < buffer.size(); ++k) {
      all[k] |= buffer[k];
    }
  }
  EXPECT_EQ(std::ranges::count(all, 0), 0);
}

TEST(Random, Numbers_DoNotRepeat) {
  std::set<std::uint64_t> numbers;
  std::set<std::array<std::uint8_t, 16>> ids;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = random64();
    EXPECT_NE(number, 0);
    numbers.insert(number);
    ids.insert(random16());
  }
  EXPECT_EQ(numbers.size(), 100);
  EXPECT_EQ(ids.size(), 100);
}

}  // namespace
}  // namespace strongroom
