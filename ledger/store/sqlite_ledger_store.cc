// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/sqlite_ledger_store.h"

#include "ledger/store/log_changes.h"
#include "ledger/store/schema.h"

namespace strongroom {
namespace {

using schema::bind_blob;
using schema::to_sql;

/// The statements of one commit, prepared once.
struct Statements {
  explicit Statements(SQLite::Database& db)
      : batch(db,
              "INSERT INTO batches (log_id, first_index, count, source, epoch,"
              " first_seq, header, entries) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        tile(db,
             "INSERT INTO tiles (log_id, level, number, hashes)"
             " VALUES (?, ?, ?, ?)"),
        chain(db,
              "INSERT OR REPLACE INTO chains (log_id, source, epoch, next_seq,"
              " head, acked_size, newest_header, key, closed)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        loss(db,
             "INSERT OR IGNORE INTO losses (log_id, source, epoch, from_seq,"
             " to_seq, before_from, of_to) VALUES (?, ?, ?, ?, ?, ?, ?)"),
        finding(db,
                "INSERT OR IGNORE INTO findings (log_id, entry_index)"
                " VALUES (?, ?)"),
        device(db,
               "INSERT OR REPLACE INTO devices (log_id, source, device, part,"
               " entry_index) VALUES (?, ?, ?, ?, ?)"),
        note(db, "INSERT OR REPLACE INTO notes (log_id, note) VALUES (?, ?)"),
        forget(db,
               "DELETE FROM devices WHERE log_id = ? AND source = ?"
               " AND device = ? AND (part LIKE '43/%') = ?") {}

  SQLite::Statement batch;
  SQLite::Statement tile;
  SQLite::Statement chain;
  SQLite::Statement loss;
  SQLite::Statement finding;
  SQLite::Statement device;
  SQLite::Statement note;
  SQLite::Statement forget;
};

void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

void insert(SQLite::Statement& to, const BatchRow& row) {
  to.bind(1, row.log_id);
  to.bind(2, to_sql(row.first_index));
  to.bind(3, static_cast<std::int64_t>(row.count));
  to.bindNoCopy(4, row.source);
  to.bind(5, to_sql(row.epoch));
  to.bind(6, to_sql(row.first_seq));
  bind_blob(to, 7, row.header);
  bind_blob(to, 8, row.entries);
  run(to);
}

void insert(SQLite::Statement& to, const TileRow& row) {
  to.bind(1, row.log_id);
  to.bind(2, row.level);
  to.bind(3, to_sql(row.number));
  bind_blob(to, 4, row.hashes);
  run(to);
}

void insert(SQLite::Statement& to, const ChainRow& row) {
  to.bind(1, row.log_id);
  to.bindNoCopy(2, row.source);
  to.bind(3, to_sql(row.epoch));
  to.bind(4, to_sql(row.next_seq));
  bind_blob(to, 5, row.head);
  to.bind(6, to_sql(row.acked_size));
  bind_blob(to, 7, row.newest_header);
  bind_blob(to, 8, row.key);
  to.bind(9, row.closed ? 1 : 0);
  run(to);
}

void insert(SQLite::Statement& to, const LossRow& row) {
  to.bind(1, row.log_id);
  to.bindNoCopy(2, row.source);
  to.bind(3, to_sql(row.epoch));
  to.bind(4, to_sql(row.from_seq));
  to.bind(5, to_sql(row.to_seq));
  bind_blob(to, 6, row.before_from);
  bind_blob(to, 7, row.of_to);
  run(to);
}

void insert(SQLite::Statement& to, const FindingRow& row) {
  to.bind(1, row.log_id);
  to.bind(2, to_sql(row.index));
  run(to);
}

void insert(SQLite::Statement& to, const NoteRow& row) {
  to.bind(1, row.log_id);
  to.bindNoCopy(2, row.note);
  run(to);
}

void forget(SQLite::Statement& what, const DeviceRow& row, bool texts) {
  what.bind(1, row.log_id);
  what.bindNoCopy(2, row.source);
  what.bindNoCopy(3, row.device);
  what.bind(4, texts ? 1 : 0);
  run(what);
}

void insert(SQLite::Statement& to, const DeviceRow& row) {
  to.bind(1, row.log_id);
  to.bindNoCopy(2, row.source);
  to.bindNoCopy(3, row.device);
  to.bindNoCopy(4, row.part);
  to.bind(5, to_sql(row.index));
  run(to);
}

/// From version 1: its agents wrote nothing that the table `devices` would hold
/// except descriptions, and these come again when the agents know of states.
/// From version 2: no log has a successor, nothing is pruned; the next commit
/// of each log brings its note.
void upgrade(SQLite::Database& db) {
  const int found = schema_version(db);
  if (found < 1 || found >= schema::kLedgerVersion) {
    return;
  }
  SQLite::Transaction transaction(db);
  if (found < 2) {
    db.exec(schema::kLedgerSince2);
  }
  db.exec(schema::kLedgerSince3);
  set_schema_version(db, schema::kLedgerVersion);
  transaction.commit();
}

class SqliteLedgerStore final : public LedgerStore {
 public:
  SqliteLedgerStore(std::filesystem::path path,
                    WriterDatabase ledger,
                    std::filesystem::path disclosures_path,
                    WriterDatabase disclosures)
      : path_(std::move(path)),
        ledger_(std::move(ledger)),
        statements_(ledger_.db()),
        disclosures_path_(std::move(disclosures_path)),
        disclosures_(std::move(disclosures)) {}

