// SPDX-License-Identifier: Apache-2.0
// The single writer: what it reads and compares before it writes.
#include "ledger/log/restore.h"
#include "ledger/log/writer_log.h"

namespace strongroom {
namespace {

constexpr const char* kRightGuard =
    "; nothing is signed: put the right guard back and start again, and if it "
    "is lost, see strongroom recover";

/// What stands on the disk is not what was signed there.
std::unexpected<Error> damage(const std::string& what) {
  return fault(what + kRepairFirst);
}

}  // namespace

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
  for (const GuardEntry& entry : *guarded) {
    const auto origin = Origin::parse(entry.origin);
    if (!origin || origin->ledger != ledger) {
      return fault(
          "the guard holds a checkpoint of " + entry.origin +
          ": it is not the guard of " + ledger +
          "; name the right file in [store] guard, nothing was signed");
    }
  }
  Notes notes;
  for (const GuardEntry& entry : *guarded) {
    notes[entry.origin] = entry.note;
  }
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(ledger), parts));
  const auto older = writer->put_back(*rows, notes);
  if (!older) {
    return std::unexpected(older.error());
  }
  for (const LogRow& row : *rows) {
    auto log = std::make_unique<Log>(row, parts.reader);
    const std::string origin = row.origin.text();
    if (auto done = writer->restore(*log, notes[origin], *older); !done) {
      return std::unexpected(done.error());
    }
    notes.erase(origin);
    writer->publish(*log);
    writer->logs_[row.log_id] = std::move(log);
  }
  writer->take_missing(notes);
  return writer;
}

/// Logs that the guard knows and the database does not.
void LogWriter::take_missing(const Notes& missing) {
  for (const auto& [origin, note] : missing) {
    missing_.push_back(origin);
    if (const auto parsed = Origin::parse(origin)) {
      auto gone = std::make_shared<PublishedLog>();
      gone->origin = *parsed;
      gone->frozen =
          "the guard knows this log, the database does not: it is "
          "an older copy; see strongroom recover";
      parts_.publication.put(std::move(gone));
    }
  }
}

/// Nothing unless it is of that log and under our own key.
std::optional<Checkpoint> LogWriter::own_checkpoint(
    const std::string& note, const Origin& origin) const {
  if (note.empty()) {
    return std::nullopt;
  }
  auto checkpoint = open_checkpoint(note, trust_);
  return checkpoint && checkpoint->origin == origin.text()
             ? std::optional(*std::move(checkpoint))
             : std::nullopt;
}

/// The guard takes each note before the database does: a database that knows a
/// newer one, or has entries that the guard never heard of, stands beside an
/// older copy of the guard, or a new one. What else that one has forgotten
/// nobody can say. Says why; empty: it was not put back.
Result<std::string> LogWriter::put_back(const std::vector<LogRow>& rows,
                                        const Notes& guarded) {
  for (const LogRow& row : rows) {
    if (row.closed_at) {
      continue;  // it never signs again, whatever the guard has forgotten
    }
    const auto note = parts_.reader.note(row.log_id);
    const auto entries = parts_.reader.log_size(row.log_id);
    if (!note || !entries) {
      return std::unexpected(note ? entries.error() : note.error());
    }
    const auto known = own_checkpoint(*note, row.origin);
    const auto entry = guarded.find(row.origin.text());
    const auto held = entry == guarded.end()
                          ? std::nullopt
                          : own_checkpoint(entry->second, row.origin);
    const std::string origin = row.origin.text();
    if (entry == guarded.end() && *entries > 0) {
      // The guard comes before the first entry.
      return "the guard knows nothing of " + origin + ", which has " +
             std::to_string(*entries) + " entries" + kRightGuard;
    }
    if (known && held && known->size > held->size) {
      return "the guard is an older copy: of " + origin + " it knows size " +
             std::to_string(held->size) + ", the database knows that " +
             std::to_string(known->size) + " was signed" + kRightGuard;
    }
  }
  return std::string();
}

Result<void> LogWriter::restore(Log& log,
                                const std::string& guarded_note,
                                const std::string& put_back) {
  if (log.closed_at) {
    return restore_closed(log, guarded_note);
  }
  if (!put_back.empty()) {
    // Not for good: with the right guard everything goes on.
    log.frozen = put_back;
  }
  if (auto right = verify_start(log, guarded_note); !right) {
    // Nothing of this log is served or signed: what is stored is not what was
    // signed. The database is left as it is, for fsck and recovery.
    log.frozen = right.error().what;
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
/// frozen for them. They say what to do.
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
                   std::to_string(*size) + " entries" + kWayOut);
    }
    log.checkpoint = {origin, 0, empty_root()};
    return {};
  }
  const auto held = open_checkpoint(guarded_note, trust_);
  if (!held || held->origin != origin) {
    return fault("the guard's checkpoint is not one of ours: " +
                 (held ? "it is of " + held->origin : held.error().what) +
                 kWayOut);
  }
  if (*size < held->size) {
    return fault("the database has " + std::to_string(*size) + " entries, " +
                 std::to_string(held->size) +
                 " were signed: it is an older copy" + kWayOut);
  }
  auto edge = restore_edge(parts_.reader, log.id, held->size);
  if (!edge) {
    return damage(edge.error().what);
  }
  if (edge->root() != held->root) {
    return damage("the tree of the " + std::to_string(held->size) +
                  " signed entries has another root than was signed");
  }
  if (log.frozen.empty()) {
    // What a frozen log has beyond its checkpoint will never be signed.
    if (auto replayed = replay_entries(parts_.reader, log.id, *edge);
        !replayed) {
      return damage(replayed.error().what);
    }
  }
  log.edge = *std::move(edge);
  log.verified = CompactTree(log.edge.size(), log.edge.subtree_roots());
  log.checkpoint = *held;
  log.note = guarded_note;
  return {};
}

/// The newest note that the part that is kept matches: the guard's, or the one
/// that the database holds itself. None, or a damaged tree: nothing of the log
/// can be served.
Result<void> LogWriter::restore_closed(Log& log,
                                       const std::string& guarded_note) {
  const auto stored = parts_.reader.note(log.id);
  if (!stored) {
    return std::unexpected(stored.error());
  }
  for (const std::string& note : {guarded_note, *stored}) {
    const auto held = own_checkpoint(note, log.origin);
    if (!held || held->size > *log.closed_at ||
        (!log.note.empty() && held->size <= log.checkpoint.size)) {
      continue;
    }
    auto edge = restore_edge(parts_.reader, log.id, held->size);
    if (edge && edge->root() == held->root) {
      log.edge = *std::move(edge);
      log.checkpoint = *held;
      log.note = note;
    }
  }
  return {};
}

}  // namespace strongroom
