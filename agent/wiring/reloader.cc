// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/reloader.h"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/wiring/device_set_of.h"
#include "core/base/check.h"

namespace strongroom {

void log_warnings(const AgentConfig& config) {
  for (const ConfigError& warning : config.warnings) {
    spdlog::warn("config_warning what='{}'", warning.text());
  }
}

Reloader::Reloader(AgentConfig running,
                   ReloadPorts ports,
                   const Policy* policy,
                   const std::string& policy_fault)
    : ports_(std::move(ports)), running_(std::move(running)) {
  if (policy != nullptr) {
    policy_ = newest_ = policy->hash;
    newest_version_ = policy->version;
  }
  status_.policy_fault = policy_fault;
}

Reloader::~Reloader() {
  stop();
}

void Reloader::start() {
  check(!thread_.joinable(), "a reloader is started once");
  thread_ = std::thread([this] { run(); });
}

void Reloader::request() {
  const std::scoped_lock lock(mutex_);
  requested_ = true;
  changed_.notify_all();
}

void Reloader::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

ReloadStatus Reloader::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

void Reloader::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return requested_ || stop_; });
      if (stop_) {
        return;
      }
      requested_ = false;
    }
    reload();
  }
}

void Reloader::reload() {
  auto wanted = ports_.load();
  if (!wanted) {
    refuse(wanted.error());
    return;
  }
  auto policy = ports_.load_policy(*wanted);
  if (!policy) {
    refuse({{wanted->policy.filename().string(), 0, policy.error().what}});
    return;
  }
  if (const auto what = rollback_fault(policy->get())) {
    refuse({{wanted->policy.filename().string(), 0, *what}});
    return;
  }
  apply(*std::move(wanted), *std::move(policy));
}

void Reloader::refuse(const std::vector<ConfigError>& errors) {
  std::vector<std::string> texts;
  for (const ConfigError& error : errors) {
    texts.push_back(error.text());
    spdlog::error("config_refused what='{}'", texts.back());
  }
  ports_.tell("recording; the changed configuration was refused, see the log");
  const std::scoped_lock lock(mutex_);
  ++status_.reloads;
  status_.refused = std::move(texts);
}

// Who can put yesterday's file here must not give back what was revoked today.
std::optional<std::string> Reloader::rollback_fault(
    const Policy* policy) const {
  if (policy == nullptr || policy->version > newest_version_ ||
      policy->hash == newest_) {
    return std::nullopt;
  }
  return fmt::format(
      "the policy has version {}, and version {} was in force: a changed "
      "policy needs a greater one",
      policy->version,
      newest_version_);
}

void Reloader::apply(AgentConfig wanted, std::shared_ptr<const Policy> policy) {
  const ConfigDiff diff = diff_configs(running_, wanted);
  log_warnings(wanted);
  for (const std::string& key : diff.needs_restart) {
    spdlog::warn("config_needs_restart key={}", key);
  }
  running_ = without_restart(running_, std::move(wanted));
  const Hash hash = policy == nullptr ? Hash{} : policy->hash;
  if (policy != nullptr) {
    newest_ = hash;
    newest_version_ = policy->version;
  }
  ports_.lines.stop(diff.stop);
  ports_.set_panels(running_);
  if (diff.changes_devices || hash != policy_) {
    ports_.push_devices(device_set_of(running_, std::move(policy)));
    policy_ = hash;
  }
  for (const LineConfig& line : running_.lines) {
    if (std::ranges::find(diff.start, line.name) != diff.start.end()) {
      ports_.lines.start(line);
    }
  }
  spdlog::info("config_reloaded kept={} stopped={} started={}",
               diff.keep.size(),
               diff.stop.size(),
               diff.start.size());
  ports_.tell("recording");
  const std::scoped_lock lock(mutex_);
  ++status_.reloads;
  status_.refused.clear();
  status_.policy_fault.clear();
  status_.needs_restart = diff.needs_restart;
}

}  // namespace strongroom
