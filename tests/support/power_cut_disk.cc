// SPDX-License-Identifier: Apache-2.0
#include "tests/support/power_cut_disk.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <sqlite3.h>
#include <sstream>
#include <sys/stat.h>
#include <vector>

#include "core/base/check.h"
#include "tests/support/platter.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using Kind = DiskChange::Kind;

constexpr const char* kName = "power-cut";
constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

// SQLite's own system calls are recorded where it asks for them.
thread_local int inside_sqlite = 0;

class Inside {
 public:
  Inside() { ++inside_sqlite; }
  ~Inside() { --inside_sqlite; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void lay(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  check(file.good(), "a rebuilt file cannot be written");
}

bool is_shared_memory(const std::string& name) {
  return name.ends_with("-shm");
}

ino_t inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

struct PlacedFile {
  std::string name;
  FileId file = 0;
  std::string bytes;
};

struct Fault {
  std::size_t until = kNever;  // changes that still succeed
  std::size_t times = 0;
  bool full = false;
  bool after_doing_it = false;
};

enum class Verdict : std::uint8_t { kDo, kFull, kFailBefore, kFailAfter };

}  // namespace

struct PowerCutDisk::State {
  sqlite3_vfs shim{};
  sqlite3_vfs* real = nullptr;
  fs::path root;
  Sync sync = Sync::kAsAsked;

  mutable std::mutex mutex;
  std::vector<PlacedFile> base;
  std::vector<DiskChange> changes;
  std::map<std::string, FileId> current;  // as the running program sees it
  std::map<FileId, ino_t> inodes;
  std::set<std::string> seen;  // names that were ever recorded
  FileId last_file = 0;
  Fault fault;

  mutable std::size_t replayed = kNever;
  mutable Platter platter;

  std::string name_of(const fs::path& path) const {
    const std::string text = path.lexically_normal().string();
    const std::string below = root.string() + "/";
    return text.starts_with(below) ? text.substr(below.size()) : "";
  }
  void record(DiskChange change) {
    seen.insert(change.name);
    changes.push_back(std::move(change));
  }
  Verdict verdict(bool needs_room);
  FileId opened(const std::string& name, const char* path);
  void settle();
  void replay(std::size_t at) const;
};

namespace {

using State = PowerCutDisk::State;

/// What SQLite holds of an open file; the real one's lies behind it.
struct ShimFile {
  sqlite3_file base;
  State* state;
  FileId file;
  bool directory_due;  // its first sync syncs its directory too
  const char* name;    // of the recorded name, owned by State::seen

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile& shim(sqlite3_file* file) {
  return *reinterpret_cast<ShimFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return shim(file).real();
}

std::string directory_of(const std::string& name) {
  return fs::path(name).parent_path().string();
}

// --- files ------------------------------------------------------------------

int x_close(sqlite3_file* file) {
  return real(file)->pMethods->xClose(real(file));
}

int x_read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), into, count, offset);
}

int write_and_record(sqlite3_file* file,
                     const void* from,
                     int count,
                     sqlite3_int64 offset) {
  const int done =
      real(file)->pMethods->xWrite(real(file), from, count, offset);
  if (done == SQLITE_OK && count > 0) {
    shim(file).state->record({.kind = Kind::kWrite,
                              .file = shim(file).file,
                              .offset = static_cast<std::uint64_t>(offset),
                              .bytes = {static_cast<const char*>(from),
                                        static_cast<std::size_t>(count)},
                              .name = shim(file).name,
                              .other = {}});
  }
  return done;
}

int x_write(sqlite3_file* file,
            const void* from,
            int count,
            sqlite3_int64 offset) {
  State& state = *shim(file).state;
  const std::scoped_lock held(state.mutex);
  switch (state.verdict(true)) {
    case Verdict::kFull:
      (void)write_and_record(file, from, count / 2, offset);
      return SQLITE_FULL;
    case Verdict::kFailBefore:
      return SQLITE_IOERR_WRITE;
    case Verdict::kFailAfter:
      (void)write_and_record(file, from, count, offset);
      return SQLITE_IOERR_WRITE;
    case Verdict::kDo:
      break;
  }
  return write_and_record(file, from, count, offset);
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  State& state = *shim(file).state;
  const std::scoped_lock held(state.mutex);
  const Verdict verdict = state.verdict(false);
  if (verdict == Verdict::kFailBefore) {
    return SQLITE_IOERR_TRUNCATE;
  }
  const int done = real(file)->pMethods->xTruncate(real(file), size);
  if (done == SQLITE_OK) {
    state.record({.kind = Kind::kTruncate,
                  .file = shim(file).file,
                  .offset = static_cast<std::uint64_t>(size),
                  .bytes = {},
                  .name = shim(file).name,
                  .other = {}});
  }
  return verdict == Verdict::kDo ? done : SQLITE_IOERR_TRUNCATE;
}

