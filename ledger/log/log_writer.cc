// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/log_writer.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/log/entry.h"
#include "ledger/log/repair_tiles.h"
#include "ledger/log/stored_entries.h"
#include "ledger/log/writer_log.h"

namespace strongroom {

Result<LogId> LogWriter::add_log(const Origin& origin) {
  check(!staged(), "a log is added between two commits");
  if (std::ranges::find(missing_, origin.text()) != missing_.end()) {
    return fault("the guard holds a checkpoint of " + origin.text() +
                 ", which the database does not have: it is an older copy");
  }
  const auto id = parts_.store.add_log(origin);
  if (!id) {
    return std::unexpected(id.error());
  }
  auto log = std::make_unique<Log>(LogRow{*id, origin, ""}, parts_.reader);
  if (auto signed_empty = sign({log.get()}); !signed_empty) {
    return std::unexpected(signed_empty.error());
  }
  publish(*log);
  logs_[*id] = std::move(log);
  return *id;
}

Result<LogId> LogWriter::succeed(LogId log_id,
                                 std::uint64_t closed_at,
                                 std::vector<ChainRow> chains,
                                 std::vector<LossRow> losses) {
  check(!staged(), "a log is succeeded between two commits");
  Origin next = at(log_id).origin;
  ++next.generation;
  const auto id = parts_.store.succeed_log(
      log_id, closed_at, next, std::move(chains), std::move(losses));
  if (!id) {
    return std::unexpected(id.error());
  }
  // What was in memory of the old one may lie beyond its end.
  const Log& open = at(log_id);
  auto closed = std::make_unique<Log>(
      LogRow{.log_id = log_id,
             .origin = open.origin,
             .frozen = open.frozen.empty() ? "succeeded by " + next.text()
                                           : open.frozen,
             .closed_at = closed_at,
             .pruned_to = open.pruned_to},
      parts_.reader);
  if (auto done = restore_closed(*closed, open.note); !done) {
    return std::unexpected(done.error());
  }
  publish(*closed);
  logs_[log_id] = std::move(closed);
  auto log = std::make_unique<Log>(LogRow{.log_id = *id, .origin = next},
                                   parts_.reader);
  if (auto signed_empty = sign({log.get()}); !signed_empty) {
    return std::unexpected(signed_empty.error());
  }
  publish(*log);
  logs_[*id] = std::move(log);
  return *id;
}

bool LogWriter::awaits_succession(LogId log_id) const {
  const Log& log = at(log_id);
  return log.origin.generation > 1 && log.edge.size() == 0;
}

std::uint64_t LogWriter::append(LogId log_id, const NewBatch& batch) {
  Log& log = at(log_id);
  check(log.frozen.empty(), "a frozen log takes no entry");
  BatchRow row{.log_id = log_id,
               .first_index = log.edge.size(),
               .count = static_cast<std::uint32_t>(batch.events.size()),
               .source = batch.source,
               .epoch = batch.epoch,
               .first_seq = batch.first_seq,
               .header = batch.header_entry};
  std::size_t bytes = 0;
  for (const ByteView event : batch.events) {
    bytes += event.size() + 3;
  }
  row.entries.reserve(bytes);
  for (const ByteView event : batch.events) {
    const std::size_t entry = event.size() + 1;
    row.entries.push_back(static_cast<std::uint8_t>(entry >> 8U));
    row.entries.push_back(static_cast<std::uint8_t>(entry & 0xffU));
    row.entries.push_back(static_cast<std::uint8_t>(EntryType::kEvent));
    strongroom::append(row.entries, event);
  }
  std::vector<FullTile> full;
  const auto grow = [&](const Hash& leaf) {
    log.edge.append(leaf, full);
    log.staged.push_back(leaf);
  };
  std::ranges::for_each(batch.leaves, grow);
  grow(leaf_hash(row.header));
  for (FullTile& tile : full) {
    rows_.tiles.push_back(
        {log_id, tile.level, tile.number, tile.nodes->bytes(kTileWidth)});
    log.cache.put({tile.level, tile.number}, std::move(tile.nodes));
  }
  const std::uint64_t first = row.first_index;
  rows_.batches.push_back(std::move(row));
  return first;
}

Result<void> LogWriter::commit() {
  if (!staged()) {
    return {};
  }
  if (!disclosures_.empty()) {
    if (auto done = parts_.store.commit_disclosures(disclosures_); !done) {
      return done;
    }
  }
  for (const auto& [id, log] : logs_) {
    if (!log->staged.empty()) {
      rows_.notes.push_back({id, log->note});
    }
  }
  if (auto done = parts_.store.commit(rows_); !done) {
    return done;
  }
  std::vector<Log*> changed;
  for (const auto& [id, log] : logs_) {
    if (log->staged.empty()) {
      continue;
    }
    const auto same = reads_back(*log);
    if (!same) {
      return std::unexpected(same.error());
    }
    if (*same) {
      changed.push_back(log.get());
    }
  }
  rows_ = {};
  disclosures_.clear();
  if (auto done = sign(changed); !done) {
    return done;
  }
  for (Log* log : changed) {
    log->staged.clear();
    publish(*log);
  }
  return {};
}

/// Step 3. False: the log is frozen.
Result<bool> LogWriter::reads_back(Log& log) {
  std::string wrong;
  const std::uint64_t begin = log.checkpoint.size;
  auto scanned = parts_.reader.scan(log.id, begin, [&](const BatchRow& row) {
    const auto leaves = leaves_of(row);
    if (!leaves) {
      wrong = leaves.error().what;
      return false;
    }
    for (const Hash& leaf : *leaves) {
      const std::uint64_t at = log.verified.size() - begin;
      if (at >= log.staged.size() || log.staged[at] != leaf) {
        wrong = "index " + std::to_string(begin + at) +
                " does not read back as it was written";
        return false;
      }
      log.verified.append(leaf);
    }
    return true;
  });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  if (wrong.empty() && (log.verified.size() != log.edge.size() ||
                        log.verified.root() != log.edge.root())) {
    wrong = "the entries that were read back hash to another root";
  }
  for (const TileRow& tile : rows_.tiles) {
    if (!wrong.empty() || tile.log_id != log.id) {
      continue;
    }
    const auto stored = parts_.reader.tile(log.id, tile.level, tile.number);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    if (*stored != tile.hashes) {
      wrong = TileId{tile.level, tile.number, kTileWidth}.path() +
              " does not read back as it was written";
    }
  }
  if (wrong.empty()) {
    return true;
  }
  if (auto done = freeze(log.id, wrong); !done) {
    return std::unexpected(done.error());
  }
  return false;
}

/// Steps 4 and 5.
Result<void> LogWriter::sign(const std::vector<Log*>& logs) {
  std::vector<GuardSwap> swaps;
  std::vector<Checkpoint> checkpoints;
  for (const Log* log : logs) {
    check(log->frozen.empty() && !log->closed_at, "a frozen log never signs");
    checkpoints.push_back(
        {log->origin.text(), log->edge.size(), log->edge.root()});
    swaps.push_back({log->origin.text(),
                     log->note,
                     sign_checkpoint(checkpoints.back(), parts_.signer)});
  }
  if (swaps.empty()) {
    return {};
  }
  if (auto done = parts_.guard.swap(swaps); !done) {
    return fault("the guard did not take the checkpoint: " + done.error().what +
                 "; nothing is signed or acknowledged without it. Put right "
                 "what is wrong with it and start again: what was committed is "
                 "signed then");
  }
  for (std::size_t i = 0; i < logs.size(); ++i) {
    logs[i]->checkpoint = std::move(checkpoints[i]);
    logs[i]->note = std::move(swaps[i].note);
  }
  return {};
}

void LogWriter::publish(Log& log) {
  auto published = std::make_shared<PublishedLog>();
  published->log_id = log.id;
  published->origin = log.origin;
  published->frozen = log.frozen;
  published->closed_at = log.closed_at;
  published->pruned_to = log.pruned_to;
  published->checkpoint = log.checkpoint;
  published->note = log.note;
  published->edge = log.edge;
  parts_.publication.put(std::move(published));
}

Result<void> LogWriter::freeze(LogId log_id,
                               const std::string& why,
                               const std::string& shown_note) {
  Log& log = at(log_id);
  if (!log.frozen.empty()) {
    return {};
  }
  log.frozen = why + (is_of_a_damaged_tile(why) ? kRepairFirst : kWayOut);
  // What is staged and not committed is never written: rows of this log would
  // be entries that nobody may sign.
  const auto of_log = [log_id](const auto& row) {
    return row.log_id == log_id;
  };
  std::erase_if(rows_.batches, of_log);
  std::erase_if(rows_.tiles, of_log);
  std::erase_if(rows_.chains, of_log);
  std::erase_if(rows_.losses, of_log);
  std::erase_if(rows_.findings, of_log);
  std::erase_if(rows_.devices, of_log);
  std::erase_if(rows_.notes, of_log);
  std::erase_if(disclosures_, of_log);
  log.staged.clear();
  const auto before = parts_.publication.find(log.origin);
  if (before != nullptr) {
    // What was signed stays served: the edge in memory may be ahead of it.
    auto published = std::make_shared<PublishedLog>(*before);
    published->frozen = log.frozen;
    parts_.publication.put(std::move(published));
  }
  if (on_freeze_) {
    on_freeze_(log_id, log.frozen);
  }
  return parts_.store.freeze_log(log_id, log.frozen, shown_note);
}

std::optional<LogId> LogWriter::find(const std::string& site,
                                     Stream stream) const {
  // The newest generation is the one that is written.
  std::optional<LogId> newest;
  std::uint32_t generation = 0;
  for (const auto& [id, log] : logs_) {
    if (log->origin.site == site && log->origin.stream == stream &&
        log->origin.generation > generation) {
      generation = log->origin.generation;
      newest = id;
    }
  }
  return newest;
}

std::vector<LogId> LogWriter::ids() const {
  std::vector<LogId> ids;
  for (const auto& [id, log] : logs_) {
    ids.push_back(id);
  }
  return ids;
}

LogWriter::Log& LogWriter::at(LogId log_id) const {
  const auto found = logs_.find(log_id);
  check(found != logs_.end(), "no such log");
  return *found->second;
}

const Origin& LogWriter::origin(LogId log_id) const {
  return at(log_id).origin;
}
const std::string& LogWriter::frozen(LogId log_id) const {
  return at(log_id).frozen;
}
std::optional<std::uint64_t> LogWriter::closed_at(LogId log_id) const {
  return at(log_id).closed_at;
}
std::uint64_t LogWriter::pruned_to(LogId log_id) const {
  return at(log_id).pruned_to;
}
std::uint64_t LogWriter::size(LogId log_id) const {
  return at(log_id).edge.size();
}
const Checkpoint& LogWriter::signed_checkpoint(LogId log_id) const {
  return at(log_id).checkpoint;
}
const std::string& LogWriter::note(LogId log_id) const {
  return at(log_id).note;
}
Subtrees& LogWriter::subtrees(LogId log_id) {
  return at(log_id).subtrees;
}

}  // namespace strongroom
