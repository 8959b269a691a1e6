// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "ledger/store/create.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"

namespace strongroom {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "store-XXXXXX";
    dir = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(dir); }

  std::filesystem::path ledger() const { return dir / "ledger.db"; }
  std::filesystem::path guard() const { return dir / "guard.db"; }
  std::filesystem::path disclosures() const { return dir / "disclosures.db"; }
  Result<void> create() {
    return create_ledger_store(ledger(), guard(), disclosures(), "a.example");
  }

  std::filesystem::path dir;
};

TEST_F(StoreTest, Created_HasTheRegistryLogAndNothingElse) {
  ASSERT_TRUE(create());
  const auto reader = LedgerReader::open(ledger());
  ASSERT_TRUE(reader) << reader.error().what;
  EXPECT_EQ((*reader)->ledger_name().value(), "a.example");
  const auto logs = (*reader)->logs();
  ASSERT_EQ(logs->size(), 1U);
  EXPECT_EQ(logs->front().origin.text(), "a.example/central/registry/1");
  EXPECT_EQ((*reader)->log_size(1).value(), 0U);
  EXPECT_TRUE(read_guard(guard())->empty());
}

TEST_F(StoreTest, Create_NeverTouchesWhatIsThere) {
  ASSERT_TRUE(create());
  EXPECT_FALSE(create());
  std::filesystem::remove(ledger());
  EXPECT_FALSE(create()) << "an old guard with a new database";
  EXPECT_FALSE(std::filesystem::exists(ledger()));
}

TEST_F(StoreTest, Open_NeverCreates) {
  EXPECT_FALSE(open_sqlite_ledger_store(ledger(), disclosures()));
  EXPECT_FALSE(open_sqlite_guard(guard()));
  EXPECT_FALSE(LedgerReader::open(ledger()));
  EXPECT_FALSE(std::filesystem::exists(ledger()));
  EXPECT_FALSE(std::filesystem::exists(guard()));
}

TEST_F(StoreTest, Open_RefusesASecondWriterAndAnotherFile) {
  ASSERT_TRUE(create());
  const auto first = open_sqlite_ledger_store(ledger(), disclosures());
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_FALSE(open_sqlite_ledger_store(ledger(), disclosures()));
  EXPECT_FALSE(open_sqlite_guard(ledger()));
  EXPECT_FALSE(LedgerReader::open(guard()));
}

/// A ledger that a program of schema version 2 wrote (its SQL dump).
void make_version_2(const std::filesystem::path& path) {
  std::ifstream dump("tests/ledger/version_2/ledger.sql");
  ASSERT_TRUE(dump);
  std::stringstream text;
  text << dump.rdbuf();
  SQLite::Database db(path.string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(text.str());
  db.exec("PRAGMA application_id = 1397902405; PRAGMA user_version = 2");
}

class OlderVersion : public StoreTest,
                     public ::testing::WithParamInterface<int> {};

TEST_P(OlderVersion, IsBroughtUpToDateByTheWriterAndKeepsItsRows) {
  ASSERT_TRUE(create());
  std::filesystem::remove(ledger());
  make_version_2(ledger());
  if (GetParam() == 1) {
    SQLite::Database db(ledger().string(), SQLite::OPEN_READWRITE);
    db.exec("DROP TABLE devices; PRAGMA user_version = 1");
  }
  const auto early = LedgerReader::open(ledger());
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().what.find("start this version's ledger once"),
            std::string::npos)
      << early.error().what;
  for (int start = 0; start < 2; ++start) {
    const auto store = open_sqlite_ledger_store(ledger(), disclosures());
    ASSERT_TRUE(store) << store.error().what;
    const auto reader = LedgerReader::open(ledger());
    ASSERT_TRUE(reader) << reader.error().what;
    EXPECT_EQ((*reader)->devices()->size(), static_cast<std::size_t>(start));
    CommitRows rows;
    rows.devices = {{1, "edge-1@bj1", "leak-1", "40/0", 1}};
    ASSERT_TRUE((*store)->commit(rows));
    const auto logs = (*reader)->logs();
    ASSERT_EQ(logs->size(), 3U);
    EXPECT_EQ((*logs)[2].origin.text(), "test.example/bj1/telemetry/1");
    EXPECT_FALSE((*logs)[2].closed_at);
    EXPECT_EQ((*logs)[2].pruned_to, 0U);
    EXPECT_EQ((*logs)[2].shown_note, "");
    EXPECT_EQ((*reader)->log_size((*logs)[2].log_id).value(), 273U);
    EXPECT_EQ((*reader)->note((*logs)[2].log_id).value(), "");
    EXPECT_TRUE((*reader)->tile((*logs)[2].log_id, 0, 0).value());
  }
}

INSTANTIATE_TEST_SUITE_P(, OlderVersion, ::testing::Values(1, 2));

TEST_F(StoreTest, UnknownVersion_IsLeftAlone) {
  ASSERT_TRUE(create());
  for (const char* version : {"4", "0"}) {
    {
      SQLite::Database db(ledger().string(), SQLite::OPEN_READWRITE);
      db.exec(std::string("PRAGMA user_version = ") + version);
    }
    EXPECT_FALSE(open_sqlite_ledger_store(ledger(), disclosures()));
    EXPECT_FALSE(LedgerReader::open(ledger()));
  }
}

