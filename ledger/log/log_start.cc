// SPDX-License-Identifier: Apache-2.0
// The single writer: what it reads and compares before it writes.
#include "ledger/log/restore.h"
#include "ledger/log/writer_log.h"

namespace strongroom {

LogWriter::LogWriter(std::string ledger, Parts parts)
    : ledger_(std::move(ledger)),
      parts_(parts),
      trust_{ledger_, {parts.signer.public_key()}} {}
LogWriter::~LogWriter() = default;

Result<std::unique_ptr<LogWriter>> LogWriter::open(std::string ledger,
                                                   Parts parts) {
  const auto rows = parts.reader.logs();
  const auto guarded = parts.guard.entries();
  if (!rows || !guarded) {
    return std::unexpected(rows ? guarded.error() : rows.error());
  }
  std::map<std::string, std::string> notes;
  for (const GuardEntry& entry : *guarded) {
    notes[entry.origin] = entry.note;
  }
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(ledger), parts));
  for (const LogRow& row : *rows) {
    auto log = std::make_unique<Log>(row, parts.reader);
    const std::string origin = row.origin.text();
    const auto held = notes.find(origin);
    if (auto done = writer->restore(
            *log, held == notes.end() ? std::string() : held->second);
        !done) {
      return std::unexpected(done.error());
    }
    notes.erase(origin);
    writer->publish(*log);
    writer->logs_[row.log_id] = std::move(log);
  }
  for (const auto& [origin, note] : notes) {
    writer->missing_.push_back(origin);
    if (const auto parsed = Origin::parse(origin)) {
      auto gone = std::make_shared<PublishedLog>();
      gone->origin = *parsed;
      gone->frozen =
          "the guard knows this log, the database does not: it is "
          "an older copy; see strongroom recover";
      parts.publication.put(std::move(gone));
    }
  }
  return writer;
}

Result<void> LogWriter::restore(Log& log, const std::string& guarded_note) {
  log.note.clear();
  if (auto right = verify_start(log, guarded_note); !right) {
    // Nothing of this log is served or signed: what is stored is not what was
    // signed. The database is left as it is, for fsck and recovery.
    log.frozen = right.error().what + kWayOut;
    log.note.clear();
    return {};
  }
  if (log.frozen.empty() &&
      (log.note.empty() || log.edge.size() > log.checkpoint.size)) {
    return sign({&log});
  }
  return {};
}

/// Compares the database with the guard. Faults are contradictions: the log is
/// frozen for them.
Result<void> LogWriter::verify_start(Log& log,
                                     const std::string& guarded_note) {
  const std::string origin = log.origin.text();
  const auto size = parts_.reader.log_size(log.id);
  if (!size) {
    return std::unexpected(size.error());
  }
  if (guarded_note.empty()) {
    // Only a log whose first checkpoint is still to be signed: there, the
    // guard comes before the first entry.
    if (*size != 0) {
      return fault("the guard knows nothing of this log, which has " +
                   std::to_string(*size) + " entries");
    }
    log.checkpoint = {origin, 0, empty_root()};
    return {};
  }
  const auto held = open_checkpoint(guarded_note, trust_);
  if (!held || held->origin != origin) {
    return fault("the guard's checkpoint is not one of ours: " +
                 (held ? "it is of " + held->origin : held.error().what));
  }
  if (*size < held->size) {
    return fault("the database has " + std::to_string(*size) + " entries, " +
                 std::to_string(held->size) +
                 " were signed: it is an older copy");
  }
  auto edge = restore_edge(parts_.reader, log.id, held->size);
  if (!edge) {
    return std::unexpected(edge.error());
  }
  if (edge->root() != held->root) {
    return fault("the tree of the " + std::to_string(held->size) +
                 " signed entries has another root than was signed");
  }
  if (auto replayed = replay_entries(parts_.reader, log.id, *edge); !replayed) {
    return replayed;
  }
  log.edge = *std::move(edge);
  log.verified = CompactTree(log.edge.size(), log.edge.subtree_roots());
  log.checkpoint = *held;
  log.note = guarded_note;
  return {};
}

}  // namespace strongroom
