// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/check_journal.h"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "agent/journal/twin_test_util.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_journal::test_signer;
using testing_journal::write_sample;

class CheckJournal : public ::testing::Test {
 protected:
  CheckJournal() { write_sample(whole_); }

  JournalReport check(const fs::path& path) const {
    const auto report = check_journal(path, {keys_, trust_});
    if (!report) {
      ADD_FAILURE() << report.error().what;
      return {};
    }
    return *report;
  }

  // A copy of the sample with one statement run over it.
  JournalReport check_after(const std::string& sql) {
    const fs::path path = directory_ / "altered.db";
    fs::copy_file(whole_, path, fs::copy_options::overwrite_existing);
    fs::remove(path.string() + "-wal");
    {
      SQLite::Database db(path.string(), SQLite::OPEN_READWRITE);
      db.exec("PRAGMA synchronous = OFF");
      db.exec(sql);
    }
    return check(path);
  }

  TemporaryDirectory directory_;
  const fs::path whole_ = directory_ / "journal.db";
  const std::vector<PublicKey> keys_ = {test_signer(2)->public_key()};
  std::optional<Trust> trust_ =
      Trust{"ledger.example", {test_signer(1)->public_key()}};
};

TEST_F(CheckJournal, WholeJournal_Holds) {
  const JournalReport report = check(whole_);
  EXPECT_EQ(report.flaw, std::nullopt);
  EXPECT_EQ(report.source, "edge-1@bj1");
  EXPECT_EQ(report.record_events, 6U);
  EXPECT_EQ(report.telemetry_events, 5U);
  EXPECT_EQ(report.batches, 5U);
  EXPECT_TRUE(report.signatures_checked);
}

// --- any byte of any column of any row --------------------------------------

// A value as SQL, and the spellings of it with one bit flipped.
std::string literal(const SQLite::Column& column) {
  if (column.isNull()) {
    return "NULL";
  }
  if (column.isInteger()) {
    return std::to_string(column.getInt64());
  }
  const ByteView bytes(static_cast<const std::uint8_t*>(column.getBlob()),
                       static_cast<std::size_t>(column.getBytes()));
  const std::string blob = "x'" + to_hex(bytes) + "'";
  return column.isText() ? "CAST(" + blob + " AS TEXT)" : blob;
}

std::vector<std::string> flipped(const SQLite::Column& column) {
  std::vector<std::string> all;
  if (column.isNull()) {
    return {"0"};
  }
  if (column.isInteger()) {
    for (const int bit : {0, 1, 9, 33, 62}) {
      all.push_back(
          std::to_string(column.getInt64() ^ (std::int64_t{1} << bit)));
    }
    all.emplace_back("NULL");
    return all;
  }
  const auto* data = static_cast<const std::uint8_t*>(column.getBlob());
  const Bytes bytes(data, data + column.getBytes());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    const std::string blob = "x'" + to_hex(changed) + "'";
    all.push_back(column.isText() ? "CAST(" + blob + " AS TEXT)" : blob);
  }
  return all;
}

struct Flip {
  std::string sql;
  std::string expected_place;  // the flaw's text begins so
};

// Where a flaw of a row must be named.
std::string place_of(const std::string& table, SQLite::Statement& row) {
  if (table == "record_events") {
    return "record " + row.getColumn(0).getString();
  }
  if (table == "telemetry_events") {
    return "telemetry " + row.getColumn(0).getString();
  }
  return table;
}

std::vector<Flip> flips_of(SQLite::Database& db, const std::string& table) {
  std::vector<Flip> flips;
  SQLite::Statement rows(db, "SELECT * FROM " + table);
  while (rows.executeStep()) {
    std::string where;
    for (int i = 0; i < rows.getColumnCount(); ++i) {
      where += fmt::format("{}{} IS {}",
                           i == 0 ? "" : " AND ",
                           rows.getColumnName(i),
                           literal(rows.getColumn(i)));
    }
    for (int i = 0; i < rows.getColumnCount(); ++i) {
      for (const std::string& value : flipped(rows.getColumn(i))) {
        flips.push_back({fmt::format("UPDATE OR REPLACE {} SET {} = {} WHERE "
                                     "{}",
                                     table,
                                     rows.getColumnName(i),
                                     value,
                                     where),
                         place_of(table, rows)});
      }
    }
  }
  return flips;
}

