// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/terminal.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <stdlib.h>
#include <termios.h>

namespace strongroom::plant {
namespace {

Result<void> place_link(const std::string& target, const std::string& link) {
  std::error_code error;
  if (std::filesystem::is_symlink(
          std::filesystem::symlink_status(link, error))) {
    std::filesystem::remove(link, error);
  }
  std::filesystem::create_symlink(target, link, error);
  if (error) {
    return fault("cannot make the link " + link + ": " + error.message() +
                 "; --link-dir says where links are");
  }
  return {};
}

}  // namespace

Result<Terminal> open_terminal(const std::string& link) {
  Terminal terminal{
      Descriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)),
      Descriptor()};
  const int master = terminal.master.get();
  std::array<char, 128> path{};
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
      ptsname_r(master, path.data(), path.size()) != 0) {
    return std::unexpected(last_error("cannot open a pseudo-terminal"));
  }
  terminal.slave = Descriptor(open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  if (!terminal.slave.is_open() ||
      tcgetattr(terminal.slave.get(), &settings) != 0) {
    return std::unexpected(last_error("cannot open a pseudo-terminal"));
  }
  cfmakeraw(&settings);
  tcsetattr(terminal.slave.get(), TCSANOW, &settings);
  if (auto placed = place_link(path.data(), link); !placed) {
    return std::unexpected(placed.error());
  }
  return terminal;
}

}  // namespace strongroom::plant
