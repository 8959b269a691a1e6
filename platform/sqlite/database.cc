// SPDX-License-Identifier: Apache-2.0
#include "platform/sqlite/database.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <string>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

namespace strongroom {
namespace {

// Pages. The owner checkpoints when it is idle; this is for the owner that
// never is, so that the WAL stays bounded (16 MiB).
constexpr int kCheckpointAtPages = 4096;
// The WAL file is cut back to this after a checkpoint that emptied it.
constexpr int kWalKeepBytes = 32 * 1024 * 1024;
constexpr int kBusyTimeoutMs = 5000;

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::unexpected<Error> sqlite_fault(const std::filesystem::path& path,
                                    const SQLite::Exception& error) {
  if (error.getErrorCode() == SQLITE_NOTADB) {
    return fault(path.string() + ": not a SQLite database");
  }
  if (error.getErrorCode() == SQLITE_CORRUPT) {
    return fault(path.string() + ": the database is damaged: " + error.what());
  }
  return fault(path.string() + ": " + error.what());
}

std::string pragma(SQLite::Database& db, const std::string& text) {
  return db.execAndGet("PRAGMA " + text).getString();
}

std::int32_t application_id_of(SQLite::Database& db) {
  return db.execAndGet("PRAGMA application_id").getInt();
}

bool is_empty(SQLite::Database& db) {
  return db.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
}

bool has_bytes(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::file_size(path, error) > 0 && !error;
}

std::unexpected<Error> wrong_application(const std::filesystem::path& path,
                                         std::int32_t found,
                                         std::int32_t wanted) {
  return fault(path.string() + ": a database of another program " +
               "(application_id " + std::to_string(found) + ", not " +
               std::to_string(wanted) + ")");
}

Result<void> require_file(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) != 0) {
    return fault(path.string() + ": " + reason(errno));
  }
  return {};
}

// SQLite would create the file readable by everybody; its WAL takes over the
// mode of the database.
Result<void> create_file(const std::filesystem::path& path) {
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode_t{0640});
  if (file < 0) {
    return fault(path.string() + ": cannot be created: " + reason(errno));
  }
  ::close(file);
  return {};
}

Result<void> identify(SQLite::Database& db,
                      const std::filesystem::path& path,
                      std::int32_t application_id,
                      bool create) {
  const std::int32_t found = application_id_of(db);
  if (found == application_id) {
    return {};
  }
  if (!create || found != 0 || !is_empty(db)) {
    return wrong_application(path, found, application_id);
  }
  db.exec("PRAGMA application_id = " + std::to_string(application_id));
  return {};
}

Result<void> set_up_writer(SQLite::Database& db,
                           const std::filesystem::path& path) {
  if (pragma(db, "journal_mode = WAL") != "wal") {
    return fault(path.string() + ": this file system cannot hold a WAL");
  }
  db.exec(
      "PRAGMA synchronous = FULL;"
      "PRAGMA secure_delete = ON;"
      "PRAGMA foreign_keys = ON;"
      "PRAGMA mmap_size = 0;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON;"
      "PRAGMA wal_autocheckpoint = " +
      std::to_string(kCheckpointAtPages) +
      ";PRAGMA journal_size_limit = " + std::to_string(kWalKeepBytes));
  return {};
}

}  // namespace

// An advisory lock that the kernel releases when the process dies. The file
// stays: removing it would let two processes lock two files of one name.
struct WriterDatabase::Lock {
  explicit Lock(int opened) : descriptor(opened) {}
  ~Lock() { ::close(descriptor); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  int descriptor;

  static Result<std::unique_ptr<Lock>> take(std::filesystem::path path);
};

namespace {

// The holder's process id, for the message to whom is refused.
std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size() - 1, 0);
  const std::string holder(text.data(),
                           count > 0 ? static_cast<std::size_t>(count) : 0);
  return holder.empty() ? "another process" : "process " + holder;
}

void sign_lock(int descriptor) {
  const std::string own = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) == 0) {
    // Only a convenience: the lock holds without it.
    (void)!::pwrite(descriptor, own.data(), own.size(), 0);
  }
}

}  // namespace

