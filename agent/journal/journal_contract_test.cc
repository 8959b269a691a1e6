// SPDX-License-Identifier: Apache-2.0
// What the role promises, held against both that fill it.
#include <gtest/gtest.h>
#include <random>

#include "agent/journal/twin_test_util.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

using testing_journal::kEpochOne;
using testing_journal::kEpochTwo;
using testing_journal::kNow;
using testing_journal::Twin;
constexpr auto kRecord = Stream::kRecord;
constexpr auto kTelemetry = Stream::kTelemetry;
constexpr WallTime kLater = kNow + std::chrono::microseconds(1);

class JournalContract : public ::testing::Test {
 protected:
  JournalContract() {
    twin_.open_epoch(kEpochOne);
    twin_.commit();
  }
  // Rows in batches of two from the first uncut one.
  void write(Stream stream, int batches, bool deliver) {
    twin_.boots(stream, batches * 2);
    auto& side = twin_.side(stream);
    if (side.cut == 0) {
      twin_.cut(stream, 1, 1);
      if (deliver) {
        twin_.deliver(side.batches.back());
      }
    }
    for (int i = 0; i < batches; ++i) {
      twin_.cut(stream, side.cut + 1, 2);
      if (deliver) {
        twin_.deliver(side.batches.back());
      }
    }
    twin_.commit();
  }

  TemporaryDirectory directory_;
  Twin twin_{directory_ / "journal.db"};
};

// --- panels -----------------------------------------------------------------

TEST_F(JournalContract, PanelCursors_AreTheNewestOfEachPanel) {
  const auto put = [this](PanelCursor row) {
    twin_.turn().panel_cursors.push_back(std::move(row));
  };
  put({"door-1", 0xffffffff, 3, 0, {}});
  put({"door-2", 7, 0xffffffff, 0, {}});
  twin_.commit();
  put({"door-1", 0xffffffff, 4, 0, {}});  // two in one turn
  put({"door-1", 0xffffffff, 9, 2, sha256(as_bytes("list"))});
  twin_.commit();
  put({"door-2", 8, 0, 0, {}});  // another ring begins anew
  twin_.commit();
  twin_.reopen_and_compare();
  const std::vector<PanelCursor> all = {
      {"door-1", 0xffffffff, 9, 2, sha256(as_bytes("list"))},
      {"door-2", 8, 0, 0, {}}};
  EXPECT_EQ(twin_.state().panel_cursors, all);
}

// A panel that names rings as it likes must not end its agent.
TEST_F(JournalContract, PanelCursor_MayGoBackWithinARing) {
  twin_.turn().panel_cursors.push_back({"door-1", 5, 7, 0, {}});
  twin_.commit();
  twin_.turn().panel_cursors.push_back({"door-1", 5, 0, 0, {}});
  twin_.commit();
  twin_.reopen_and_compare();
  const std::vector<PanelCursor> all = {{"door-1", 5, 0, 0, {}}};
  EXPECT_EQ(twin_.state().panel_cursors, all);
}

// --- losses -----------------------------------------------------------------

TEST_F(JournalContract, Loss_LeavesAHoleThatReadingEndsBefore) {
  twin_.boots(kTelemetry, 9);
  twin_.commit();
  twin_.lose(4, 6);
  twin_.commit();
  Journal& journal = twin_.sqlite();
  EXPECT_EQ(journal.events(kTelemetry, 1, 100, 1 << 20)->size(), 3U);
  EXPECT_EQ(journal.events(kTelemetry, 3, 100, 1 << 20)->size(), 1U);
  EXPECT_TRUE(journal.events(kTelemetry, 4, 100, 1 << 20)->empty());
  EXPECT_TRUE(journal.events(kTelemetry, 6, 100, 1 << 20)->empty());
  EXPECT_EQ(journal.events(kTelemetry, 7, 100, 1 << 20)->size(), 4U);
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Losses_Adjoin_AndMayBeginBehindACutBatch) {
  write(kTelemetry, 2, true);  // 1 to 5
  twin_.boots(kTelemetry, 10);
  twin_.cut(kTelemetry, 6, 2);
  twin_.commit();
  twin_.lose(8, 9);
  twin_.commit();
  twin_.lose(10, 10);
  twin_.lose(11, 12);  // two in one turn
  twin_.commit();
  twin_.cut(kTelemetry, 13, 2);
  twin_.commit();
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Loss_OfTheEndOfAnEpoch_IsContinuedByTheNext) {
  twin_.boots(kTelemetry, 5);
  twin_.open_epoch(kEpochTwo);
  twin_.commit();
  twin_.lose(2, 6);
  twin_.cut(kTelemetry, 1, 1);
  twin_.cut(kTelemetry, 7, 1);
  twin_.commit();
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Loss_IsPassedByTheDeliveredMark_AndGoesWithItsRows) {
  write(kTelemetry, 1, true);  // 1 to 3
  twin_.boots(kTelemetry, 8);  // to 11
  twin_.lose(4, 6);
  twin_.cut(kTelemetry, 7, 2);
  twin_.cut(kTelemetry, 9, 2);
  twin_.commit();
  const auto& batches = twin_.side(kTelemetry).batches;
  twin_.deliver(batches[2]);
  twin_.commit();
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.prune(kTelemetry, kLater), 3U) << "the newest stays";
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.fake().losses.size(), 1U);
  twin_.deliver(batches[3]);
  twin_.commit();
  EXPECT_EQ(twin_.prune(kTelemetry, kLater), 2U);
  EXPECT_TRUE(twin_.fake().losses.empty());
  twin_.reopen_and_compare();
}