class FlippedTable : public CheckJournal,
                     public ::testing::WithParamInterface<const char*> {
 protected:
  FlippedTable() {
    fs::remove(whole_);
    testing_journal::write_full_sample(whole_);
    trust_.reset();  // its notes are none
  }
};

TEST_P(FlippedTable, AnyFlippedBit_IsNamed) {
  const std::string table = GetParam();
  std::vector<Flip> flips;
  {
    SQLite::Database db(whole_.string(), SQLite::OPEN_READONLY);
    flips = flips_of(db, table);
  }
  ASSERT_GT(flips.size(), 5U);
  const fs::path path = directory_ / "altered.db";
  fs::copy_file(whole_, path);
  SQLite::Database db(path.string(), SQLite::OPEN_READWRITE);
  db.exec("PRAGMA synchronous = OFF");  // a test's file needs no disk
  for (const Flip& flip : flips) {
    db.exec("BEGIN");
    bool refused_by_schema = false;
    try {
      refused_by_schema = db.exec(flip.sql) != 1;
    } catch (const SQLite::Exception&) {
      refused_by_schema = true;  // NOT NULL
    }
    if (refused_by_schema) {
      db.exec("ROLLBACK");
      continue;
    }
    db.exec("COMMIT");
    const JournalReport report = check(path);
    const std::string flaw = report.flaw.value_or("");
    ASSERT_FALSE(flaw.empty()) << flip.sql;
    // A row that moved shows as the hole that it leaves; anything else at its
    // own place.
    const bool moved = flip.sql.find("SET position") != std::string::npos ||
                       flip.sql.find("SET stream") != std::string::npos;
    EXPECT_TRUE(moved || flaw.starts_with(flip.expected_place))
        << flip.sql << "\n"
        << flaw;
    // Undo: from the whole file, cheaper than reading the row back.
    db.exec(fmt::format("ATTACH '{}' AS whole", whole_.string()));
    db.exec(
        fmt::format("DELETE FROM main.{0}; INSERT INTO main.{0} SELECT * "
                    "FROM whole.{0}; DETACH whole",
                    table));
  }
  EXPECT_EQ(check(path).flaw, std::nullopt) << "the undoing itself";
}

INSTANTIATE_TEST_SUITE_P(Tables,
                         FlippedTable,
                         ::testing::Values("meta",
                                           "streams",
                                           "epochs",
                                           "record_events",
                                           "telemetry_events",
                                           "batches",
                                           "held",
                                           "descriptions",
                                           "panel_cursors",
                                           "losses"));

// --- what row hashes alone would not find -----------------------------------

TEST_F(CheckJournal, MissingEvent_IsNamed) {
  EXPECT_EQ(check_after("DELETE FROM record_events WHERE position = 3").flaw,
            "record 3: the event is missing; the next one stands at 4");
  EXPECT_EQ(check_after("DELETE FROM record_events WHERE position = 6").flaw,
            "record 6: the event is missing; the stream ends at 6");
  EXPECT_EQ(check_after("DELETE FROM record_events WHERE position = 1").flaw,
            "record 1: the event is missing; the next one stands at 2");
}

// A hole is taken only where a loss announces it, to the row.
TEST_F(CheckJournal, HolesThatAreNotTheAnnouncedOnes_AreNamed) {
  fs::remove(whole_);
  testing_journal::write_full_sample(whole_);
  trust_.reset();
  EXPECT_EQ(check(whole_).flaw, std::nullopt);
  EXPECT_EQ(check(whole_).lost, 4U);
  EXPECT_EQ(check(whole_).telemetry_events, 9U);
  EXPECT_EQ(check_after("DELETE FROM telemetry_events WHERE position = 6").flaw,
            "telemetry 6: the event is missing; the next one stands at 11");
  EXPECT_EQ(
      check_after("DELETE FROM telemetry_events WHERE position = 12").flaw,
      "telemetry 12: the event is missing; the next one stands at 13");
  EXPECT_EQ(check_after("INSERT INTO telemetry_events SELECT 8, event FROM "
                        "telemetry_events WHERE position = 6")
                .flaw,
            "telemetry 8: an event that was lost");
  EXPECT_EQ(check_after("DELETE FROM losses WHERE first_position = 9").flaw,
            "telemetry 9: the event is missing; the next one stands at 11");
  EXPECT_EQ(check_after("DELETE FROM losses").flaw,
            "telemetry 7: the event is missing; the next one stands at 11");
}

