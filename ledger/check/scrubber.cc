// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/scrubber.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/log/tile.h"
#include "ledger/check/tile_judge.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

constexpr ReadLeaf kMissing{.kind = ReadLeaf::Kind::kMissing};

ReadLeaf hashed(ByteView entry) {
  return {ReadLeaf::Kind::kHash, leaf_hash(entry)};
}

}  // namespace

/// The walk through one log.
struct Scrubber::Walk {
  Walk(std::shared_ptr<const PublishedLog> published,
       LedgerReader& from,
       std::uint64_t start)
      : log(std::move(published)),
        reader(from),
        judge(*log, reader),
        next(start - start % kTileWidth) {
    if (log->edge.size() != log->checkpoint.size ||
        log->edge.root() != log->checkpoint.root) {
      flaw(0, true, "the published tree has not the root that was signed");
    }
  }

  void take(const BatchRow& row);
  void put(std::uint64_t index, const ReadLeaf& leaf);
  /// The rest of the log is not there.
  void end();
  void flaw(std::uint64_t index, bool tile, std::string what);

  std::shared_ptr<const PublishedLog> log;
  LedgerReader& reader;
  TileJudge judge;
  std::uint64_t next;            // the index whose leaf comes next
  std::vector<ReadLeaf> leaves;  // of the tile of `next`
  std::vector<ScrubFlaw> flaws;  // of this step
  std::set<std::string> named;   // in this walk
};

void Scrubber::Walk::flaw(std::uint64_t index, bool tile, std::string what) {
  if (named.size() < kMaxFlaws && named.insert(what).second) {
    flaws.push_back({log->origin, index, tile, std::move(what)});
  }
}

void Scrubber::Walk::put(std::uint64_t index, const ReadLeaf& leaf) {
  if (index != next || index >= log->checkpoint.size) {
    return;  // of a tile that was judged before, or beyond what was published
  }
  leaves.push_back(leaf);
  ++next;
  if (leaves.size() < kTileWidth && next < log->checkpoint.size) {
    return;
  }
  for (TileFlaw& found : judge.judge(next - leaves.size(), leaves)) {
    flaw(found.index, found.tile, std::move(found.what));
  }
  leaves.clear();
}

void Scrubber::Walk::take(const BatchRow& row) {
  while (next < std::min(row.first_index, log->checkpoint.size)) {
    put(next, kMissing);  // a hole
  }
  const auto entries = kept_entries_of(row);
  if (!entries) {
    // Their lengths do not add up: no single one can be told.
    flaw(std::max(row.first_index + row.pruned, next),
         false,
         entries.error().what);
    for (std::uint64_t i = 0; i < row.count; ++i) {
      put(row.first_index + i, ReadLeaf{});
    }
    put(row.header_index(), hashed(row.header));
    return;
  }
  for (std::size_t i = 0; i < entries->size(); ++i) {
    put(row.first_index + i,
        i < row.pruned ? ReadLeaf{} : hashed((*entries)[i]));
  }
}

void Scrubber::Walk::end() {
  while (next < log->checkpoint.size) {
    put(next, kMissing);
  }
}

Scrubber::Scrubber(std::unique_ptr<LedgerReader> reader,
                   const Publication& publication)
    : reader_(std::move(reader)), publication_(publication) {}
Scrubber::~Scrubber() = default;

void Scrubber::resume(const ScrubProgress& at) {
  walk_.reset();
  ended_.reset();
  next_ = at;
}

/// Takes up the log that comes next, in order of origins. False: there is none.
bool Scrubber::begin_log() {
  for (const auto& log : publication_.all()) {
    if (log->note.empty() || (ended_ && log->origin <= *ended_) ||
        log->origin < next_.origin) {
      continue;
    }
    const std::uint64_t start = log->origin == next_.origin ? next_.index : 0;
    walk_ = std::make_unique<Walk>(
        log, *reader_, std::min(start, log->checkpoint.size));
    return true;
  }
  return false;
}

bool Scrubber::is_last(const Origin& origin) const {
  return std::ranges::none_of(publication_.all(), [&](const auto& log) {
    return origin < log->origin && !log->note.empty();
  });
}

Result<ScrubStep> Scrubber::step(std::size_t max_batches) {
  ScrubStep step;
  if (walk_ == nullptr && !begin_log()) {
    ended_.reset();
    next_ = {};
    step.round_done = true;
    return step;
  }
  Walk& walk = *walk_;
  const std::uint64_t size = walk.log->checkpoint.size;
  bool more = false;
  auto scanned =
      reader_->scan(walk.log->log_id, walk.next, [&](const BatchRow& row) {
        more = row.first_index < size;
        if (more) {
          ++step.batches;
          walk.take(row);
          more = row.end_index() < size;
        }
        return more && step.batches < max_batches;
      });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  if (!more) {
    walk.end();
  }
  step.flaws = std::exchange(walk.flaws, {});
  step.at = {walk.log->origin, walk.next, size};
  if (walk.next >= size) {
    const Origin origin = walk.log->origin;
    step.round_done = is_last(origin);
    ended_ = step.round_done ? std::nullopt : std::optional(origin);
    next_ = {};
    walk_.reset();
  }
  return step;
}

}  // namespace strongroom
