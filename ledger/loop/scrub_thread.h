// SPDX-License-Identifier: Apache-2.0
// Reads everything that is stored again, all the time, on a thread of its own
// and slowly: one round a day, or faster where that is next to nothing.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/check/scrubber.h"
#include "ledger/loop/inbox.h"
#include "ledger/views/views.h"

namespace strongroom {

/// Batches to be read in a second so that `entries` in batches of that size are
/// read in a day; never fewer than a small ledger's few minutes' worth.
std::size_t scrub_rate(std::uint64_t entries, double entries_per_batch);

/// Where a process begins to read: anywhere, so that one that is started every
/// day comes to the end too. Nothing: no log has an entry.
std::optional<ScrubProgress> scrub_start(
    const std::vector<std::shared_ptr<const PublishedLog>>& logs,
    std::uint64_t random);

class ScrubThread {
 public:
  struct Parts {
    std::unique_ptr<Scrubber> scrubber;
    const Publication& publication;
    Views& views;        // progress
    LedgerInbox& inbox;  // what is found goes to the loop
    std::function<Now()> now;
    std::uint64_t random = 0;
    std::chrono::milliseconds pause{1000};  // between two steps
  };
  /// Begins to read.
  explicit ScrubThread(Parts parts);
  /// Within one step and no pause.
  ~ScrubThread();

 private:
  void run();
  bool wait();
  void take(const ScrubStep& step);
  void report(const std::vector<ScrubFlaw>& flaws);

  Parts parts_;
  ScrubView view_;
  std::uint64_t entries_read_ = 0;
  // Flaws that the inbox had no room for, at most as many as a round names of
  // one log: the next round finds the rest again.
  std::vector<ScrubFlaw> unreported_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace strongroom
