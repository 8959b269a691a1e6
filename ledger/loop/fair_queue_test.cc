// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/fair_queue.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace strongroom {
namespace {

constexpr std::size_t kKiB = 1024;

Source source_of(std::size_t number) {
  return {"edge-" + std::to_string(number), "bj1"};
}

/// A payload that says which one of its source it is.
Arrived batch(std::size_t source, std::size_t size, std::uint8_t number = 0) {
  return {source_of(source), Bytes(size, number)};
}

std::map<Source, std::size_t> bytes_by_source(
    const std::vector<Arrived>& taken) {
  std::map<Source, std::size_t> bytes;
  for (const Arrived& each : taken) {
    bytes[each.source] += each.payload.size();
  }
  return bytes;
}

TEST(FairQueue, LoneBatch_IsInTheNextTurnWhateverWaits) {
  FairQueue queue;
  for (std::size_t hog = 1; hog <= 6; ++hog) {
    for (std::size_t i = 0; i < FairQueue::kBatchesOfSource; ++i) {
      queue.push(batch(hog, 60 * kKiB));
    }
  }
  queue.push(batch(0, 500));
  const auto taken = queue.take(1000);
  EXPECT_TRUE(std::ranges::any_of(
      taken, [](const Arrived& each) { return each.source == source_of(0); }));
  EXPECT_GT(queue.batches(), 0U);
}

TEST(FairQueue, OneTurn_IsBounded) {
  struct Case {
    const char* name;
    std::size_t sources;
    std::size_t size;
    std::size_t most_of_source;
    std::size_t most;
  };
  constexpr std::size_t kSlack = 2 * 130 * kKiB;  // one visit
  const Case cases[] = {
      {"one source",
       1,
       100 * kKiB,
       FairQueue::kBytesOfSourceInTurn + kSlack,
       FairQueue::kBytesOfSourceInTurn + kSlack},
      {"many sources",
       20,
       100 * kKiB,
       FairQueue::kBytesOfSourceInTurn + kSlack,
       FairQueue::kBytesOfTurn + kSlack},
      {"small batches",
       1,
       100,
       FairQueue::kBytesOfSourceInTurn + kSlack,
       FairQueue::kBytesOfSourceInTurn + kSlack},
  };
  for (const Case& each : cases) {
    FairQueue queue;
    for (std::size_t i = 0; i < 40; ++i) {
      for (std::size_t source = 0; source < each.sources; ++source) {
        queue.push(batch(source, each.size));
      }
    }
    std::size_t all = 0;
    for (const auto& [source, bytes] : bytes_by_source(queue.take(1000))) {
      EXPECT_LE(bytes, each.most_of_source) << each.name;
      all += bytes;
    }
    EXPECT_LE(all, each.most) << each.name;
    EXPECT_GT(all, 0U) << each.name;
    const std::size_t left = queue.batches();
    EXPECT_EQ(queue.take(3).size(), std::min<std::size_t>(3, left))
        << each.name;
  }
}

// By bytes, not by batches: who sends large ones is not served more.
TEST(FairQueue, SourcesThatWait_AreServedTheSame) {
  FairQueue queue;
  for (std::size_t i = 0; i < FairQueue::kBatchesOfSource; ++i) {
    queue.push(batch(1, 60 * kKiB));
    queue.push(batch(2, 20 * kKiB));
  }
  std::map<Source, std::size_t> sum;
  while (queue.batches() > FairQueue::kBatchesOfSource) {
    for (const auto& [source, bytes] : bytes_by_source(queue.take(8))) {
      sum[source] += bytes;
    }
  }
  const double ratio = static_cast<double>(sum[source_of(1)]) /
                       static_cast<double>(sum[source_of(2)]);
  EXPECT_GT(ratio, 0.75);
  EXPECT_LT(ratio, 1.35);
}

TEST(FairQueue, Source_IsBoundedByItself) {
  struct Case {
    std::size_t size;
    std::size_t most;
  };
  const Case cases[] = {{100, FairQueue::kBatchesOfSource},
                        {128 * kKiB, FairQueue::kBytesOfSource / (128 * kKiB)}};
  for (const Case& each : cases) {
    FairQueue queue;
    for (std::size_t i = 0; i < 200; ++i) {
      queue.push(batch(1, each.size));
    }
    EXPECT_LE(queue.batches(), each.most);
    EXPECT_GE(queue.batches(), each.most - 1);
    EXPECT_EQ(queue.batches() + queue.dropped(), 200U);
  }
}

// Ten that fill everything cannot keep a lone one out.
TEST(FairQueue, WhenFull_WhoHasMostLosesItsNewest) {
  FairQueue queue;
  for (std::uint8_t i = 0; i < 40; ++i) {
    for (std::size_t hog = 1; hog <= 10; ++hog) {
      queue.push(batch(hog, 100 * kKiB, i));
    }
  }
  EXPECT_LE(queue.bytes(), FairQueue::kBytes);
  const std::uint64_t dropped = queue.dropped();
  EXPECT_GT(dropped, 0U);
  queue.push(batch(0, 128 * kKiB));
  EXPECT_GT(queue.dropped(), dropped);
  EXPECT_LE(queue.bytes(), FairQueue::kBytes);
  const auto taken = queue.take(1000);
  EXPECT_TRUE(bytes_by_source(taken).contains(source_of(0)));
  // The oldest of each stayed: they are what go-back-N needs first.
  for (std::size_t hog = 1; hog <= 10; ++hog) {
    const auto first = std::ranges::find_if(taken, [&](const Arrived& each) {
      return each.source == source_of(hog);
    });
    ASSERT_NE(first, taken.end());
    EXPECT_EQ(first->payload.front(), 0);
  }
}

TEST(FairQueue, NothingIsLostUncountedOrTurned) {
  std::mt19937 random(7);
  FairQueue queue;
  std::map<Source, std::uint8_t> next;
  std::map<Source, std::vector<std::uint8_t>> out;
  std::size_t pushed = 0;
  std::size_t taken = 0;
  const auto take = [&](std::size_t most) {
    for (const Arrived& each : queue.take(most)) {
      out[each.source].push_back(each.payload.front());
      ++taken;
    }
  };
  for (int step = 0; step < 4000; ++step) {
    if (random() % 4 != 0) {
      const std::size_t source = random() % 12;
      queue.push(batch(
          source, 1 + random() % (128 * kKiB), next[source_of(source)]++));
      ++pushed;
    } else {
      take(random() % 20);
    }
    ASSERT_LE(queue.bytes(), FairQueue::kBytes);
    ASSERT_EQ(pushed, taken + queue.batches() + queue.dropped());
  }
  while (!queue.empty()) {
    take(1000);
  }
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(pushed, taken + queue.dropped());
  for (const auto& [source, numbers] : out) {
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      const auto step = static_cast<std::uint8_t>(numbers[i] - numbers[i - 1]);
      EXPECT_NE(step, 0);
      EXPECT_LT(step, 128);  // never back
    }
  }
}

}  // namespace
}  // namespace strongroom
