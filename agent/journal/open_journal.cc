// SPDX-License-Identifier: Apache-2.0
// The start: what is whole goes on, what is not is set aside with its bytes.
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <sqlite3.h>
#include <system_error>
#include <unistd.h>

#include "agent/journal/checker.h"
#include "agent/journal/columns.h"
#include "agent/journal/sqlite_journal.h"
#include "core/event/event.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using journal_rows::Mark;
using journal_rows::row_hash;

constexpr std::array<const char*, 3> kSuffixes = {"", "-wal", "-shm"};

fs::path with_suffix(fs::path path, std::string_view suffix) {
  path += suffix;
  return path;
}

std::string time_suffix(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{seconds - day};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()),
                     time.hours().count(),
                     time.minutes().count(),
                     time.seconds().count());
}

// Renames the file, its WAL and its shared memory, whichever are there; the
// name that they got, without suffix. All three keep fitting together, so that
// what is left of them can still be read.
Result<fs::path> set_aside(const fs::path& path, WallTime now) {
  const std::string base = path.string() + ".set-aside-" + time_suffix(now);
  fs::path target = base;
  for (int attempt = 2;
       fs::exists(target) || fs::exists(with_suffix(target, "-wal"));
       ++attempt) {
    target = fmt::format("{}-{}", base, attempt);
  }
  for (const char* suffix : kSuffixes) {
    const fs::path from = with_suffix(path, suffix);
    std::error_code error;
    if (!fs::exists(from, error)) {
      continue;
    }
    fs::rename(from, with_suffix(target, suffix), error);
    if (error) {
      return fault(fmt::format(
          "{}: cannot be set aside: {}", from.string(), error.message()));
    }
  }
  return target;
}

void add_meta(SQLite::Database& db,
              const std::string& key,
              const std::string& value) {
  SQLite::Statement insert(db, "INSERT INTO meta VALUES (?, ?, ?)");
  const Hash hash = row_hash(key, value);
  insert.bind(1, key);
  insert.bind(2, value);
  insert.bind(3, hash.data(), static_cast<int>(hash.size()));
  insert.exec();
}

void create_tables(SQLite::Database& db,
                   const Source& source,
                   strongroom_v1_EpochReason because,
                   const std::string& aside) {
  SQLite::Transaction transaction(db);
  db.exec(std::string(journal_rows::schema()));
  add_meta(db, "source", source.text());
  add_meta(db, "opened_because", std::to_string(static_cast<int>(because)));
  add_meta(db, "set_aside", aside);
  for (const Stream stream : kAgentStreams) {
    Mark mark;
    mark.stream = stream;
    const Hash hash = row_hash(mark);
    SQLite::Statement insert(
        db, "INSERT INTO streams VALUES (?, 0, ?, 0, 0, 0, 0, 0, ?)");
    insert.bind(1, static_cast<int>(stream));
    insert.bind(2, mark.tail_hash.data(), static_cast<int>(hash.size()));
    insert.bind(3, hash.data(), static_cast<int>(hash.size()));
    insert.exec();
  }
  set_schema_version(db, journal_rows::kSchemaVersion);
  transaction.commit();
}

bool has_tables(SQLite::Database& db) {
  return db.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() > 0;
}

// The first event that will be read again: owed, or not salvaged yet; at least
// the newest.
Position first_needed(const StreamLayout& layout, Position owed) {
  Position from = std::min(owed, layout.tail);
  for (const EpochRow& epoch : layout.epochs) {
    if (epoch.stopped_at != 0 && epoch.salvaged_to < layout.epoch_end(epoch)) {
      from = std::min(from, std::max(epoch.stopped_at, epoch.salvaged_to + 1));
    }
  }
  return from;
}

// What a start must know to be whole: every row but the delivered events.
FlawOr<JournalContents> check_start(SQLite::Database& db) {
  auto contents = load_contents(db);
  if (!contents) {
    return contents;
  }
  for (const Stream stream : kAgentStreams) {
    const Mark& mark = contents->marks[slot_of(stream)];
    const Position owed = mark.delivered + 1;
    if (mark.tail == 0) {
      continue;
    }
    const Position from = first_needed(contents->layout(stream), owed);
    if (auto events = check_events(db, *contents, stream, from); !events) {
      return std::unexpected(events.error());
    }
    const BatchCheck check{true, {}};
    if (auto batches = check_batches(db, *contents, stream, owed, check);
        !batches) {
      return std::unexpected(batches.error());
    }
  }
  if (auto losses = check_losses(db, *contents); !losses) {
    return std::unexpected(losses.error());
  }
  return contents;
}

WallTime recorded_at(SQLite::Database& db, Stream stream, Position position) {
  SQLite::Statement query(db,
                          fmt::format("SELECT event FROM {} WHERE position = ?",
                                      journal_rows::event_table(stream)));
  query.bind(1, static_cast<std::int64_t>(position));
  if (!query.executeStep()) {
    return {};
  }
  const auto event = decode_event(journal_columns::blob(query.getColumn(0)));
  return event ? WallTime(std::chrono::microseconds(event->recorded_us))
               : WallTime{};
}

Position last_cut(SQLite::Database& db, Stream stream) {
  SQLite::Statement query(
      db,
      "SELECT first_position + count - 1 FROM batches WHERE stream = ? ORDER "
      "BY first_position DESC LIMIT 1");
  query.bind(1, static_cast<int>(stream));
  return query.executeStep() ? journal_columns::number(query.getColumn(0)) : 0;
}

