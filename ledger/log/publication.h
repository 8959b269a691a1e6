// SPDX-License-Identifier: Apache-2.0
// What the ledger has published of each log: immutable snapshots that the loop
// replaces and that every thread may read.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/log/checkpoint.h"
#include "ledger/log/edge.h"
#include "ledger/store/rows.h"

namespace strongroom {

struct PublishedLog {
  LogId log_id = 0;
  Origin origin;
  std::string frozen;  // why it signs nothing more
  /// So many entries count: a successor, the next generation, goes on from
  /// here. The checkpoint may be smaller: the newest note that was signed of
  /// the part that is kept.
  std::optional<std::uint64_t> closed_at;
  /// Entries below it, headers excepted, were deleted by the retention policy.
  /// As of the newest publication: who reads rows believes BatchRow::pruned.
  std::uint64_t pruned_to = 0;
  Checkpoint checkpoint;  // the newest signed
  std::string note;       // empty when nothing can be served (see `frozen`)
  Edge edge;              // of the tree of that size
};

class Publication {
 public:
  void put(std::shared_ptr<const PublishedLog> log);
  /// Null when there is no such log.
  std::shared_ptr<const PublishedLog> find(const Origin& origin) const;
  std::vector<std::shared_ptr<const PublishedLog>> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<Origin, std::shared_ptr<const PublishedLog>> logs_;
};

}  // namespace strongroom
