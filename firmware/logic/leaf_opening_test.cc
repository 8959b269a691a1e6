// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <gtest/gtest.h>
#include <string>

#include "firmware/logic/leaf.h"
#include "firmware/logic/leaf_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Bench = LeafBench;

// --- an opening and what explains it -----------------------------------------

struct OpeningRow {
  const char* why;
  strongroom_panel_v1_LockKind lock;
  strongroom_panel_v1_ExitKind exit;
  std::uint8_t wired;
  void (*before)(Bench&);
  const char* told;
};

void nothing(Bench&) {}
void order(Bench& bench) {
  bench.release();
}
void alone(Bench& bench) {
  bench.release(kAlone, 0);
}
void just_over(Bench& bench) {
  bench.release();
  bench.wait(5000 + 280);
}
void long_over(Bench& bench) {
  bench.release();
  bench.wait(5000 + 281);
}
void press(Bench& bench) {
  bench.see(kPressed);
  bench.see(0);
}
void press_long_ago(Bench& bench) {
  press(bench);
  bench.wait(5000 + 281);
}
void keep_pressed(Bench& bench) {
  bench.see(kPressed);
  bench.wait(60'000);
}
void burn(Bench& bench) {
  bench.fire(true);
}
void burnt(Bench& bench) {
  bench.fire(true);
  bench.fire(false);
}
void order_and_burnt(Bench& bench) {
  long_over(bench);
  burnt(bench);
}
void lock_and_order(Bench& bench) {
  bench.release();
  bench.lock_down(true);
  bench.wait(300);
}
void turn_bolt(Bench& bench) {
  bench.see(kUnlocked);
  bench.wait(100);
}
void break_frame(Bench& bench) {
  bench.see(kUnlocked);
  bench.wait(99);
}
void turn_handle(Bench& bench) {
  bench.see(kTurned);
  bench.wait(100);
}
void turn_handle_back(Bench& bench) {
  bench.see(kTurned);
  bench.wait(200);
  bench.see(0);
  bench.wait(1500);
}
void turn_handle_back_and_wait(Bench& bench) {
  turn_handle_back(bench);
  bench.wait(1);
}
void rebound(Bench& bench) {
  bench.release();
  bench.see(kOpen);
  bench.wait(6000);
  bench.see(0);
  bench.wait(280);
}
void no_rebound(Bench& bench) {
  rebound(bench);
  bench.wait(1);
}
void force_and_rebound(Bench& bench) {
  bench.see(kOpen);
  bench.see(0);
}

constexpr OpeningRow kOpenings[] = {
    {"nothing", kStrike, kRelease, kOpen, nothing, "FORCED"},
    {"nothing", kMagnet, kRelease, kOpen, nothing, "FORCED"},
    {"only watched", kNoLock, kRelease, kOpen, nothing, "OPENED 5"},
    {"order", kStrike, kRelease, kOpen, order, "OPENED 1"},
    {"order", kMagnet, kRelease, kOpen, order, "OPENED 1"},
    {"alone", kStrike, kRelease, kOpen, alone, "OPENED 2"},
    {"at the last moment", kStrike, kRelease, kOpen, just_over, "OPENED 1"},
    {"at the last moment", kMagnet, kRelease, kOpen, just_over, "OPENED 1"},
    {"too late", kStrike, kRelease, kOpen, long_over, "FORCED"},
    {"too late", kMagnet, kRelease, kOpen, long_over, "FORCED"},
    {"exit releases", kStrike, kRelease, kAllInputs, press, "OPENED 3"},
    {"exit releases", kMagnet, kRelease, kAllInputs, press, "OPENED 3"},
    {"exit without lock", kNoLock, kRelease, kAllInputs, press, "OPENED 3"},
    {"hardware opens", kStrike, kRecord, kAllInputs, press, "OPENED 3"},
    {"hardware opens", kMagnet, kRecord, kAllInputs, press, "OPENED 3"},
    {"hardware opened", kMagnet, kRecord, kAllInputs, press_long_ago, "FORCED"},
    {"hardware opens on",
     kMagnet,
     kRecord,
     kAllInputs,
     keep_pressed,
     "OPENED 3"},
    {"a held button", kStrike, kRelease, kAllInputs, keep_pressed, "FORCED"},
    {"no exit", kStrike, kNoExit, kAllInputs, press, "FORCED"},
    {"exit not wired", kStrike, kRelease, kOpen, press, "FORCED"},
    {"fire", kStrike, kRelease, kOpen, burn, "OPENED 4"},
    {"fire", kMagnet, kRelease, kOpen, burn, "OPENED 4"},
    {"fire is over", kMagnet, kRelease, kOpen, burnt, "FORCED"},
    {"fire, and a grant long ago",
     kMagnet,
     kRelease,
     kOpen,
     order_and_burnt,
     "FORCED"},
    {"locked down", kStrike, kRelease, kOpen, lock_and_order, "FORCED"},
    {"key at the bolt",
     kStrike,
     kRelease,
     kOpen | kUnlocked,
     turn_bolt,
     "KEY_OVERRIDE"},
    {"frame breaks",
     kStrike,
     kRelease,
     kOpen | kUnlocked,
     break_frame,
     "FORCED"},
    {"armature leaves",
     kMagnet,
     kRelease,
     kOpen | kUnlocked,
     turn_bolt,
     "FORCED"},
    {"key at the handle",
     kStrike,
     kRelease,
     kOpen | kTurned,
     turn_handle,
     "KEY_OVERRIDE"},
    {"key, lock stays shut",
     kStrike,
     kRelease,
     kOpen | kTurned | kUnlocked,
     turn_handle,
     "KEY_OVERRIDE"},
    {"handle springs back",
     kStrike,
     kRelease,
     kOpen | kTurned,
     turn_handle_back,
     "KEY_OVERRIDE"},
    {"handle long ago",
     kStrike,
     kRelease,
     kOpen | kTurned,
     turn_handle_back_and_wait,
     "FORCED"},
    {"handle of a magnet",
     kMagnet,
     kRelease,
     kOpen | kTurned,
     turn_handle,
     "FORCED"},
    {"it rebounds", kStrike, kRelease, kOpen, rebound, "OPENED 1"},
    {"it was shut", kStrike, kRelease, kOpen, no_rebound, "FORCED"},
    {"it rebounds, forced",
     kStrike,
     kRelease,
     kOpen,
     force_and_rebound,
     "FORCED"},
};

TEST(Leaf, SaysWhatExplainsAnOpening) {
  for (const OpeningRow& row : kOpenings) {
    SCOPED_TRACE(row.why);
    auto settings = leaf_settings(1, row.lock, row.wired);
    settings.exit = row.exit;
    settings.held_after_ms = 0;
    Bench bench(settings);
    row.before(bench);
    const Told all = bench.see(static_cast<std::uint8_t>(bench.seen | kOpen));
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.front(), row.told);
    EXPECT_EQ((bench.leaf.status() & kLeafForced) != 0,
              std::string("FORCED") == row.told);
  }
}

