// SPDX-License-Identifier: Apache-2.0
// Whatever lies where the journal should: the agent starts, and no byte of it
// is lost.
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/journal/set_aside.h"
#include "agent/journal/twin_test_util.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_journal::kNow;
using testing_journal::kSource;
using testing_journal::write_full_sample;
using testing_journal::write_sample;

constexpr auto kGoesOn = strongroom_v1_EpochReason_EPOCH_REASON_UNSPECIFIED;
constexpr auto kFirstStart = strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
constexpr auto kLost = strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_LOST;
constexpr auto kCorrupt =
    strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// In memory where there is such a place: this is not about durability.
class Place {
 public:
  Place() {
    std::string name = (fs::exists("/dev/shm") ? fs::path("/dev/shm")
                                               : fs::temp_directory_path()) /
                       "quarantine-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Place() {
    std::error_code ignored;
    fs::permissions(path_, fs::perms::owner_all, ignored);
    fs::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

  // Names with the bytes of all that was set aside, by suffix.
  std::map<std::string, std::string> aside(const std::string& base) const {
    std::map<std::string, std::string> found;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      const fs::path file = path_ / (base + suffix);
      if (fs::exists(file)) {
        found[suffix] = bytes_of(file);
      }
    }
    return found;
  }

 private:
  fs::path path_;
};

// A journal as a crash leaves it: the file, with its WAL.
struct Crashed {
  std::string file;
  std::string wal;
};

Crashed crash() {
  const Place place;
  testing_journal::Twin twin(place / "journal.db");
  twin.open_epoch(testing_journal::kEpochOne);
  twin.commit();
  for (int i = 0; i < 4; ++i) {
    twin.boots(Stream::kRecord, 3);
    twin.boots(Stream::kTelemetry, 2);
    twin.commit();
  }
  return {bytes_of(place / "journal.db"), bytes_of(place / "journal.db-wal")};
}

// --- any byte ---------------------------------------------------------------

struct Seen {
  std::array<std::vector<Bytes>, 2> events;
  std::array<StreamState, 2> streams;
  std::vector<Loss> losses;
  std::vector<DescriptionRow> descriptions;
  std::vector<PanelCursor> panel_cursors;

  static Seen of(OpenedJournal& opened) {
    Seen seen;
    for (const Stream stream : kAgentStreams) {
      const std::size_t slot = slot_of(stream);
      seen.streams[slot] = opened.state.streams[slot];
      for (Position at = 1; at <= seen.streams[slot].tail;) {
        const auto read = opened.journal->events(stream, at, 99, 1 << 20);
        const std::size_t count = read ? read->size() : 0;
        if (count > 0) {
          seen.events[slot].insert(
              seen.events[slot].end(), read->begin(), read->end());
        }
        at += std::max<std::size_t>(count, 1);
      }
    }
    seen.losses = opened.state.losses;
    seen.descriptions = opened.state.descriptions;
    seen.panel_cursors = opened.state.panel_cursors;
    return seen;
  }
  bool operator==(const Seen& other) const {
    const auto same = [](const StreamState& a, const StreamState& b) {
      return a.epochs == b.epochs && a.tail == b.tail &&
             a.tail_hash == b.tail_hash && a.cut == b.cut &&
             a.delivered == b.delivered && a.pruned == b.pruned &&
             a.held_origin == b.held_origin &&
             a.held_checkpoint == b.held_checkpoint;
    };
    return events == other.events && losses == other.losses &&
           descriptions == other.descriptions &&
           panel_cursors == other.panel_cursors &&
           same(streams[0], other.streams[0]) &&
           same(streams[1], other.streams[1]);
  }
};

