// SPDX-License-Identifier: Apache-2.0
// Everything that can be wrong with the guard: nothing is signed, published or
// put into it; with the right one everything goes on.
#include <gtest/gtest.h>

#include "tests/ledger/test_logs.h"
#include "tests/support/power_cut_disk.h"

namespace strongroom {
namespace {

using testing_ledger::TestLogs;

constexpr Stream kRecord = Stream::kRecord;
constexpr Stream kTelemetry = Stream::kTelemetry;

class GuardTest : public ::testing::Test, protected TestLogs {
 protected:
  std::filesystem::path kept() const { return dir.path() / "guard.kept"; }

  /// A ledger with entries; its guard is kept, closed.
  void begin_and_keep_guard() {
    begin();
    grow(kRecord, 3, 2);
    grow(kTelemetry, 100, 2);
    close();
    copy(guard_path(), kept());
  }

  void expect_says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  /// The programs's answer to a fault of a running guard, and what is there
  /// after it has been put right.
  void expect_nothing_signed_then_go_on() {
    const auto before = published(kTelemetry);
    stage(kTelemetry, 100);
    stage(kRecord, 3);
    const auto done = logs->commit();
    ASSERT_FALSE(done);
    expect_says(done.error().what, "nothing is signed or acknowledged");
    expect_says(done.error().what, "start again");
    EXPECT_EQ(published(kTelemetry), before) << "was published";
    EXPECT_EQ(logs->note(id(kTelemetry)), before->note);
  }
  void expect_goes_on(std::uint64_t telemetry) {
    ASSERT_TRUE(open()) << why;
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, telemetry);
    EXPECT_EQ(guarded(kTelemetry), published(kTelemetry)->note);
    grow(kTelemetry, 1, 1);
    grow(kRecord, 1, 1);
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, telemetry + 2);
  }
};

TEST_F(GuardTest, Missing_IsNoStartAndNoNewGuard) {
  begin_and_keep_guard();
  std::filesystem::remove(guard_path());
  EXPECT_FALSE(open());
  expect_says(why, guard_path().string());
  expect_says(why, "bring its disk back");
  EXPECT_FALSE(std::filesystem::exists(guard_path()));
  copy(kept(), guard_path());
  expect_goes_on(202);
}

TEST_F(GuardTest, OfAnotherLedger_IsNoStart) {
  begin_and_keep_guard();
  close();
  execute_at(guard_path(),
             "UPDATE guard SET origin = replace(origin, 'test.', 'other.')");
  EXPECT_FALSE(open());
  expect_says(why, "not the guard of test.example");
  expect_says(why, "[store] guard");
  copy(kept(), guard_path());
  expect_goes_on(202);
}

TEST_F(GuardTest, NewAndEmpty_SignsNothing) {
  begin_and_keep_guard();
  execute_at(guard_path(), "DELETE FROM guard");
  ASSERT_TRUE(open()) << why;
  for (const LogId log : logs->ids()) {
    EXPECT_NE(logs->frozen(log), "") << logs->origin(log).text();
  }
  EXPECT_TRUE(guard->entries()->empty()) << "not even the empty registry";
  close();
  copy(kept(), guard_path());
  expect_goes_on(202);
}

TEST_F(GuardTest, PutBack_FreezesAllUntilTheRightOneIsThere) {
  begin_and_keep_guard();
  const std::filesystem::path old = kept();
  ASSERT_TRUE(open()) << why;
  grow(kTelemetry, 100, 2);
  close();
  const std::filesystem::path right = dir.path() / "guard.right";
  copy(guard_path(), right);
  copy(old, guard_path());
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(open()) << why;
    for (const LogId log : logs->ids()) {
      expect_says(logs->frozen(log), "the guard is an older copy");
      expect_says(logs->frozen(log), "put the right guard back");
    }
    EXPECT_TRUE(guard->signed_notes.empty());
    // What it knows is still served.
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, 202U);
    EXPECT_EQ(published(kTelemetry)->edge.size(), 202U);
    EXPECT_EQ(published(kRecord)->checkpoint.size, 8U);
  }
  close();
  copy(right, guard_path());
  expect_goes_on(404);
}

