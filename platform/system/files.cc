// SPDX-License-Identifier: Apache-2.0
#include "platform/system/files.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "platform/system/random.h"

namespace strongroom {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::unexpected<Error> path_fault(const std::filesystem::path& path,
                                  std::string_view what,
                                  int error) {
  return fault(path.string() + ": " + std::string(what) + ": " + reason(error));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  bool close() {
    if (number_ < 0) {
      return true;
    }
    const int number = std::exchange(number_, -1);
    return ::close(number) == 0;
  }

 private:
  int number_;
};

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

Result<void> sync_directory(const std::filesystem::path& path) {
  const std::filesystem::path directory = directory_of(path);
  const Descriptor opened(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || fsync(opened.number()) != 0) {
    return path_fault(directory, "cannot be synced", errno);
  }
  return {};
}

Result<void> fill_temporary(const std::filesystem::path& path,
                            ByteView bytes,
                            unsigned mode) {
  Descriptor file(::open(
      path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0600}));
  if (!file.is_open()) {
    return path_fault(path, "cannot be created", errno);
  }
  // fchmod, because the umask must not decide who reads a key.
  if (!write_all(file.number(), bytes) ||
      fchmod(file.number(), static_cast<mode_t>(mode)) != 0 ||
      fsync(file.number()) != 0 || !file.close()) {
    return path_fault(path, "cannot be written", errno);
  }
  return {};
}

Result<void> put_in_place(const std::filesystem::path& temporary,
                          const std::filesystem::path& path,
                          Overwrite overwrite) {
  if (overwrite == Overwrite::kReplace) {
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      return path_fault(path, "cannot be replaced", errno);
    }
    return {};
  }
  // link() refuses an existing name atomically; rename() would not.
  if (::link(temporary.c_str(), path.c_str()) != 0) {
    return path_fault(path, "cannot be created", errno);
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    return path_fault(path, "cannot be opened", errno);
  }
  std::string text;
  std::array<char, 16 * 1024> block{};
  while (true) {
    const ssize_t count = ::read(file.number(), block.data(), block.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return path_fault(path, "cannot be read", errno);
    }
    if (count == 0) {
      return text;
    }
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > max_bytes) {
      return fault(path.string() + ": larger than " +
                   std::to_string(max_bytes) + " bytes");
    }
  }
}

Result<void> write_file(const std::filesystem::path& path,
                        ByteView bytes,
                        unsigned mode,
                        Overwrite overwrite) {
  std::filesystem::path temporary = path;
  temporary += ".new-" + std::to_string(random64());
  Result<void> done = fill_temporary(temporary, bytes, mode);
  if (done) {
    done = put_in_place(temporary, path, overwrite);
  }
  if (!done || overwrite == Overwrite::kRefuse) {
    ::unlink(temporary.c_str());
  }
  if (!done) {
    return done;
  }
  return sync_directory(path);
}

}  // namespace strongroom
