// SPDX-License-Identifier: Apache-2.0
// The agent's journal after a power cut at every change of its disk: what was
// told stands, nothing else does, it is never set aside, and it goes on.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "agent/journal/check_journal.h"
#include "tests/powercut/cuts.h"
#include "tests/powercut/journal_life.h"
#include "tests/powercut/posix_calls.h"
#include "tests/powercut/version_1.h"

namespace strongroom::powercut {
namespace {

using testing_journal::kNow;
using testing_journal::kSource;

constexpr int kTurns = 36;

/// A life that was lived once, and everything that may be left of it.
class Aftermath {
 public:
  using Script =
      std::function<void(JournalLife& life, const std::filesystem::path&)>;

  Aftermath(PowerCutDisk::Sync sync, const Script& script)
      : disk_(directory_.disk(), sync),
        calls_(disk_),
        life_(directory_.disk() / "journal.db", disk_) {
    script(life_, directory_.disk() / "journal.db");
  }

  /// Every cut that this many seeds give; every `stride`-th operation.
  Tally look(std::uint64_t seeds, std::size_t stride) {
    Tally tally;
    for (std::size_t at = 0; at <= disk_.operations(); at += stride) {
      ++tally.cuts;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        ++tally.rebuilds;
        disk_.rebuild(at, seed, directory_.rebuilt());
        try {
          examine(at, " seed " + std::to_string(seed), tally);
        } catch (const std::exception& error) {
          tally.note(tally.refused, std::string("thrown: ") + error.what());
        }
      }
    }
    return tally;
  }

  std::size_t operations() const { return disk_.operations(); }
  PowerCutDisk& disk() { return disk_; }

 private:
  std::filesystem::path path() const {
    return directory_.rebuilt() / "journal.db";
  }

  // Steps that had returned when power went.
  std::size_t told_by(std::size_t at) const {
    std::size_t told = 0;
    while (told < life_.steps().size() && life_.steps()[told].told <= at) {
      ++told;
    }
    return told;
  }

  void examine(std::size_t at, const std::string& seed, Tally& tally) {
    const std::string where = "cut " + std::to_string(at) + " (" +
                              disk_.operation(at) + ")" + seed + ": ";
    auto opened = open_journal(path(), kSource, kNow);
    if (!opened) {
      return tally.note(tally.refused, where + opened.error().what);
    }
    const std::size_t told = told_by(at);
    if (!opened->set_aside.empty() || !opened->damage.empty()) {
      return tally.note(tally.refused, where + "set aside: " + opened->damage);
    }
    const std::optional<std::size_t> found = truth_found(told, *opened);
    if (!found) {
      const bool older = opened->state.last_transaction <
                         life_.truths()[told].last_transaction;
      return tally.note(older ? tally.lost : tally.foreign,
                        where + *difference(life_.truths()[told], *opened));
    }
    go_on(*found, *std::move(opened), where, tally);
  }

  // Which truth stands: what was told, or that and the step under way.
  std::optional<std::size_t> truth_found(std::size_t told,
                                         OpenedJournal& opened) const {
    for (std::size_t i = told; i < std::min(told + 2, life_.truths().size());
         ++i) {
      if (!difference(life_.truths()[i], opened)) {
        return i;
      }
    }
    return std::nullopt;
  }

  // fsck; then the next transaction, and fsck again.
  void go_on(std::size_t truth,
             OpenedJournal opened,
             const std::string& where,
             Tally& tally) {
    if (auto flaw = flaw_of()) {
      return tally.note(tally.unsound, where + *flaw);
    }
    const auto& steps = life_.steps();
    while (truth < steps.size() && !steps[truth].turn) {
      ++truth;
    }
    if (truth == steps.size()) {
      return;
    }
    if (auto done = opened.journal->commit(*steps[truth].turn); !done) {
      return tally.note(tally.refused,
                        where + "no commit: " + done.error().what);
    }
    opened.journal.reset();
    if (auto flaw = flaw_of()) {
      tally.note(tally.unsound, where + "after the next turn: " + *flaw);
    }
  }

  std::optional<std::string> flaw_of() const {
    const std::vector<PublicKey> keys{life_.key()};
    const auto report = check_journal(path(), {keys, life_.trust()});
    return report ? report->flaw : report.error().what;
  }

