// SPDX-License-Identifier: Apache-2.0
// The process as a service: signals, systemd notification, logging.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace strongroom {

/// Blocks SIGTERM, SIGINT and SIGHUP in every thread started later, ignores
/// SIGPIPE. Call first in main.
void block_signals();
/// Waits on a thread of its own; calls `on_stop` once at SIGTERM or SIGINT and
/// `on_reload` at each SIGHUP, on that thread. Ends with the object.
class SignalWatch {
 public:
  SignalWatch(std::function<void()> on_stop, std::function<void()> on_reload);
  ~SignalWatch();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// sd_notify; nothing without NOTIFY_SOCKET. Any thread.
void notify_ready(std::string_view status);
void notify_watchdog();
void notify_stopping();

/// Log lines to stderr: time, level, event name and key=value. Levels: trace,
/// debug, info, warning, error. With systemd, without the time.
void init_logging(std::string_view program, std::string_view level);

}  // namespace strongroom