void record_of(State& state, Kind kind, FileId file, std::string name) {
  state.record({.kind = kind,
                .file = file,
                .offset = 0,
                .bytes = {},
                .name = std::move(name),
                .other = {}});
}

int x_sync(sqlite3_file* file, int flags) {
  ShimFile& at = shim(file);
  State& state = *at.state;
  const std::scoped_lock held(state.mutex);
  const Inside inside;
  const Verdict verdict = state.verdict(false);
  if (verdict == Verdict::kFailBefore) {
    record_of(state, Kind::kSyncFailed, at.file, at.name);
    return SQLITE_IOERR_FSYNC;
  }
  const int done = real(file)->pMethods->xSync(real(file), flags);
  if (done == SQLITE_OK) {
    record_of(state, Kind::kSync, at.file, at.name);
    if (at.directory_due) {
      at.directory_due = false;
      record_of(state, Kind::kSyncDirectory, 0, directory_of(at.name));
    }
  }
  return verdict == Verdict::kDo ? done : SQLITE_IOERR_FSYNC;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int x_lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int x_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int x_check_reserved_lock(sqlite3_file* file, int* result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

int x_file_control(sqlite3_file* file, int operation, void* argument) {
  if (operation == SQLITE_FCNTL_PRAGMA &&
      shim(file).state->sync == PowerCutDisk::Sync::kOff) {
    const auto* words = static_cast<char**>(argument);
    // Asked for what it is: answered. Told to be anything but OFF: not heard.
    if (sqlite3_stricmp(words[1], "synchronous") == 0 && words[2] != nullptr &&
        sqlite3_stricmp(words[2], "OFF") != 0) {
      return SQLITE_OK;
    }
  }
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

int x_sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int x_device_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int x_shm_map(
    sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, into);
}
int x_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void x_shm_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int x_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: no memory mapping of a database, whose writes nobody would see.
constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr};

// --- names ------------------------------------------------------------------

State& state_of(sqlite3_vfs* vfs) {
  return *static_cast<State*>(vfs->pAppData);
}

bool syncs_its_directory(int flags) {
  constexpr int kKinds =
      SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  return (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kKinds) != 0;
}

int x_open(sqlite3_vfs* vfs,
           sqlite3_filename path,
           sqlite3_file* file,
           int flags,
           int* flags_out) {
  State& state = state_of(vfs);
  const std::string name = path == nullptr ? "" : state.name_of(path);
  if (name.empty()) {  // temporary, or not on this disk
    return state.real->xOpen(state.real, path, file, flags, flags_out);
  }
  const std::scoped_lock held(state.mutex);
  const Inside inside;
  file->pMethods = nullptr;
  const bool makes = (flags & SQLITE_OPEN_CREATE) != 0 && inode_of(path) == 0;
  const Verdict verdict = makes ? state.verdict(true) : Verdict::kDo;
  if (verdict == Verdict::kFull || verdict == Verdict::kFailBefore) {
    return SQLITE_CANTOPEN;
  }
  auto& at = *new (file) ShimFile{
      {nullptr}, &state, 0, syncs_its_directory(flags), nullptr};
  const int done =
      state.real->xOpen(state.real, path, at.real(), flags, flags_out);
  if (done != SQLITE_OK) {
    return done;
  }
  at.file = state.opened(name, path);
  at.name = state.seen.insert(name).first->c_str();
  at.base.pMethods = &kMethods;
  if (verdict == Verdict::kFailAfter) {
    (void)at.real()->pMethods->xClose(at.real());
    at.base.pMethods = nullptr;
    return SQLITE_CANTOPEN;
  }
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  State& state = state_of(vfs);
  const std::string name = state.name_of(path);
  if (name.empty()) {
    return state.real->xDelete(state.real, path, sync_directory);
  }
  const std::scoped_lock held(state.mutex);
  const Inside inside;
  if (inode_of(path) == 0) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  const Verdict verdict = state.verdict(false);
  if (verdict == Verdict::kFailBefore) {
    return SQLITE_IOERR_DELETE;
  }
  const int done = state.real->xDelete(state.real, path, sync_directory);
  if (done == SQLITE_OK) {
    state.current.erase(name);
    record_of(state, Kind::kUnname, 0, name);
    if ((static_cast<unsigned>(sync_directory) & 1U) != 0) {
      record_of(state, Kind::kSyncDirectory, 0, directory_of(name));
    }
  }
  return verdict == Verdict::kDo ? done : SQLITE_IOERR_DELETE;
}

int x_access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xAccess(under, path, flags, result);
}
int x_full_pathname(sqlite3_vfs* vfs, const char* path, int size, char* into) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xFullPathname(under, path, size, into);
}
int x_randomness(sqlite3_vfs* vfs, int count, char* into) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xRandomness(under, count, into);
}
int x_sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xSleep(under, microseconds);
}
int x_current_time(sqlite3_vfs* vfs, double* into) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xCurrentTime(under, into);
}
int x_get_last_error(sqlite3_vfs* vfs, int size, char* into) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xGetLastError(under, size, into);
}
int x_current_time_64(sqlite3_vfs* vfs, sqlite3_int64* into) {
  sqlite3_vfs* under = state_of(vfs).real;
  return under->xCurrentTimeInt64(under, into);
}

