// SPDX-License-Identifier: Apache-2.0
// A ledger is copied while it writes, lost, and put back.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <gtest/gtest.h>

#include "ledger/backup/partial_directory.h"
#include "ledger/backup/restore.h"
#include "ledger/check/check_ledger.h"
#include "platform/system/files.h"
#include "tests/ledger/succession.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_ledger::TempDir;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;
using Why = BackupRefused::Why;

void flip(const fs::path& file, std::uint64_t offset) {
  std::FILE* opened = std::fopen(file.c_str(), "r+b");
  ASSERT_NE(opened, nullptr) << file;
  std::fseek(opened, static_cast<long>(offset), SEEK_SET);
  const int byte = std::fgetc(opened);
  std::fseek(opened, static_cast<long>(offset), SEEK_SET);
  std::fputc(byte ^ 0x10, opened);
  std::fclose(opened);
}

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
    send(3);
  }

  void send(int batches) {
    for (int i = 0; i < batches; ++i) {
      for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
        auto batch = agent.cut(stream,
                               {.count = 40,
                                .resync = !agent.held.contains(stream),
                                .held = agent.held_note[stream]});
        ASSERT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
      }
    }
  }

  LedgerPaths paths() const {
    return {at.store_path(), at.guard_path(), at.disclosures_path()};
  }
  BackupOptions backup_options() {
    return {.trust = at.trust(), .now = at.now.wall, .room = room};
  }
  auto backup() { return make_backup(paths(), copy, backup_options()); }
  void must_backup() {
    const auto made = backup();
    ASSERT_TRUE(made) << made.error().what;
    ASSERT_TRUE(std::holds_alternative<BackupManifest>(*made))
        << std::get<BackupRefused>(*made).what;
  }
  void lose_ledger() {
    at.close();
    for (const fs::path& file : {at.store_path(), at.disclosures_path()}) {
      for (const char* suffix : {"", "-wal", "-shm"}) {
        fs::remove(file.string() + suffix);
      }
    }
  }
  auto restore(bool without_guard = false) {
    return restore_backup(
        copy,
        paths(),
        {.trust = at.trust(), .without_guard = without_guard, .room = room});
  }
  void expect_refused(
      const Result<std::variant<Restored, BackupRefused>>& outcome,
      Why why,
      const std::string& part) {
    ASSERT_TRUE(outcome) << outcome.error().what;
    const auto* refused = std::get_if<BackupRefused>(&*outcome);
    ASSERT_NE(refused, nullptr) << part;
    EXPECT_EQ(refused->why, why);
    EXPECT_NE(refused->what.find(part), std::string::npos) << refused->what;
  }
  std::vector<std::string> flaws() {
    const auto found =
        check_ledger(at.store_path(), at.guard_path(), at.trust());
    std::vector<std::string> all;
    for (const LedgerFlaw& flaw :
         found ? found->flaws : std::vector<LedgerFlaw>()) {
      all.push_back(flaw.text());
    }
    return found ? all : std::vector{found.error().what};
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  TempDir dir;
  fs::path copy = dir.path() / "copy";
  std::function<Result<std::uint64_t>(const fs::path&)> room = room_in;
};

TEST_F(BackupTest, BesideAWritingDaemon_IsSound_AndIsRestored) {
  BackupOptions options = backup_options();
  int written = 0;
  options.progress = [&](std::string_view, std::uint64_t, std::uint64_t) {
    if (written < 3) {
      ++written;
      send(1);
    }
  };
  const auto made = make_backup(paths(), copy, options);
  ASSERT_TRUE(made) << made.error().what;
  const auto* manifest = std::get_if<BackupManifest>(&*made);
  ASSERT_NE(manifest, nullptr) << std::get<BackupRefused>(*made).what;
  EXPECT_EQ(written, 3);
  ASSERT_EQ(manifest->logs.size(), 3U);
  EXPECT_EQ(manifest->logs[0].entries, 3 * 41U);
  EXPECT_FALSE(fs::exists(copy.string() + ".partial"));

  lose_ledger();
  const auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().what;
  const auto* done = std::get_if<Restored>(&*restored);
  ASSERT_NE(done, nullptr) << std::get<BackupRefused>(*restored).what;
  // What was written during the copy is missing, and the guard knows it.
  EXPECT_TRUE(done->needs_recovery);
  EXPECT_EQ(done->logs[0].entries, 3 * 41U);
  EXPECT_EQ(done->logs[0].signed_size, 6 * 41U);
}

TEST_F(BackupTest, RestoredAndNothingWrittenSince_GoesOn) {
  must_backup();
  lose_ledger();
  const auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().what;
  ASSERT_TRUE(std::holds_alternative<Restored>(*restored))
      << std::get<BackupRefused>(*restored).what;
  EXPECT_FALSE(std::get<Restored>(*restored).needs_recovery);
  EXPECT_EQ(flaws(), std::vector<std::string>());
  ASSERT_TRUE(at.open()) << at.why;
  send(1);
}

