// SPDX-License-Identifier: Apache-2.0
// One byte of what a ledger stores is altered: fsck says which entry it is.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "ledger/check/check_ledger.h"
#include "ledger/check/event_tables.h"
#include "ledger/log/stored_entries.h"
#include "tests/ledger/succession.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::Falsehood;
using testing_ledger::Succession;
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

/// What a record batch says that has rows in tables of its own: a device, a
/// finding, a hole of `lost` telemetry events that are never sent.
class CheckTablesTest : public CheckLedgerTest {
 protected:
  void SetUp() override {
    CheckLedgerTest::SetUp();
    send(Stream::kTelemetry, 60, 2);
    const Hash before = agent.telemetry->last_hash();
    const auto lost = agent.cut(Stream::kTelemetry, {.count = 10});
    EventMessage loss = of_body(strongroom_v1_Event_telemetry_lost_tag);
    auto& hole = loss.body.telemetry_lost;
    hole.epoch = agent.epoch;
    hole.from_seq = lost.header.first_seq;
    hole.to_seq = lost.header.next_seq() - 1;
    std::ranges::copy(before, hole.hash_before_from);
    std::ranges::copy(agent.telemetry->last_hash(), hole.hash_of_to);
    EventMessage finding = of_body(strongroom_v1_Event_finding_tag);
    finding.body.finding.kind =
        strongroom_v1_FindingKind_FINDING_KIND_TELEMETRY_LOST;
    send_record({described("leak-1"),
                 identified("leak-1"),
                 loss,
                 finding,
                 described("leak-2"),
                 identified("leak-2")});
    send(Stream::kTelemetry, 60, 1);
    // Another description of the first one, which makes the old one void.
    send_record({described("leak-1"), finding});
    at.close();
    ASSERT_EQ(flaws(), std::vector<std::string>());
  }

  static EventMessage of_body(pb_size_t body) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = body;
    return event;
  }
  static EventMessage described(const std::string& name) {
    EventMessage event = of_body(strongroom_v1_Event_device_described_tag);
    auto& device = event.body.device_described;
    name.copy(device.device, sizeof(device.device) - 1);
    std::string_view("rle-ld").copy(device.profile, 6);
    device.profile_hash[0] = 1;
    device.point_count = 1;
    device.points_count = 1;
    std::string_view("leak").copy(device.points[0].name, 4);
    return event;
  }
  static EventMessage identified(const std::string& name) {
    EventMessage event = of_body(strongroom_v1_Event_device_identified_tag);
    auto& text = event.body.device_identified;
    name.copy(text.device, sizeof(text.device) - 1);
    std::string_view("rle-ld").copy(text.profile, 6);
    std::string_view("model").copy(text.name, 5);
    std::string_view("LD-7").copy(text.text, 4);
    return event;
  }
  void send_record(std::vector<EventMessage> bodies) {
    auto batch = agent.cut(Stream::kRecord,
                           {.resync = !agent.held.contains(Stream::kRecord),
                            .held = agent.held_note[Stream::kRecord],
                            .bodies = std::move(bodies)});
    ASSERT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
  }

  /// Changes the database, expects a flaw that says so, puts it back.
  void expect_found(const std::string& sql, const std::string& part) {
    SCOPED_TRACE(sql);
    const std::filesystem::path copy = at.store_path().string() + ".copy";
    const auto overwrite = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(at.store_path(), copy, overwrite);
    {
      SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
      ASSERT_GT(db.exec(sql), 0);
    }
    const auto found = flaws();
    EXPECT_TRUE(std::ranges::any_of(found, [&](const std::string& flaw) {
      return flaw.find(part) != std::string::npos;
    })) << (found.empty() ? "nothing was found" : found.front());
    std::filesystem::copy_file(copy, at.store_path(), overwrite);
  }
};

TEST_F(CheckTablesTest, AlteredLosses_AreFound) {
  expect_found("DELETE FROM losses", "table losses lacks");
  expect_found("UPDATE losses SET to_seq = to_seq + 1", "nobody declared it");
  expect_found("UPDATE losses SET from_seq = from_seq - 1",
               "nobody declared it");
  expect_found("UPDATE losses SET of_to = zeroblob(32)", "nobody declared it");
  expect_found("UPDATE losses SET source = 'edge-2@bj1'", "nobody declared it");
}