void set_up_shim(State& state) {
  sqlite3_vfs& vfs = state.shim;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + state.real->szOsFile;
  vfs.mxPathname = state.real->mxPathname;
  vfs.zName = kName;
  vfs.pAppData = &state;
  vfs.xOpen = x_open;
  vfs.xDelete = x_delete;
  vfs.xAccess = x_access;
  vfs.xFullPathname = x_full_pathname;
  vfs.xRandomness = x_randomness;
  vfs.xSleep = x_sleep;
  vfs.xCurrentTime = x_current_time;
  vfs.xGetLastError = x_get_last_error;
  vfs.xCurrentTimeInt64 = x_current_time_64;
}

// Runs when a connection opens. What it cannot read it leaves to the program.
int turn_off_sync(sqlite3* db, const char** /*error*/, const void* /*api*/) {
  (void)sqlite3_exec(db, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
  (void)sqlite3_exec(db, "SELECT 1", nullptr, nullptr, nullptr);
  return SQLITE_OK;
}
using Extension = void (*)();
const auto kTurnOffSync = reinterpret_cast<Extension>(turn_off_sync);

}  // namespace

Verdict PowerCutDisk::State::verdict(bool needs_room) {
  if (fault.until == kNever) {
    return Verdict::kDo;
  }
  if (fault.until > 0) {
    --fault.until;
    return Verdict::kDo;
  }
  if (fault.full) {
    return needs_room ? Verdict::kFull : Verdict::kDo;
  }
  if (--fault.times == 0) {
    fault.until = kNever;
  }
  return fault.after_doing_it ? Verdict::kFailAfter : Verdict::kFailBefore;
}

FileId PowerCutDisk::State::opened(const std::string& name, const char* path) {
  const ino_t inode = inode_of(path);
  const auto known = current.find(name);
  if (known != current.end() && inodes[known->second] == inode) {
    return known->second;
  }
  const FileId file = ++last_file;
  current[name] = file;
  inodes[file] = inode;
  record_of(*this, Kind::kName, file, name);
  // It came past SQLite and has bytes: nobody knows of a sync.
  if (std::string bytes = content_of(path); !bytes.empty()) {
    record({.kind = Kind::kWrite,
            .file = file,
            .offset = 0,
            .bytes = std::move(bytes),
            .name = name,
            .other = {}});
  }
  return file;
}

void PowerCutDisk::State::settle() {
  std::map<std::string, FileId> found;
  base.clear();
  changes.clear();
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = name_of(entry.path());
    if (entry.is_symlink() || !entry.is_regular_file() ||
        is_shared_memory(name)) {
      continue;
    }
    const ino_t inode = inode_of(entry.path());
    const auto known = current.find(name);
    const bool same = known != current.end() && inodes[known->second] == inode;
    const FileId file = same ? known->second : ++last_file;
    inodes[file] = inode;
    found[name] = file;
    seen.insert(name);
    base.push_back({name, file, content_of(entry.path())});
  }
  current = std::move(found);
  replayed = kNever;
}

void PowerCutDisk::State::replay(std::size_t at) const {
  check(at <= changes.size(), "a cut after what was recorded");
  if (replayed > at) {  // or never
    platter = {};
    for (const PlacedFile& file : base) {
      platter.place(file.name, file.file, file.bytes);
    }
    replayed = 0;
  }
  for (; replayed < at; ++replayed) {
    platter.apply(changes[replayed]);
  }
}

PowerCutDisk::PowerCutDisk(const fs::path& root, Sync sync)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.root = fs::canonical(root);
  state.sync = sync;
  state.real = sqlite3_vfs_find(nullptr);
  check(state.real != nullptr && std::string(state.real->zName) != kName,
        "a second power-cut disk");
  set_up_shim(state);
  state.settle();
  check(sqlite3_vfs_register(&state.shim, 1) == SQLITE_OK,
        "the power-cut disk cannot be registered");
  if (sync == Sync::kOff) {
    check(sqlite3_auto_extension(kTurnOffSync) == SQLITE_OK,
          "synchronous cannot be turned off");
  }
}