// Headers of the file and of its pages byte by byte, the rest by strides: each
// flip is found at the start, or by fsck in what was delivered, or it changes
// nothing that anybody reads.
TEST(Quarantine, AnyFlippedByteOfTheFile_IsFoundOrHarmless) {
  const Place home;
  write_full_sample(home / "journal.db");
  const std::string whole = bytes_of(home / "journal.db");
  const Seen truth = [&] {
    auto opened = testing_journal::open(home / "journal.db");
    return Seen::of(opened);
  }();
  std::size_t set_aside = 0;
  std::size_t by_fsck = 0;
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const bool is_header = at < 108 || at % 4096 < 16;
    if (!is_header && at % 53 != 0) {
      continue;
    }
    const Place place;
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ (1 << (at % 8)));
    put(place / "journal.db", altered);
    auto opened = open_journal(place / "journal.db", kSource, kNow);
    ASSERT_TRUE(opened.has_value()) << at << ": " << opened.error().what;
    if (opened->opened_because != kGoesOn) {
      ASSERT_EQ(bytes_of(place / opened->set_aside), altered) << at;
      ++set_aside;
      continue;
    }
    const bool same = Seen::of(*opened) == truth;
    opened->journal.reset();
    const auto report = check_journal(place / "journal.db", {{}, {}});
    if (!report || report->flaw) {
      ++by_fsck;
    } else {
      ASSERT_TRUE(same) << "not found: byte " << at;
      ++harmless;
    }
  }
  EXPECT_GT(set_aside, 100U);
  EXPECT_GT(by_fsck, 10U);
  EXPECT_GT(harmless, 10U) << "free space, change counters";
}

// --- what may lie there -----------------------------------------------------

struct Case {
  const char* name;
  void (*damage)(Crashed&);
  bool goes_on;
};

class DamagedFiles : public ::testing::TestWithParam<Case> {};

