// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_store.h"

namespace strongroom::simulation {

using Step = LedgerDisk::Step;

Step LedgerDisk::next(bool is_full) {
  ++steps;
  if (crashed || is_full) {
    return Step::kFailBefore;
  }
  if (steps_until_fault < 0 || --steps_until_fault > 0) {
    return Step::kDo;
  }
  steps_until_fault = -1;
  ++faults;
  crashed = is_crash;
  return after_doing_it ? Step::kFailAfter : Step::kFailBefore;
}

namespace {

template <typename Do>
auto attempt(LedgerDisk& disk, bool is_full, Do&& step) -> decltype(step()) {
  const Step next = disk.next(is_full);
  if (next == Step::kDo) {
    return step();
  }
  if (next == Step::kFailAfter) {
    (void)step();
  }
  return fault(is_full ? "disk full" : "injected");
}

}  // namespace

Result<void> SimStore::commit_disclosures(std::span<const DisclosureRow> rows) {
  return attempt(
      disk_, disk_.store_full, [&] { return real_->commit_disclosures(rows); });
}

// One bit of one event's entry.
CommitRows SimStore::altered(CommitRows rows) {
  if (!rows.batches.empty()) {
    disk_.alters_next = false;
    Bytes& entries = rows.batches[random_.below(rows.batches.size())].entries;
    entries.back() ^= static_cast<std::uint8_t>(1U << random_.below(8));
  }
  return rows;
}

Result<void> SimStore::commit(const CommitRows& rows) {
  return attempt(disk_, disk_.store_full, [&] {
    if (std::exchange(disk_.loses_next, false)) {
      return Result<void>();
    }
    auto done = real_->commit(disk_.alters_next ? altered(rows) : rows);
    if (done) {
      truth_.appended(rows);
    }
    return done;
  });
}

Result<LogId> SimStore::add_log(const Origin& origin) {
  return attempt(disk_, disk_.store_full, [&] {
    auto id = real_->add_log(origin);
    if (id) {
      truth_.log_is(*id, origin.text());
    }
    return id;
  });
}

Result<void> SimStore::freeze_log(LogId log_id,
                                  const std::string& why,
                                  const std::string& shown_note) {
  return attempt(disk_, disk_.store_full, [&] {
    return real_->freeze_log(log_id, why, shown_note);
  });
}

Result<LogId> SimStore::succeed_log(LogId log_id,
                                    std::uint64_t closed_at,
                                    const Origin& successor,
                                    std::vector<ChainRow> chains,
                                    std::vector<LossRow> losses) {
  return attempt(disk_, disk_.store_full, [&] {
    auto id = real_->succeed_log(
        log_id, closed_at, successor, std::move(chains), std::move(losses));
    if (id) {
      truth_.log_is(*id, successor.text());
      truth_.closed(truth_.origin_of(log_id), closed_at);
    }
    return id;
  });
}

Result<std::uint64_t> SimStore::prune_entries(LogId log_id,
                                              std::uint64_t to_index,
                                              std::size_t max_batches) {
  return attempt(disk_, disk_.store_full, [&] {
    return real_->prune_entries(log_id, to_index, max_batches);
  });
}

Result<void> SimStore::replace_batch(const BatchRow& row) {
  return attempt(
      disk_, disk_.store_full, [&] { return real_->replace_batch(row); });
}

Result<void> SimStore::replace_tiles(LogId log_id,
                                     std::span<const TileRow> tiles,
                                     bool unfreeze) {
  return attempt(disk_, disk_.store_full, [&] {
    return real_->replace_tiles(log_id, tiles, unfreeze);
  });
}

Result<std::vector<GuardEntry>> SimGuard::entries() {
  return real_->entries();
}

Result<void> SimGuard::swap(std::span<const GuardSwap> swaps) {
  // Signed is signed, whatever becomes of it; and a program that is dead signs
  // nothing.
  if (!disk_.crashed) {
    for (const GuardSwap& swap : swaps) {
      truth_.signed_note(swap.note);
    }
  }
  return attempt(disk_, disk_.guard_full, [&] {
    const bool forgets = disk_.guard_forgets && !swaps.front().expected.empty();
    auto done = forgets ? Result<void>() : real_->swap(swaps);
    for (const GuardSwap& swap : swaps) {
      if (done) {
        truth_.guarded(swap.note);
      }
    }
    return done;
  });
}

}  // namespace strongroom::simulation
