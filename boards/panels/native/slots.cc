// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/native/slots.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "firmware/hal/slot_record.h"

namespace strongroom::panel::native {
namespace {

std::string slot_path(const std::string& folder, hal::Slot slot) {
  return folder + "/slot-" + std::to_string(static_cast<int>(slot));
}

}  // namespace

bool make_slots(const std::string& folder, std::string& error) {
  if (folder.empty() ||
      ((::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) &&
       ::access((folder + "/.").c_str(), W_OK | X_OK) == 0)) {
    return true;
  }
  error = "--nv " + folder + ": " + std::generic_category().message(errno) +
          "; name a directory that this user may write";
  return false;
}

std::size_t read_slot(const std::string& folder,
                      hal::Slot slot,
                      std::span<std::uint8_t> to) {
  if (folder.empty()) {
    return 0;
  }
  std::FILE* file = std::fopen(slot_path(folder, slot).c_str(), "rb");
  if (file == nullptr) {
    return 0;
  }
  std::array<std::uint8_t, hal::kSlotHead + hal::kSlotBytes> record{};
  const std::size_t size = std::fread(record.data(), 1, record.size(), file);
  std::fclose(file);
  const auto content = hal::slot_content(static_cast<std::uint8_t>(slot),
                                         std::span(record).first(size));
  if (content.size() > to.size()) {
    return 0;
  }
  std::ranges::copy(content, to.begin());
  return content.size();
}

bool write_slot(const std::string& folder,
                hal::Slot slot,
                std::span<const std::uint8_t> from) {
  if (folder.empty() || from.size() > hal::kSlotBytes) {
    return false;
  }
  const std::string path = slot_path(folder, slot);
  const std::string fresh = path + ".new";
  const int fd =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return false;
  }
  const auto head = hal::slot_head(static_cast<std::uint8_t>(slot), from);
  bool is_kept = ::write(fd, head.data(), head.size()) ==
                     static_cast<ssize_t>(head.size()) &&
                 ::write(fd, from.data(), from.size()) ==
                     static_cast<ssize_t>(from.size()) &&
                 ::fsync(fd) == 0;
  ::close(fd);
  is_kept = is_kept && std::rename(fresh.c_str(), path.c_str()) == 0;
  return is_kept;
}

}  // namespace strongroom::panel::native