TEST_F(StoreTest, Devices_AreReplacedByPartAndReadInOrder) {
  ASSERT_TRUE(create());
  const auto store = open_sqlite_ledger_store(ledger(), disclosures());
  const auto reader = LedgerReader::open(ledger());
  ASSERT_TRUE(store && reader);
  CommitRows rows;
  rows.devices = {{2, "edge-1@bj1", "leak-1", "40/0", 5},
                  {2, "edge-1@bj1", "leak-1", "43/model", 6},
                  {2, "edge-2@bj1", "leak-1", "40/0", 2}};
  ASSERT_TRUE((*store)->commit(rows));
  rows.devices = {{2, "edge-1@bj1", "leak-1", "40/0", 9}};
  ASSERT_TRUE((*store)->commit(rows));
  const auto all = [&] {
    std::string text;
    const auto read = (*reader)->devices();
    EXPECT_TRUE(read);
    for (const DeviceRow& row : *read) {
      text += row.source + " " + row.device + " " + row.part + " " +
              std::to_string(row.index) + "\n";
    }
    return text;
  };
  EXPECT_EQ(all(),
            "edge-2@bj1 leak-1 40/0 2\n"
            "edge-1@bj1 leak-1 43/model 6\n"
            "edge-1@bj1 leak-1 40/0 9\n");
  rows.devices = {{2, "edge-1@bj1", "leak-1", "42/0/0", 10},
                  {2, "edge-1@bj1", "leak-1", "40/0", 11, true, false}};
  ASSERT_TRUE((*store)->commit(rows));
  EXPECT_EQ(all(),
            "edge-2@bj1 leak-1 40/0 2\n"
            "edge-1@bj1 leak-1 43/model 6\n"
            "edge-1@bj1 leak-1 40/0 11\n")
      << "the states went with their description";
  rows.devices = {{2, "edge-1@bj1", "leak-1", "40/0", 12, true, true}};
  ASSERT_TRUE((*store)->commit(rows));
  EXPECT_EQ(all(),
            "edge-2@bj1 leak-1 40/0 2\n"
            "edge-1@bj1 leak-1 40/0 12\n");
}

TEST_F(StoreTest, GuardSwap_IsAllOrNothing) {
  ASSERT_TRUE(create());
  const auto opened = open_sqlite_guard(guard());
  ASSERT_TRUE(opened);
  Guard& at = **opened;
  ASSERT_TRUE(
      at.swap(std::vector<GuardSwap>{{"x", "", "x1"}, {"y", "", "y1"}}));
  EXPECT_FALSE(at.swap(std::vector<GuardSwap>{{"x", "", "x2"}}))
      << "none was expected, one is there";
  EXPECT_FALSE(at.swap(std::vector<GuardSwap>{{"z", "z0", "z1"}}))
      << "one was expected, none is there";
  EXPECT_FALSE(
      at.swap(std::vector<GuardSwap>{{"x", "x1", "x2"}, {"y", "y0", "y2"}}));
  const auto entries = at.entries();
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].note, "x1");
  ASSERT_TRUE(at.swap(std::vector<GuardSwap>{{"x", "x1", "x2"}}));
  EXPECT_EQ((*at.entries())[0].note, "x2");
}

TEST_F(StoreTest, Batches_AreFoundByIndexAndBySequence) {
  ASSERT_TRUE(create());
  const auto store = open_sqlite_ledger_store(ledger(), disclosures());
  const auto reader = LedgerReader::open(ledger());
  ASSERT_TRUE(store && reader);
  const LogId log =
      *(*store)->add_log(*Origin::parse("a.example/bj1/record/1"));
  EXPECT_FALSE((*store)->add_log(*Origin::parse("a.example/bj1/record/1")));
  // An epoch and a sequence number that need all 64 and 63 bits.
  constexpr std::uint64_t kEpoch = 0xfedcba9876543210;
  CommitRows rows;
  rows.batches = {{log, 0, 3, "edge-1@bj1", kEpoch, 1, Bytes{2}, Bytes{1, 2}},
                  {log, 4, 2, "edge-1@bj1", kEpoch, 4, Bytes{2}, Bytes{3}}};
  rows.chains = {{.log_id = log,
                  .source = "edge-1@bj1",
                  .epoch = kEpoch,
                  .next_seq = 6,
                  .head = Hash{7},
                  .acked_size = 7,
                  .newest_header = Bytes{2}}};
  ASSERT_TRUE((*store)->commit(rows));
  LedgerReader& at = **reader;
  EXPECT_EQ(at.log_size(log).value(), 7U);
  EXPECT_EQ(at.batch_at(log, 3).value()->first_index, 0U);
  EXPECT_EQ(at.batch_at(log, 4).value()->first_index, 4U);
  EXPECT_FALSE(at.batch_at(log, 7).value());
  EXPECT_EQ(at.batch_before(log, "edge-1@bj1", kEpoch, 3).value()->first_seq,
            1U);
  EXPECT_FALSE(at.batch_before(log, "edge-1@bj1", 1, 3).value());
  EXPECT_EQ(at.chains()->front().epoch, kEpoch);
  EXPECT_EQ(at.chains()->front().head, Hash{7});
  std::vector<std::uint64_t> firsts;
  ASSERT_TRUE(at.scan(log, 5, [&](const BatchRow& row) {
    firsts.push_back(row.first_index);
    return true;
  }));
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{4}));
  // All rows or none: the second is there already.
  rows.batches[0].first_index = 7;
  rows.batches[0].first_seq = 6;
  EXPECT_FALSE((*store)->commit(rows));
  EXPECT_EQ(at.log_size(log).value(), 7U);
}

}  // namespace
}  // namespace strongroom
