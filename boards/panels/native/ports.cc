// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/native/ports.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>  // NOLINT: posix_openpt
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <termios.h>
#include <time.h>  // NOLINT: nanosleep
#include <unistd.h>

namespace strongroom::panel::native {
namespace {

constexpr int kTries = 100;
constexpr timespec kBetweenTries{.tv_sec = 0, .tv_nsec = 50'000'000};

std::string why() {
  return std::generic_category().message(errno);
}

std::optional<Port> connect_to(const std::string& path, std::string& error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    error = path + " is too long for a socket; use a shorter directory";
    return std::nullopt;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  for (int i = 0; i < kTries; ++i) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      break;
    }
    if (::connect(fd,
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == 0) {
      return Port(fd, true);
    }
    error = path + ": " + why() + "; is the other side listening?";
    ::close(fd);
    ::nanosleep(&kBetweenTries, nullptr);
  }
  return std::nullopt;
}

std::optional<Port> make_terminal(const std::string& link, std::string& error) {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  std::array<char, 128> name{};
  if (fd < 0 || ::grantpt(fd) != 0 || ::unlockpt(fd) != 0 ||
      ::ptsname_r(fd, name.data(), name.size()) != 0) {
    error = "no pseudo-terminal: " + why();
    return std::nullopt;
  }
  // Held open, so that the terminal outlives whoever comes and goes.
  const int held = ::open(name.data(), O_RDWR | O_NOCTTY);
  termios settings{};
  if (held < 0 || ::tcgetattr(held, &settings) != 0) {
    error = "no pseudo-terminal: " + why();
    return std::nullopt;
  }
  ::cfmakeraw(&settings);
  ::tcsetattr(held, TCSANOW, &settings);
  ::unlink(link.c_str());
  if (::symlink(name.data(), link.c_str()) != 0) {
    error = link + ": " + why();
    return std::nullopt;
  }
  return Port(fd, false);
}

}  // namespace

std::optional<Port> Port::open(const std::string& where, std::string& error) {
  if (where.starts_with("unix:")) {
    return connect_to(where.substr(5), error);
  }
  if (where.starts_with("pty:")) {
    return make_terminal(where.substr(4), error);
  }
  error = where + ": write unix:PATH or pty:LINK";
  return std::nullopt;
}

std::optional<std::uint8_t> Port::read() {
  if (next_ == size_) {
    if (fd_ < 0 || is_closed_) {
      return std::nullopt;
    }
    const ssize_t got = ::read(fd_, bytes_.data(), bytes_.size());
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
      is_closed_ = is_socket_;
    }
    if (got <= 0) {
      return std::nullopt;
    }
    next_ = 0;
    size_ = static_cast<std::size_t>(got);
  }
  return bytes_[next_++];
}

void Port::write(std::span<const std::uint8_t> bytes) {
  if (fd_ < 0) {
    return;
  }
  // Whoever does not read loses what does not fit into the kernel's buffer.
  const ssize_t put =
      is_socket_ ? ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                 : ::write(fd_, bytes.data(), bytes.size());
  static_cast<void>(put);
}

}  // namespace strongroom::panel::native
