// SPDX-License-Identifier: Apache-2.0
#include "tests/powercut/posix_calls.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/powercut/cuts.h"

namespace strongroom::powercut {
namespace {

namespace fs = std::filesystem;

TEST(PosixCalls, WhatTheStandardLibraryAndSqliteDo_IsToldOnce) {
  const MemoryDirectory directory;
  const fs::path root = directory.disk();
  std::ofstream(root / "a") << "1";
  std::ofstream(root / "b") << "2";
  PowerCutDisk disk(root);
  const PosixCalls calls(disk);
  fs::rename(root / "a", root / "c");
  fs::remove(root / "b");
  const int opened = ::open(root.c_str(), O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(::fsync(opened), 0);
  ::close(opened);
  std::vector<std::string> words;
  for (std::size_t i = 1; i <= disk.operations(); ++i) {
    words.push_back(disk.operation(i));
  }
  EXPECT_EQ(words,
            (std::vector<std::string>{
                "rename 'a' to 'c'", "delete 'b'", "sync directory ''"}));
  disk.settle();
  {
    SQLite::Database db((root / "t.db").string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE t (a)");
  }
  std::size_t deletions = 0;
  std::size_t directory_syncs = 0;
  for (std::size_t i = 1; i <= disk.operations(); ++i) {
    deletions += disk.operation(i).starts_with("delete") ? 1U : 0U;
    directory_syncs +=
        disk.operation(i).starts_with("sync directory") ? 1U : 0U;
  }
  EXPECT_EQ(deletions, 1U);  // of the journal
  EXPECT_EQ(directory_syncs, 1U);
}

}  // namespace
}  // namespace strongroom::powercut