TEST_F(BackupTest, Copy_KnowsTheNewestNoteOfEachLog) {
  must_backup();
  auto reader = LedgerReader::open(copy / "ledger.db");
  ASSERT_TRUE(reader) << reader.error().what;
  const auto logs = (*reader)->logs();
  ASSERT_EQ(logs->size(), 3U);
  for (const LogRow& log : *logs) {
    const auto note = (*reader)->note(log.log_id);
    ASSERT_TRUE(note);
    EXPECT_EQ(*note, at.ledger->logs().note(log.log_id)) << log.origin.text();
  }
}

TEST_F(BackupTest, PlaceThatIsTaken_OrFull_IsRefused) {
  const auto refusal = [&] {
    const auto outcome = backup();
    EXPECT_TRUE(outcome) << outcome.error().what;
    const auto* refused = std::get_if<BackupRefused>(&*outcome);
    EXPECT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, Why::kUsage);
    return refused->what;
  };
  fs::create_directory(copy);
  EXPECT_NE(refusal().find("is there already"), std::string::npos);
  fs::remove(copy);
  const fs::path partial = copy.string() + ".partial";
  fs::create_directory(partial);
  std::ofstream(partial / "notes.txt") << "not a backup's";
  EXPECT_NE(refusal().find(".partial: is there already, and holds what no"),
            std::string::npos);
  EXPECT_TRUE(fs::exists(partial / "notes.txt"));
  fs::remove_all(partial);
  fs::create_symlink(dir.path(), partial);
  EXPECT_NE(refusal().find("is no directory of a backup"), std::string::npos);
  fs::remove(partial);
  {
    const auto other = PartialDirectory::claim(partial);
    ASSERT_TRUE(other);
    EXPECT_NE(refusal().find("another backup is being made there"),
              std::string::npos);
  }
  fs::remove(partial);
  room = [](const fs::path&) { return Result<std::uint64_t>(100'000); };
  EXPECT_NE(refusal().find("100000 bytes are free"), std::string::npos);
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_FALSE(fs::exists(copy.string() + ".partial"));
}

TEST_F(BackupTest, WhatACrashLeft_IsReplaced_AndASlashIsNoOtherName) {
  const fs::path partial = copy.string() + ".partial";
  fs::create_directory(partial);
  for (const char* name : {"ledger.db", "ledger.db-journal", "manifest"}) {
    std::ofstream(partial / name) << "half of it";
  }
  const auto made = make_backup(paths(), copy.string() + "/", backup_options());
  ASSERT_TRUE(made) << made.error().what;
  ASSERT_TRUE(std::holds_alternative<BackupManifest>(*made))
      << std::get<BackupRefused>(*made).what;
  EXPECT_FALSE(fs::exists(partial));
  for (const char* name : {"ledger.db", "disclosures.db", "manifest"}) {
    EXPECT_EQ(fs::status(copy / name).permissions(),
              fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(copy), {}), 3);
}

TEST_F(BackupTest, DamagedLedger_GivesNoBackup) {
  at.store->alter = [](CommitRows& rows) { rows.chains[0].next_seq += 1; };
  auto batch =
      agent.cut(Stream::kRecord, {.held = agent.held_note[Stream::kRecord]});
  (void)at.exchange(agent, batch.payload);
  const auto outcome = backup();
  ASSERT_TRUE(outcome) << outcome.error().what;
  const auto* refused = std::get_if<BackupRefused>(&*outcome);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Why::kUnsound);
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_FALSE(fs::exists(copy.string() + ".partial"));
}

TEST_F(BackupTest, AlteredBackup_IsNotRestored_WhateverByteItIs) {
  must_backup();
  lose_ledger();
  for (const char* name : {"ledger.db", "disclosures.db", "manifest"}) {
    const fs::path file = copy / name;
    const auto size = fs::file_size(file);
    for (std::uint64_t offset = 0; offset < size; offset += size / 7) {
      flip(file, offset);
      expect_refused(restore(), Why::kUnsound, name);
      EXPECT_FALSE(fs::exists(at.store_path()));
      flip(file, offset);
    }
    const fs::path whole = dir.path() / "whole";
    fs::copy_file(file, whole);
    fs::resize_file(file, size / 2);
    expect_refused(restore(), Why::kUnsound, name);
    fs::remove(file);
    expect_refused(restore(), Why::kUnsound, name);
    fs::rename(whole, file);
  }
  EXPECT_TRUE(std::holds_alternative<Restored>(*restore()));
}

TEST_F(BackupTest, ForgedManifest_DoesNotReplaceTheProof) {
  must_backup();
  lose_ledger();
  // The sums are right again, but an entry is not what was signed.
  const fs::path store = copy / "ledger.db";
  auto manifest = *BackupManifest::parse(*read_file(copy / "manifest"));
  {
    SQLite::Database db(store.string(), SQLite::OPEN_READWRITE);
    db.exec("UPDATE batches SET first_seq = first_seq + 1 WHERE rowid = 3");
  }
  const auto hashed =
      hash_file(store, [](std::string_view, std::uint64_t, std::uint64_t) {});
  ASSERT_TRUE(hashed);
  manifest.store.bytes = hashed->bytes;
  manifest.store.sha256 = hashed->sha256;
  ASSERT_TRUE(write_file(
      copy / "manifest", as_bytes(manifest.text()), 0640, Overwrite::kReplace));
  expect_refused(restore(), Why::kUnsound, "does not verify");
}

