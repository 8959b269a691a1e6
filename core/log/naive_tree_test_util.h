// SPDX-License-Identifier: Apache-2.0
// For tests: RFC 6962 section 2.1 as it is written, over spans of leaf hashes,
// slow and plain. What the fast tree says is compared with this.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/log/proof.h"

namespace strongroom::naive {

using Leaves = std::span<const Hash>;

/// The largest power of two below n > 1.
inline std::size_t split(std::size_t n) {
  std::size_t k = 1;
  while (2 * k < n) {
    k *= 2;
  }
  return k;
}

/// MTH(D).
inline Hash root(Leaves d) {
  if (d.empty()) {
    return sha256(ByteView());
  }
  if (d.size() == 1) {
    return d[0];
  }
  const std::size_t k = split(d.size());
  const Hash left = root(d.first(k));
  const Hash right = root(d.subspan(k));
  const Bytes prefix = {0x01};
  return sha256({prefix, left, right});
}

inline Path joined(Path path, const Hash& last) {
  path.push_back(last);
  return path;
}

/// PATH(m, D).
inline Path inclusion(std::size_t m, Leaves d) {
  if (d.size() == 1) {
    return {};
  }
  const std::size_t k = split(d.size());
  return m < k ? joined(inclusion(m, d.first(k)), root(d.subspan(k)))
               : joined(inclusion(m - k, d.subspan(k)), root(d.first(k)));
}

/// SUBPROOF(m, D, b).
inline Path subproof(std::size_t m, Leaves d, bool b) {
  if (m == d.size()) {
    return b ? Path() : Path{root(d)};
  }
  const std::size_t k = split(d.size());
  return m <= k
             ? joined(subproof(m, d.first(k), b), root(d.subspan(k)))
             : joined(subproof(m - k, d.subspan(k), false), root(d.first(k)));
}

/// PROOF(m, D), m > 0.
inline Path consistency(std::size_t m, Leaves d) {
  return subproof(m, d, true);
}

/// What proofs need to know of a tree, computed anew at each call.
inline SubtreeHash subtree_hash_of(std::vector<Hash> leaves) {
  const auto kept = std::make_shared<std::vector<Hash>>(std::move(leaves));
  return [kept](std::uint64_t begin, std::uint64_t width) {
    return root(Leaves(*kept).subspan(begin, width));
  };
}

/// n leaves that differ.
inline std::vector<Hash> some_leaves(std::size_t n) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < n; ++i) {
    const Bytes entry = {static_cast<std::uint8_t>(i >> 8U),
                         static_cast<std::uint8_t>(i)};
    leaves.push_back(leaf_hash(entry));
  }
  return leaves;
}

}  // namespace strongroom::naive
