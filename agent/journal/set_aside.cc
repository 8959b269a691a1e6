// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/set_aside.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "agent/journal/columns.h"
#include "platform/sqlite/database.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using journal_rows::Mark;
using journal_rows::row_hash;

constexpr std::array<const char*, 4> kSuffixes = {
    "", "-wal", "-shm", "-journal"};

fs::path with_suffix(fs::path path, std::string_view suffix) {
  path += suffix;
  return path;
}

fs::path fresh_path(const fs::path& path) {
  return with_suffix(path, ".new");
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
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

// A name is durable when its directory is.
Result<void> sync_directory(const fs::path& path) {
  const fs::path directory = directory_of(path);
  const int file =
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) {
    ::close(file);
  }
  if (!done) {
    return fault(directory.string() + ": " +
                 std::generic_category().message(error));
  }
  return {};
}

Result<void> rename_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    return fault(fmt::format(
        "{}: cannot be set aside: {}", from.string(), error.message()));
  }
  return {};
}

// The database before its WAL: a database without its WAL would pass for an
// older state of itself, a WAL without its database for nothing.
Result<void> move_aside(const fs::path& path, const fs::path& aside) {
  for (const char* suffix : kSuffixes) {
    const fs::path from = with_suffix(path, suffix);
    if (!is_there(from)) {
      continue;
    }
    if (aside.empty()) {
      std::error_code ignored;
      fs::remove(from, ignored);  // empty, or nobody's
      continue;
    }
    if (auto moved = rename_file(from, with_suffix(aside, suffix)); !moved) {
      return moved;
    }
  }
  return {};
}

Result<void> install(const fs::path& path, const fs::path& aside) {
  if (auto moved = move_aside(path, aside); !moved) {
    return moved;
  }
  // Else the new name might be durable before the old file's other name.
  if (auto synced = sync_directory(path); !synced) {
    return synced;
  }
  if (auto renamed = rename_file(fresh_path(path), path); !renamed) {
    return renamed;
  }
  return sync_directory(path);
}

// --- a new file -------------------------------------------------------------

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
  db.exec(journal_rows::schema());
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
    insert.bind(
        2, mark.tail_hash.data(), static_cast<int>(mark.tail_hash.size()));
    insert.bind(3, hash.data(), static_cast<int>(hash.size()));
    insert.exec();
  }
  db.exec("PRAGMA application_id = " +
          std::to_string(journal_rows::kApplicationId));
  set_schema_version(db, journal_rows::kSchemaVersion);
  transaction.commit();
}

// What SQLite keeps beside it first: without it the rest is not played back.
void remove_database(const fs::path& path) {
  std::error_code error;
  for (const char* suffix : {"-journal", "-wal", "-shm", ""}) {
    fs::remove(with_suffix(path, suffix), error);
  }
}

// In WAL mode already, and folded when it is closed: one file, and no journal
// of another kind will ever lie beside it.
Result<void> write_fresh(const fs::path& path,
                         const Source& source,
                         strongroom_v1_EpochReason because,
                         const std::string& aside) {
  const fs::path fresh = fresh_path(path);
  remove_database(fresh);
  const int file = ::open(
      fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0640});
  if (file < 0) {
    return fault(fresh.string() + ": cannot be created: " +
                 std::generic_category().message(errno));
  }
  ::close(file);
  try {
    SQLite::Database db(fresh.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    create_tables(db, source, because, aside);
  } catch (const SQLite::Exception& error) {
    remove_database(fresh);
    return fault(fresh.string() + ": " + error.what());
  }
  if (is_filled(with_suffix(fresh, "-wal"))) {
    remove_database(fresh);
    return fault(fresh.string() + ": its WAL could not be folded in");
  }
  return sync_directory(path);
}

}  // namespace

// An empty file holds no evidence; what is no file is not ours.
bool is_filled(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  return fs::exists(status) &&
         (!fs::is_regular_file(status) || fs::file_size(path, error) > 0);
}

void discard(const fs::path& path) {
  remove_database(path);
}

bool has_bytes(const fs::path& path) {
  return std::ranges::any_of(kSuffixes, [&](const char* suffix) {
    return is_filled(with_suffix(path, suffix));
  });
}

fs::path set_aside_name(const fs::path& path, WallTime now) {
  const std::string base = path.string() + ".set-aside-" + time_suffix(now);
  fs::path target = base;
  for (int attempt = 2;
       is_there(target) || is_there(with_suffix(target, "-wal")) ||
       is_there(with_suffix(target, "-shm"));
       ++attempt) {
    target = fmt::format("{}-{}", base, attempt);
  }
  return target;
}

Result<void> replace_journal(const fs::path& path,
                             const fs::path& aside,
                             const Source& source,
                             strongroom_v1_EpochReason because) {
  const std::string name = aside.filename().string();
  if (auto fresh = write_fresh(path, source, because, name); !fresh) {
    return fresh;
  }
  return install(path, aside);
}

Result<void> finish_replacement(const fs::path& path) {
  if (!is_there(fresh_path(path))) {
    return {};
  }
  if (is_there(path)) {
    remove_database(
        fresh_path(path));  // nothing was renamed yet, and nothing stands in it
    return {};
  }
  std::string name;
  try {
    // Not read-only: that could not take back a half-written file.
    SQLite::Database db(fresh_path(path).string(), SQLite::OPEN_READWRITE);
    const auto contents = load_contents(db);
    if (!contents) {
      if (contents.error().is_passing) {
        return fault(fresh_path(path).string() + ": " + contents.error().what);
      }
      remove_database(fresh_path(path));
      return {};
    }
    name = contents->meta.at("set_aside");
  } catch (const SQLite::Exception& error) {
    return fault(fresh_path(path).string() + ": " + error.what());
  }
  return install(path, name.empty() ? fs::path() : path.parent_path() / name);
}

}  // namespace strongroom
