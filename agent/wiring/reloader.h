// SPDX-License-Identifier: Apache-2.0
// Reads the configuration anew while the agent runs, on a thread of its own:
// lines end within a timeout, and neither the loop nor a signal waits for that.
#pragma once

#include <condition_variable>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/config_diff.h"
#include "agent/http/pages.h"
#include "agent/loop/device_set.h"
#include "agent/wiring/line_set.h"

namespace strongroom {

struct ReloadPorts {
  /// agent.toml as it is now.
  std::function<std::expected<AgentConfig, std::vector<ConfigError>>()> load;
  LineSet& lines;
  /// The policy of a configuration; its fault refuses the configuration.
  std::function<Result<std::shared_ptr<const Policy>>(const AgentConfig&)>
      load_policy = [](const auto&) { return nullptr; };
  /// Before the loop is told of panels, and before their lines are started.
  std::function<void(const AgentConfig&)> set_panels = [](const auto&) {};
  /// To the loop; must not block.
  std::function<void(DeviceSet)> push_devices;
  /// What the service manager shows of the agent.
  std::function<void(const std::string& status)> tell = [](const auto&) {};
};

/// An invalid file, or policy, or one that is older than the newest that was in
/// force in this run, changes nothing. A valid one: lines whose
/// configuration is the same go on; the others are stopped, the loop learns the
/// new devices, new lines are started, in this order, so that the loop knows
/// every device before its first poll. What cannot change while running keeps
/// its value and is named.
class Reloader {
 public:
  /// `running`: whose lines run. `policy`: which is in force; none, because of
  /// `policy_fault`, or because there is none when that is empty.
  Reloader(AgentConfig running,
           ReloadPorts ports,
           const Policy* policy = nullptr,
           const std::string& policy_fault = {});
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// From now on requests are served, also those made before. Once.
  void start();
  /// Any thread, never blocks. All requests made while one is served are one.
  void request();
  /// Waits for a reload that is being made. The lines are not stopped.
  void stop();
  /// Any thread.
  ReloadStatus status() const;

 private:
  void run();
  void reload();
  void refuse(const std::vector<ConfigError>& errors);
  std::optional<std::string> rollback_fault(const Policy* policy) const;
  void apply(AgentConfig wanted, std::shared_ptr<const Policy> policy);

  ReloadPorts ports_;
  AgentConfig running_;  // the thread's, once it runs
  Hash policy_{};        // of the policy that is in force; zeros: there is none
  // Of the newest policy that was in force; zeros: there was none.
  std::uint64_t newest_version_ = 0;
  Hash newest_{};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;  // under mutex_
  bool stop_ = false;       // under mutex_
  ReloadStatus status_;     // under mutex_
  std::thread thread_;
};

/// One warning of the log each.
void log_warnings(const AgentConfig& config);

}  // namespace strongroom