using JournalContractDeath = JournalContract;

TEST_F(JournalContractDeath, Loss_ThatCannotBe_IsABug) {
  twin_.boots(kTelemetry, 8);
  twin_.cut(kTelemetry, 1, 4);
  twin_.commit();
  for (const auto& [first, last] :
       {std::pair<Position, Position>{4, 6}, {5, 9}, {6, 5}}) {
    JournalTransaction turn;
    turn.number = 3;
    turn.losses.push_back({first, last, {}, {}, 1});
    EXPECT_DEATH((void)twin_.sqlite().commit(turn), "loss") << first;
    EXPECT_DEATH((void)twin_.fake().commit(turn), "loss") << first;
  }
}

TEST_F(JournalContract, Loss_OfRowsThatAreOthers_IsRefusedAndNothingGoes) {
  twin_.boots(kTelemetry, 8);
  twin_.commit();
  JournalTransaction turn;
  turn.number = 3;
  const auto& events = twin_.side(kTelemetry).events;
  turn.losses.push_back({4, 6, sha256(events[2]), sha256(events[6]), 1});
  const auto done = twin_.sqlite().commit(turn);
  ASSERT_FALSE(done.has_value());
  EXPECT_TRUE(done.error().broken);
  EXPECT_EQ(twin_.sqlite().events(kTelemetry, 1, 100, 1 << 20)->size(), 9U);
}

// --- followings -------------------------------------------------------------

TEST_F(JournalContract, Following_OwesAgainWhatTheSuccessorLacks) {
  write(kRecord, 4, true);  // batches at 1 2 4 6 8, all delivered
  twin_.follow(kRecord, 2, 4);
  twin_.commit();
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.fake().state().streams[0].delivered, 3U);
  EXPECT_EQ(twin_.fake().state().streams[0].held_checkpoint, "");
  EXPECT_EQ(twin_.prune(kRecord, kLater), 1U)
      << "2 3 is the newest delivered batch, what follows is owed";
  const auto& batches = twin_.side(kRecord).batches;
  twin_.deliver(batches[2], 2);
  twin_.commit();
  twin_.reopen_and_compare();
  twin_.follow(kRecord, 3, 4);  // and again, before all was delivered
  twin_.commit();
  twin_.reopen_and_compare();
  for (std::size_t i = 2; i < batches.size(); ++i) {
    twin_.deliver(batches[i], 3);
  }
  twin_.commit();
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Following_FromBehindTheMark_CountsTheRestAsHeld) {
  write(kRecord, 2, true);   // 1 to 5
  write(kRecord, 3, false);  // 6 to 11, never acked
  twin_.follow(kRecord, 2, 10);
  twin_.commit();
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.prune(kRecord, kNow), 0U) << "held from now on, not before";
  EXPECT_EQ(twin_.prune(kRecord, kLater), 7U);
  twin_.deliver(twin_.side(kRecord).batches.back(), 2);
  twin_.commit();
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Following_FromTheTail_OwesNothing) {
  write(kRecord, 2, true);
  twin_.follow(kRecord, 2, 6);
  twin_.commit();
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.sqlite().usage().owed_bytes[0], 0U);
}

TEST_F(JournalContractDeath, Following_ThatCannotBe_IsABug) {
  write(kRecord, 2, true);
  twin_.boots(kRecord, 4);
  twin_.commit();
  for (const Position from : {0U, 3U, 8U, 11U}) {
    JournalTransaction turn;
    turn.number = 4;
    turn.followings.push_back(
        {kRecord, "ledger.example/bj1/record/2", from, kNow});
    EXPECT_DEATH((void)twin_.sqlite().commit(turn), "sen[dt]") << from;
    EXPECT_DEATH((void)twin_.fake().commit(turn), "sen[dt]") << from;
  }
}

// --- prune ------------------------------------------------------------------

TEST_F(JournalContract, Prune_OfAStoppedEpoch_WaitsForItsSalvage) {
  write(kRecord, 2, true);  // 1 to 5
  auto& side = twin_.side(kRecord);
  twin_.boots(kRecord, 5);  // to 10
  twin_.cut(kRecord, 6, 2);
  twin_.commit();
  twin_.stop(kRecord, side.epochs[0], 6, 0);
  twin_.open_epoch(kEpochTwo);  // 11
  twin_.boots(kRecord, 3);
  twin_.commit();
  twin_.stop(kRecord, side.epochs[0], 6, 8);
  twin_.cut(kRecord, 11, 2);
  twin_.cut(kRecord, 13, 2);
  twin_.deliver(side.batches[4]);
  twin_.deliver(side.batches[5]);
  twin_.commit();
  twin_.reopen_and_compare();
  EXPECT_EQ(twin_.prune(kRecord, kLater), 5U) << "up to what waits";
  EXPECT_EQ(twin_.prune(kRecord, kLater), 0U);
  twin_.stop(kRecord, side.epochs[0], 6, 10);
  twin_.commit();
  EXPECT_EQ(twin_.prune(kRecord, kNow), 0U) << "what follows is young";
  EXPECT_EQ(twin_.prune(kRecord, kLater), 7U) << "6 to 10, 11 12";
  twin_.reopen_and_compare();
}

