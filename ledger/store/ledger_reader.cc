// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/ledger_reader.h"

#include <algorithm>

#include "ledger/store/schema.h"

namespace strongroom {

using schema::array_of;
using schema::bytes_of;
using schema::from_sql;
using schema::to_sql;

namespace {

// pruned_to in the same statement: row and mark are of one transaction.
constexpr const char* kBatchColumns =
    "SELECT log_id, first_index, count, source, epoch, first_seq, header,"
    " (SELECT pruned_to FROM logs WHERE logs.log_id = batches.log_id)";

// Rows beyond the end of a closed log are no part of it.
constexpr const char* kWithinTheLog =
    " AND first_index < coalesce((SELECT closed_at FROM logs"
    " WHERE logs.log_id = batches.log_id), 9223372036854775807)";

/// Puts a statement back for the next use, whatever happens to this one: an
/// open read transaction would hold back the writer's checkpoints.
class Use {
 public:
  explicit Use(SQLite::Statement& statement) : statement_(statement) {}
  ~Use() { statement_.tryReset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  SQLite::Statement* operator->() { return &statement_; }

 private:
  SQLite::Statement& statement_;
};

BatchRow batch_of(SQLite::Statement& row, bool with_entries) {
  BatchRow batch;
  batch.log_id = row.getColumn(0).getInt64();
  batch.first_index = from_sql(row.getColumn(1).getInt64());
  batch.count = row.getColumn(2).getUInt();
  batch.source = row.getColumn(3).getString();
  batch.epoch = from_sql(row.getColumn(4).getInt64());
  batch.first_seq = from_sql(row.getColumn(5).getInt64());
  batch.header = bytes_of(row.getColumn(6));
  const std::uint64_t pruned_to = from_sql(row.getColumn(7).getInt64());
  const bool our_own =
      batch.source.starts_with(std::string(kConsoleAgent) + "@");
  if (pruned_to > batch.first_index && !our_own) {
    batch.pruned = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(pruned_to - batch.first_index, batch.count));
  }
  if (with_entries) {
    batch.entries = bytes_of(row.getColumn(8));
  }
  return batch;
}

}  // namespace

struct LedgerReader::State {
  State(std::filesystem::path file, std::unique_ptr<SQLite::Database> database)
      : path(std::move(file)),
        db(std::move(database)),
        size(*db,
             "SELECT coalesce((SELECT closed_at FROM logs"
             " WHERE log_id = ?1), (SELECT first_index + count + 1"
             " FROM batches WHERE log_id = ?1"
             " ORDER BY first_index DESC LIMIT 1), 0)"),
        tile(*db,
             "SELECT hashes FROM tiles"
             " WHERE log_id = ? AND level = ? AND number = ?"),
        batch_at(*db,
                 std::string(kBatchColumns) +
                     ", entries FROM batches"
                     " WHERE log_id = ? AND first_index <= ?" +
                     kWithinTheLog + " ORDER BY first_index DESC LIMIT 1"),
        batch_before(*db,
                     std::string(kBatchColumns) +
                         " FROM batches WHERE log_id = ? AND source = ?"
                         " AND epoch = ? AND first_seq <= ?" +
                         kWithinTheLog + " ORDER BY first_seq DESC LIMIT 1"),
        scan(*db,
             std::string(kBatchColumns) +
                 ", entries FROM batches WHERE log_id = ?1"
                 " AND first_index >= coalesce((SELECT max(first_index)"
                 " FROM batches WHERE log_id = ?1 AND first_index <= ?2),"
                 " 0) AND first_index + count >= ?2" +
                 kWithinTheLog + " ORDER BY first_index") {}