TEST_F(CheckTablesTest, AlteredFindings_AreFound) {
  expect_found("DELETE FROM findings WHERE entry_index > 4",
               "table findings lacks index 8");
  expect_found("UPDATE findings SET entry_index = 0 WHERE entry_index = 3",
               "index 0 is no finding");
}

// The ledger's own findings, and what a person confirmed, have rows too.
TEST_F(CheckTablesTest, OwnFindingsAndConfirmations_AreDerived) {
  const Source agent_source = *Source::parse("edge-1@bj1");
  const Source own = *Source::parse("console@bj1");
  DeviceNotes notes;
  EventTables tables;
  const auto take =
      [&](const Source& source, std::uint64_t index, pb_size_t body) {
        tables.take(source, index, of_body(body), notes);
      };
  take(own, 3, strongroom_v1_Event_epoch_confirmed_tag);
  take(agent_source, 4, strongroom_v1_Event_epoch_confirmed_tag);
  take(own, 5, strongroom_v1_Event_finding_tag);
  EXPECT_TRUE(tables.compare_findings({{1, 3}, {1, 5}}).empty());
  EXPECT_EQ(tables.compare_findings({{1, 5}}).size(), 1U);
  EXPECT_EQ(tables.compare_findings({{1, 3}, {1, 4}, {1, 5}}).size(), 1U);
  // Beyond its limit an agent's finding may be on no list.
  for (std::uint64_t index = 10; index < 35; ++index) {
    take(agent_source, index, strongroom_v1_Event_finding_tag);
  }
  EXPECT_TRUE(tables.compare_findings({{1, 3}, {1, 5}}).empty());
}

TEST_F(CheckTablesTest, AlteredDevices_AreFound) {
  expect_found("UPDATE devices SET entry_index = entry_index + 1",
               "table devices, edge-1@bj1 leak-1");
  expect_found("DELETE FROM devices WHERE device = 'leak-2'",
               "table devices lacks");
  expect_found("UPDATE devices SET part = '40/9' WHERE part = '40/0'",
               "40/9: is not what");
  expect_found("UPDATE devices SET source = 'edge-2@bj1'", "edge-2@bj1");
}

TEST_F(CheckTablesTest, AlteredNotesAndMarks_AreFound) {
  expect_found("UPDATE notes SET note = 'x' || note", "table notes");
  expect_found(
      "UPDATE notes SET note = (SELECT note FROM notes ORDER BY log_id DESC)",
      "table notes: is one of");
  expect_found("UPDATE logs SET pruned_to = 256 WHERE origin LIKE '%record%'",
               "is marked as pruned");
  expect_found("UPDATE logs SET closed_at = 0 WHERE origin LIKE '%record%'",
               "no log succeeds it");
}

TEST_F(CheckTablesTest, GuardThatWasPutBack_IsFound) {
  const std::filesystem::path old = at.guard_path().string() + ".old";
  std::filesystem::copy_file(at.guard_path(), old);
  ASSERT_TRUE(at.open()) << at.why;
  send(Stream::kTelemetry, 60, 2);
  at.close();
  ASSERT_EQ(flaws(), std::vector<std::string>());
  std::filesystem::copy_file(
      old, at.guard_path(), std::filesystem::copy_options::overwrite_existing);
  ASSERT_FALSE(flaws().empty());
  EXPECT_NE(flaws().front().find("the guard is an older copy"),
            std::string::npos);
}

/// 512 of 611 entries of the telemetry log are pruned.
class CheckPrunedTest : public CheckLedgerTest {
 protected:
  void SetUp() override {
    CheckLedgerTest::SetUp();
    send(Stream::kTelemetry, 60, 10);
    Succession steps(at, "bj1", Stream::kTelemetry);
    ASSERT_TRUE(steps.open());
    const auto done = steps.writer().prune(id_of(kOrigin), 512, 1000);
    ASSERT_TRUE(done);
    ASSERT_EQ(done->pruned_to, 512U);
  }
  void TearDown() override { at.close(); }
  static constexpr const char* kOrigin = "test.example/bj1/telemetry/1";
};