  Result<void> commit_disclosures(
      std::span<const DisclosureRow> rows) override {
    return schema::guarded(disclosures_path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(disclosures_.db());
      SQLite::Statement to(
          disclosures_.db(),
          "INSERT OR REPLACE INTO disclosures"
          " (log_id, source, epoch, first_seq, sealed) VALUES (?, ?, ?, ?, ?)");
      for (const DisclosureRow& row : rows) {
        to.bind(1, row.log_id);
        to.bindNoCopy(2, row.source);
        to.bind(3, to_sql(row.epoch));
        to.bind(4, to_sql(row.first_seq));
        bind_blob(to, 5, row.sealed);
        run(to);
      }
      transaction.commit();
      return {};
    });
  }

  Result<void> commit(const CommitRows& rows) override {
    return schema::guarded(path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(ledger_.db());
      for (const BatchRow& row : rows.batches) {
        insert(statements_.batch, row);
      }
      for (const TileRow& row : rows.tiles) {
        insert(statements_.tile, row);
      }
      for (const ChainRow& row : rows.chains) {
        insert(statements_.chain, row);
      }
      for (const LossRow& row : rows.losses) {
        insert(statements_.loss, row);
      }
      for (const FindingRow& row : rows.findings) {
        insert(statements_.finding, row);
      }
      for (const NoteRow& row : rows.notes) {
        insert(statements_.note, row);
      }
      for (const DeviceRow& row : rows.devices) {
        if (row.forgets_description) {
          forget(statements_.forget, row, false);
        }
        if (row.forgets_texts) {
          forget(statements_.forget, row, true);
        }
        insert(statements_.device, row);
      }
      transaction.commit();
      return {};
    });
  }

  Result<LogId> add_log(const Origin& origin) override {
    return schema::guarded(path_, [&]() -> Result<LogId> {
      SQLite::Statement to(ledger_.db(),
                           "INSERT INTO logs (origin, frozen) VALUES (?, '')");
      to.bind(1, origin.text());
      to.exec();
      return ledger_.db().getLastInsertRowid();
    });
  }

  Result<LogId> succeed_log(LogId log_id,
                            std::uint64_t closed_at,
                            const Origin& successor,
                            std::vector<ChainRow> chains,
                            std::vector<LossRow> losses) override {
    return schema::guarded(path_, [&]() -> Result<LogId> {
      SQLite::Transaction transaction(ledger_.db());
      if (auto may = may_succeed(ledger_.db(), log_id, closed_at, successor);
          !may) {
        return fault(path_.string() + ": " + may.error().what);
      }
      close_log(ledger_.db(), log_id, closed_at, successor);
      SQLite::Statement to(ledger_.db(),
                           "INSERT INTO logs (origin, frozen) VALUES (?, '')");
      to.bind(1, successor.text());
      to.exec();
      const LogId id = ledger_.db().getLastInsertRowid();
      for (ChainRow& row : chains) {
        row.log_id = id;
        insert(statements_.chain, row);
      }
      for (LossRow& row : losses) {
        row.log_id = id;
        insert(statements_.loss, row);
      }
      transaction.commit();
      return id;
    });
  }

