// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/durable_files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = 256 * 1024;

std::unexpected<Error> path_fault(const fs::path& path, const char* what) {
  return fault(path.string() + ": " + what + ": " +
               std::generic_category().message(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    check(context_ != nullptr &&
              EVP_DigestInit_ex2(context_.get(), EVP_sha256(), nullptr) == 1,
          "OpenSSL has no SHA-256");
  }
  void add(ByteView bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
          "OpenSSL could not hash");
  }
  Hash hash() {
    Hash hash{};
    check(EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr) == 1,
          "OpenSSL could not hash");
    return hash;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      return false;
    }
    bytes =
        bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return true;
}

/// Hands every block to `take` until it is false, which is a fault of it.
template <typename Take>
Result<HashedFile> read_blocks(const fs::path& path,
                               std::string_view what,
                               const Progress& progress,
                               Take take) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
    return path_fault(path, "cannot be opened");
  }
  const auto total = static_cast<std::uint64_t>(status.st_size);
  HashedFile found;
  Sha256 sum;
  Bytes block(kBlockBytes);
  for (;;) {
    const ssize_t count = ::read(file.number(), block.data(), block.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return path_fault(path, "cannot be read");
    }
    if (count == 0) {
      found.sha256 = sum.hash();
      return found;
    }
    const ByteView bytes(block.data(), static_cast<std::size_t>(count));
    sum.add(bytes);
    if (auto taken = take(bytes); !taken) {
      return std::unexpected(taken.error());
    }
    found.bytes += bytes.size();
    progress(what, found.bytes, total);
  }
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size() - 1, 0);
  return count > 0 ? "process " + std::string(text.data(),
                                              static_cast<std::size_t>(count))
                   : "another process";
}

}  // namespace

Result<HashedFile> hash_file(const fs::path& path, const Progress& progress) {
  return read_blocks(
      path, "reading " + path.filename().string(), progress, [](ByteView) {
        return Result<void>();
      });
}

Result<HashedFile> copy_file_durably(const fs::path& from,
                                     const fs::path& to,
                                     const Progress& progress) {
  const Descriptor out(::open(
      to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0640}));
  if (!out.is_open()) {
    return path_fault(to, "cannot be created");
  }
  auto copied = read_blocks(from,
                            "copying " + from.filename().string(),
                            progress,
                            [&](ByteView bytes) -> Result<void> {
                              if (!write_all(out.number(), bytes)) {
                                return path_fault(to, "cannot be written");
                              }
                              return {};
                            });
  if (copied && ::fsync(out.number()) != 0) {
    return path_fault(to, "cannot be synced");
  }
  return copied;
}

Result<void> sync_path(const fs::path& path) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.number()) != 0) {
    return path_fault(path, "cannot be synced");
  }
  return {};
}

Result<void> move_into_place(const fs::path& from, const fs::path& to) {
  if (::renameat2(
          AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) !=
      0) {
    return path_fault(to, "cannot be put in its place");
  }
  return sync_path(directory_of(to));
}

Result<std::unique_ptr<WriterLock>> WriterLock::take(const fs::path& database) {
  fs::path path = database;
  path += ".lock";
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode_t{0640});
  if (descriptor < 0) {
    return path_fault(path, "cannot be opened");
  }
  std::unique_ptr<WriterLock> lock(new WriterLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return fault(path.string() + ": held by " + holder_of(descriptor) +
                 "; stop it first");
  }
  return lock;
}

WriterLock::~WriterLock() {
  ::close(descriptor_);
}

}  // namespace strongroom