TEST_F(CheckPrunedTest, PrunedLog_IsSoundAndGoesOn) {
  EXPECT_EQ(flaws(), std::vector<std::string>());
  ASSERT_TRUE(at.open()) << at.why;
  send(Stream::kTelemetry, 60, 2);
  at.close();
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

TEST_F(CheckPrunedTest, AlteredHashOfAPrunedEntry_IsNamedByItsBatch) {
  const auto tiles = blobs("tiles", "hashes", id_of(kOrigin));
  ASSERT_EQ(tiles.size(), 2U);
  // Entry 70 is of the batch of 61, entry 300 of that of 244.
  expect_named(tiles[0], 70 * 32, kOrigin, 61);
  expect_named(tiles[1], (300 - 256) * 32 + 31, kOrigin, 244);
}

TEST_F(CheckPrunedTest, AlteredHeaderAndKeptEntry_AreNamed) {
  const auto headers = blobs("batches", "header", id_of(kOrigin));
  const auto entries = blobs("batches", "entries", id_of(kOrigin));
  ASSERT_EQ(headers.size(), 10U);
  for (const std::size_t offset : {0U, 1U, 40U, 70U, 100U}) {
    expect_named(headers[1], offset, kOrigin, 121);
  }
  // The batch of 488 lost its events below 512.
  ASSERT_EQ(entries[7].bytes.size(), 0U);
  const std::size_t first_kept = 24 * 2 + 2;
  expect_named(entries[8], first_kept + 60, kOrigin, 512);
  expect_named(entries[9], 70, kOrigin, 549);
}

TEST_F(CheckPrunedTest, EntriesThatAreGoneWithoutTheMark_AreDamage) {
  SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
  db.exec("UPDATE logs SET pruned_to = 256 WHERE pruned_to > 0");
  ASSERT_FALSE(check().empty());
  EXPECT_EQ(check().front().index, 244U) << check().front().text();
}

class CheckSuccessionTest : public CheckLedgerTest {
 protected:
  void SetUp() override {
    CheckLedgerTest::SetUp();
    send(Stream::kTelemetry, 60, 10);
    send(Stream::kRecord, 3, 2);
    agent.open_epoch(0x2222);
    send(Stream::kTelemetry, 60, 1);
  }
  void succeed(const Falsehood& falsehood = {}) {
    const auto done =
        Succession(at, "bj1", Stream::kTelemetry).carry_out(falsehood);
    ASSERT_TRUE(done) << done.error().what;
  }
  void expect_found(const Falsehood& falsehood, const std::string& part) {
    succeed(falsehood);
    const auto found = flaws();
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.front().find(part), std::string::npos) << found.front();
  }
};

