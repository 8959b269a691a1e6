// SPDX-License-Identifier: Apache-2.0
#include "platform/system/bounded_queue.h"

#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <thread>

namespace strongroom {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Clock::time_point soon() {
  return Clock::now() + std::chrono::seconds(20);
}

TEST(BoundedQueue, TryPush_Full_IsRefused) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.pop_batch(9, soon()), (std::vector<int>{1, 2}));
}

TEST(BoundedQueue, PushDroppingOldest_Full_MakesRoomAndSaysSo) {
  BoundedQueue<int> queue(2);
  EXPECT_EQ(queue.push_dropping_oldest(1), 0);
  EXPECT_EQ(queue.push_dropping_oldest(2), 0);
  EXPECT_EQ(queue.push_dropping_oldest(3), 1);
  EXPECT_EQ(queue.pop_batch(9, soon()), (std::vector<int>{2, 3}));
}

TEST(BoundedQueue, Push_Full_WaitsForRoom) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::thread producer([&] { EXPECT_TRUE(queue.push(2)); });
  EXPECT_EQ(queue.pop_batch(1, soon()), std::vector<int>{1});
  EXPECT_EQ(queue.pop_batch(1, soon()), std::vector<int>{2});
  producer.join();
}

TEST(BoundedQueue, PopBatch_TakesNoMoreThanAsked) {
  BoundedQueue<int> queue(5);
  for (int i = 0; i < 5; ++i) {
    queue.push(i);
  }
  EXPECT_EQ(queue.pop_batch(3, soon()).size(), 3);
  EXPECT_EQ(queue.size(), 2);
}

TEST(BoundedQueue, PopBatch_Nothing_IsEmptyAtTheDeadline) {
  BoundedQueue<int> queue(1);
  const auto until = Clock::now() + milliseconds(10);
  EXPECT_TRUE(queue.pop_batch(1, until).empty());
  EXPECT_GE(Clock::now(), until);
}

TEST(BoundedQueue, Close_PushesFail_PopsDrain) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  queue.push(std::make_unique<int>(7));
  queue.close();
  EXPECT_FALSE(queue.push(nullptr));
  EXPECT_FALSE(queue.try_push(nullptr));
  EXPECT_EQ(queue.push_dropping_oldest(nullptr), 0);
  const auto batch = queue.pop_batch(9, soon());
  ASSERT_EQ(batch.size(), 1);
  EXPECT_EQ(*batch.front(), 7);
  EXPECT_TRUE(queue.pop_batch(9, soon()).empty());
}

TEST(BoundedQueue, Close_WakesWhoWaits) {
  BoundedQueue<int> full(1);
  full.push(1);
  std::thread producer([&] { EXPECT_FALSE(full.push(2)); });
  BoundedQueue<int> empty(1);
  std::thread consumer(
      [&] { EXPECT_TRUE(empty.pop_batch(1, soon()).empty()); });
  full.close();
  empty.close();
  producer.join();
  consumer.join();
}

TEST(BoundedQueue, ManyProducers_EveryValueArrivesOnce) {
  BoundedQueue<int> queue(3);
  std::vector<std::thread> producers;
  producers.reserve(4);
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < 250; ++i) {
        queue.push(p * 250 + i);
      }
    });
  }
  std::set<int> seen;
  while (seen.size() < 1000) {
    const std::vector<int> batch = queue.pop_batch(10, soon());
    ASSERT_FALSE(batch.empty());
    for (const int value : batch) {
      EXPECT_TRUE(seen.insert(value).second);
    }
  }
  for (std::thread& producer : producers) {
    producer.join();
  }
}

}  // namespace
}  // namespace strongroom