TEST_P(DamagedFiles, AreSetAsideAsTheyWere_OrGoneOnWith) {
  static const Crashed kWhole = crash();
  Crashed crashed = kWhole;
  GetParam().damage(crashed);
  for (const bool with_shm : {false, true}) {
    const Place place;
    const fs::path path = place / "journal.db";
    put(path, crashed.file);
    put(path.string() + "-wal", crashed.wal);
    if (with_shm) {
      put(path.string() + "-shm", std::string(32768, '\x5a'));
    }
    const auto opened = open_journal(path, kSource, kNow);
    ASSERT_TRUE(opened.has_value()) << opened.error().what;
    EXPECT_EQ(opened->opened_because == kGoesOn, GetParam().goes_on)
        << opened->damage;
    if (opened->opened_because == kGoesOn) {
      EXPECT_EQ(opened->state.streams[0].tail, 13U);
      continue;
    }
    EXPECT_NE(opened->set_aside, "");
    auto aside = place.aside(opened->set_aside);
    EXPECT_EQ(aside[""], crashed.file);
    EXPECT_EQ(aside["-wal"], crashed.wal);
    // The new one is whole, and goes on.
    const auto report = check_journal(path, {{}, std::nullopt});
    ASSERT_TRUE(report.has_value()) << report.error().what;
    EXPECT_EQ(report->flaw, std::nullopt);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    DamagedFiles,
    ::testing::Values(
        Case{"Whole", [](Crashed&) {}, true},
        Case{"HalfAFile",
             [](Crashed& c) {
               c.file.resize(c.file.size() / 2 + 100);
               c.wal.clear();
             },
             false},
        Case{"OnlyTheFirstPage",
             [](Crashed& c) {
               c.file.resize(4096);
               c.wal.clear();
             },
             false},
        Case{"LessThanAHeader",
             [](Crashed& c) {
               c.file.resize(50);
               c.wal.clear();
             },
             false},
        Case{"Zeros",
             [](Crashed& c) {
               std::ranges::fill(c.file, '\0');
               c.wal.clear();
             },
             false},
        Case{"ZerosInTheMiddle",
             [](Crashed& c) {
               c.file.replace(4096, 8192, std::string(8192, '\0'));
               c.wal.clear();
             },
             false},
        Case{"ATextFile",
             [](Crashed& c) {
               c.file = "dear diary\n";
               c.wal = "x";
             },
             false},
        Case{"AWalWithoutItsFile", [](Crashed& c) { c.file.clear(); }, false}),
    [](const auto& each) { return each.param.name; });

TEST(Quarantine, DatabaseOfAnotherProgram_IsKeptAsItIs) {
  const Place place;
  const fs::path path = place / "journal.db";
  const fs::path made = place / "made.db";
  {
    SQLite::Database db(made.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 7;"
        "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    fs::copy_file(made, path);
    fs::copy_file(made.string() + "-wal", path.string() + "-wal");
  }
  const std::string wal = bytes_of(path.string() + "-wal");
  const auto opened = testing_journal::open(path);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_NE(opened.damage.find("another program"), std::string::npos);
  EXPECT_EQ(place.aside(opened.set_aside)["-wal"], wal) << "folded in";
}

TEST(Quarantine, ADirectory_IsSetAside) {
  const Place place;
  fs::create_directories(place / "journal.db" / "inside");
  const auto opened = testing_journal::open(place / "journal.db");
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_TRUE(fs::exists(place / opened.set_aside / "inside"));
}

TEST(Quarantine, AStillbornFile_HoldsNothingAndGoes) {
  const Place place;
  {
    SQLite::Database db((place / "journal.db").string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("PRAGMA application_id = 0x53524a31; PRAGMA journal_mode = WAL");
  }
  const auto opened = testing_journal::open(place / "journal.db");
  EXPECT_EQ(opened.opened_because, kFirstStart);
  EXPECT_EQ(opened.set_aside, "");
}

TEST(Quarantine, ALink_IsFollowed) {
  const Place place;
  fs::create_directories(place / "data");
  fs::create_symlink(place / "data" / "real.db", place / "journal.db");
  {
    testing_journal::open(place / "journal.db");
  }
  EXPECT_TRUE(fs::is_regular_file(place / "data" / "real.db"));
  EXPECT_TRUE(fs::is_symlink(place / "journal.db"));
  put(place / "data" / "real.db", "rubbish");
  const auto opened = testing_journal::open(place / "journal.db");
  EXPECT_EQ(bytes_of(place / "data" / opened.set_aside), "rubbish");
}

// --- names ------------------------------------------------------------------

TEST(Quarantine, NameThatExists_IsNotTaken) {
  const Place place;
  const fs::path path = place / "journal.db";
  put(path, "one");
  const auto first = set_aside_name(path, kNow);
  put(first, "somebody's");
  put(first.string() + "-2-wal", "a WAL alone");
  const auto opened = testing_journal::open(path);
  EXPECT_EQ(opened.set_aside, first.filename().string() + "-3");
  EXPECT_EQ(bytes_of(first), "somebody's");
  EXPECT_EQ(bytes_of(place / opened.set_aside), "one");
}

// A commit found what no start looks for, or erred.
TEST(Quarantine, DoubtedJournal_IsLookedAtWhole) {
  const Place place;
  const fs::path path = place / "journal.db";
  doubt_journal(path, "nothing is there yet");
  ASSERT_TRUE(testing_journal::open(path).set_aside.empty());
  doubt_journal(path, "memory erred");
  ASSERT_TRUE(testing_journal::open(path).damage.empty());
  EXPECT_FALSE(fs::exists(path.string() + ".doubted"));
  fs::remove(path);
  fs::remove(path.string() + ".lock");
  testing_journal::write_sample(path);
  // Delivered rows are left to fsck by a start.
  SQLite::Database(path.string(), SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE record_events SET event = zeroblob(200) WHERE position = 1");
  EXPECT_TRUE(testing_journal::open(path).damage.empty()) << "no start looks";
  doubt_journal(path, "a commit looked");
  const auto bytes = bytes_of(path);
  const auto opened = testing_journal::open(path);
  EXPECT_NE(opened.damage.find("record 1"), std::string::npos) << opened.damage;
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_EQ(bytes_of(place / opened.set_aside), bytes);
}

TEST(Quarantine, HoweverManyLieThere_TheNextStartGoesOn) {
  const Place place;
  const fs::path path = place / "journal.db";
  for (int i = 0; i < 40; ++i) {
    put(path, "damaged " + std::to_string(i));
    const auto opened = testing_journal::open(path);
    ASSERT_FALSE(opened.set_aside.empty()) << i;
    EXPECT_EQ(bytes_of(place / opened.set_aside),
              "damaged " + std::to_string(i));
  }
}

// --- a disk that does not do it ---------------------------------------------

TEST(Quarantine, FullDisk_LeavesTheOldFile_AndIsNoDamage) {
  const std::string garbage(5000, 'x');
  std::size_t failures = 0;
  bool failed = true;
  for (std::size_t nth = 1; failed; ++nth) {
    const Place place;
    const fs::path path = place / "journal.db";
    put(path, garbage);
    PowerCutDisk disk(place.path());
    disk.fill_up(nth);
    failed = !open_journal(path, kSource, kNow).has_value();
    failures += failed ? 1U : 0U;
    ASSERT_LT(nth, 200U) << "it never came through";
    disk.mend();
    const auto again = open_journal(path, kSource, kNow);
    // Renamed or not: the next start knows why it begins anew, and the name.
    ASSERT_TRUE(again.has_value()) << nth << ": " << again.error().what;
    EXPECT_EQ(again->opened_because, kCorrupt) << nth;
    EXPECT_EQ(bytes_of(place / again->set_aside), garbage) << nth;
  }
  EXPECT_GT(failures, 3U);
}

TEST(Quarantine, FullDisk_DoesNotSetAsideAWholeJournal) {
  const Place place;
  const fs::path path = place / "journal.db";
  write_sample(path);
  PowerCutDisk disk(place.path());
  for (std::size_t nth = 1; nth < 20; ++nth) {
    disk.fill_up(nth);
    const auto opened = open_journal(path, kSource, kNow);
    if (opened) {
      EXPECT_EQ(opened->opened_because, kGoesOn) << nth;
    }
    disk.mend();
  }
  EXPECT_EQ(testing_journal::open(path).state.streams[0].tail, 6U);
}

// A start that died between the renames: the next one finishes it.
TEST(Quarantine, CrashBetweenTheRenames_IsFinished) {
  for (const char* reached : {"", "-wal", "-shm"}) {
    const Place place;
    const fs::path path = place / "journal.db";
    const fs::path other = place / "other.db";
    const fs::path aside = place / "journal.db.set-aside-x";
    put(path.string() + ".lock", "");
    // What is there once the new file is whole, and the old one renamed so far.
    ASSERT_TRUE(replace_journal(other, aside, kSource, kCorrupt).has_value());
    fs::rename(other, path.string() + ".new");
    const std::vector<std::string> suffixes = {"", "-wal", "-shm"};
    bool is_done = true;
    for (const std::string& suffix : suffixes) {
      put((is_done ? aside : path).string() + suffix, "old" + suffix);
      is_done = is_done && suffix != reached;
    }
    const auto opened = testing_journal::open(path);
    EXPECT_EQ(opened.opened_because, kCorrupt) << reached;
    EXPECT_EQ(opened.set_aside, aside.filename()) << reached;
    auto kept = place.aside(opened.set_aside);
    EXPECT_EQ(kept[""], "old");
    EXPECT_EQ(kept["-wal"], "old-wal");
    EXPECT_EQ(kept["-shm"], "old-shm");
    EXPECT_FALSE(fs::exists(path.string() + ".new"));
  }
}

TEST(Quarantine, ANewFileThatNeverCameInUse_Goes) {
  const Place place;
  const fs::path path = place / "journal.db";
  write_sample(path);
  put(path.string() + ".new", "half");
  EXPECT_EQ(testing_journal::open(path).opened_because, kGoesOn);
  EXPECT_FALSE(fs::exists(path.string() + ".new"));
  fs::remove(path);
  put(path.string() + ".new", "half");
  EXPECT_EQ(testing_journal::open(path).opened_because, kLost);
}

// In a process of its own, without the rights of root.
TEST(Quarantine, DirectoryThatCannotBeWritten_IsAFaultThatTouchesNothing) {
  const Place place;
  const fs::path path = place / "journal.db";
  put(path, "damaged");
  put(path.string() + ".lock", "");
  for (const char* suffix : {"", ".lock"}) {
    fs::permissions(path.string() + suffix, static_cast<fs::perms>(0666));
  }
  fs::permissions(place.path(), static_cast<fs::perms>(0555));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::getuid() == 0 && ::setuid(65534) != 0) {
      ::_exit(2);
    }
    const auto opened = open_journal(path, kSource, kNow);
    ::_exit(opened ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: it opened";
  EXPECT_EQ(bytes_of(path), "damaged");
}

}  // namespace
}  // namespace strongroom
