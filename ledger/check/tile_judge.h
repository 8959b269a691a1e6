// SPDX-License-Identifier: Apache-2.0
// What entries hash to against what is stored of the tree, tile by tile, from
// the published root down. Inside ledger/check only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/log/publication.h"
#include "ledger/log/subtrees.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

struct TileFlaw {
  std::uint64_t index = 0;
  bool tile = false;  // else an entry
  std::string what;
};

/// What is known of an entry from its own bytes.
struct ReadLeaf {
  enum class Kind : std::uint8_t {
    kHash,
    kMissing,  // it is not stored, and should be
    kUnknown   // pruned, or in a batch that cannot be taken apart
  };
  Kind kind = Kind::kUnknown;
  Hash hash{};
};

/// Both outlive this; one thread.
class TileJudge {
 public:
  using Leaves = std::span<const ReadLeaf>;

  TileJudge(const PublishedLog& log, LedgerReader& reader);

  /// Leaves of one tile, full or the last of the tree. `first` is the index of
  /// the first. An unknown leaf proves nothing and contradicts nothing.
  std::vector<TileFlaw> judge(std::uint64_t first, Leaves leaves);

 private:
  void judge_edge(std::uint64_t first, Leaves leaves);
  void judge_full(std::uint64_t first, Leaves leaves);
  std::optional<Hash> anchor(std::uint64_t first);
  void compare(std::uint64_t first, Leaves leaves, const TileNodes& right);
  void blame_tile(std::uint64_t first, Leaves leaves);
  void load(std::uint64_t number);

  const PublishedLog& log_;
  LedgerReader& reader_;
  TileCache cache_;
  Subtrees subtrees_;                  // for what stands above the leaves
  std::uint64_t number_ = UINT64_MAX;  // of stored_
  std::optional<TileNodes> stored_;    // a full tile; nothing: there is none
  std::string unreadable_;             // why there is none
  std::vector<TileFlaw> flaws_;
};

}  // namespace strongroom
