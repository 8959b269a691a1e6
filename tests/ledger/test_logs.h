// SPDX-License-Identifier: Apache-2.0
// For tests: the single writer alone, over real files: a telemetry and a record
// log of one site, and batches that an agent signed.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "ledger/log/log_writer.h"
#include "ledger/log/restore.h"
#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom::testing_ledger {

class TestLogs {
 public:
  static constexpr const char* kName = "test.example";

  TestLogs() {
    std::filesystem::create_directory(guard_path().parent_path());
    auto made = create_ledger_store(
        store_path(), guard_path(), dir.path() / "erasable.db", kName);
    EXPECT_TRUE(made) << made.error().what;
  }

  std::filesystem::path store_path() const { return dir.path() / "ledger.db"; }
  std::filesystem::path guard_path() const {
    return dir.path() / "elsewhere" / "guard.db";
  }

  /// Starts, or starts again. False: it refused, and said why.
  bool open() {
    close();
    auto real_store =
        open_sqlite_ledger_store(store_path(), dir.path() / "erasable.db");
    auto real_guard = open_sqlite_guard(guard_path());
    auto opened = LedgerReader::open(store_path());
    if (!real_store || !real_guard || !opened) {
      why = !real_store   ? real_store.error().what
            : !real_guard ? real_guard.error().what
                          : opened.error().what;
      return false;
    }
    store = std::make_unique<FaultyStore>(*std::move(real_store), plan);
    guard = std::make_unique<FaultyGuard>(*std::move(real_guard), plan);
    reader = *std::move(opened);
    publication = std::make_unique<Publication>();
    auto started = LogWriter::open(
        kName, {*store, *guard, *reader, *log_signer, *publication});
    if (!started) {
      why = started.error().what;
      return false;
    }
    logs = *std::move(started);
    return true;
  }

  void close() {
    logs.reset();
    guard.reset();
    reader.reset();
    store.reset();
  }

  /// Opens, and makes the logs of the site.
  void begin() {
    ASSERT_TRUE(open()) << why;
    for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
      const auto id = logs->add_log({kName, "bj1", stream, 1});
      ASSERT_TRUE(id) << id.error().what;
    }
  }

  LogId id(Stream stream) const { return *logs->find("bj1", stream); }

  /// Stages one batch.
  std::uint64_t stage(Stream stream, std::size_t count) {
    const auto batch = agent.cut(stream, {.count = count});
    const std::vector<ByteView> events(batch.events.begin(),
                                       batch.events.end());
    return logs->append(
        id(stream),
        {.source = agent.source.text(),
         .epoch = agent.epoch,
         .first_seq = batch.header.first_seq,
         .events = events,
         .leaves = std::span(batch.leaves).first(batch.events.size()),
         .header_entry = header_entry(batch.signed_header.signature,
                                      batch.signed_header.header)});
  }
  /// So many batches, a commit each.
  void grow(Stream stream, std::size_t count, int batches) {
    for (int i = 0; i < batches; ++i) {
      stage(stream, count);
      const auto done = logs->commit();
      ASSERT_TRUE(done) << done.error().what;
    }
  }

  std::shared_ptr<const PublishedLog> published(Stream stream,
                                                std::uint32_t generation = 1) {
    return publication->find({kName, "bj1", stream, generation});
  }
  std::string guarded(Stream stream, std::uint32_t generation = 1) {
    const std::string origin = Origin{kName, "bj1", stream, generation}.text();
    const auto entries = guard->entries();
    EXPECT_TRUE(entries);
    for (const GuardEntry& entry : *entries) {
      if (entry.origin == origin) {
        return entry.note;
      }
    }
    return {};
  }

  void execute(const std::string& sql) { execute_at(store_path(), sql); }
  static void execute_at(const std::filesystem::path& path,
                         const std::string& sql) {
    SQLite::Database db(path.string(), SQLite::OPEN_READWRITE, 5000);
    db.exec(sql);
  }
  void copy(const std::filesystem::path& from,
            const std::filesystem::path& to) {
    std::filesystem::copy_file(
        from, to, std::filesystem::copy_options::overwrite_existing);
  }

  Trust trust() const { return {kName, {log_signer->public_key()}}; }

  TempDir dir;
  FaultPlan plan;
  std::unique_ptr<Signer> log_signer = test_signer(0xa1);
  std::unique_ptr<FaultyStore> store;
  std::unique_ptr<FaultyGuard> guard;
  std::unique_ptr<LedgerReader> reader;
  std::unique_ptr<Publication> publication;
  std::unique_ptr<LogWriter> logs;
  TestAgent agent{"edge-1@bj1", 1};
  std::string why;
};

}  // namespace strongroom::testing_ledger
