// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "core/log/checkpoint.h"
#include "ledger/store/create.h"
#include "ledger/store/sqlite_ledger_store.h"
#include "tools/strongroom/doctor_reach.h"

namespace strongroom {
namespace {

class ReachTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "reach-XXXXXX";
    dir = ::mkdtemp(name.data());
    ASSERT_TRUE(create_ledger_store(dir / "ledger.db",
                                    dir / "guard.db",
                                    dir / "disclosures.db",
                                    "a.example"));
  }
  void TearDown() override { std::filesystem::remove_all(dir); }

  /// What doctor says when the guard holds a note of 7 entries of the log.
  Examination examine() {
    const auto reader = LedgerReader::open(dir / "ledger.db");
    const std::vector<GuardEntry> guard{
        {origin.text(),
         "a.example/bj1/record/1\n7\n"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
         "\u2014 a.example/bj1/record/1 "
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"}};
    Examination examination;
    EXPECT_TRUE(reader);
    examine_reach(examination, **reader, guard);
    return examination;
  }

  std::filesystem::path dir;
  Origin origin = *Origin::parse("a.example/bj1/record/1");
};

TEST_F(ReachTest, LogBehindItsGuard_IsIllUntilItIsClosed) {
  EXPECT_EQ(examine().ailments().at(0).id, "guard-foreign");
  auto store =
      open_sqlite_ledger_store(dir / "ledger.db", dir / "disclosures.db");
  ASSERT_TRUE(store);
  const auto id = (*store)->add_log(origin);
  ASSERT_TRUE(id);
  EXPECT_EQ(examine().ailments().at(0).id, "store-behind-guard");

  Origin next = origin;
  ++next.generation;
  ASSERT_TRUE((*store)->succeed_log(*id, 0, next, {}, {}));
  const Examination closed = examine();
  EXPECT_TRUE(closed.ailments().empty());
  ASSERT_EQ(closed.healthy_parts().size(), 1U);
  EXPECT_EQ(closed.healthy_parts().front(),
            "a.example/bj1/record/1: closed at 0; a.example/bj1/record/2 goes "
            "on");
}

}  // namespace
}  // namespace strongroom
