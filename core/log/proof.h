// SPDX-License-Identifier: Apache-2.0
// Inclusion, consistency (RFC 6962 section 2.1) and range proofs.
//
// A range proof is ours (docs/formats/ack.md): the hashes of the maximal
// subtrees outside [first, first + count), left to right. With the leaves
// inside it gives the root.
#pragma once

#include <optional>

#include "core/log/merkle.h"

namespace strongroom {

using Path = std::vector<Hash>;

/// PATH(index, D[size]), leaf's sibling first. Needs index < size.
Path inclusion_path(std::uint64_t index,
                    std::uint64_t size,
                    const SubtreeHash& at);
/// PROOF(old_size, D[size]); empty for old_size 0 and for old_size == size.
Path consistency_path(std::uint64_t old_size,
                      std::uint64_t size,
                      const SubtreeHash& at);
/// Needs count > 0 and first + count <= size.
Path range_path(std::uint64_t first,
                std::uint64_t count,
                std::uint64_t size,
                const SubtreeHash& at);

/// The root that `path` leads to; nothing when index >= size or the path's
/// length is not exactly right.
std::optional<Hash> root_from_inclusion(std::uint64_t index,
                                        std::uint64_t size,
                                        const Hash& leaf,
                                        std::span<const Hash> path);
/// Nothing when the range is empty or beyond size, or the path's length is not
/// exactly right.
std::optional<Hash> root_from_range(std::uint64_t first,
                                    std::span<const Hash> leaves,
                                    std::uint64_t size,
                                    std::span<const Hash> path);
/// True when the tree (size, root) extends (old_size, old_root). Size 0 has
/// the empty root, needs an empty path, and is extended by every tree; equal
/// sizes need equal roots and an empty path.
bool verify_consistency(std::uint64_t old_size,
                        const Hash& old_root,
                        std::uint64_t size,
                        const Hash& root,
                        std::span<const Hash> path);

}  // namespace strongroom
