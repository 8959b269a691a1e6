// SPDX-License-Identifier: Apache-2.0
// The start: what is whole goes on, what is not is set aside with its bytes.
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "agent/journal/check_journal.h"
#include "agent/journal/columns.h"
#include "agent/journal/migrate.h"
#include "agent/journal/set_aside.h"
#include "agent/journal/sqlite_journal.h"
#include "agent/journal/start_check.h"
#include "core/event/event.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using journal_rows::Mark;

constexpr auto kLost = strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_LOST;
constexpr auto kCorrupt =
    strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;

// --- what stands in a whole file --------------------------------------------

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
  state.panel_cursors = contents.panel_cursors;
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

// --- looking at the file without touching it --------------------------------

// Why the file cannot be gone on with.
struct Damage {
  std::string what;
  strongroom_v1_EpochReason because = kCorrupt;
  Previous previous;
};

// What a look at the file found: a version to go on with, or damage.
struct Look {
  int version = 0;
  std::optional<Damage> damage;
};

Look damaged(std::string what, Previous previous = {}) {
  return {0, Damage{std::move(what), kCorrupt, std::move(previous)}};
}

// A connection that changes no byte: the WAL of a damaged file stays as it is.
std::unique_ptr<SQLite::Database> open_untouched(const fs::path& path) {
  auto db =
      std::make_unique<SQLite::Database>(path.string(), SQLite::OPEN_READONLY);
  sqlite3_db_config(
      db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  db->exec(
      "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = "
      "OFF; PRAGMA cell_size_check = ON");
  return db;
}

// What SQLite would only notice when it writes: the marks in the file's header
// that say who may write it, and how.
bool is_header_sound(const fs::path& path) {
  std::array<char, 100> header{};
  std::ifstream(path, std::ios::binary).read(header.data(), header.size());
  const std::string_view magic("SQLite format 3\0", 16);
  const bool is_wal = header[18] == 2 && header[19] == 2;
  const bool is_rollback = header[18] == 1 && header[19] == 1;
  return std::string_view(header.data(), 16) == magic &&
         (is_wal || is_rollback) && header[20] == 0;
}

Result<Look> judge(SQLite::Database& db) {
  const int id = db.execAndGet("PRAGMA application_id").getInt();
  if (id != journal_rows::kApplicationId) {
    return damaged(
        fmt::format("a database of another program "
                    "(application_id {})",
                    id));
  }
  const int version = schema_version(db);
  if (is_migrated(version)) {
    return Look{version, std::nullopt};  // judged when it has been migrated
  }
  if (version > journal_rows::kSchemaVersion) {
    // Not damaged: we are older than it. Its rows wait for a newer program.
    return Look{version,
                Damage{fmt::format("schema version {}: a newer program wrote "
                                   "it, this one knows {}",
                                   version,
                                   journal_rows::kSchemaVersion),
                       kLost,
                       {}}};
  }
  const auto contents = check_start(db);
  if (contents) {
    return Look{version, std::nullopt};
  }
  if (contents.error().is_passing) {
    return fault(contents.error().what);
  }
  const auto marks = load_contents(db);
  return damaged(contents.error().text(),
                 marks ? heads_of(*marks) : Previous{});
}

Result<Look> look_at(const fs::path& path) {
  if (!fs::is_regular_file(path)) {
    return damaged("it is no file");
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0) {
    return fault(path.string() + ": " + std::generic_category().message(errno));
  }
  // A header that was torn while the WAL was folded in stands in the WAL still.
  const bool is_folded = !is_filled(path.string() + "-wal");
  if (is_folded && !is_header_sound(path)) {
    return damaged("not a SQLite database");
  }
  try {
    auto db = open_untouched(path);
    auto look = judge(*db);
    return look ? look : fault(path.string() + ": " + look.error().what);
  } catch (const SQLite::Exception& error) {
    if (journal_columns::is_passing(error)) {
      return fault(path.string() + ": " + error.what());
    }
    return damaged(error.what());
  }
}

// Whether another process has the journal open for writing.
bool is_held(const fs::path& path) {
  const int file =
      ::open((path.string() + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  const bool held = ::flock(file, LOCK_EX | LOCK_NB) != 0;
  ::close(file);
  return held;
}

// A power cut while an older program made the file: nothing ever stood in it.
bool is_stillborn(const fs::path& path) {
  constexpr std::uintmax_t kOnePage = 4096;
  std::error_code error;
  return fs::is_regular_file(path, error) &&
         fs::file_size(path, error) <= kOnePage && !is_held(path) &&
         holds_nothing(path);
}

// --- opening ----------------------------------------------------------------

// One transaction: a crash before its end leaves the old version.
FlawOr<JournalContents> bring_up(SQLite::Database& db) {
  return journal_columns::catching([&] {
    SQLite::Transaction transaction(db);
    if (auto migrated = migrate(db); !migrated) {
      throw journal_columns::Flawed{migrated.error()};
    }
    auto contents = check_start(db);
    if (!contents) {
      throw journal_columns::Flawed{contents.error()};
    }
    transaction.commit();
    return *std::move(contents);
  });
}

// The journal, or why there is none.
struct Attempt {
  std::optional<OpenedJournal> opened;
  std::optional<Damage> damage;
};

Result<Attempt> open_whole(const fs::path& path,
                           const Source& source,
                           const Look& look) {
  auto file = WriterDatabase::open(path, journal_rows::kApplicationId, false);
  if (!file) {
    return std::unexpected(file.error());
  }
  const auto fold_on_close = [&](int folds) {
    sqlite3_db_config(file->db().getHandle(),
                      SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                      folds == 0 ? 1 : 0,
                      nullptr);
  };
  fold_on_close(0);
  auto contents = is_migrated(look.version) ? bring_up(file->db())
                                            : load_contents(file->db());
  if (!contents && contents.error().is_passing) {
    return fault(path.string() + ": " + contents.error().what);
  }
  if (!contents) {
    return Attempt{std::nullopt, Damage{contents.error().text(), kCorrupt, {}}};
  }
  if (contents->source != source.text()) {
    return fault(fmt::format(
        "the journal belongs to {}, not to {}; move it away or mend the "
        "configuration",
        contents->source,
        source.text()));
  }
  fold_on_close(1);
  try {
    return Attempt{continue_with(*std::move(file), *contents), std::nullopt};
  } catch (const SQLite::Exception& error) {
    // A page that no check needed.
    return Attempt{std::nullopt, Damage{error.what(), kCorrupt, {}}};
  }
}

// --- a file that a run of the agent found broken -----------------------------

fs::path doubt_path(const fs::path& path) {
  return path.string() + ".doubted";
}

// Which file a mark speaks of: the one that takes its place has another.
std::string inode_of(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? std::to_string(status.st_ino)
                                            : std::string();
}

bool is_doubted(const fs::path& path) {
  std::ifstream file(doubt_path(path));
  std::string inode;
  return std::getline(file, inode) && !inode.empty() && inode == inode_of(path);
}

void remove_doubt(const fs::path& path) {
  std::error_code ignored;
  fs::remove(doubt_path(path), ignored);
}

Previous previous_of(const fs::path& path) {
  try {
    const auto contents = load_contents(*open_untouched(path));
    return contents ? heads_of(*contents) : Previous{};
  } catch (const SQLite::Exception&) {
    return {};
  }
}

Result<Attempt> try_existing(const fs::path& path, const Source& source) {
  if (is_held(path)) {
    auto file = WriterDatabase::open(path, journal_rows::kApplicationId, false);
    return file ? fault(path.string() + ": was held by another process")
                : std::unexpected(file.error());  // says by whom
  }
  auto look = look_at(path);
  if (!look) {
    return std::unexpected(look.error());
  }
  if (look->damage) {
    return Attempt{std::nullopt, std::move(look->damage)};
  }
  if (is_doubted(path)) {
    const auto report = check_journal(path, {});
    if (!report) {
      return std::unexpected(report.error());
    }
    if (report->flaw) {
      return Attempt{std::nullopt,
                     Damage{*report->flaw, kCorrupt, previous_of(path)}};
    }
    remove_doubt(path);  // it was no damage of the file
  }
  return open_whole(path, source, *look);
}

// SQLite keeps the WAL beside what a link points to: so do we with the rest.
fs::path behind_links(fs::path path) {
  constexpr int kMaxLinks = 8;
  std::error_code error;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(path, error); ++i) {
    // An absolute target takes the place of all before it.
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  return path;
}

Result<OpenedJournal> begin_anew(const fs::path& path,
                                 const Source& source,
                                 const Damage& damage,
                                 WallTime now) {
  fs::path aside;
  if (has_bytes(path)) {
    aside = set_aside_name(path, now);
  }
  if (auto done = replace_journal(path, aside, source, damage.because); !done) {
    return std::unexpected(done.error());
  }
  auto attempt = open_whole(path, source, {journal_rows::kSchemaVersion, {}});
  if (!attempt) {
    return std::unexpected(attempt.error());
  }
  if (!attempt->opened) {
    return fault(path.string() + ": " + attempt->damage->what);
  }
  remove_doubt(path);  // it spoke of the old file
  attempt->opened->damage = damage.what;
  attempt->opened->previous = damage.previous;
  return *std::move(attempt->opened);
}

}  // namespace

void doubt_journal(const fs::path& given, const std::string& what) {
  const fs::path path = behind_links(given);
  std::ofstream file(doubt_path(path), std::ios::trunc);
  file << inode_of(path) << '\n' << what << '\n';
}

Result<OpenedJournal> open_journal(const fs::path& given,
                                   const Source& source,
                                   WallTime now) {
  std::error_code error;
  const fs::path path = behind_links(given);
  Damage damage;
  damage.because = fs::exists(path.string() + ".lock", error)
                       ? kLost
                       : strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
  if (auto finished = finish_replacement(path); !finished) {
    return std::unexpected(finished.error());
  }
  if (is_stillborn(path)) {
    discard(path);
  }
  if (is_filled(path)) {
    auto attempt = try_existing(path, source);
    if (!attempt) {
      return std::unexpected(attempt.error());
    }
    if (attempt->opened) {
      return *std::move(attempt->opened);
    }
    damage = *std::move(attempt->damage);
  }
  return begin_anew(path, source, damage, now);
}

}  // namespace strongroom