PowerCutDisk::~PowerCutDisk() {
  if (state_->sync == Sync::kOff) {
    (void)sqlite3_cancel_auto_extension(kTurnOffSync);
  }
  (void)sqlite3_vfs_unregister(&state_->shim);
  (void)sqlite3_vfs_register(state_->real, 1);
}

std::size_t PowerCutDisk::operations() const {
  const std::scoped_lock held(state_->mutex);
  return state_->changes.size();
}

std::string PowerCutDisk::operation(std::size_t nth) const {
  constexpr std::array<const char*, 8> kWords = {"write",
                                                 "truncate",
                                                 "sync",
                                                 "failed sync",
                                                 "make",
                                                 "delete",
                                                 "rename",
                                                 "sync directory"};
  const std::scoped_lock held(state_->mutex);
  if (nth == 0 || nth > state_->changes.size()) {
    return "none";
  }
  const DiskChange& change = state_->changes[nth - 1];
  std::ostringstream text;
  text << kWords.at(static_cast<std::size_t>(change.kind)) << " '"
       << change.name << "'";
  if (change.kind == Kind::kWrite || change.kind == Kind::kTruncate) {
    text << " at " << change.offset << " +" << change.bytes.size();
  }
  if (!change.other.empty()) {
    text << " to '" << change.other << "'";
  }
  return text.str();
}

void PowerCutDisk::settle() {
  const std::scoped_lock held(state_->mutex);
  state_->settle();
}

void PowerCutDisk::rebuild(std::size_t at,
                           std::uint64_t seed,
                           const fs::path& into) const {
  const std::scoped_lock held(state_->mutex);
  const Inside inside;  // what is laid out here is no change of the disk
  state_->replay(at);
  fs::remove_all(into);
  fs::create_directories(into);
  for (const auto& [name, bytes] : state_->platter.after_cut(seed)) {
    lay(into / name, bytes);
  }
  for (const auto& entry : fs::recursive_directory_iterator(state_->root)) {
    const std::string name = state_->name_of(entry.path());
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), into / name);
    } else if (entry.is_directory()) {
      fs::create_directories(into / name);
    } else if (!state_->seen.contains(name) && !is_shared_memory(name)) {
      lay(into / name, content_of(entry.path()));
    }
  }
}

void PowerCutDisk::renamed(const fs::path& from, const fs::path& to) {
  if (inside_sqlite > 0) {
    return;
  }
  const std::scoped_lock held(state_->mutex);
  const std::string name = state_->name_of(from);
  const std::string other = state_->name_of(to);
  const auto known = state_->current.find(name);
  if (known == state_->current.end() || other.empty()) {
    return;
  }
  const FileId file = known->second;
  state_->current.erase(known);
  state_->current[other] = file;
  state_->seen.insert(other);
  state_->record({.kind = Kind::kRename,
                  .file = file,
                  .offset = 0,
                  .bytes = {},
                  .name = name,
                  .other = other});
}

void PowerCutDisk::removed(const fs::path& path) {
  if (inside_sqlite > 0) {
    return;
  }
  const std::scoped_lock held(state_->mutex);
  const std::string name = state_->name_of(path);
  if (state_->current.erase(name) > 0) {
    record_of(*state_, Kind::kUnname, 0, name);
  }
}

void PowerCutDisk::directory_synced(const fs::path& directory) {
  if (inside_sqlite > 0) {
    return;
  }
  const std::scoped_lock held(state_->mutex);
  if (directory.lexically_normal() == state_->root) {
    record_of(*state_, Kind::kSyncDirectory, 0, "");
  } else if (std::string name = state_->name_of(directory); !name.empty()) {
    record_of(*state_, Kind::kSyncDirectory, 0, std::move(name));
  }
}

void PowerCutDisk::fill_up(std::size_t nth) {
  check(nth > 0, "the next change is the first");
  const std::scoped_lock held(state_->mutex);
  state_->fault = {
      .until = nth - 1, .times = kNever, .full = true, .after_doing_it = false};
}

void PowerCutDisk::fail(std::size_t nth,
                        std::size_t times,
                        bool after_doing_it) {
  check(nth > 0 && times > 0, "the next change is the first");
  const std::scoped_lock held(state_->mutex);
  state_->fault = {.until = nth - 1,
                   .times = times,
                   .full = false,
                   .after_doing_it = after_doing_it};
}

void PowerCutDisk::mend() {
  const std::scoped_lock held(state_->mutex);
  state_->fault = {};
}

}  // namespace strongroom