  Result<std::uint64_t> prune_entries(LogId log_id,
                                      std::uint64_t to_index,
                                      std::size_t max_batches) override {
    return schema::guarded(path_, [&]() -> Result<std::uint64_t> {
      SQLite::Transaction transaction(ledger_.db());
      const auto pruned =
          prune_log(ledger_.db(), log_id, to_index, max_batches);
      if (!pruned) {
        return fault(path_.string() + ": " + pruned.error().what);
      }
      transaction.commit();
      return pruned;
    });
  }

  Result<void> replace_batch(const BatchRow& row) override {
    return schema::guarded(path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(ledger_.db());
      SQLite::Statement old(
          ledger_.db(),
          "UPDATE batches SET count = ?, source = ?, epoch = ?, first_seq = ?,"
          " header = ?, entries = ? WHERE log_id = ? AND first_index = ?");
      old.bind(1, static_cast<std::int64_t>(row.count));
      old.bindNoCopy(2, row.source);
      old.bind(3, to_sql(row.epoch));
      old.bind(4, to_sql(row.first_seq));
      bind_blob(old, 5, row.header);
      bind_blob(old, 6, row.entries);
      old.bind(7, row.log_id);
      old.bind(8, to_sql(row.first_index));
      if (old.exec() == 0) {
        insert(statements_.batch, row);
      }
      transaction.commit();
      return {};
    });
  }

  Result<void> replace_tiles(LogId log_id,
                             std::span<const TileRow> tiles,
                             bool unfreeze) override {
    return schema::guarded(path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(ledger_.db());
      auto done = put_tiles(ledger_.db(), log_id, tiles, unfreeze);
      if (done) {
        transaction.commit();
      }
      return done;
    });
  }

  Result<void> freeze_log(LogId log_id,
                          const std::string& why,
                          const std::string& shown_note) override {
    return schema::guarded(path_, [&]() -> Result<void> {
      // A note that was shown once stays: it says how far the tree went.
      SQLite::Statement to(ledger_.db(),
                           "UPDATE logs SET frozen = ?1, shown_note ="
                           " CASE ?2 WHEN '' THEN shown_note ELSE ?2 END"
                           " WHERE log_id = ?3");
      to.bind(1, why);
      to.bind(2, shown_note);
      to.bind(3, log_id);
      to.exec();
      return {};
    });
  }

  void checkpoint() override {
    ledger_.checkpoint();
    disclosures_.checkpoint();
  }

 private:
  std::filesystem::path path_;
  WriterDatabase ledger_;
  Statements statements_;  // must go before the connection
  std::filesystem::path disclosures_path_;
  WriterDatabase disclosures_;
};

}  // namespace

Result<std::unique_ptr<LedgerStore>> open_sqlite_ledger_store(
    const std::filesystem::path& store,
    const std::filesystem::path& disclosures) {
  auto ledger = WriterDatabase::open(store, schema::kLedgerId, false);
  if (!ledger) {
    return std::unexpected(ledger.error());
  }
  auto erasable =
      WriterDatabase::open(disclosures, schema::kDisclosuresId, false);
  if (!erasable) {
    return std::unexpected(erasable.error());
  }
  return schema::guarded(store, [&]() -> Result<std::unique_ptr<LedgerStore>> {
    upgrade(ledger->db());
    if (auto right = schema::require_version(
            ledger->db(), store, schema::kLedgerVersion);
        !right) {
      return std::unexpected(right.error());
    }
    if (auto right = schema::require_version(
            erasable->db(), disclosures, schema::kDisclosuresVersion);
        !right) {
      return std::unexpected(right.error());
    }
    return std::make_unique<SqliteLedgerStore>(
        store, *std::move(ledger), disclosures, *std::move(erasable));
  });
}

}  // namespace strongroom
