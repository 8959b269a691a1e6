// SPDX-License-Identifier: Apache-2.0
// The firmware as a process. A reset is the program that starts itself again,
// with its streams open and its memory in a file; SIGKILL and a start with the
// same files is one, too.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT: sigaction
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>  // NOLINT: clock_gettime
#include <unistd.h>
#include <vector>

#include "boards/panels/native/options.h"
#include "boards/panels/native/ports.h"
#include "boards/panels/native/slots.h"
#include "boards/panels/world/world.h"
#include "firmware/hal/hal.h"

namespace strongroom::panel::hal {
namespace {

using native::Options;
using native::Port;

// Longer than the firmware needs: other programs keep the processor from it.
constexpr itimerval kWatchdog{.it_interval = {}, .it_value = {.tv_sec = 3}};
constexpr std::uint64_t kWaitForWorldUs = 1'000'000;
constexpr const char* kStartVariable = "STRONGROOM_PANEL_START";
constexpr const char* kPortsVariable = "STRONGROOM_PANEL_PORTS";

struct Board {
  Options options;
  std::vector<std::string> arguments;
  std::vector<char*> argv;  // for exec, made beforehand
  Port line;
  Port reader1;
  Port world_port;
  Port local;
  World world;
  Survivors* survivors = nullptr;
  strongroom_panel_v1_PanelStart reason{};
  timespec started{};
};

Board board;  // NOLINT: the hal is one object; this is it

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "strongroom-panel: %s\n", what.c_str());
  std::_Exit(1);
}

// Also called by the watchdog's signal handler: nothing that locks.
[[noreturn]] void start_again(char reason) {
  static std::array<char, 64> start{};
  static std::array<char, 128> ports{};
  static std::array<char*, 4> environment{start.data(), ports.data()};
  std::snprintf(start.data(), start.size(), "%s=%c", kStartVariable, reason);
  std::snprintf(ports.data(),
                ports.size(),
                "%s=%d,%d,%d,%d",
                kPortsVariable,
                board.line.fd(),
                board.reader1.fd(),
                board.world_port.fd(),
                board.local.fd());
  ::execve("/proc/self/exe", board.argv.data(), environment.data());
  std::_Exit(1);
}

void bite(int) {
  start_again('w');
}

void set_watchdog() {
  struct sigaction action{};
  action.sa_handler = bite;
  ::sigaction(SIGALRM, &action, nullptr);
  // The mask is inherited from the handler that started this life.
  sigset_t none;
  sigemptyset(&none);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  feed_watchdog();
}

void read_arguments() {
  const int file = ::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    fail("there is no /proc");
  }
  std::string all;
  std::array<char, 4096> bytes{};
  ssize_t got = 0;
  while ((got = ::read(file, bytes.data(), bytes.size())) > 0) {
    all.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(file);
  for (std::size_t at = 0; at < all.size();) {
    board.arguments.emplace_back(all.c_str() + at);
    at += board.arguments.back().size() + 1;
  }
  for (std::string& argument : board.arguments) {
    board.argv.push_back(argument.data());
  }
  board.argv.push_back(nullptr);
  board.options = native::read_options(static_cast<int>(board.arguments.size()),
                                       board.argv.data());
}

Port open_port(const std::string& where, int inherited) {
  if (where.empty()) {
    return {};
  }
  if (inherited >= 0) {
    return {inherited, where.starts_with("unix:")};
  }
  std::string error;
  const auto port = Port::open(where, error);
  if (!port) {
    fail(error);
  }
  return *port;
}

void open_ports() {
  std::array<int, 4> fds{-1, -1, -1, -1};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  if (const char* inherited = std::getenv(kPortsVariable)) {
    std::sscanf(  // NOLINT(cert-err34-c): our own words of a moment ago
        inherited,
        "%d,%d,%d,%d",
        &fds[0],
        &fds[1],
        &fds[2],
        &fds[3]);
  }
  board.world_port = open_port(board.options.world, fds[2]);
  board.local = open_port(board.options.local, fds[3]);
  board.reader1 = open_port(board.options.reader1, fds[1]);
  board.line = open_port(board.options.line, fds[0]);
}

void map_memory() {
  int fd = -1;
  bool is_new = true;
  if (!board.options.memory.empty()) {
    const char* path = board.options.memory.c_str();
    fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      fail(board.options.memory +
           " cannot be opened, or another panel uses it");
    }
    is_new = ::lseek(fd, 0, SEEK_END) != sizeof(Survivors);
    if (is_new &&
        (::ftruncate(fd, 0) != 0 || ::ftruncate(fd, sizeof(Survivors)) != 0)) {
      fail(board.options.memory + ": there is no room");
    }
  }
  void* memory = ::mmap(nullptr,
                        sizeof(Survivors),
                        PROT_READ | PROT_WRITE,
                        fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED,
                        fd,
                        0);
  if (memory == MAP_FAILED) {
    fail("no memory");
  }
  board.survivors = static_cast<Survivors*>(memory);

  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  const char* said = std::getenv(kStartVariable);
  if (is_new) {
    board.reason = strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON;
  } else if (said != nullptr && said[0] == 'w') {
    board.reason = strongroom_panel_v1_PanelStart_PANEL_START_WATCHDOG;
  } else {
    board.reason = strongroom_panel_v1_PanelStart_PANEL_START_RESET;
  }
}