TEST_F(CheckSuccessionTest, Successor_IsSoundAndGoesOn) {
  succeed();
  EXPECT_EQ(flaws(), std::vector<std::string>());
  ASSERT_TRUE(at.open()) << at.why;
  agent.held.erase(Stream::kTelemetry);
  agent.held_note.erase(Stream::kTelemetry);
  agent.generation[Stream::kTelemetry] = 2;
  send(Stream::kTelemetry, 60, 3);
  send(Stream::kRecord, 3, 1);
  at.close();
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

TEST_F(CheckSuccessionTest, ABitOfThePredecessor_IsStillFound) {
  succeed();
  const std::string origin = "test.example/bj1/telemetry/1";
  expect_named(blobs("batches", "entries", id_of(origin))[0], 20, origin, 0);
  expect_named(blobs("batches", "entries", id_of(origin))[10], 20, origin, 610);
}

TEST_F(CheckSuccessionTest, AnotherSize_IsFound) {
  expect_found({.succeeded = [](auto& said) { --said.frozen_size; }},
               "quotes a tree");
}
TEST_F(CheckSuccessionTest, AnotherRoot_IsFound) {
  expect_found({.succeeded = [](auto& said) { said.frozen_root[3] ^= 1; }},
               "quotes a tree");
}
TEST_F(CheckSuccessionTest, AnotherPredecessor_IsFound) {
  expect_found({.succeeded =
                    [](auto& said) {
                      std::string_view("test.example/bj1/record/1")
                          .copy(said.predecessor, sizeof(said.predecessor));
                      said.predecessor[25] = 0;
                    }},
               "quotes a tree");
}
TEST_F(CheckSuccessionTest, TooFewChains_AreFound) {
  expect_found({.resumed = [](auto& chains) { chains.pop_back(); }},
               "resumed chains");
}
TEST_F(CheckSuccessionTest, ChainElsewhere_IsFound) {
  expect_found({.resumed = [](auto& chains) { ++chains[0].next_seq; }},
               "where the predecessor does not end");
}
TEST_F(CheckSuccessionTest, ChainWithAnotherHead_IsFound) {
  expect_found({.resumed = [](auto& chains) { chains[1].head[0] ^= 1; }},
               "where the predecessor does not end");
}
TEST_F(CheckSuccessionTest, ChainThatWasClosed_IsFound) {
  expect_found(
      {.resumed = [](auto& chains) { chains[0].closed = !chains[0].closed; }},
      "where the predecessor does not end");
}

TEST_F(CheckSuccessionTest, RowsBesideTheTruth_AreFound) {
  succeed();
  for (const char* sql :
       {"UPDATE chains SET next_seq = next_seq + 1 WHERE log_id = 4",
        "DELETE FROM chains WHERE log_id = 4 AND epoch = 4369",
        "UPDATE logs SET closed_at = 610 WHERE closed_at IS NOT NULL",
        "UPDATE logs SET closed_at = NULL",
        "DELETE FROM logs WHERE log_id = 4"}) {
    SCOPED_TRACE(sql);
    const std::filesystem::path copy = at.store_path().string() + ".copy";
    const auto overwrite = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(at.store_path(), copy, overwrite);
    {
      SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
      ASSERT_GT(db.exec(sql), 0);
    }
    EXPECT_FALSE(flaws().empty());
    std::filesystem::copy_file(copy, at.store_path(), overwrite);
    ASSERT_TRUE(flaws().empty());
  }
}

/// The files that a program of schema version 2 left behind.
class Version2Test : public CheckLedgerTest,
                     public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    put_dump("ledger.sql", at.store_path(), GetParam());
    put_dump("guard.sql", at.guard_path(), 1);
    if (GetParam() == 1) {
      SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
      db.exec("DROP TABLE devices");
    }
  }
  static void put_dump(const std::string& name,
                       const std::filesystem::path& path,
                       int version) {
    std::int32_t id = 0;
    {
      SQLite::Database db(path.string(), SQLite::OPEN_READONLY);
      id = db.execAndGet("PRAGMA application_id").getInt();
    }
    std::filesystem::remove(path);
    std::ifstream dump("tests/ledger/version_2/" + name);
    ASSERT_TRUE(dump);
    std::stringstream text;
    text << dump.rdbuf();
    SQLite::Database db(path.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(text.str());
    db.exec("PRAGMA application_id = " + std::to_string(id) +
            "; PRAGMA user_version = " + std::to_string(version));
  }
};

TEST_P(Version2Test, IsGoneOnWithAndSound) {
  const auto before =
      check_ledger(at.store_path(), at.guard_path(), at.trust());
  ASSERT_FALSE(before);
  EXPECT_NE(before.error().what.find("start this version's ledger once"),
            std::string::npos);
  ASSERT_TRUE(at.open()) << at.why;
  for (const LogId log : at.ledger->logs().ids()) {
    EXPECT_EQ(at.ledger->logs().frozen(log), "");
  }
  EXPECT_EQ(flaws(), std::vector<std::string>());
  TestAgent next{"edge-2@bj1", 2};
  ASSERT_TRUE(at.enrol(next));
  auto batch = next.cut(Stream::kTelemetry, {.count = 60, .resync = true});
  ASSERT_TRUE(at.proves(next, at.exchange(next, batch.payload), batch));
  at.close();
  EXPECT_EQ(flaws(), std::vector<std::string>());
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_FALSE(
      at.reader->note(at.log("bj1", Stream::kTelemetry)).value().empty());
}

INSTANTIATE_TEST_SUITE_P(, Version2Test, ::testing::Values(1, 2));

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
