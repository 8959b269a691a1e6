// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/tile_judge.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

// What stands above the leaves: a tile each of the levels up to the edge.
constexpr std::size_t kCachedTiles = 16;

std::string leaf_tile(std::uint64_t first) {
  return TileId{0, first / kTileWidth, kTileWidth}.path();
}

}  // namespace

TileJudge::TileJudge(const PublishedLog& log, LedgerReader& reader)
    : log_(log),
      reader_(reader),
      cache_(kCachedTiles),
      subtrees_(log.edge, cache_, [this](int level, std::uint64_t number) {
        return reader_.tile(log_.log_id, level, number);
      }) {}

std::optional<Hash> TileJudge::leaf(std::uint64_t index) {
  const std::uint64_t number = index / kTileWidth;
  const std::uint64_t position = index % kTileWidth;
  if (number == log_.edge.size() / kTileWidth) {
    const TileNodes* edge = log_.edge.tile(0);
    return edge != nullptr && position < edge->width()
               ? std::optional(edge->at(0, position))
               : std::nullopt;
  }
  load(number);
  return stored_ ? std::optional(stored_->at(0, position)) : std::nullopt;
}

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
  std::vector<Hash> all;
  for (const auto& leaf : leaves) {
    if (leaf) {
      all.push_back(*leaf);
    }
  }
  const bool whole = all.size() == kTileWidth;
  if (above && whole && merkle_root(all) == *above) {
    blame_tile(first, leaves);  // the entries are as they were
  } else if (above) {
    blame_tile(first, leaves);
    flaws_.push_back({first,
                      false,
                      "entries of " + leaf_tile(first) +
                          " do not hash to what stands above it"});
  } else if (stored_) {
    // Nothing proves either; they can only be held against each other.
    compare(first, leaves, *stored_);
  } else {
    blame_tile(first, leaves);
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
    if (leaves[i] != right.at(0, i)) {
      const std::uint64_t index = first + i;
      flaws_.push_back(
          {index,
           false,
           "index " + std::to_string(index) +
               (leaves[i] ? " is not what was signed" : " is missing")});
    }
  }
}

/// Names the first hash that differs.
void TileJudge::blame_tile(std::uint64_t first, Leaves leaves) {
  std::size_t at = 0;
  while (stored_ && at + 1 < leaves.size() &&
         leaves[at] == stored_->at(0, at)) {
    ++at;
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