JournalState state_of(SQLite::Database& db, const JournalContents& contents) {
  JournalState state;
  for (const Stream stream : kAgentStreams) {
    const std::size_t slot = slot_of(stream);
    const Mark& mark = contents.marks[slot];
    StreamState& out = state.streams[slot];
    out.epochs = contents.layouts[slot].epochs;
    out.tail = mark.tail;
    out.tail_hash = mark.tail_hash;
    out.tail_recorded = recorded_at(db, stream, mark.tail);
    out.cut = last_cut(db, stream);
    out.delivered = mark.delivered;
    out.pruned = mark.pruned;
    out.held_origin = contents.held[slot].origin;
    out.held_checkpoint = contents.held[slot].checkpoint;
  }
  state.descriptions = contents.descriptions;
  state.losses = contents.layout(Stream::kTelemetry).losses;
  state.last_transaction = contents.marks[0].last_transaction;
  return state;
}

using Previous = std::array<std::optional<strongroom_v1_ChainHead>, 2>;

Previous heads_of(const JournalContents& contents) {
  Previous heads;
  for (const Stream stream : kAgentStreams) {
    const Mark& mark = contents.marks[slot_of(stream)];
    const EpochRow* epoch = contents.layout(stream).epoch_at(mark.tail);
    if (mark.tail == 0 || epoch == nullptr) {
      continue;
    }
    strongroom_v1_ChainHead head = strongroom_v1_ChainHead_init_zero;
    head.epoch = epoch->epoch;
    head.seq = mark.tail - epoch->first_position + 1;
    std::ranges::copy(mark.tail_hash, head.hash);
    heads[slot_of(stream)] = head;
  }
  return heads;
}

// One attempt to go on with the file that is there.
struct Attempt {
  std::optional<OpenedJournal> opened;
  std::string damage;  // why not
  Previous previous;
};

OpenedJournal continue_with(WriterDatabase file,
                            const JournalContents& contents) {
  OpenedJournal opened;
  opened.state = state_of(file.db(), contents);
  if (opened.state.streams[0].tail == 0) {
    opened.opened_because = static_cast<strongroom_v1_EpochReason>(
        std::atoi(contents.meta.at("opened_because").c_str()));
    opened.set_aside = contents.meta.at("set_aside");
  }
  opened.journal = std::make_unique<SqliteJournal>(std::move(file), contents);
  return opened;
}

Result<Attempt> examine(WriterDatabase file, const Source& source) {
  // Closing must not fold the WAL of a damaged file into it.
  sqlite3_db_config(
      file.db().getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  Attempt attempt;
  auto contents = check_start(file.db());
  if (!contents) {
    attempt.damage = contents.error().text();
    if (auto marks = load_contents(file.db())) {
      attempt.previous = heads_of(*marks);
    }
    return attempt;
  }
  if (contents->source != source.text()) {
    return fault(fmt::format(
        "the journal belongs to {}, not to {}; move it away or mend the "
        "configuration",
        contents->source,
        source.text()));
  }
  sqlite3_db_config(
      file.db().getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  attempt.opened = continue_with(std::move(file), *contents);
  return attempt;
}

Result<Attempt> try_existing(const fs::path& path, const Source& source) {
  auto file = WriterDatabase::open(path, journal_rows::kApplicationId, false);
  if (file) {
    try {
      if (has_tables(file->db())) {
        return examine(*std::move(file), source);
      }
    } catch (const SQLite::Exception& error) {
      return Attempt{std::nullopt, error.what(), {}};
    }
    return Attempt{std::nullopt, "there are no tables in it", {}};
  }
  // Held by another process, or not ours to read: no damage of the file.
  const std::string lock = path.string() + ".lock";
  if (file.error().what.starts_with(lock) ||
      ::access(path.c_str(), R_OK | W_OK) != 0) {
    return std::unexpected(file.error());
  }
  return Attempt{std::nullopt, file.error().what, {}};
}

Result<OpenedJournal> begin_anew(const fs::path& path,
                                 const Source& source,
                                 strongroom_v1_EpochReason because,
                                 const std::string& aside) {
  auto file = WriterDatabase::open(path, journal_rows::kApplicationId, true);
  if (!file) {
    return std::unexpected(file.error());
  }
  try {
    create_tables(file->db(), source, because, aside);
  } catch (const SQLite::Exception& error) {
    return fault(path.string() + ": " + error.what());
  }
  auto contents = load_contents(file->db());
  if (!contents) {
    return fault(path.string() + ": " + contents.error().text());
  }
  return continue_with(*std::move(file), *contents);
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) && fs::file_size(path, error) > 0;
}

}  // namespace

Result<OpenedJournal> open_journal(const fs::path& path,
                                   const Source& source,
                                   WallTime now) {
  const bool used_before = fs::exists(with_suffix(path, ".lock"));
  auto because = used_before
                     ? strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_LOST
                     : strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
  Attempt attempt;
  if (is_there(path)) {
    auto existing = try_existing(path, source);
    if (!existing) {
      return std::unexpected(existing.error());
    }
    attempt = *std::move(existing);
    if (attempt.opened) {
      return *std::move(attempt.opened);
    }
    because = strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;
  }
  std::string aside;
  if (is_there(path) || is_there(with_suffix(path, "-wal"))) {
    auto target = set_aside(path, now);
    if (!target) {
      return std::unexpected(target.error());
    }
    aside = target->filename().string();
  }
  auto opened = begin_anew(path, source, because, aside);
  if (opened) {
    opened->damage = attempt.damage;
    opened->previous = attempt.previous;
  }
  return opened;
}

}  // namespace strongroom
