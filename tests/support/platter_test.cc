// SPDX-License-Identifier: Apache-2.0
#include "tests/support/platter.h"

#include <gtest/gtest.h>
#include <set>

namespace strongroom {
namespace {

using Kind = DiskChange::Kind;
using Files = std::map<std::string, std::string>;

constexpr std::uint64_t kSeeds = 600;

DiskChange write(FileId file, std::uint64_t offset, std::string bytes) {
  return {Kind::kWrite, file, offset, std::move(bytes), {}, {}};
}
DiskChange truncate(FileId file, std::uint64_t length) {
  return {Kind::kTruncate, file, length, {}, {}, {}};
}
DiskChange sync(FileId file) {
  return {Kind::kSync, file, 0, {}, {}, {}};
}
DiskChange name(const std::string& text, FileId file) {
  return {Kind::kName, file, 0, {}, text, {}};
}
DiskChange unname(const std::string& text) {
  return {Kind::kUnname, 0, 0, {}, text, {}};
}
DiskChange rename(const std::string& from, const std::string& to) {
  return {Kind::kRename, 0, 0, {}, from, to};
}
DiskChange sync_directory(const std::string& text) {
  return {Kind::kSyncDirectory, 0, 0, {}, text, {}};
}

/// A disk with the file "a" of four bytes, after these changes.
Platter after(const std::vector<DiskChange>& changes) {
  Platter platter;
  platter.place("a", 1, "....");
  for (const DiskChange& change : changes) {
    platter.apply(change);
  }
  return platter;
}

std::set<Files> states(const std::vector<DiskChange>& changes) {
  const Platter platter = after(changes);
  std::set<Files> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    found.insert(platter.after_cut(seed));
  }
  return found;
}

/// What the file "a" may hold.
std::set<std::string> contents(const std::vector<DiskChange>& changes) {
  std::set<std::string> found;
  for (const Files& files : states(changes)) {
    found.insert(files.at("a"));
  }
  return found;
}

using Strings = std::set<std::string>;

TEST(Platter, TwoWritesThatOverlap_AreEverySubsetAndTear) {
  EXPECT_EQ(contents({write(1, 0, "ab"), write(1, 1, "cd")}),
            (Strings{"....", "a...", "ab..", ".c..", ".cd.", "ac..", "acd."}));
}

TEST(Platter, Sync_LeavesOneState) {
  EXPECT_EQ(contents({write(1, 0, "ab"), write(1, 1, "cd"), sync(1)}),
            Strings{"acd."});
}

TEST(Platter, Sync_OfAnotherFile_CoversNothing) {
  EXPECT_EQ(contents({write(1, 0, "x"), sync(2)}), (Strings{"....", "x..."}));
}

TEST(Platter, WriteAfterSync_IsUncertainAgain) {
  EXPECT_EQ(contents({write(1, 0, "x"), sync(1), write(1, 3, "y")}),
            (Strings{"x...", "x..y"}));
}

TEST(Platter, LaterWrite_MayStandWithoutTheEarlier) {
  EXPECT_TRUE(contents({write(1, 0, "x"), write(1, 3, "y")}).contains("...y"));
}

TEST(Platter, Truncation_StandsOrNot_AndHasALength) {
  EXPECT_EQ(contents({truncate(1, 1)}), (Strings{"....", "."}));
  EXPECT_EQ(contents({truncate(1, 1), sync(1)}), Strings{"."});
}

TEST(Platter, LongerFile_MayHaveItsLengthAndNotItsBytes) {
  const Strings found = contents({write(1, 4, "xy")});
  const Strings expected{"....", "....x", "....xy", std::string("....\0\0", 6)};
  for (const std::string& text : expected) {
    EXPECT_TRUE(found.contains(text)) << text.size();
  }
  for (const std::string& text : found) {  // the rest is rubbish of that length
    EXPECT_TRUE(expected.contains(text) || text.size() == 6) << text;
    EXPECT_EQ(text.substr(0, 4), "....");
  }
  EXPECT_GT(found.size(), expected.size());
}

TEST(Platter, TornWrite_LosesSectorsAndOnePart_AndTouchesNothingElse) {
  Platter platter;
  platter.place("a", 1, std::string(4096, '.'));
  platter.apply(write(1, 100, std::string(2000, 'x')));
  std::set<std::string> found;
  bool tore_inside_a_sector = false;
  bool lost_a_sector_before_one_that_stands = false;
  for (std::uint64_t seed = 2; seed < kSeeds; ++seed) {
    const std::string bytes = platter.after_cut(seed).at("a");
    ASSERT_EQ(bytes.size(), 4096U);
    ASSERT_EQ(bytes.substr(0, 100), std::string(100, '.'));
    ASSERT_EQ(bytes.substr(2100), std::string(1996, '.'));
    const std::size_t first = bytes.find('x');
    for (std::size_t at = 101; at < 2100; ++at) {
      if (bytes[at] == '.' && bytes[at - 1] == 'x' && at % 512 != 0) {
        tore_inside_a_sector = true;
      }
      if (bytes[at] == 'x' && bytes[at - 1] == '.' && first != at) {
        lost_a_sector_before_one_that_stands = true;
        ASSERT_EQ(at % 512, 0U);
      }
    }
    found.insert(bytes);
  }
  EXPECT_TRUE(tore_inside_a_sector);
  EXPECT_TRUE(lost_a_sector_before_one_that_stands);
  EXPECT_GT(found.size(), 50U);
}

TEST(Platter, Names_AreUncertainUntilTheirDirectoryIsSynced) {
  const Files without{{"a", "...."}};
  const Files with{{"a", "...."}, {"b", ""}};
  EXPECT_EQ(states({name("b", 2)}), (std::set<Files>{without, with}));
  EXPECT_EQ(states({name("b", 2), sync(2)}), (std::set<Files>{without, with}));
  EXPECT_EQ(states({name("b", 2), sync_directory("")}), std::set<Files>{with});
  EXPECT_EQ(states({name("b", 2), sync_directory("d")}),
            (std::set<Files>{without, with}));
}

TEST(Platter, Deletion_MayNotHaveHappened) {
  EXPECT_EQ(states({unname("a")}), (std::set<Files>{{}, Files{{"a", "...."}}}));
  EXPECT_EQ(states({unname("a"), sync_directory("")}), std::set<Files>{{}});
}

TEST(Platter, DeletedAndMadeAgain_IsAnyOfThree) {
  EXPECT_EQ(states({unname("a"), name("a", 2), write(2, 0, "n"), sync(2)}),
            (std::set<Files>{{}, Files{{"a", "...."}}, Files{{"a", "n"}}}));
}

TEST(Platter, Rename_IsWholeOrNotAtAll) {
  EXPECT_EQ(states({rename("a", "b")}),
            (std::set<Files>{Files{{"a", "...."}}, Files{{"b", "...."}}}));
  EXPECT_EQ(states({rename("a", "b"), sync_directory("")}),
            (std::set<Files>{Files{{"b", "...."}}}));
}

TEST(Platter, FailedSync_IsMadeGoodByNoLaterOne) {
  EXPECT_EQ(contents({write(1, 0, "x"),
                      {Kind::kSyncFailed, 1, 0, {}, {}, {}},
                      write(1, 3, "y"),
                      sync(1)}),
            (Strings{"...y", "x..y"}));
}

TEST(Platter, OneSeed_IsOneState) {
  const std::vector<DiskChange> changes = {
      write(1, 0, "ab"), name("b", 2), write(2, 0, "cd")};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(after(changes).after_cut(seed), after(changes).after_cut(seed));
  }
  EXPECT_EQ(after(changes).after_cut(0), (Files{{"a", "...."}}));
  EXPECT_EQ(after(changes).after_cut(1), (Files{{"a", "ab.."}, {"b", "cd"}}));
}

}  // namespace
}  // namespace strongroom