TEST_F(CheckJournal, ExtraEvent_IsNamed) {
  EXPECT_TRUE(check_after("INSERT INTO record_events SELECT 7, event FROM "
                          "record_events WHERE position = 6")
                  .flaw.value_or("")
                  .starts_with("record 7:"));
}

TEST_F(CheckJournal, SwappedEvents_AreNamed) {
  EXPECT_TRUE(
      check_after("UPDATE record_events SET position = 100 WHERE position = 5;"
                  "UPDATE record_events SET position = 5 WHERE position = 6;"
                  "UPDATE record_events SET position = 6 WHERE position = 100")
          .flaw.value_or("")
          .starts_with("record 5:"));
}

TEST_F(CheckJournal, MissingRows_AreNamed) {
  EXPECT_EQ(check_after("DELETE FROM held WHERE stream = 1").flaw,
            "held record: the row is missing");
  EXPECT_EQ(check_after("DELETE FROM streams WHERE stream = 2").flaw,
            "streams: a row is missing");
  EXPECT_EQ(check_after("DELETE FROM epochs WHERE stream = 1").flaw,
            "epochs record: the first epoch is missing");
  EXPECT_TRUE(check_after("DELETE FROM batches WHERE stream = 1 AND "
                          "first_position = 1")
                  .flaw.value_or("")
                  .starts_with("batches record 3:"));
  EXPECT_EQ(check_after("DELETE FROM meta").flaw,
            "meta source: the row is missing");
}

TEST_F(CheckJournal, AlteredSchema_IsNamed) {
  EXPECT_TRUE(check_after("ALTER TABLE held ADD COLUMN more INTEGER")
                  .flaw.value_or("")
                  .starts_with("file:"));
}

TEST_F(CheckJournal, SignatureOfAnotherKey_IsNamedWhenKeysAreGiven) {
  const std::vector<PublicKey> other = {test_signer(7)->public_key()};
  EXPECT_EQ(check_journal(whole_, {other, std::nullopt})->flaw,
            "batches record 1: no given key made the signature");
  const auto without = check_journal(whole_, {{}, std::nullopt});
  EXPECT_EQ(without->flaw, std::nullopt);
  EXPECT_FALSE(without->signatures_checked);
}

TEST_F(CheckJournal, HeldCheckpointOfAnotherLedger_IsNamedWithTrust) {
  const Trust other{"ledger.example", {test_signer(7)->public_key()}};
  EXPECT_TRUE(check_journal(whole_, {{}, other})
                  ->flaw.value_or("")
                  .starts_with("held record:"));
}

TEST_F(CheckJournal, FileOfAnotherProgram_IsAFault) {
  const fs::path path = directory_ / "other.db";
  {
    SQLite::Database db(path.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE t (x)");
  }
  EXPECT_FALSE(check_journal(path, {{}, std::nullopt}).has_value());
  EXPECT_FALSE(
      check_journal(directory_ / "none.db", {{}, std::nullopt}).has_value());
}

// The file itself: any byte may be hit, not only a column's. What SQLite never
// reads (free space of pages, its change counters) says nothing and hides
// nothing; a flip there must at least not crash the check.
TEST_F(CheckJournal, FlippedBytesOfTheFile_NeverCrash) {
  const fs::path path = directory_ / "flipped.db";
  const auto size = static_cast<std::size_t>(fs::file_size(whole_));
  std::size_t found = 0;
  for (std::size_t at = 0; at < size; at += 61) {
    fs::copy_file(whole_, path, fs::copy_options::overwrite_existing);
    {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const int byte = file.get();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte ^ 0x10));
    }
    const auto report = check_journal(path, {keys_, trust_});
    if (!report || report->flaw) {
      ++found;
    }
  }
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace strongroom
