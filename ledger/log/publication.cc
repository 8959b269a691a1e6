// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/publication.h"

namespace strongroom {

void Publication::put(std::shared_ptr<const PublishedLog> log) {
  const std::lock_guard lock(mutex_);
  logs_[log->origin] = std::move(log);
}

std::shared_ptr<const PublishedLog> Publication::find(
    const Origin& origin) const {
  const std::lock_guard lock(mutex_);
  const auto found = logs_.find(origin);
  return found == logs_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const PublishedLog>> Publication::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const PublishedLog>> logs;
  logs.reserve(logs_.size());
  for (const auto& [origin, log] : logs_) {
    logs.push_back(log);
  }
  return logs;
}

}  // namespace strongroom