void say(std::string_view text) {
  board.world_port.write(
      {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void pump_world() {
  while (const auto byte = board.world_port.read()) {
    board.world.received(*byte, uptime_us());  // `nv`: the slots are files here
  }
}

void greet_world() {
  if (!board.world_port.is_open()) {
    return;
  }
  constexpr std::array<const char*, 5> kReasons{
      "unknown", "power-on", "reset", "watchdog", "fault"};
  say(std::string("up native ") + kReasons[board.reason] + "\n");
  const WorldLine line = outputs_line({});
  say({line.text.data(), line.size});
  while (!board.world.is_begun() && uptime_us() < kWaitForWorldUs) {
    rest();
    pump_world();
  }
}

}  // namespace

void start() {
  ::clock_gettime(CLOCK_MONOTONIC, &board.started);
  read_arguments();
  std::string error;
  if (!native::make_slots(board.options.nv, error)) {
    fail(error);
  }
  open_ports();
  map_memory();
  greet_world();
  set_watchdog();
}

std::uint64_t uptime_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(
      (now.tv_sec - board.started.tv_sec) * 1'000'000 +
      (now.tv_nsec - board.started.tv_nsec) / 1000 + 1);
}

strongroom_panel_v1_PanelStart start_reason() {
  return board.reason;
}

void feed_watchdog() {
  ::setitimer(ITIMER_REAL, &kWatchdog, nullptr);
}

void rest() {
  if (board.line.is_closed()) {
    std::_Exit(0);
  }
  std::array<pollfd, 4> fds{{{board.line.fd(), POLLIN, 0},
                             {board.reader1.fd(), POLLIN, 0},
                             {board.world_port.fd(), POLLIN, 0},
                             {board.local.fd(), POLLIN, 0}}};
  // A closed stream is ready for ever: it must not keep the loop turning.
  if (board.world_port.is_closed()) {
    fds[2].fd = -1;
  }
  if (board.reader1.is_closed()) {
    fds[1].fd = -1;
  }
  if (board.local.is_closed()) {
    fds[3].fd = -1;
  }
  ::poll(fds.data(), fds.size(), 1);
}

void reset() {
  start_again('r');
}

const BoardIdentity& identity() {
  static constexpr BoardIdentity kIdentity{
      .board = "native",
      .serial = {'n', 'a', 't', 'i', 'v', 'e'},
      .tests_only = true,
      .line_patience_us = 50'000};
  return kIdentity;
}

std::optional<std::uint64_t> random64() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) {
    return std::nullopt;
  }
  return value;
}

bool is_stalled(Task task) {
  return board.world.is_stalled(task);
}

StackUse stack_use() {
  return {};
}

Survivors& survivors() {
  return *board.survivors;
}

std::size_t read_slot(Slot slot, std::span<std::uint8_t> to) {
  return native::read_slot(board.options.nv, slot, to);
}

bool write_slot(Slot slot, std::span<const std::uint8_t> from) {
  return native::write_slot(board.options.nv, slot, from);
}

// Sockets and terminals know no speed.
void open_line(std::uint32_t /*baud*/, char /*parity*/) {}

std::optional<LineByte> read_line() {
  const auto byte = board.line.read();
  if (!byte) {
    return std::nullopt;
  }
  return LineByte{.byte = *byte, .at_us = uptime_us(), .is_broken = false};
}

bool write_line(std::span<const std::uint8_t> bytes) {
  board.line.write(bytes);
  return true;
}

bool is_line_sending() {
  return false;
}

Inputs inputs() {
  return board.world.inputs();
}

void set_outputs(const Outputs& outputs) {
  const WorldLine line = outputs_line(outputs);
  say({line.text.data(), line.size});
}

std::optional<ReaderEvent> read_readers() {
  pump_world();
  if (const auto byte = board.reader1.read()) {
    return ReaderEvent{.kind = ReaderEvent::Kind::kByte,
                       .reader = 1,
                       .byte = *byte,
                       .at_us = uptime_us()};
  }
  return board.world.reader_event(uptime_us());
}

std::optional<std::uint8_t> read_local() {
  return board.local.read();
}

void write_local(std::span<const std::uint8_t> bytes) {
  board.local.write(bytes);
}

}  // namespace strongroom::panel::hal
