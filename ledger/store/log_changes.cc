// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/log_changes.h"

#include <algorithm>
#include <optional>

#include "ledger/store/schema.h"

namespace strongroom {
namespace {

using schema::bind_blob;
using schema::from_sql;
using schema::to_sql;

constexpr std::uint64_t kTile = 256;  // entries; as kTileWidth of core/log

struct LogState {
  Origin origin;
  bool closed = false;
  std::uint64_t pruned_to = 0;
  std::uint64_t size = 0;  // of all rows
};

Result<LogState> state_of(SQLite::Database& db, LogId log_id) {
  SQLite::Statement row(
      db,
      "SELECT origin, closed_at IS NOT NULL, pruned_to, coalesce((SELECT"
      " first_index + count + 1 FROM batches WHERE log_id = ?1"
      " ORDER BY first_index DESC LIMIT 1), 0) FROM logs WHERE log_id = ?1");
  row.bind(1, log_id);
  if (!row.executeStep()) {
    return fault("there is no log " + std::to_string(log_id));
  }
  const std::string text = row.getColumn(0).getString();
  const auto origin = Origin::parse(text);
  if (!origin) {
    return fault("\"" + text + "\" in table logs is no origin");
  }
  return LogState{*origin,
                  row.getColumn(1).getInt() != 0,
                  from_sql(row.getColumn(2).getInt64()),
                  from_sql(row.getColumn(3).getInt64())};
}

bool is_end_of_a_batch(SQLite::Database& db, LogId log_id, std::uint64_t end) {
  SQLite::Statement row(db,
                        "SELECT first_index + count + 1 FROM batches"
                        " WHERE log_id = ? AND first_index < ?"
                        " ORDER BY first_index DESC LIMIT 1");
  row.bind(1, log_id);
  row.bind(2, to_sql(end));
  return row.executeStep() && from_sql(row.getColumn(0).getInt64()) == end;
}

/// The tiles that hold the leaf hashes of [from, to).
bool has_leaf_tiles(SQLite::Database& db,
                    LogId log_id,
                    std::uint64_t from,
                    std::uint64_t to) {
  SQLite::Statement count(db,
                          "SELECT count(*) FROM tiles WHERE log_id = ?"
                          " AND level = 0 AND number >= ? AND number < ?");
  count.bind(1, log_id);
  count.bind(2, to_sql(from / kTile));
  count.bind(3, to_sql(to / kTile));
  return count.executeStep() &&
         from_sql(count.getColumn(0).getInt64()) == (to - from) / kTile;
}

/// How far this many batches from `from` on reach, in whole tiles: one at
/// least. Not beyond `to`.
std::uint64_t reach(SQLite::Database& db,
                    LogId log_id,
                    std::uint64_t from,
                    std::uint64_t to,
                    std::size_t max_batches) {
  SQLite::Statement rows(db,
                         "SELECT first_index + count + 1 FROM batches"
                         " WHERE log_id = ?1 AND first_index >= coalesce("
                         "(SELECT max(first_index) FROM batches"
                         " WHERE log_id = ?1 AND first_index <= ?2), 0)"
                         " AND first_index < ?3 ORDER BY first_index");
  rows.bind(1, log_id);
  rows.bind(2, to_sql(from));
  rows.bind(3, to_sql(to));
  std::uint64_t end = from;
  for (std::size_t batches = 1; rows.executeStep(); ++batches) {
    end = from_sql(rows.getColumn(0).getInt64());
    if (batches >= max_batches && end >= from + kTile) {
      break;
    }
  }
  return std::clamp(end - end % kTile, from, to);
}

/// The bundle with the first `pruned` entries gone: a length of zero, which no
/// entry has. Nothing when it does not hold so many.
std::optional<Bytes> without_first(ByteView bundle, std::uint64_t pruned) {
  Bytes left;
  for (; pruned > 0; --pruned) {
    const std::size_t size =
        bundle.size() < 2 ? SIZE_MAX : std::size_t{bundle[0]} * 256 + bundle[1];
    if (bundle.size() < 2 || size > bundle.size() - 2) {
      return std::nullopt;
    }
    left.insert(left.end(), {0, 0});
    bundle = bundle.subspan(2 + size);
  }
  append(left, bundle);
  return left;
}

/// The batch that goes on beyond `to` keeps the entries from there on.
Result<void> prune_across(SQLite::Database& db,
                          LogId log_id,
                          std::uint64_t to) {
  SQLite::Statement row(db,
                        std::string("SELECT first_index, entries FROM batches"
                                    " WHERE log_id = ?1 AND first_index < ?2"
                                    " AND first_index + count > ?2") +
                            schema::kNotOurOwn +
                            " ORDER BY first_index DESC LIMIT 1");
  row.bind(1, log_id);
  row.bind(2, to_sql(to));
  if (!row.executeStep()) {
    return {};
  }
  const std::uint64_t first = from_sql(row.getColumn(0).getInt64());
  const auto left =
      without_first(schema::blob_of(row.getColumn(1)), to - first);
  if (!left) {
    return fault("the batch at index " + std::to_string(first) +
                 " is damaged; nothing was pruned");
  }
  SQLite::Statement update(
      db,
      "UPDATE batches SET entries = ? WHERE log_id = ? AND first_index = ?");
  bind_blob(update, 1, *left);
  update.bind(2, log_id);
  update.bind(3, to_sql(first));
  update.exec();
  return {};
}

}  // namespace

Result<void> may_succeed(SQLite::Database& db,
                         LogId log_id,
                         std::uint64_t closed_at,
                         const Origin& successor) {
  const auto log = state_of(db, log_id);
  if (!log) {
    return std::unexpected(log.error());
  }
  const std::string name = log->origin.text();
  Origin next = log->origin;
  ++next.generation;
  if (log->closed) {
    return fault(name + " is closed already");
  }
  if (successor != next) {
    return fault(successor.text() + " cannot succeed " + name);
  }
  if (closed_at != 0 && !is_end_of_a_batch(db, log_id, closed_at)) {
    return fault("no batch of " + name + " ends at " +
                 std::to_string(closed_at));
  }
  return {};
}

void close_log(SQLite::Database& db,
               LogId log_id,
               std::uint64_t closed_at,
               const Origin& successor) {
  SQLite::Statement to(
      db,
      "UPDATE logs SET closed_at = ?1, frozen ="
      " CASE frozen WHEN '' THEN ?2 ELSE frozen END WHERE log_id = ?3");
  to.bind(1, to_sql(closed_at));
  to.bind(2, "succeeded by " + successor.text());
  to.bind(3, log_id);
  to.exec();
}

Result<std::uint64_t> prune_log(SQLite::Database& db,
                                LogId log_id,
                                std::uint64_t to_index,
                                std::size_t max_batches) {
  const auto log = state_of(db, log_id);
  if (!log) {
    return std::unexpected(log.error());
  }
  const std::string name = log->origin.text();
  if (log->origin.stream != Stream::kTelemetry) {
    return fault(name + " is kept for ever: only telemetry is pruned");
  }
  if (to_index % kTile != 0 || to_index > log->size) {
    return fault("index " + std::to_string(to_index) +
                 " is no end of a tile of " + name);
  }
  if (to_index <= log->pruned_to) {
    return log->pruned_to;
  }
  const std::uint64_t to =
      reach(db, log_id, log->pruned_to, to_index, max_batches);
  if (to == log->pruned_to) {
    return fault("the entries of " + name + " from index " +
                 std::to_string(to) +
                 " on are not all there; nothing was pruned");
  }
  if (!has_leaf_tiles(db, log_id, log->pruned_to, to)) {
    return fault("the tiles of " + name + " below " + std::to_string(to) +
                 " are not all there; nothing was pruned");
  }
  if (auto done = prune_across(db, log_id, to); !done) {
    return std::unexpected(done.error());
  }
  SQLite::Statement whole(
      db,
      std::string("UPDATE batches SET entries = x'' WHERE log_id = ?1"
                  " AND first_index >= coalesce((SELECT"
                  " max(first_index) FROM batches WHERE log_id = ?1"
                  " AND first_index <= ?2), 0)"
                  " AND first_index < ?3"
                  " AND first_index + count <= ?3") +
          schema::kNotOurOwn);
  whole.bind(1, log_id);
  whole.bind(2, to_sql(log->pruned_to));
  whole.bind(3, to_sql(to));
  whole.exec();
  SQLite::Statement mark(db, "UPDATE logs SET pruned_to = ? WHERE log_id = ?");
  mark.bind(1, to_sql(to));
  mark.bind(2, log_id);
  mark.exec();
  return to;
}

Result<void> put_tiles(SQLite::Database& db,
                       LogId log_id,
                       std::span<const TileRow> tiles,
                       bool unfreeze) {
  SQLite::Statement put(db,
                        "INSERT OR REPLACE INTO tiles"
                        " (log_id, level, number, hashes) VALUES (?, ?, ?, ?)");
  for (const TileRow& tile : tiles) {
    put.bind(1, log_id);
    put.bind(2, tile.level);
    put.bind(3, to_sql(tile.number));
    bind_blob(put, 4, tile.hashes);
    put.exec();
    put.reset();
  }
  if (!unfreeze) {
    return {};
  }
  SQLite::Statement sign(db,
                         "UPDATE logs SET frozen = '' WHERE log_id = ?"
                         " AND closed_at IS NULL AND shown_note = ''");
  sign.bind(1, log_id);
  return sign.exec() == 1
             ? Result<void>()
             : fault("log " + std::to_string(log_id) + " may not sign again");
}

}  // namespace strongroom