struct AgainRow {
  const char* why;
  strongroom_panel_v1_LockKind lock;
  std::uint64_t first_ms;   // how long it stands open at first
  std::uint64_t period_ms;  // from then on, half of it shut
  std::size_t explained;    // of ten openings, the first ones
};

constexpr AgainRow kAgain[] = {
    // Pulled: 280 ms from the opening, and 280 from the first fall after it.
    {"chatters on", kStrike, 70, 140, 5},
    {"chatters on", kMagnet, 70, 140, 5},
    // Only 280 ms from when it fell shut.
    {"passed, and pulled again", kStrike, 2000, 140, 3},
    {"passed, and pulled again", kMagnet, 2000, 140, 3},
    {"as slow as it may", kStrike, 2000, 560, 2},
    {"slower", kStrike, 2000, 564, 1},
    {"slower", kMagnet, 2000, 564, 1},
};

// One grant is one passage: rebounds are explained by it, not openings without
// end.
TEST(Leaf, LetsNoReboundRenewAnExplanation) {
  for (const AgainRow& row : kAgain) {
    SCOPED_TRACE(row.why);
    auto settings = leaf_settings(1, row.lock, kOpen);
    settings.held_after_ms = 0;
    Bench bench(settings);
    order(bench);
    for (std::size_t i = 0; i < 10; ++i) {
      const Told all = bench.see(kOpen);
      ASSERT_FALSE(all.empty());
      EXPECT_EQ(all.front(), i < row.explained ? "OPENED 1" : "FORCED") << i;
      bench.wait(i == 0 ? row.first_ms : row.period_ms / 2);
      bench.see(0);
      bench.wait(row.period_ms / 2);
    }

    order(bench);
    EXPECT_EQ(bench.see(kOpen).front(), "OPENED 1") << "another grant";
  }
}

}  // namespace
}  // namespace strongroom::panel
