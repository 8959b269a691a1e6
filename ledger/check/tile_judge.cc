// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/tile_judge.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace strongroom {
namespace {

// What stands above the leaves: a tile each of the levels up to the edge.
constexpr std::size_t kCachedTiles = 16;

std::string leaf_tile(std::uint64_t first) {
  return TileId{0, first / kTileWidth, kTileWidth}.path();
}

bool is_unknown(const ReadLeaf& leaf) {
  return leaf.kind == ReadLeaf::Kind::kUnknown;
}

}  // namespace

TileJudge::TileJudge(const PublishedLog& log, LedgerReader& reader)
    : log_(log),
      reader_(reader),
      cache_(kCachedTiles),
      subtrees_(log.edge, cache_, [this](int level, std::uint64_t number) {
        return reader_.tile(log_.log_id, level, number);
      }) {}

std::vector<TileFlaw> TileJudge::judge(std::uint64_t first, Leaves leaves) {
  if (leaves.size() < kTileWidth) {
    judge_edge(first, leaves);
  } else {
    judge_full(first, leaves);
  }
  return std::exchange(flaws_, {});
}

/// The published edge is what was signed, if its root is.
void TileJudge::judge_edge(std::uint64_t first, Leaves leaves) {
  const TileNodes* edge = log_.edge.tile(0);
  if (edge == nullptr || edge->width() < leaves.size()) {
    flaws_.push_back({first, true, "what was published lacks its edge"});
    return;
  }
  compare(first, leaves, *edge);
}

void TileJudge::judge_full(std::uint64_t first, Leaves leaves) {
  load(first / kTileWidth);
  const auto above = anchor(first);
  if (stored_ && above && stored_->root() == *above) {
    compare(first, leaves, *stored_);
    return;
  }
  if (stored_ && !above) {
    // Nothing proves either; they can only be held against each other.
    compare(first, leaves, *stored_);
    return;
  }
  blame_tile(first, leaves);
  if (!above || std::ranges::any_of(leaves, is_unknown)) {
    return;
  }
  std::vector<Hash> all;
  std::ranges::transform(leaves, std::back_inserter(all), &ReadLeaf::hash);
  if (merkle_root(all) != *above) {
    flaws_.push_back({first,
                      false,
                      "entries of " + leaf_tile(first) +
                          " do not hash to what stands above it"});
  }
}

/// What must stand above a full leaf tile, as the published root proves it.
std::optional<Hash> TileJudge::anchor(std::uint64_t first) {
  const std::uint64_t number = first / kTileWidth;
  const std::uint64_t above = number / kTileWidth;
  const auto width = tile_width(1, above, log_.edge.size());
  const auto tile = subtrees_.tile(1, above, width);
  if (!tile) {
    flaws_.push_back({first, true, tile.error().what});
    return std::nullopt;
  }
  const std::uint64_t at = number % kTileWidth * sizeof(Hash);
  return *tile && (*tile)->size() >= at + sizeof(Hash)
             ? hash_from(ByteView(**tile).subspan(at, sizeof(Hash)))
             : std::nullopt;
}

void TileJudge::compare(std::uint64_t first,
                        Leaves leaves,
                        const TileNodes& right) {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const bool missing = leaves[i].kind == ReadLeaf::Kind::kMissing;
    if (is_unknown(leaves[i]) ||
        (!missing && leaves[i].hash == right.at(0, i))) {
      continue;
    }
    const std::uint64_t index = first + i;
    flaws_.push_back(
        {index,
         false,
         "index " + std::to_string(index) +
             (missing ? " is missing" : " is not what was signed")});
  }
}

/// Names the first hash that differs, if the entries say which one it is.
void TileJudge::blame_tile(std::uint64_t first, Leaves leaves) {
  std::size_t at = 0;
  if (stored_) {
    while (at < leaves.size() &&
           (is_unknown(leaves[at]) || leaves[at].hash == stored_->at(0, at))) {
      ++at;
    }
    at = at == leaves.size() ? 0 : at;
  }
  flaws_.push_back(
      {first + at,
       true,
       leaf_tile(first) + (stored_ ? " is damaged here" : " " + unreadable_)});
}

void TileJudge::load(std::uint64_t number) {
  if (number == number_) {
    return;
  }
  number_ = number;
  stored_.reset();
  const auto bytes = reader_.tile(log_.log_id, 0, number);
  if (!bytes) {
    number_ = UINT64_MAX;  // read again when it is asked for again
    unreadable_ = "cannot be read: " + bytes.error().what;
    return;
  }
  stored_ = *bytes ? TileNodes::from_bytes(**bytes) : std::nullopt;
  if (!stored_ || !stored_->full()) {
    stored_.reset();
    unreadable_ = *bytes ? "is damaged" : "is missing";
  }
}

}  // namespace strongroom
