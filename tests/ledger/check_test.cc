// SPDX-License-Identifier: Apache-2.0
// One byte of what a ledger stores is altered: fsck says which entry it is.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

/// A blob somewhere in a database, and how to alter it.
struct Blob {
  std::string table;
  std::string column;
  std::int64_t rowid = 0;
  Bytes bytes;
};

class CheckLedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
  }

  void send(Stream stream, std::size_t count, int batches) {
    for (int i = 0; i < batches; ++i) {
      auto batch = agent.cut(stream,
                             {.count = count,
                              .resync = !agent.held.contains(stream),
                              .held = agent.held_note[stream]});
      ASSERT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    }
  }

  /// 2 full tiles and a tail in telemetry, a tail alone in the other logs.
  void small_ledger() {
    send(Stream::kTelemetry, 60, 10);
    send(Stream::kRecord, 3, 4);
    at.close();
    ASSERT_EQ(flaws(), std::vector<std::string>());
  }

  std::vector<LedgerFlaw> check() {
    const auto found =
        check_ledger(at.store_path(), at.guard_path(), at.trust());
    EXPECT_TRUE(found) << found.error().what;
    return found ? found->flaws : std::vector<LedgerFlaw>();
  }
  std::vector<std::string> flaws() {
    std::vector<std::string> all;
    for (const LedgerFlaw& flaw : check()) {
      all.push_back(flaw.text());
    }
    return all;
  }

  void write(const std::filesystem::path& file,
             const Blob& blob,
             ByteView bytes) {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
    SQLite::Statement update(db,
                             "UPDATE " + blob.table + " SET " + blob.column +
                                 " = ? WHERE rowid = ?");
    update.bind(1, bytes.data(), static_cast<int>(bytes.size()));
    update.bind(2, blob.rowid);
    ASSERT_EQ(update.exec(), 1);
  }

  std::vector<Blob> blobs(const std::string& table,
                          const std::string& column,
                          LogId log_id) {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READONLY);
    SQLite::Statement rows(db,
                           "SELECT rowid, " + column + " FROM " + table +
                               " WHERE log_id = ? ORDER BY rowid");
    rows.bind(1, log_id);
    std::vector<Blob> all;
    while (rows.executeStep()) {
      const auto* data =
          static_cast<const std::uint8_t*>(rows.getColumn(1).getBlob());
      all.push_back({table,
                     column,
                     rows.getColumn(0).getInt64(),
                     Bytes(data, data + rows.getColumn(1).getBytes())});
    }
    return all;
  }

  /// Alters one byte, expects what is named first, and puts it back.
  void expect_named(const Blob& blob,
                    std::size_t offset,
                    const std::string& origin,
                    std::uint64_t index) {
    SCOPED_TRACE(blob.table + "." + blob.column + " row " +
                 std::to_string(blob.rowid) + " byte " +
                 std::to_string(offset));
    Bytes altered = blob.bytes;
    altered[offset] ^= static_cast<std::uint8_t>(1U << (offset % 8));
    write(at.store_path(), blob, altered);
    const auto found = check();
    write(at.store_path(), blob, blob.bytes);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found.front().origin, origin) << found.front().text();
    EXPECT_EQ(found.front().index, index) << found.front().text();
  }

  LogId id_of(const std::string& origin) {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READONLY);
    SQLite::Statement row(db, "SELECT log_id FROM logs WHERE origin = ?");
    row.bind(1, origin);
    return row.executeStep() ? row.getColumn(0).getInt64() : 0;
  }

  /// Alters bytes of every entry of a log, every `stride`-th of the events'.
  void alter_entries(const std::string& origin, std::size_t stride) {
    const LogId log_id = id_of(origin);
    const auto headers = blobs("batches", "header", log_id);
    const auto entries = blobs("batches", "entries", log_id);
    std::uint64_t first = 0;
    std::size_t due = 0;
    for (std::size_t row = 0; row < entries.size(); ++row) {
      std::size_t offset = 0;
      std::uint64_t index = first;
      const Bytes& bytes = entries[row].bytes;
      while (offset < bytes.size()) {
        const std::size_t size = bytes[offset] * 256U + bytes[offset + 1];
        for (std::size_t i = 0; i < size; ++i) {
          if (due++ % stride == 0) {
            expect_named(entries[row], offset + 2 + i, origin, index);
            if (HasFailure()) {
              return;
            }
          }
        }
        offset += 2 + size;
        ++index;
      }
      // A length: the bundle no longer adds up.
      expect_named(entries[row], 1, origin, first);
      for (std::size_t i = 0; i < headers[row].bytes.size(); i += stride) {
        expect_named(headers[row], i, origin, index);
      }
      first = index + 1;
    }
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
};

TEST_F(CheckLedgerTest, AlteredEntry_UnderAFullTile_IsNamed) {
  small_ledger();
  alter_entries("test.example/bj1/telemetry/1", 241);
}

