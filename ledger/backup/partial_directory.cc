// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/partial_directory.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "ledger/backup/manifest.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> wrong(const fs::path& path, const std::string& what) {
  return fault(path.string() + ": " + what);
}

/// Whether nothing is in it but what make_backup() writes.
bool holds_parts_only(const fs::path& path) {
  std::error_code error;
  for (fs::directory_iterator each(path, error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    const bool part = name == kBackupManifest ||
                      name.starts_with(kBackupStore) ||
                      name.starts_with(kBackupDisclosures);
    if (!part || !fs::is_regular_file(each->symlink_status())) {
      return false;
    }
  }
  return !error;
}

/// An open, locked directory; negative, with errno: it is none, or is locked.
int lock_directory(const fs::path& path) {
  const int opened =
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened >= 0 && ::flock(opened, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    ::close(opened);
    errno = why;
    return -1;
  }
  return opened;
}

/// Removes what a crash left.
Result<void> remove_stale(const fs::path& path) {
  const int opened = lock_directory(path);
  if (opened < 0) {
    return wrong(path,
                 errno == EWOULDBLOCK
                     ? "another backup is being made there; wait for its end"
                     : "is there already, and is no directory of a backup: "
                       "move it away");
  }
  std::error_code error;
  const bool stale = holds_parts_only(path);
  if (stale) {
    fs::remove_all(path, error);
  }
  ::close(opened);
  if (!stale) {
    return wrong(path,
                 "is there already, and holds what no backup wrote: move it "
                 "away");
  }
  return error ? wrong(path, "cannot be removed: " + error.message())
               : Result<void>();
}

}  // namespace

Result<std::unique_ptr<PartialDirectory>> PartialDirectory::claim(
    const fs::path& path) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) {
    if (auto removed = remove_stale(path); !removed) {
      return std::unexpected(removed.error());
    }
  }
  if (::mkdir(path.c_str(), mode_t{0700}) != 0) {
    return wrong(path, std::generic_category().message(errno));
  }
  const int opened = lock_directory(path);
  if (opened < 0) {
    return wrong(path, std::generic_category().message(errno));
  }
  return std::unique_ptr<PartialDirectory>(new PartialDirectory(opened));
}

PartialDirectory::~PartialDirectory() {
  ::close(descriptor_);
}

}  // namespace strongroom
