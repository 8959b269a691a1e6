// SPDX-License-Identifier: Apache-2.0
#include "tests/powercut/posix_calls.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

strongroom::PowerCutDisk* the_disk = nullptr;

std::filesystem::path absolute(const char* path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored);
}

int done(long result) {
  return result == 0 ? 0 : -1;
}

int unlink_and_tell(const char* path, int flags) {
  const int result = done(::syscall(SYS_unlinkat, AT_FDCWD, path, flags));
  if (result == 0 && the_disk != nullptr) {
    const int error = errno;
    the_disk->removed(absolute(path));
    errno = error;
  }
  return result;
}

// The directory that is open there; empty when it is something else.
std::string directory_at(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISDIR(status.st_mode)) {
    return "";
  }
  std::array<char, PATH_MAX> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), name.data(), name.size());
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size))
                  : "";
}

}  // namespace

namespace strongroom::powercut {

PosixCalls::PosixCalls(PowerCutDisk& disk) {
  the_disk = &disk;
}
PosixCalls::~PosixCalls() {
  the_disk = nullptr;
}

}  // namespace strongroom::powercut

// The program's own come before the C library's, for libstdc++ and SQLite too.
extern "C" {

int rename(const char* from, const char* to) noexcept {
  const int result =
      done(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  if (result == 0 && the_disk != nullptr) {
    the_disk->renamed(absolute(from), absolute(to));
  }
  return result;
}

int unlink(const char* path) noexcept {
  return unlink_and_tell(path, 0);
}

int remove(const char* path) noexcept {
  if (unlink_and_tell(path, 0) == 0) {
    return 0;
  }
  return errno == EISDIR || errno == EPERM ? unlink_and_tell(path, AT_REMOVEDIR)
                                           : -1;
}

int fsync(int descriptor) {
  const int result = done(::syscall(SYS_fsync, descriptor));
  if (result == 0 && the_disk != nullptr) {
    if (const std::string name = directory_at(descriptor); !name.empty()) {
      the_disk->directory_synced(name);
    }
  }
  return result;
}

}  // extern "C"
