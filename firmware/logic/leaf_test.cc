// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/leaf.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>

#include "firmware/logic/leaf_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Bench = LeafBench;

// --- every state with every input --------------------------------------------

enum State { kRest, kReleasedState, kStandsOpen, kForcedOpen, kHeldOpen };

void bring(Bench& bench, State state) {
  switch (state) {
    case kRest:
      break;
    case kReleasedState:
      bench.release();
      break;
    case kStandsOpen:
      bench.release();
      bench.see(kOpen);
      break;
    case kForcedOpen:
      bench.see(kOpen);
      break;
    case kHeldOpen:
      bench.release();
      bench.see(kOpen);
      bench.wait(30'000);
      break;
  }
}

struct StateRow {
  State state;
  std::uint8_t input;
  Told strike;
  Told magnet;
};

TEST(Leaf, DoesInEachStateWhatTheTableSays) {
  const StateRow rows[] = {
      {kRest, kOpen, {"FORCED"}, {"FORCED"}},
      {kRest, kUnlocked, {"UNLOCKED"}, {"UNLOCKED"}},
      {kRest, kTurned, {"HANDLE_TURNED"}, {"HANDLE_TURNED"}},
      {kRest,
       kPressed,
       {"REQUEST_TO_EXIT", "RELEASED"},
       {"REQUEST_TO_EXIT", "RELEASED"}},
      // A strike relocks when the leaf opens, a magnet when it shuts again.
      {kReleasedState, kOpen, {"OPENED 1", "SECURED"}, {"OPENED 1"}},
      {kReleasedState, kUnlocked, {"UNLOCKED"}, {"UNLOCKED"}},
      {kReleasedState, kTurned, {"HANDLE_TURNED"}, {"HANDLE_TURNED"}},
      {kReleasedState,
       kPressed,
       {"REQUEST_TO_EXIT", "RELEASED"},
       {"REQUEST_TO_EXIT", "RELEASED"}},
      {kStandsOpen, kOpen, {"CLOSED"}, {"CLOSED", "SECURED"}},
      {kStandsOpen, kUnlocked, {"UNLOCKED"}, {"UNLOCKED"}},
      {kStandsOpen, kTurned, {"HANDLE_TURNED"}, {"HANDLE_TURNED"}},
      {kStandsOpen,
       kPressed,
       {"REQUEST_TO_EXIT", "RELEASED"},
       {"REQUEST_TO_EXIT", "RELEASED"}},
      {kForcedOpen, kOpen, {"CLOSED"}, {"CLOSED"}},
      {kForcedOpen, kTurned, {"HANDLE_TURNED"}, {"HANDLE_TURNED"}},
      {kForcedOpen,
       kPressed,
       {"REQUEST_TO_EXIT", "RELEASED"},
       {"REQUEST_TO_EXIT", "RELEASED"}},
      {kHeldOpen,
       kOpen,
       {"HELD_CLEARED", "CLOSED"},
       {"HELD_CLEARED", "CLOSED"}},
      {kHeldOpen, kUnlocked, {"UNLOCKED"}, {"UNLOCKED"}},
      {kHeldOpen,
       kPressed,
       {"REQUEST_TO_EXIT", "RELEASED"},
       {"REQUEST_TO_EXIT", "RELEASED"}},
  };
  for (const StateRow& row : rows) {
    for (const auto lock : {kStrike, kMagnet}) {
      SCOPED_TRACE("state " + std::to_string(row.state) + " input " +
                   std::to_string(row.input) +
                   (lock == kStrike ? " strike" : " magnet"));
      Bench bench(leaf_settings(1, lock, kAllInputs));
      bring(bench, row.state);
      const std::uint8_t before = bench.seen;
      EXPECT_EQ(bench.see(before ^ row.input),
                lock == kStrike ? row.strike : row.magnet);
      if (row.input != kOpen && row.input != kPressed) {
        const Told back = bench.see(before);
        EXPECT_EQ(
            back,
            (Told{row.input == kUnlocked ? "LOCKED" : "HANDLE_RESTORED"}));
      }
    }
  }
}

TEST(Leaf, TellsNothingOfInputsThatAreNotWired) {
  for (unsigned wired = 0; wired < 16; ++wired) {
    for (unsigned active = 0; active < 16; ++active) {
      if ((active & wired) != 0) {
        continue;
      }
      Bench bench(leaf_settings(1, kStrike, static_cast<std::uint8_t>(wired)));
      EXPECT_TRUE(bench.see(static_cast<std::uint8_t>(active)).empty());
      EXPECT_TRUE(bench.see(0).empty());
      EXPECT_EQ(bench.leaf.status() & ~kLeafLocked, 0);
      EXPECT_EQ((bench.leaf.status() & kLeafLocked) != 0,
                (wired & kUnlocked) != 0);
    }
  }
}

// --- the start ---------------------------------------------------------------

TEST(Leaf, TellsOfItsStartOnlyThatItStandsOpen) {
  for (unsigned first = 0; first < 16; ++first) {
    Bench bench(leaf_settings(1, kStrike, kAllInputs),
                static_cast<std::uint8_t>(first));
    EXPECT_EQ(bench.start, (first & kOpen) ? Told{"OPENED 6"} : Told{})
        << first;
    EXPECT_FALSE(bench.leaf.drives_lock());
  }
}

TEST(Leaf, CountsALeafThatWasFoundOpenAsHeldFromTheStart) {
  Bench bench(leaf_settings(1), kOpen);
  EXPECT_TRUE(bench.wait(29'999).empty());
  EXPECT_EQ(bench.wait(1), Told{"HELD"});
  EXPECT_EQ(bench.see(0), (Told{"HELD_CLEARED", "CLOSED"}));
}

// --- time --------------------------------------------------------------------

TEST(Leaf, IsReleasedForItsPulseAndNoLonger) {
  struct Row {
    std::uint32_t asked_ms;
    std::uint32_t given_ms;
  };
  for (const Row row : {Row{0, 5000},
                        Row{1000, 1000},
                        Row{5000, 5000},
                        Row{60'000, 5000},
                        Row{0xffffffff, 5000}}) {
    for (const auto lock : {kStrike, kMagnet}) {
      Bench bench(leaf_settings(1, lock));
      EXPECT_EQ(bench.release(kOrder, 77, row.asked_ms), Told{"RELEASED 77"});
      EXPECT_TRUE(bench.wait(row.given_ms - 1).empty());
      EXPECT_EQ(bench.leaf.drives_lock(), lock == kStrike);
      EXPECT_TRUE(bench.leaf.status() & kLeafReleased);
      EXPECT_EQ(bench.wait(1), Told{"SECURED"});
      EXPECT_EQ(bench.leaf.drives_lock(), lock == kMagnet);
    }
  }
}

TEST(Leaf, TellsThatNobodyOpenedAfterAGrant) {
  Bench bench(leaf_settings(1));
  bench.release();
  EXPECT_EQ(bench.wait(9999), Told{"SECURED"});
  EXPECT_EQ(bench.wait(1), Told{"NOT_OPENED 77"});
  EXPECT_TRUE(bench.wait(60'000).empty());
}

TEST(Leaf, DoesNotSayNotOpenedWhileItCanStillBeOpened) {
  auto settings = leaf_settings(1);
  settings.pulse_ms = 20'000;
  Bench bench(settings);
  bench.release();
  EXPECT_TRUE(bench.wait(19'999).empty());
  EXPECT_EQ(bench.wait(1), (Told{"SECURED", "NOT_OPENED 77"}));
}

TEST(Leaf, SaysNotOpenedOnlyOfGrantsAndOnlyWhenItCanTell) {
  {
    Bench bench(leaf_settings(1));
    bench.see(kPressed);  // a request to exit
    EXPECT_EQ(bench.wait(60'000), Told{"SECURED"});
  }
  {
    Bench bench(leaf_settings(1, kStrike, kExitInput));  // no contact
    bench.release();
    EXPECT_EQ(bench.wait(60'000), Told{"SECURED"});
  }
  {
    Bench bench(leaf_settings(1, kMagnet));
    bench.release();
    bench.see(kOpen);
    bench.release();  // while it stands open
    EXPECT_EQ(bench.see(0), (Told{"CLOSED", "SECURED"}));
    EXPECT_TRUE(bench.wait(60'000).empty());
  }
}

TEST(Leaf, IsHeldWhenItStandsOpenTooLong) {
  Bench bench(leaf_settings(1));
  bench.release();
  bench.see(kOpen);
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kNone);
  bench.wait(22'500 - 1);
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kNone);
  bench.wait(1);
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kSoon);
  EXPECT_TRUE(bench.wait(7499).empty());
  EXPECT_EQ(bench.wait(1), Told{"HELD"});
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kHeld);
  EXPECT_TRUE(bench.leaf.status() & kLeafHeld);
  EXPECT_TRUE(bench.wait(100'000).empty()) << "once";
  EXPECT_EQ(bench.see(0), (Told{"HELD_CLEARED", "CLOSED"}));
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kNone);
}

TEST(Leaf, IsHeldLaterWhenItIsReleasedAgainWhileOpen) {
  auto settings = leaf_settings(1, kMagnet);
  Bench bench(settings);
  bench.release();
  bench.see(kOpen);
  bench.wait(29'000);
  bench.release(kOrder, 78);
  EXPECT_EQ(bench.wait(29'999), Told{"SECURED"});
  EXPECT_EQ(bench.wait(1), Told{"HELD"});
}

TEST(Leaf, WatchesNoTimeThatIsZero) {
  auto settings = leaf_settings(1);
  settings.held_after_ms = 0;
  settings.not_opened_after_ms = 0;
  Bench bench(settings);
  bench.release();
  EXPECT_EQ(bench.wait(100'000), Told{"SECURED"});
  bench.see(kOpen);
  EXPECT_TRUE(bench.wait(100'000).empty());
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kNone);
}

// --- the lock and its sense --------------------------------------------------

TEST(Leaf, TellsThatALockStaysLocked) {
  Bench bench(leaf_settings(1, kStrike, kOpen | kUnlocked));
  bench.release();
  EXPECT_TRUE(bench.wait(999).empty());
  EXPECT_EQ(bench.wait(1), Told{"LOCK_FAULT 1"});
  EXPECT_EQ(bench.wait(60'000), (Told{"SECURED", "NOT_OPENED 77"})) << "once";
  bench.release();
  EXPECT_EQ(bench.wait(1000), Told{"LOCK_FAULT 1"}) << "and each time";
}

TEST(Leaf, TellsThatALockStaysOpen) {
  Bench bench(leaf_settings(1, kMagnet, kOpen | kUnlocked));
  bench.release();
  bench.see(kUnlocked);
  bench.see(kUnlocked | kOpen);
  bench.see(kUnlocked);
  EXPECT_TRUE(bench.wait(4999).empty());
  EXPECT_EQ(bench.wait(1), Told{"LOCK_FAULT 2"});
  EXPECT_EQ(bench.see(0), Told{"LOCKED"});
  EXPECT_TRUE(bench.wait(60'000).empty());
}

TEST(Leaf, FindsNoFaultWhereTheSenseSaysNothing) {
  {
    Bench bench(leaf_settings(1, kStrike, kOpen));  // not wired
    bench.release();
    EXPECT_EQ(bench.wait(6000), Told{"SECURED"});
  }
  {
    Bench bench(leaf_settings(1, kNoLock, kOpen | kUnlocked));
    EXPECT_EQ(bench.see(kUnlocked), Told{"UNLOCKED"});
    EXPECT_TRUE(bench.wait(60'000).empty());
  }
  {
    auto settings = leaf_settings(1, kMagnet, kOpen | kUnlocked);
    settings.held_after_ms = 0;
    Bench bench(settings);
    bench.release();
    bench.see(kOpen | kUnlocked);
    EXPECT_EQ(bench.wait(60'000), Told{"SECURED"}) << "it stands open";
  }
  {
    Bench bench(leaf_settings(1, kMagnet, kOpen | kUnlocked));
    bench.fire(true);
    EXPECT_TRUE(bench.wait(60'000).empty());
  }
}

// --- lockdown and fire -------------------------------------------------------

TEST(Leaf, RelocksAtLockdownAndStillLetsPeopleOut) {
  for (const auto lock : {kStrike, kMagnet}) {
    Bench bench(leaf_settings(1, lock));
    bench.release();
    EXPECT_EQ(bench.lock_down(true), Told{"SECURED"});
    EXPECT_TRUE(bench.leaf.status() & kLeafLockedDown);
    EXPECT_TRUE(bench.lock_down(true).empty());
    bench.wait(1000);
    EXPECT_EQ(bench.see(kPressed), (Told{"REQUEST_TO_EXIT", "RELEASED"}));
    EXPECT_EQ(bench.see(kPressed | kOpen).front(), "OPENED 3");
    EXPECT_EQ(bench.lock_down(false), (Told{}));
    EXPECT_FALSE(bench.leaf.status() & kLeafLockedDown);
  }
}

TEST(Leaf, ReleasesAMagnetWhileThereIsFireAndLeavesAStrike) {
  Bench magnet(leaf_settings(1, kMagnet));
  EXPECT_EQ(magnet.fire(true), Told{"RELEASED"});
  EXPECT_FALSE(magnet.leaf.drives_lock());
  EXPECT_EQ(magnet.release(), Told{"RELEASED 77"});
  EXPECT_TRUE(magnet.lock_down(true).empty()) << "not locked again";
  EXPECT_FALSE(magnet.leaf.drives_lock());
  magnet.wait(60'000);
  EXPECT_FALSE(magnet.leaf.drives_lock());
  EXPECT_EQ(magnet.fire(false), Told{"SECURED"});
  EXPECT_TRUE(magnet.leaf.drives_lock());

  Bench strike(leaf_settings(1, kStrike));
  EXPECT_TRUE(strike.fire(true).empty());
  EXPECT_FALSE(strike.leaf.drives_lock());
  EXPECT_TRUE(strike.fire(false).empty());
}

TEST(Leaf, StillTellsHeldWhileThereIsFireButDoesNotBeep) {
  Bench bench(leaf_settings(1, kMagnet));
  bench.fire(true);
  bench.see(kOpen);
  EXPECT_EQ(bench.wait(30'000), Told{"HELD"});
  EXPECT_EQ(bench.leaf.warning(bench.now_ms), HeldWarning::kNone);
}

TEST(Leaf, IsSecuredWhenItIsConfiguredAnew) {
  Bench bench(leaf_settings(1, kStrike));
  bench.lock_down(true);
  bench.see(kPressed);
  Happenings out;
  bench.leaf.configure(leaf_settings(1, kMagnet), bench.now_ms, out);
  EXPECT_EQ(told(out), Told{"SECURED"});
  EXPECT_TRUE(bench.leaf.drives_lock());
  EXPECT_TRUE(bench.leaf.is_locked_down());
}

}  // namespace
}  // namespace strongroom::panel
