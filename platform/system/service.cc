// SPDX-License-Identifier: Apache-2.0
#include "platform/system/service.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

void notify(const std::string& message) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = name == nullptr ? 0 : std::strlen(name);
  if (length < 2 || length >= sizeof(address.sun_path)) {
    return;
  }
  std::memcpy(address.sun_path, name, length);
  if (name[0] == '@') {
    address.sun_path[0] = '\0';  // an abstract address
  }
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    return;
  }
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // The service manager is not waited for, and its absence is not our fault.
  (void)::sendto(socket,
                 message.data(),
                 message.size(),
                 MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address),
                 size);
  ::close(socket);
}

/// "<6>": how journald learns the level of a line (sd-daemon(3)).
class JournalPriority : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message,
              const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    constexpr std::string_view kPriorities[] = {
        "<7>", "<7>", "<6>", "<4>", "<3>", "<2>", "<6>"};
    const auto level = static_cast<std::size_t>(message.level);
    const std::string_view text =
        level < std::size(kPriorities) ? kPriorities[level] : "<6>";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalPriority>();
  }
};

}  // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  check(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0,
        "signals cannot be blocked");
  check(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR, "SIGPIPE cannot be ignored");
}

// Thread: its own; the callbacks run there.
struct SignalWatch::State {
  std::function<void()> on_stop;
  std::function<void()> on_reload;
  int signals = -1;
  int ending = -1;
  std::thread thread;

  void run() {
    bool stopped = false;
    std::array<pollfd, 2> waiting{pollfd{signals, POLLIN, 0},
                                  pollfd{ending, POLLIN, 0}};
    while (true) {
      if (::poll(waiting.data(), waiting.size(), -1) < 0) {
        continue;  // EINTR
      }
      if (waiting[1].revents != 0) {
        return;
      }
      signalfd_siginfo info{};
      if (::read(signals, &info, sizeof info) != sizeof info) {
        continue;
      }
      if (info.ssi_signo == SIGHUP) {
        on_reload();
      } else if (!std::exchange(stopped, true)) {
        on_stop();
      }
    }
  }
};

SignalWatch::SignalWatch(std::function<void()> on_stop,
                         std::function<void()> on_reload)
    : state_(std::make_unique<State>()) {
  const sigset_t set = watched_signals();
  state_->on_stop = std::move(on_stop);
  state_->on_reload = std::move(on_reload);
  state_->signals = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  state_->ending = ::eventfd(0, EFD_CLOEXEC);
  check(state_->signals >= 0 && state_->ending >= 0,
        "no descriptors left to wait for signals");
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

SignalWatch::~SignalWatch() {
  const std::uint64_t one = 1;
  check(::write(state_->ending, &one, sizeof one) == sizeof one,
        "an eventfd takes one number");
  state_->thread.join();
  ::close(state_->signals);
  ::close(state_->ending);
}

void notify_ready(std::string_view status) {
  notify("READY=1\nSTATUS=" + std::string(status));
}

void notify_watchdog() {
  notify("WATCHDOG=1");
}

void notify_stopping() {
  notify("STOPPING=1");
}

void init_logging(std::string_view program, std::string_view level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger =
      std::make_shared<spdlog::logger>(std::string(program), std::move(sink));
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      spdlog::pattern_time_type::utc);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  if (std::getenv("JOURNAL_STREAM") != nullptr) {
    formatter->add_flag<JournalPriority>('*').set_pattern("%*%l %v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace strongroom