TEST_F(BackupTest, AnothersLedgersBackup_IsRefused) {
  must_backup();
  lose_ledger();
  Trust other = at.trust();
  other.ledger = "another.example";
  expect_refused(restore_backup(copy, paths(), {.trust = other, .room = room}),
                 Why::kUnsound,
                 "is of ledger test.example");
  other = {TestLedger::kName, {testing_ledger::test_signer(9)->public_key()}};
  expect_refused(restore_backup(copy, paths(), {.trust = other, .room = room}),
                 Why::kUnsound,
                 "checkpoint");
}

TEST_F(BackupTest, Restore_OverwritesNothing) {
  must_backup();
  send(1);
  expect_refused(restore(), Why::kUsage, "held by process");
  at.close();
  expect_refused(restore(), Why::kUsage, "disclosures.db: is there already");
  fs::remove(at.disclosures_path());
  expect_refused(restore(), Why::kUsage, "ledger.db: is there already");
  lose_ledger();
  expect_refused(restore(true), Why::kUsage, "the guard is there");
  const fs::path wal = at.store_path().string() + "-wal";
  ASSERT_TRUE(write_file(wal, {}, 0640, Overwrite::kRefuse));
  expect_refused(restore(), Why::kUsage, "ledger.db-wal: is there");
  fs::remove(wal);
  room = [](const fs::path&) { return Result<std::uint64_t>(9); };
  expect_refused(restore(), Why::kUsage, "9 bytes are free");
  room = room_in;
  ASSERT_TRUE(std::holds_alternative<Restored>(*restore()));
  expect_refused(restore(), Why::kUsage, "is this backup already");
}

TEST_F(BackupTest, LogThatARecoveryClosed_IsRestoredAsClosed) {
  testing_ledger::Succession succession(at, "bj1", Stream::kTelemetry);
  const auto closed = succession.carry_out();
  ASSERT_TRUE(closed) << closed.error().what;
  must_backup();
  lose_ledger();
  const auto outcome = restore();
  ASSERT_TRUE(outcome) << outcome.error().what;
  const auto* done = std::get_if<Restored>(&*outcome);
  ASSERT_NE(done, nullptr) << std::get<BackupRefused>(*outcome).what;
  EXPECT_FALSE(done->needs_recovery);
  ASSERT_EQ(done->logs.size(), 4U);
  for (const RestoredLog& log : done->logs) {
    const bool old = log.origin == "test.example/bj1/telemetry/1";
    EXPECT_EQ(log.closed_at,
              old ? std::optional<std::uint64_t>(3 * 41) : std::nullopt)
        << log.origin;
  }
}

TEST_F(BackupTest, WithoutAGuard_OnlyWhenToldSo) {
  must_backup();
  send(1);
  lose_ledger();
  fs::remove(at.guard_path());
  expect_refused(restore(), Why::kUsage, "--without-guard");
  const auto restored = restore(true);
  ASSERT_TRUE(restored) << restored.error().what;
  ASSERT_TRUE(std::holds_alternative<Restored>(*restored));
  EXPECT_TRUE(std::get<Restored>(*restored).made_guard);
  EXPECT_FALSE(std::get<Restored>(*restored).needs_recovery);
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

TEST_F(BackupTest, InterruptedRestore_GoesOn) {
  must_backup();
  lose_ledger();
  const std::string names[] = {at.disclosures_path(), at.store_path()};
  for (int got = 0; got < 5; ++got) {
    SCOPED_TRACE(got);
    // As far as it got: halves of files, then the first in its place.
    if (got > 0) {
      fs::copy_file(copy / "disclosures.db", names[0] + ".restoring");
    }
    if (got > 1) {
      fs::copy_file(copy / "ledger.db", names[1] + ".restoring");
      fs::resize_file(names[1] + ".restoring", 4096);
    }
    if (got > 2) {
      fs::rename(names[0] + ".restoring", names[0]);
    }
    const bool without_guard = got == 4;
    if (without_guard) {
      fs::remove(at.guard_path());
      ASSERT_FALSE(std::holds_alternative<Restored>(*restore()));
    }
    const auto restored = restore(without_guard);
    ASSERT_TRUE(restored) << restored.error().what;
    ASSERT_TRUE(std::holds_alternative<Restored>(*restored))
        << std::get<BackupRefused>(*restored).what;
    EXPECT_EQ(flaws(), std::vector<std::string>());
    lose_ledger();
  }
  // The guard of the last one is there, the files not yet.
  EXPECT_TRUE(std::holds_alternative<Restored>(*restore(true)));
}

}  // namespace
}  // namespace strongroom