// A stop between the database's commit and the guard is none of that.
TEST_F(GuardTest, OneCommitBehind_GoesOn) {
  begin_and_keep_guard();
  ASSERT_TRUE(open());
  plan.steps_until_fault = 1;
  stage(kTelemetry, 100);
  EXPECT_FALSE(logs->commit());
  plan.steps_until_fault = -1;
  expect_goes_on(303);
}

TEST_F(GuardTest, NewerThanTheDatabase_FreezesThatLog) {
  begin();
  grow(kRecord, 3, 2);
  grow(kTelemetry, 100, 2);
  close();
  copy(store_path(), dir.path() / "ledger.old");
  ASSERT_TRUE(open());
  grow(kTelemetry, 100, 2);
  const std::string note = guarded(kTelemetry);
  close();
  copy(store_path(), dir.path() / "ledger.right");
  copy(dir.path() / "ledger.old", store_path());
  ASSERT_TRUE(open()) << why;
  expect_says(logs->frozen(id(kTelemetry)), "it is an older copy");
  EXPECT_EQ(logs->frozen(id(kRecord)), "");
  grow(kRecord, 3, 1);
  EXPECT_EQ(guarded(kTelemetry), note);
  EXPECT_EQ(published(kTelemetry)->note, "");
}

TEST_F(GuardTest, ThatAnotherProgramWrites_StopsTheProgram) {
  begin();
  grow(kTelemetry, 100, 2);
  execute_at(guard_path(), "UPDATE guard SET note = note || ' '");
  expect_nothing_signed_then_go_on();
  ASSERT_TRUE(open());
  expect_says(logs->frozen(id(kTelemetry)), "not one of ours");
  close();
  execute_at(guard_path(), "UPDATE guard SET note = rtrim(note, ' ')");
  expect_goes_on(303);
}

TEST_F(GuardTest, FileReplacedWhileRunning_StopsTheProgram) {
  begin();
  grow(kTelemetry, 100, 2);
  std::filesystem::rename(guard_path(), kept());
  expect_nothing_signed_then_go_on();
  EXPECT_FALSE(open());
  std::filesystem::rename(kept(), guard_path());
  expect_goes_on(303);
}

TEST_F(GuardTest, DiskFull_StopsTheProgram) {
  PowerCutDisk disk(guard_path().parent_path());
  begin();
  grow(kTelemetry, 100, 2);
  disk.fill_up(1);
  expect_nothing_signed_then_go_on();
  close();
  disk.mend();
  expect_goes_on(303);
  close();
}

class GuardDisk : public GuardTest,
                  public ::testing::WithParamInterface<bool> {};

TEST_P(GuardDisk, GoneWhileRunning_StopsTheProgram) {
  const bool after_doing_it = GetParam();
  // Whichever of the writes and syncs of a swap it is that fails.
  for (std::size_t nth = 1; nth < 8; ++nth) {
    SCOPED_TRACE(nth);
    TestLogs at;
    PowerCutDisk disk(at.guard_path().parent_path());
    at.begin();
    at.grow(kTelemetry, 100, 2);
    const auto before = at.published(kTelemetry);
    const std::size_t operations = disk.operations();
    disk.fail(nth, 1000, after_doing_it);
    at.stage(kTelemetry, 100);
    const auto done = at.logs->commit();
    const std::size_t taken = disk.operations() - operations;
    if (done) {
      EXPECT_GT(nth, 2U) << "a swap takes a write and a sync";
      at.close();
      disk.mend();
      break;
    }
    expect_says(done.error().what, "nothing is signed or acknowledged");
    EXPECT_EQ(at.published(kTelemetry), before) << taken;
    at.close();
    disk.mend();
    ASSERT_TRUE(at.open()) << at.why;
    EXPECT_EQ(at.published(kTelemetry)->checkpoint.size, 303U);
    EXPECT_EQ(at.guarded(kTelemetry), at.published(kTelemetry)->note);
    at.grow(kTelemetry, 1, 1);
    EXPECT_EQ(at.published(kTelemetry)->checkpoint.size, 305U);
    at.close();
  }
}

INSTANTIATE_TEST_SUITE_P(, GuardDisk, ::testing::Bool(), [](const auto& each) {
  return each.param ? "AfterDoingIt" : "BeforeDoingIt";
});

}  // namespace
}  // namespace strongroom