  std::filesystem::path path;
  std::unique_ptr<SQLite::Database> db;
  SQLite::Statement size;
  SQLite::Statement tile;
  SQLite::Statement batch_at;
  SQLite::Statement batch_before;
  SQLite::Statement scan;
};

LedgerReader::LedgerReader(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
LedgerReader::~LedgerReader() = default;

Result<std::unique_ptr<LedgerReader>> LedgerReader::open(
    const std::filesystem::path& store) {
  auto db = open_reader(store, schema::kLedgerId);
  if (!db) {
    return std::unexpected(db.error());
  }
  return schema::guarded(store, [&]() -> Result<std::unique_ptr<LedgerReader>> {
    if (auto right =
            schema::require_version(**db, store, schema::kLedgerVersion);
        !right) {
      return std::unexpected(right.error());
    }
    return std::unique_ptr<LedgerReader>(
        new LedgerReader(std::make_unique<State>(store, *std::move(db))));
  });
}

Result<void> LedgerReader::hold_snapshot() {
  return schema::guarded(state_->path, [&]() -> Result<void> {
    state_->db->exec("BEGIN");
    // A transaction sees the database as of its first read.
    state_->db->execAndGet("SELECT count(*) FROM logs");
    return {};
  });
}

Result<std::string> LedgerReader::note(LogId log_id) {
  return schema::guarded(state_->path, [&]() -> Result<std::string> {
    SQLite::Statement row(*state_->db,
                          "SELECT note FROM notes WHERE log_id = ?");
    row.bind(1, log_id);
    return row.executeStep() ? row.getColumn(0).getString() : std::string();
  });
}

Result<std::string> LedgerReader::ledger_name() {
  return schema::guarded(state_->path, [&]() -> Result<std::string> {
    return state_->db->execAndGet("SELECT name FROM ledger").getString();
  });
}

Result<std::vector<LogRow>> LedgerReader::logs() {
  return schema::guarded(state_->path, [&]() -> Result<std::vector<LogRow>> {
    std::vector<LogRow> logs;
    SQLite::Statement rows(
        *state_->db,
        "SELECT log_id, origin, frozen, closed_at, pruned_to, shown_note"
        " FROM logs ORDER BY log_id");
    while (rows.executeStep()) {
      const std::string text = rows.getColumn(1).getString();
      const auto origin = Origin::parse(text);
      if (!origin) {
        return fault(state_->path.string() + ": \"" + text +
                     "\" in table logs is no origin");
      }
      LogRow log{.log_id = rows.getColumn(0).getInt64(),
                 .origin = *origin,
                 .frozen = rows.getColumn(2).getString(),
                 .pruned_to = from_sql(rows.getColumn(4).getInt64()),
                 .shown_note = rows.getColumn(5).getString()};
      if (!rows.getColumn(3).isNull()) {
        log.closed_at = from_sql(rows.getColumn(3).getInt64());
      }
      logs.push_back(std::move(log));
    }
    return logs;
  });
}

Result<std::uint64_t> LedgerReader::log_size(LogId log_id) {
  return schema::guarded(state_->path, [&]() -> Result<std::uint64_t> {
    Use use(state_->size);
    use->bind(1, log_id);
    return use->executeStep() ? from_sql(use->getColumn(0).getInt64()) : 0;
  });
}

Result<std::optional<Bytes>> LedgerReader::tile(LogId log_id,
                                                int level,
                                                std::uint64_t number) {
  return schema::guarded(state_->path, [&]() -> Result<std::optional<Bytes>> {
    Use use(state_->tile);
    use->bind(1, log_id);
    use->bind(2, level);
    use->bind(3, to_sql(number));
    if (!use->executeStep()) {
      return std::nullopt;
    }
    return bytes_of(use->getColumn(0));
  });
}

Result<std::optional<BatchRow>> LedgerReader::batch_at(LogId log_id,
                                                       std::uint64_t index) {
  return schema::guarded(state_->path,
                         [&]() -> Result<std::optional<BatchRow>> {
                           Use use(state_->batch_at);
                           use->bind(1, log_id);
                           use->bind(2, to_sql(index));
                           if (!use->executeStep()) {
                             return std::nullopt;
                           }
                           BatchRow row = batch_of(state_->batch_at, true);
                           if (row.end_index() <= index) {
                             return std::nullopt;
                           }
                           return row;
                         });
}

Result<std::optional<BatchRow>> LedgerReader::batch_before(
    LogId log_id,
    const std::string& source,
    std::uint64_t epoch,
    std::uint64_t seq) {
  return schema::guarded(state_->path,
                         [&]() -> Result<std::optional<BatchRow>> {
                           Use use(state_->batch_before);
                           use->bind(1, log_id);
                           use->bind(2, source);
                           use->bind(3, to_sql(epoch));
                           use->bind(4, to_sql(seq));
                           if (!use->executeStep()) {
                             return std::nullopt;
                           }
                           return batch_of(state_->batch_before, false);
                         });
}

Result<void> LedgerReader::scan(LogId log_id,
                                std::uint64_t from_index,
                                const EachBatch& each) {
  return schema::guarded(state_->path, [&]() -> Result<void> {
    Use use(state_->scan);
    use->bind(1, log_id);
    use->bind(2, to_sql(from_index));
    while (use->executeStep()) {
      if (!each(batch_of(state_->scan, true))) {
        break;
      }
    }
    return {};
  });
}

Result<void> LedgerReader::scan_tiles(LogId log_id, const EachTile& each) {
  return schema::guarded(state_->path, [&]() -> Result<void> {
    SQLite::Statement rows(*state_->db,
                           "SELECT level, number, hashes FROM tiles"
                           " WHERE log_id = ? ORDER BY level, number");
    rows.bind(1, log_id);
    while (rows.executeStep()) {
      if (!each({log_id,
                 rows.getColumn(0).getInt(),
                 from_sql(rows.getColumn(1).getInt64()),
                 bytes_of(rows.getColumn(2))})) {
        break;
      }
    }
    return {};
  });
}

Result<std::vector<ChainRow>> LedgerReader::chains() {
  return schema::guarded(state_->path, [&]() -> Result<std::vector<ChainRow>> {
    std::vector<ChainRow> chains;
    SQLite::Statement rows(
        *state_->db,
        "SELECT log_id, source, epoch, next_seq, head, acked_size,"
        " newest_header, key, closed FROM chains");
    while (rows.executeStep()) {
      ChainRow row;
      row.log_id = rows.getColumn(0).getInt64();
      row.source = rows.getColumn(1).getString();
      row.epoch = from_sql(rows.getColumn(2).getInt64());
      row.next_seq = from_sql(rows.getColumn(3).getInt64());
      row.head = array_of<32>(rows.getColumn(4));
      row.acked_size = from_sql(rows.getColumn(5).getInt64());
      row.newest_header = bytes_of(rows.getColumn(6));
      row.key = array_of<32>(rows.getColumn(7));
      row.closed = rows.getColumn(8).getInt() != 0;
      chains.push_back(std::move(row));
    }
    return chains;
  });
}

Result<std::vector<LossRow>> LedgerReader::losses() {
  return schema::guarded(state_->path, [&]() -> Result<std::vector<LossRow>> {
    std::vector<LossRow> losses;
    SQLite::Statement rows(
        *state_->db,
        "SELECT log_id, source, epoch, from_seq, to_seq, before_from,"
        " of_to FROM losses ORDER BY log_id, source, epoch, from_seq");
    while (rows.executeStep()) {
      losses.push_back({rows.getColumn(0).getInt64(),
                        rows.getColumn(1).getString(),
                        from_sql(rows.getColumn(2).getInt64()),
                        from_sql(rows.getColumn(3).getInt64()),
                        from_sql(rows.getColumn(4).getInt64()),
                        array_of<32>(rows.getColumn(5)),
                        array_of<32>(rows.getColumn(6))});
    }
    return losses;
  });
}

Result<std::vector<FindingRow>> LedgerReader::findings(LogId log_id,
                                                       std::size_t limit) {
  return schema::guarded(
      state_->path, [&]() -> Result<std::vector<FindingRow>> {
        std::vector<FindingRow> findings;
        SQLite::Statement rows(
            *state_->db,
            "SELECT entry_index FROM findings WHERE log_id = ?1"
            " AND entry_index < coalesce((SELECT closed_at FROM logs"
            " WHERE log_id = ?1), 9223372036854775807)"
            " ORDER BY entry_index DESC LIMIT ?2");
        rows.bind(1, log_id);
        rows.bind(2, static_cast<std::int64_t>(limit));
        while (rows.executeStep()) {
          findings.push_back({log_id, from_sql(rows.getColumn(0).getInt64())});
        }
        std::reverse(findings.begin(), findings.end());
        return findings;
      });
}

Result<std::vector<DeviceRow>> LedgerReader::devices() {
  return schema::guarded(state_->path, [&]() -> Result<std::vector<DeviceRow>> {
    std::vector<DeviceRow> devices;
    SQLite::Statement rows(
        *state_->db,
        "SELECT log_id, source, device, part, entry_index FROM devices"
        " WHERE entry_index < coalesce((SELECT closed_at FROM logs"
        " WHERE logs.log_id = devices.log_id), 9223372036854775807)"
        " ORDER BY log_id, entry_index");
    while (rows.executeStep()) {
      devices.push_back({rows.getColumn(0).getInt64(),
                         rows.getColumn(1).getString(),
                         rows.getColumn(2).getString(),
                         rows.getColumn(3).getString(),
                         from_sql(rows.getColumn(4).getInt64())});
    }
    return devices;
  });
}

}  // namespace strongroom