TEST_F(JournalContract, Prune_OfManyRows_TakesSeveralCalls) {
  constexpr int kBatches = 40;
  for (int i = 0; i < kBatches; ++i) {
    twin_.boots(kTelemetry, 512);
    twin_.cut(kTelemetry, twin_.side(kTelemetry).cut + 1, 512);
    twin_.deliver(twin_.side(kTelemetry).batches.back());
    twin_.commit();
  }
  std::uint64_t calls = 0;
  std::uint64_t all = 0;
  while (const auto gone = twin_.prune(kTelemetry, kLater)) {
    EXPECT_LE(gone, FakeJournal::kPruneRows + 512);
    all += gone;
    ++calls;
  }
  EXPECT_EQ(all, (kBatches - 1) * 512U);
  EXPECT_EQ(calls, 3U);
}

// --- everything at once -----------------------------------------------------

// Random lives: both say the same of everything, the file holds under fsck, and
// the bytes are those of the rows.
TEST_F(JournalContract, RandomLives_AgreeInEverything) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    const auto roll = [&](std::uint32_t sides) { return random() % sides; };
    const TemporaryDirectory place;
    Twin twin(place / "journal.db");
    twin.open_epoch(kEpochOne + seed);
    twin.commit();
    std::array<std::uint32_t, 2> generations = {1, 1};
    std::array<std::size_t, 2> next{};  // batch to be delivered
    for (int step = 0; step < 60; ++step) {
      const Stream stream = roll(2) == 0 ? kRecord : kTelemetry;
      auto& side = twin.side(stream);
      const std::size_t slot = slot_of(stream);
      switch (roll(8)) {
        case 0:
        case 1:
          twin.boots(stream, static_cast<int>(1 + roll(6)));
          break;
        case 2:
        case 3: {
          const Position first = side.cut + 1;
          if (first > side.tail()) {
            break;
          }
          const EpochRow& epoch = twin.epoch_at(stream, first);
          const Position end = &epoch == &side.epochs.back()
                                   ? side.tail()
                                   : (&epoch + 1)->first_position - 1;
          twin.cut(stream,
                   first,
                   static_cast<std::uint32_t>(
                       1 + roll(static_cast<std::uint32_t>(end - first + 1))));
          break;
        }
        case 4:
        case 5:
          if (next[slot] < side.batches.size() &&
              side.batches[next[slot]].first_position > side.delivered) {
            twin.deliver(side.batches[next[slot]++], generations[slot]);
          }
          break;
        case 6: {
          auto& telemetry = twin.side(kTelemetry);
          const Position first = telemetry.cut + 1;
          if (first + 2 > telemetry.tail() ||
              twin.epoch_at(kTelemetry, first).first_position == first ||
              &twin.epoch_at(kTelemetry, first) != &telemetry.epochs.back()) {
            break;
          }
          twin.lose(first, first + roll(2));
          telemetry.cut = twin.turn().losses.back().last;
          break;
        }
        default:
          if (roll(4) == 0) {
            twin.open_epoch(kEpochTwo + static_cast<std::uint64_t>(step));
          } else if (next[slot] > 1) {
            next[slot] -= roll(2) + 1;
            twin.follow(stream,
                        ++generations[slot],
                        side.batches[next[slot]].first_position);
          }
      }
      twin.commit();
      if (HasFatalFailure()) {
        FAIL() << "seed " << seed << " step " << step;
      }
    }
    twin.reopen_and_compare();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    for (const Stream stream : kAgentStreams) {
      twin.prune(stream, kLater);
    }
    twin.reopen_and_compare();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", pruned";
  }
}

// --- the fake alone ---------------------------------------------------------

TEST_F(JournalContract, Fake_PruneThatFailsAfterwards_IsDone) {
  write(kRecord, 3, true);
  FakeJournal& fake = twin_.fake();
  fake.fail_prune(FakeJournal::Failure::kBefore);
  EXPECT_FALSE(fake.prune(kRecord, kLater).has_value());
  EXPECT_EQ(fake.pruned[0], 0U);
  fake.fail_prune(FakeJournal::Failure::kAfterDoingTheWork);
  EXPECT_FALSE(fake.prune(kRecord, kLater).has_value());
  EXPECT_EQ(fake.pruned[0], 5U);
  EXPECT_EQ(*fake.prune(kRecord, kLater), 0U);
}

}  // namespace
}  // namespace strongroom
