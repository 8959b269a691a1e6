// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/log_truth.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/base/check.h"
#include "core/log/tile.h"

namespace strongroom::simulation {
namespace {

// Of the events, then of the header, as it was given to the store.
std::vector<Hash> leaves_of(const BatchRow& row) {
  std::vector<Hash> leaves;
  const auto entries = split_bundle(row.entries, row.count);
  check(entries.has_value(), "the ledger writes what is no bundle");
  for (const ByteView entry : *entries) {
    leaves.push_back(leaf_hash(entry));
  }
  leaves.push_back(leaf_hash(row.header));
  return leaves;
}

}  // namespace

void Lineage::append(const Hash& leaf) {
  leaves.push_back(leaf);
  tree.append(leaf);
}

bool Lineage::holds(const Checkpoint& checkpoint) const {
  if (checkpoint.size > leaves.size()) {
    return false;
  }
  const auto root = roots.find(checkpoint.size);
  const std::span<const Hash> all = leaves;
  return checkpoint.root == (root != roots.end()
                                 ? root->second
                                 : merkle_root(all.first(checkpoint.size)));
}

void LogTruth::log_is(LogId log_id, const std::string& origin) {
  origins_[log_id] = origin;
  LogHistory& log = logs_[origin];
  log.lineages[log.now].roots.try_emplace(0, empty_root());
}

const Lineage& LogTruth::current(const std::string& origin) {
  LogHistory& log = logs_[origin];
  return log.lineages[log.now];
}

void LogTruth::appended(const CommitRows& rows) {
  std::set<std::string> grown;
  for (const BatchRow& row : rows.batches) {
    const std::string& origin = origins_[row.log_id];
    LogHistory& log = logs_[origin];
    Lineage& lineage = log.lineages[log.now];
    if (row.first_index != lineage.leaves.size()) {
      return trace_.fail(
          fmt::format("{}: a batch is written at {} of {} entries",
                      origin,
                      row.first_index,
                      lineage.leaves.size()));
    }
    for (const Hash& leaf : leaves_of(row)) {
      lineage.append(leaf);
    }
    grown.insert(origin);
  }
  for (const std::string& origin : grown) {
    LogHistory& log = logs_[origin];
    Lineage& lineage = log.lineages[log.now];
    lineage.roots[lineage.leaves.size()] = lineage.tree.root();
  }
}

void LogTruth::signed_note(const std::string& note) {
  ++signatures_;
  const auto parsed = Note::parse(note);
  const auto checkpoint = parsed ? Checkpoint::parse(parsed->text)
                                 : Result<Checkpoint>(fault("no note"));
  if (!checkpoint) {
    return trace_.fail("the log key signed what is no checkpoint");
  }
  const LogHistory& log = logs_[checkpoint->origin];
  const Lineage& lineage = log.lineages[log.now];
  const auto root = lineage.roots.find(checkpoint->size);
  if (root == lineage.roots.end() || root->second != checkpoint->root) {
    trace_.fail(
        fmt::format("signed {} size {}: not the tree that was committed",
                    checkpoint->origin,
                    checkpoint->size));
  }
  if (log.closed_at) {
    trace_.fail("signed in " + checkpoint->origin + ", which was succeeded");
  }
  if (log.newest.size > 0 &&
      (checkpoint->size < log.newest.size || !lineage.holds(log.newest))) {
    trace_.fail(fmt::format("signed {} size {}: not after what the guard took",
                            checkpoint->origin,
                            checkpoint->size));
  }
}

void LogTruth::closed(const std::string& origin, std::uint64_t at) {
  LogHistory& log = logs_[origin];
  if (log.closed_at && *log.closed_at != at) {
    trace_.fail(origin + " was closed twice, at different ends");
  }
  log.closed_at = at;
}

void LogTruth::guarded(const std::string& note) {
  guarded_.insert(note);
  const auto parsed = Note::parse(note);
  if (const auto checkpoint = Checkpoint::parse(parsed->text)) {
    logs_[checkpoint->origin].newest = *checkpoint;
  }
}

void LogTruth::published(const std::string& note) {
  if (!guarded_.contains(note)) {
    trace_.fail("a checkpoint was shown that the guard does not hold");
  }
}

std::uint64_t LogTruth::entries() const {
  std::uint64_t sum = 0;
  for (const auto& [origin, log] : logs_) {
    sum += log.lineages[log.now].leaves.size();
  }
  return sum;
}

LedgerImage LogTruth::image() const {
  LedgerImage image;
  for (const auto& [origin, log] : logs_) {
    image[origin] = {log.now, log.lineages[log.now].leaves.size(), log.newest};
  }
  return image;
}

void LogTruth::restored(const LedgerImage& image, bool with_guard) {
  restored_ = true;
  for (auto& [origin, log] : logs_) {
    const auto found = image.find(origin);
    const LogImage then = found == image.end() ? LogImage{} : found->second;
    const std::size_t from = then.lineage;
    const std::uint64_t size = then.size;
    if (with_guard) {
      log.newest = then.newest;
    }
    if (log.lineages[from].leaves.size() == size) {
      log.now = from;
      continue;
    }
    Lineage older;
    for (std::uint64_t i = 0; i < size; ++i) {
      older.append(log.lineages[from].leaves[i]);
    }
    older.roots = log.lineages[from].roots;  // of the empty tree, at least
    std::erase_if(older.roots,
                  [size](const auto& root) { return root.first > size; });
    log.lineages.push_back(std::move(older));
    log.now = log.lineages.size() - 1;
  }
}

}  // namespace strongroom::simulation