Result<std::unique_ptr<WriterDatabase::Lock>> WriterDatabase::Lock::take(
    std::filesystem::path path) {
  path += ".lock";
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode_t{0640});
  if (descriptor < 0) {
    return fault(path.string() + ": cannot be opened: " + reason(errno));
  }
  auto lock = std::make_unique<Lock>(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fault(path.string() + ": cannot be locked: " + reason(errno));
    }
    return fault(path.string() + ": held by " + holder_of(descriptor) +
                 "; only one writer may open this database: stop that "
                 "program first (a running ledger or agent)");
  }
  sign_lock(descriptor);
  return lock;
}

WriterDatabase::WriterDatabase() = default;
WriterDatabase::~WriterDatabase() = default;
WriterDatabase::WriterDatabase(WriterDatabase&&) noexcept = default;

WriterDatabase& WriterDatabase::operator=(WriterDatabase&& other) noexcept {
  if (this != &other) {
    db_ = std::move(other.db_);  // closed while its lock is still held
    lock_ = std::move(other.lock_);
  }
  return *this;
}

Result<WriterDatabase> WriterDatabase::open(const std::filesystem::path& path,
                                            std::int32_t application_id,
                                            bool create) {
  if (!create) {
    if (auto there = require_file(path); !there) {
      return std::unexpected(there.error());
    }
  }
  WriterDatabase writer;
  auto lock = Lock::take(path);
  if (!lock) {
    return std::unexpected(lock.error());
  }
  writer.lock_ = *std::move(lock);
  if (create) {
    if (auto made = create_file(path); !made) {
      return std::unexpected(made.error());
    }
  }
  try {
    writer.db_ = std::make_unique<SQLite::Database>(
        path.string(), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
    if (auto ours = identify(*writer.db_, path, application_id, create);
        !ours) {
      return std::unexpected(ours.error());
    }
    if (auto ready = set_up_writer(*writer.db_, path); !ready) {
      return std::unexpected(ready.error());
    }
  } catch (const SQLite::Exception& error) {
    return sqlite_fault(path, error);
  }
  return writer;
}

void WriterDatabase::checkpoint() {
  // A reader may hold the WAL: then less is copied, and the next call does the
  // rest. A fault of the disk shows at the next commit, which must not be lost
  // sight of; this one only postpones work.
  (void)sqlite3_wal_checkpoint_v2(
      db_->getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Result<std::unique_ptr<SQLite::Database>> open_reader(
    const std::filesystem::path& path, std::int32_t application_id) {
  if (auto there = require_file(path); !there) {
    return std::unexpected(there.error());
  }
  try {
    auto db = std::make_unique<SQLite::Database>(
        path.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs);
    // The last connection to close would checkpoint, and only the writer may.
    sqlite3_db_config(
        db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db->exec(
        "PRAGMA query_only = ON;"
        "PRAGMA mmap_size = 0;"
        "PRAGMA trusted_schema = OFF;"
        "PRAGMA cell_size_check = ON;"
        "PRAGMA wal_autocheckpoint = 0");
    const std::int32_t found = application_id_of(*db);
    if (found != application_id) {
      return wrong_application(path, found, application_id);
    }
    return db;
  } catch (const SQLite::Exception& error) {
    return sqlite_fault(path, error);
  }
}

bool holds_nothing(const std::filesystem::path& path) {
  if (!has_bytes(path)) {
    return !has_bytes(path.string() + "-wal");
  }
  try {
    // Not read-only: that could not play back a journal.
    SQLite::Database db(path.string(), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
    sqlite3_db_config(
        db.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return is_empty(db);
  } catch (const SQLite::Exception&) {
    return false;
  }
}

int schema_version(SQLite::Database& db) {
  return db.execAndGet("PRAGMA user_version").getInt();
}

void set_schema_version(SQLite::Database& db, int version) {
  db.exec("PRAGMA user_version = " + std::to_string(version));
}

}  // namespace strongroom
