// SPDX-License-Identifier: Apache-2.0
// Stands in for store.cc in this program.
#include "firmware/logic/store.h"

#include <gtest/gtest.h>

#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {
namespace {

// There is one thread.
BeforeByte watcher = nullptr;
void* watched_for = nullptr;

}  // namespace

void watch_store(BeforeByte before, void* context) {
  watcher = before;
  watched_for = context;
}

void store(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < size; ++i) {
    if (watcher != nullptr) {
      watcher(watched_for);
    }
    target[i] = source[i];
  }
}

namespace {

// Without it every test of torn writes would pass.
TEST(StoreFixture, IsTheOneThatIsUsed) {
  int bytes = 0;
  watch_store([](void* count) { ++*static_cast<int*>(count); }, &bytes);
  int to = 0;
  store_value(to, 7);
  watch_store(nullptr, nullptr);
  EXPECT_EQ(bytes, static_cast<int>(sizeof to));
  EXPECT_EQ(to, 7);
}

}  // namespace
}  // namespace strongroom::panel
