// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/scrub_thread.h"

#include <algorithm>
#include <cmath>

#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

constexpr double kSecondsOfRound = 24 * 3600;
constexpr std::size_t kLeastBatches = 8;  // a second: some 1 % of a core
constexpr std::size_t kMostBatches = 2000;
constexpr double kGuessedBatch = 16;

std::uint64_t entries_of(
    const std::vector<std::shared_ptr<const PublishedLog>>& logs) {
  std::uint64_t entries = 0;
  for (const auto& log : logs) {
    entries += log->checkpoint.size;
  }
  return entries;
}

}  // namespace

std::size_t scrub_rate(std::uint64_t entries, double entries_per_batch) {
  const double needed = static_cast<double>(entries) /
                        std::max(entries_per_batch, 1.0) / kSecondsOfRound;
  return std::clamp(static_cast<std::size_t>(std::ceil(std::min(needed, 1e6))),
                    kLeastBatches,
                    kMostBatches);
}

std::optional<ScrubProgress> scrub_start(
    const std::vector<std::shared_ptr<const PublishedLog>>& logs,
    std::uint64_t random) {
  const std::uint64_t entries = entries_of(logs);
  if (entries == 0) {
    return std::nullopt;
  }
  std::uint64_t at = random % entries;
  for (const auto& log : logs) {
    const std::uint64_t size = log->checkpoint.size;
    if (at < size) {
      return ScrubProgress{log->origin, at, size};
    }
    at -= size;
  }
  return std::nullopt;
}

ScrubThread::ScrubThread(Parts parts)
    : parts_(std::move(parts)), thread_([this] { run(); }) {}

ScrubThread::~ScrubThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

bool ScrubThread::wait() {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, parts_.pause, [this] { return stop_; });
}

void ScrubThread::run() {
  if (const auto start = scrub_start(parts_.publication.all(), parts_.random)) {
    parts_.scrubber->resume(*start);
  }
  while (wait()) {
    report(std::exchange(unreported_, {}));
    const double per_batch = view_.batches == 0
                                 ? kGuessedBatch
                                 : static_cast<double>(entries_read_) /
                                       static_cast<double>(view_.batches);
    const auto step = parts_.scrubber->step(
        scrub_rate(entries_of(parts_.publication.all()), per_batch));
    if (step) {
      take(*step);
    } else {
      view_.error = step.error().what;
    }
    parts_.views.set_scrub(view_);
  }
}

void ScrubThread::take(const ScrubStep& step) {
  const std::string origin = step.at.origin.text();
  if (view_.origin == origin && step.at.index > view_.index) {
    entries_read_ += step.at.index - view_.index;
  } else if (step.batches > 0) {
    entries_read_ += step.batches;  // at least
  }
  view_.error.clear();
  view_.origin = origin;
  view_.index = step.at.index;
  view_.size = step.at.size;
  view_.batches += step.batches;
  if (step.round_done) {
    ++view_.rounds;
    view_.round_done_us = parts_.now().wall.time_since_epoch().count();
  }
  report(step.flaws);
}

void ScrubThread::report(const std::vector<ScrubFlaw>& flaws) {
  for (const ScrubFlaw& flaw : flaws) {
    const bool posted = parts_.inbox.post([flaw](Ledger& ledger) {
      return ledger.note_damage(flaw.origin, flaw.index, flaw.tile, flaw.what);
    });
    if (!posted && unreported_.size() < Scrubber::kMaxFlaws) {
      unreported_.push_back(flaw);
    }
  }
}

}  // namespace strongroom
