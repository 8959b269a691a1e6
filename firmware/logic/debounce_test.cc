// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/debounce.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <random>

#include "firmware/logic/leaf_inputs.h"
#include "firmware/logic/words_fixture.h"

namespace strongroom::panel {
namespace {

struct Bench {
  std::uint16_t debounce_ms = 30;
  std::uint32_t step_ms = 1;
  std::uint64_t now_ms = 0;
  Debounce input;
  bool was_seen = false;

  void hold(bool is_active, std::uint64_t ms) {
    const std::uint64_t end = now_ms + ms;
    for (; now_ms < end; now_ms += step_ms) {
      input.sample(is_active, now_ms, debounce_ms);
      was_seen = was_seen || (input.is_settled() && input.is_active());
    }
  }
};

TEST(Debounce, KnowsNothingBeforeItHasBeenSteady) {
  for (const bool is_active : {false, true}) {
    Bench bench;
    bench.hold(is_active, 30);
    EXPECT_FALSE(bench.input.is_settled());
    bench.hold(is_active, 1);
    EXPECT_TRUE(bench.input.is_settled());
    EXPECT_EQ(bench.input.is_active(), is_active);
  }
}

// Every debounce time, sampled as slowly as the loop may.
TEST(Debounce, SeesWhatLastsAndNoGlitch) {
  for (const std::uint32_t step : {1U, 2U, 5U, 10U}) {
    for (std::uint16_t debounce = 20; debounce <= 400; ++debounce) {
      for (std::uint32_t offset = 0; offset < step; ++offset) {
        Bench glitch{.debounce_ms = debounce, .step_ms = step};
        glitch.hold(false, 1000 + offset);
        const std::uint32_t shorter = std::min<std::uint32_t>(debounce, 380);
        glitch.hold(true, shorter);
        glitch.hold(false, 1000);
        EXPECT_FALSE(glitch.was_seen) << debounce << " at " << step;

        Bench lasting{.debounce_ms = debounce, .step_ms = step};
        lasting.hold(false, 1000 + offset);
        lasting.hold(true, 400 + step - 1);
        EXPECT_TRUE(lasting.was_seen) << debounce << " at " << step;
      }
    }
  }
}

TEST(Debounce, SeesAfterItsTimeAndNotBefore) {
  Bench bench;
  bench.hold(false, 100);
  bench.hold(true, 30);
  EXPECT_FALSE(bench.input.is_active());
  bench.hold(true, 1);
  EXPECT_TRUE(bench.input.is_active());
  bench.hold(false, 30);
  EXPECT_TRUE(bench.input.is_active());
  bench.hold(false, 1);
  EXPECT_FALSE(bench.input.is_active());
}

TEST(Debounce, TakesTwoGlitchesFarApartForNothing) {
  Debounce input;
  input.sample(false, 0, 20);
  input.sample(false, 10, 20);
  input.sample(false, 20, 20);
  ASSERT_TRUE(input.is_settled());
  // A loop that slept: active at two moments says nothing of what lay between.
  input.sample(true, 1000, 20);
  input.sample(true, 1090, 20);
  EXPECT_FALSE(input.is_active());
}

TEST(Debounce, TakesAnInputWithoutRestForActiveUntilItRests) {
  Bench bench;
  bench.hold(false, 1000);
  for (int i = 0; i < 40; ++i) {
    bench.hold(true, 10);
    bench.hold(false, 10);
  }
  EXPECT_TRUE(bench.input.is_active());
  for (int i = 0; i < 40; ++i) {
    bench.hold(true, 10);
    bench.hold(false, 10);
    EXPECT_TRUE(bench.input.is_active()) << "told once, not again and again";
  }
  bench.hold(false, 31);
  EXPECT_FALSE(bench.input.is_active());
}

TEST(Debounce, SeesNoGlitchesWithRestBetweenThem) {
  std::mt19937 random(7);
  Bench bench;
  bench.hold(false, 100);
  for (int i = 0; i < 2000; ++i) {
    bench.hold(true, 1 + random() % 29);
    bench.hold(false, 31 + random() % 100);
  }
  EXPECT_FALSE(bench.was_seen);
}

TEST(Debounce, KeepsOnForLongerThanItsNumbersCount) {
  for (const std::uint64_t turn : {16U, 32U}) {
    for (std::uint64_t before = 1; before < 100; ++before) {
      Bench bench{.now_ms = (std::uint64_t{1} << turn) - 500 - before};
      bench.hold(false, 500);
      bench.hold(true, 30);
      EXPECT_FALSE(bench.input.is_active());
      bench.hold(true, 1);
      EXPECT_TRUE(bench.input.is_active());
      bench.hold(false, 31);
      EXPECT_FALSE(bench.input.is_active());
    }
  }
  Bench bench;
  bench.hold(false, 200'000);
  EXPECT_FALSE(bench.was_seen);
  bench.hold(true, 31);
  for (int i = 0; i < 200'000; ++i) {
    bench.hold(true, 1);
    ASSERT_TRUE(bench.input.is_active());
  }
}

// --- the inputs of a leaf ----------------------------------------------------

// Every combination of what is wired, what is inverted and what is closed.
TEST(LeafInputs, TurnCircuitsIntoWhatTheyMean) {
  for (unsigned wired = 0; wired < 16; ++wired) {
    for (unsigned inverted = 0; inverted < 16; ++inverted) {
      for (unsigned closed = 0; closed < 16; ++closed) {
        auto settings = words::leaf_settings(1);
        settings.has_inputs = static_cast<std::uint8_t>(wired);
        settings.inverted_inputs = static_cast<std::uint8_t>(inverted);
        LeafInputs inputs;
        EXPECT_EQ(inputs.is_settled(settings), wired == 0);
        for (std::uint64_t now = 0; now <= 40; ++now) {
          inputs.sample(static_cast<std::uint8_t>(closed), settings, now);
        }
        unsigned active = 0;
        for (const unsigned one : {1U, 2U, 4U, 8U}) {
          const bool is_closed = ((closed ^ inverted) & one) != 0;
          const bool is_away = one == kExitInput ? is_closed : !is_closed;
          active |= is_away && (wired & one) ? one : 0U;
        }
        EXPECT_TRUE(inputs.is_settled(settings));
        EXPECT_EQ(inputs.active(settings), active);
        EXPECT_EQ(inputs.closed(settings), closed & wired);
      }
    }
  }
}

}  // namespace
}  // namespace strongroom::panel