  MemoryDirectory directory_;
  PowerCutDisk disk_;
  PosixCalls calls_;
  JournalLife life_;
};

void whole_life(JournalLife& life, const std::filesystem::path& /*path*/) {
  life.live(kTurns);
}

TEST(JournalPowerCut, AtEveryChange_LosesNothingToldAndGoesOn) {
  Aftermath after(PowerCutDisk::Sync::kAsAsked, whole_life);
  ASSERT_GT(after.operations(), 400U);
  const Tally tally = after.look(seeds(4, 32), 1);
  tally.print("agent journal");
  EXPECT_EQ(tally.faults(), 0U) << tally.first_fault;
}

// The first start of a program over the file of the one before.
TEST(JournalPowerCut, InTheMigration_LosesNothingAndGoesOn) {
  Aftermath after(PowerCutDisk::Sync::kAsAsked,
                  [](JournalLife& life, const std::filesystem::path& path) {
                    life.live(8);
                    write_as_version_1(path);
                    life.begin_here();
                    life.live(2);
                  });
  ASSERT_GT(after.operations(), 20U);
  const Tally tally = after.look(seeds(8, 64), 1);
  tally.print("agent journal, migration from version 1");
  EXPECT_EQ(tally.faults(), 0U) << tally.first_fault;
}

// The test of a whole life can fail: without syncs it does.
TEST(JournalPowerCut, WithoutSyncs_IsCaught) {
  Aftermath after(PowerCutDisk::Sync::kOff, whole_life);
  const Tally tally = after.look(seeds(2, 8), is_full() ? 1 : 5);
  tally.print("agent journal, synchronous=OFF");
  EXPECT_GT(tally.lost, tally.rebuilds / 10);
  EXPECT_GT(tally.faults(), tally.rebuilds / 4);
}

// --- a damaged file, set aside, and the power goes --------------------------

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Alters a byte of every boot event, the owed ones among them.
std::string damage(const std::filesystem::path& path) {
  std::string bytes = content_of(path);
  std::size_t altered = 0;
  for (std::size_t at = bytes.find("0.1.0"); at != std::string::npos;
       at = bytes.find("0.1.0", at)) {
    bytes[at] = 'X';
    ++altered;
  }
  EXPECT_GT(altered, 0U);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return bytes;
}

class SettingAside : public ::testing::Test {
 protected:
  std::filesystem::path path() const {
    return directory_.disk() / "journal.db";
  }

  // The start that finds the damage, and a first transaction.
  void start() {
    OpenedJournal opened = testing_journal::open(path());
    ASSERT_FALSE(opened.set_aside.empty());
    testing_journal::TestSource source("edge-1@bj1", Stream::kRecord, 0x77);
    testing_journal::Writer writer(opened);
    writer.open_epoch(Stream::kRecord, 0x77, source);
    writer.commit();
    told_ = disk_->operations();
  }

  void examine(std::size_t at, std::uint64_t seed, Tally& tally) {
    ++tally.rebuilds;
    disk_->rebuild(at, seed, directory_.rebuilt());
    const std::string where = "cut " + std::to_string(at) + " (" +
                              disk_->operation(at) + ") seed " +
                              std::to_string(seed) + ": ";
    auto opened =
        open_journal(directory_.rebuilt() / "journal.db", kSource, kNow);
    if (!opened) {
      return tally.note(tally.refused, where + opened.error().what);
    }
    const Position tail = opened->state.streams[0].tail;
    if (tail > 1 || (at >= told_ && tail != 1)) {
      return tally.note(tally.lost,
                        where + "the tail is " + std::to_string(tail));
    }
    if (tail == 0 && opened->set_aside.empty()) {
      return tally.note(tally.lost, where + "nobody knows of the damage");
    }
    std::size_t copies = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.rebuilt())) {
      copies += entry.path().filename().string().find(".set-aside-") !=
                            std::string::npos &&
                        content_of(entry.path()) == damaged_
                    ? 1U
                    : 0U;
    }
    // Open: the directory is synced after the second rename only, so that the
    // new file's name may be durable before the old file's other name is.
    const bool between = disk_->operation(at).starts_with(
        "rename 'journal.db.new' to 'journal.db'");
    if (copies == 0 && between) {
      ++overtaken_;
    } else if (copies != 1) {
      tally.note(
          tally.lost,
          where + std::to_string(copies) + " copies of the damaged bytes");
    }
  }

  MemoryDirectory directory_;
  std::optional<PowerCutDisk> disk_;
  std::string damaged_;
  std::size_t told_ = 0;
  std::size_t overtaken_ = 0;
};

TEST_F(SettingAside, KeepsTheDamagedBytesAndSaysSo) {
  {
    PowerCutDisk before(directory_.disk());
    JournalLife life(path(), before);
    life.live(6);
  }
  damaged_ = damage(path());
  disk_.emplace(directory_.disk());
  const PosixCalls calls(*disk_);
  start();
  ASSERT_GT(told_, 10U);
  Tally tally;
  for (std::size_t at = 0; at <= disk_->operations(); ++at) {
    ++tally.cuts;
    for (std::uint64_t seed = 0; seed < seeds(16, 64); ++seed) {
      examine(at, seed, tally);
    }
  }
  tally.print("agent journal, set aside");
  std::printf("  in %zu the new name overtook the damaged file's\n",
              overtaken_);
  EXPECT_EQ(tally.faults(), 0U) << tally.first_fault;
}

}  // namespace
}  // namespace strongroom::powercut
