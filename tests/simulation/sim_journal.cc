// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_journal.h"

namespace strongroom::simulation {
namespace {

std::unexpected<JournalError> error(std::string what) {
  return std::unexpected(JournalError{std::move(what), false});
}

}  // namespace

JournalResult<void> SimJournal::commit(const JournalTransaction& turn) {
  if (disk_.crash == AgentDisk::Crash::kBefore) {
    disk_.crashed = true;
    return error("the machine is gone");
  }
  if (disk_.full) {
    return error("disk full");
  }
  auto done = real_->commit(turn);
  if (done) {
    truth_.journalled(life_, source_, turn);
  }
  if (disk_.crash == AgentDisk::Crash::kAfter) {
    disk_.crashed = true;
    return error("the machine is gone");
  }
  if (done && disk_.errors_after > 0) {
    --disk_.errors_after;
    return error("I/O error");
  }
  return done;
}

JournalResult<std::uint64_t> SimJournal::prune(Stream stream, WallTime before) {
  auto gone = real_->prune(stream, before);
  Position& pruned = life_.pruned[slot_of(stream)];
  const Position tail = life_.rows[slot_of(stream)].size();
  while (gone && *gone > 0 && pruned < tail) {
    const auto next = real_->events(stream, pruned + 1, 1, 0);
    if (!next || !next->empty()) {
      break;
    }
    ++pruned;
  }
  return gone;
}

JournalResult<std::optional<CutBatch>> SimJournal::batch_at(Stream stream,
                                                            Position first) {
  if (disk_.read_errors > 0) {
    --disk_.read_errors;
    return error("I/O error");
  }
  return real_->batch_at(stream, first);
}

JournalResult<std::vector<Bytes>> SimJournal::events(Stream stream,
                                                     Position first,
                                                     std::size_t max_count,
                                                     std::size_t max_bytes) {
  if (disk_.read_errors > 0) {
    --disk_.read_errors;
    return error("I/O error");
  }
  return real_->events(stream, first, max_count, max_bytes);
}

}  // namespace strongroom::simulation