TEST_F(CheckLedgerTest, AlteredEntry_AtTheEdge_IsNamed) {
  small_ledger();
  alter_entries("test.example/bj1/record/1", 7);
}

TEST_F(CheckLedgerTest, AlteredRegistryEntry_IsNamed) {
  small_ledger();
  alter_entries("test.example/central/registry/1", 7);
}

TEST_F(CheckLedgerTest, AlteredLeafTile_IsNamedAtItsEntry) {
  small_ledger();
  const std::string origin = "test.example/bj1/telemetry/1";
  const auto tiles = blobs("tiles", "hashes", id_of(origin));
  ASSERT_EQ(tiles.size(), 2U);
  for (std::size_t tile = 0; tile < 2; ++tile) {
    for (std::size_t offset = 0; offset < 8192; offset += 97) {
      expect_named(tiles[tile], offset, origin, tile * 256 + offset / 32);
    }
  }
}

TEST_F(CheckLedgerTest, AlteredUpperTile_IsNamedAtItsFirstEntry) {
  send(Stream::kTelemetry, 511, 129);  // 66 048 entries
  at.close();
  ASSERT_EQ(flaws(), std::vector<std::string>());
  const std::string origin = "test.example/bj1/telemetry/1";
  const auto tiles = blobs("tiles", "hashes", id_of(origin));
  ASSERT_EQ(tiles.size(), 259U);  // 258 of leaves; one above the first 256
  expect_named(tiles[256], 0, origin, 0);
  expect_named(tiles[256], 200 * 32 + 5, origin, 200 * 256);
}

TEST_F(CheckLedgerTest, MissingTileAndMissingBatch_AreNamed) {
  small_ledger();
  const std::string origin = "test.example/bj1/telemetry/1";
  const auto execute = [&](const std::string& sql) {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(sql);
  };
  execute("DELETE FROM tiles WHERE number = 1 AND log_id = " +
          std::to_string(id_of(origin)));
  ASSERT_FALSE(check().empty());
  EXPECT_EQ(check().front().index, 256U) << check().front().text();
  execute("DELETE FROM batches WHERE first_index = 122 AND log_id = " +
          std::to_string(id_of(origin)));
  EXPECT_EQ(check().front().index, 122U) << check().front().text();
}

TEST_F(CheckLedgerTest, AlteredCheckpoint_IsNamed) {
  small_ledger();
  const std::string origin = "test.example/bj1/record/1";
  const auto note_of = [&] {
    SQLite::Database db(at.guard_path().string(), SQLite::OPEN_READONLY);
    SQLite::Statement row(db, "SELECT note FROM guard WHERE origin = ?");
    row.bind(1, origin);
    row.executeStep();
    return row.getColumn(0).getString();
  };
  const auto set = [&](const std::string& note) {
    SQLite::Database db(at.guard_path().string(), SQLite::OPEN_READWRITE);
    SQLite::Statement update(db, "UPDATE guard SET note = ? WHERE origin = ?");
    update.bind(1, note);
    update.bind(2, origin);
    update.exec();
  };
  const std::string note = note_of();
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string altered = note;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    set(altered);
    const auto found = check();
    ASSERT_FALSE(found.empty()) << i;
    EXPECT_TRUE(std::ranges::any_of(
        found, [&](const LedgerFlaw& flaw) { return flaw.origin == origin; }))
        << i << " " << found.front().text();
  }
  set(note);
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

TEST_F(CheckLedgerTest, AlteredChainTable_IsFound) {
  small_ledger();
  for (const char* change : {"next_seq = next_seq + 1",
                             "head = zeroblob(32)",
                             "closed = 1",
                             "key = zeroblob(32)",
                             "acked_size = 100000"}) {
    const std::filesystem::path copy = at.store_path().string() + ".copy";
    std::filesystem::copy_file(
        at.store_path(),
        copy,
        std::filesystem::copy_options::overwrite_existing);
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(std::string("UPDATE chains SET ") + change +
            " WHERE source = 'edge-1@bj1'");
    const auto found = flaws();
    ASSERT_FALSE(found.empty()) << change;
    EXPECT_NE(found.front().find("chains"), std::string::npos);
    db.exec("UPDATE chains SET next_seq = next_seq WHERE 0");
    std::filesystem::copy_file(
        copy,
        at.store_path(),
        std::filesystem::copy_options::overwrite_existing);
  }
}

TEST_F(CheckLedgerTest, ForeignTrust_IsFound) {
  small_ledger();
  Trust other = at.trust();
  other.log_keys = {testing_ledger::test_signer(9)->public_key()};
  const auto found = check_ledger(at.store_path(), at.guard_path(), other);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->flaws.empty());
}

TEST_F(CheckLedgerTest, BesideARunningLedger_FindsItSound) {
  send(Stream::kTelemetry, 60, 3);
  EXPECT_EQ(flaws(), std::vector<std::string>());
  send(Stream::kTelemetry, 60, 3);
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

}  // namespace
}  // namespace strongroom
