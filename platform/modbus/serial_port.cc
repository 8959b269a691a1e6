// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/serial_port.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <linux/tty_flags.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <system_error>
#include <termios.h>

namespace strongroom {
namespace {

constexpr int kLowLatency = static_cast<int>(ASYNC_LOW_LATENCY);

std::string error_text(int error) {
  return std::generic_category().message(error);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The process that has the lock, from the kernel's list; 0 when it does not
/// say (another container).
int lock_holder(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) {
    return 0;
  }
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    int process = 0;
    unsigned int device_major = 0;
    unsigned int device_minor = 0;
    std::uint64_t inode = 0;
    // "7: FLOCK  ADVISORY  WRITE 1234 00:18:5 0 EOF"
    if (std::sscanf(line.c_str(),
                    "%*s FLOCK ADVISORY WRITE %d %x:%x:%" SCNu64,
                    &process,
                    &device_major,
                    &device_minor,
                    &inode) == 4 &&
        inode == status.st_ino && device_major == major(status.st_dev) &&
        device_minor == minor(status.st_dev)) {
      return process;
    }
  }
  return 0;
}

std::string holder_text(int fd) {
  const int process = lock_holder(fd);
  if (process <= 0) {
    return "another program";
  }
  const std::string number = std::to_string(process);
  return first_line("/proc/" + number + "/comm") + " (process " + number + ")";
}

}  // namespace

Result<FileDescriptor> claim_serial_port(const std::string& device) {
  FileDescriptor port(
      open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!port.is_open()) {
    return fault(errno == EBUSY
                     ? "another program holds it for itself (fuser -v " +
                           device + " says which)"
                     : error_text(errno));
  }
  if (flock(port.get(), LOCK_EX | LOCK_NB) != 0) {
    return fault(errno == EWOULDBLOCK ? holder_text(port.get()) + " holds it"
                                      : error_text(errno));
  }
  return port;
}

void make_exclusive(int port) {
  ioctl(port, TIOCEXCL);
}

void release_serial_port(int port) {
  ioctl(port, TIOCNXCL);
}

bool fell_back(int port, int baud) {
  constexpr int kFallback = 9600;
  termios settings{};
  return baud != kFallback && tcgetattr(port, &settings) == 0 &&
         cfgetospeed(&settings) == B9600;
}

int kernel_serial_control(int fd, unsigned long request, serial_struct* state) {
  return ioctl(fd, request, state);
}

LowLatency set_low_latency(int port, SerialControl control) {
  serial_struct state{};
  if (control(port, TIOCGSERIAL, &state) != 0) {
    return LowLatency::kNotApplicable;
  }
  state.flags |= kLowLatency;
  if (control(port, TIOCSSERIAL, &state) != 0) {
    return LowLatency::kRefused;
  }
  serial_struct after{};
  const bool took_it = control(port, TIOCGSERIAL, &after) == 0 &&
                       (after.flags & kLowLatency) != 0;
  return took_it ? LowLatency::kSet : LowLatency::kRefused;
}

}  // namespace strongroom
