// SPDX-License-Identifier: Apache-2.0
// Each verifier walks the tree exactly as the function that makes its proof,
// and as RFC 6962 writes both: downwards, at most 64 levels, so a path that is
// too short or too long shows at the bottom.
#include "core/log/proof.h"

#include <bit>

#include "core/base/check.h"

namespace strongroom {
namespace {

// How many leaves of n > 1 are in the left subtree: the largest power of two
// below n.
std::uint64_t left_width(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

std::span<const Hash> without_last(std::span<const Hash> path) {
  return path.first(path.size() - 1);
}

std::optional<Hash> climb_inclusion(std::uint64_t index,
                                    std::uint64_t size,
                                    const Hash& leaf,
                                    std::span<const Hash> path) {
  if (size == 1) {
    return path.empty() ? std::optional(leaf) : std::nullopt;
  }
  if (path.empty()) {
    return std::nullopt;
  }
  const std::uint64_t left = left_width(size);
  const Hash& sibling = path.back();
  if (index < left) {
    const auto below = climb_inclusion(index, left, leaf, without_last(path));
    return below ? std::optional(node_hash(*below, sibling)) : std::nullopt;
  }
  const auto below =
      climb_inclusion(index - left, size - left, leaf, without_last(path));
  return below ? std::optional(node_hash(sibling, *below)) : std::nullopt;
}

void add_inclusion(std::uint64_t index,
                   std::uint64_t begin,
                   std::uint64_t end,
                   const SubtreeHash& at,
                   Path& path) {
  if (end - begin == 1) {
    return;
  }
  const std::uint64_t middle = begin + left_width(end - begin);
  if (index < middle) {
    add_inclusion(index, begin, middle, at, path);
    path.push_back(range_hash(middle, end, at));
  } else {
    add_inclusion(index, middle, end, at, path);
    path.push_back(at(begin, middle - begin));
  }
}

// SUBPROOF(m, D[begin:end], whole), where `whole` says that the old tree is
// all that was walked into, so that its root needs no proof.
void add_consistency(std::uint64_t old_end,
                     std::uint64_t begin,
                     std::uint64_t end,
                     bool whole,
                     const SubtreeHash& at,
                     Path& path) {
  if (old_end == end) {
    if (!whole) {
      path.push_back(range_hash(begin, end, at));
    }
    return;
  }
  const std::uint64_t middle = begin + left_width(end - begin);
  if (old_end <= middle) {
    add_consistency(old_end, begin, middle, whole, at, path);
    path.push_back(range_hash(middle, end, at));
  } else {
    add_consistency(old_end, middle, end, false, at, path);
    path.push_back(at(begin, middle - begin));
  }
}

struct BothRoots {
  Hash older;
  Hash newer;
};

// The roots of one subtree in the old and in the new tree.
std::optional<BothRoots> climb_consistency(std::uint64_t old_size,
                                           std::uint64_t size,
                                           const Hash* old_root,
                                           std::span<const Hash> path) {
  if (old_size == size) {
    if (path.size() != (old_root != nullptr ? 0U : 1U)) {
      return std::nullopt;
    }
    const Hash& root = old_root != nullptr ? *old_root : path.front();
    return BothRoots{root, root};
  }
  if (path.empty()) {
    return std::nullopt;
  }
  const std::uint64_t left = left_width(size);
  const Hash& sibling = path.back();
  if (old_size <= left) {
    auto below =
        climb_consistency(old_size, left, old_root, without_last(path));
    if (below) {
      below->newer = node_hash(below->newer, sibling);
    }
    return below;
  }
  auto below = climb_consistency(
      old_size - left, size - left, nullptr, without_last(path));
  if (below) {
    below->older = node_hash(sibling, below->older);
    below->newer = node_hash(sibling, below->newer);
  }
  return below;
}

// Subtree [begin, end) of the tree, against leaves [first, last).
bool is_apart(std::uint64_t begin,
              std::uint64_t end,
              std::uint64_t first,
              std::uint64_t last) {
  return end <= first || begin >= last;
}

void add_outside(std::uint64_t begin,
                 std::uint64_t end,
                 std::uint64_t first,
                 std::uint64_t last,
                 const SubtreeHash& at,
                 Path& path) {
  if (is_apart(begin, end, first, last)) {
    path.push_back(range_hash(begin, end, at));
    return;
  }
  if (begin >= first && end <= last) {
    return;
  }
  const std::uint64_t middle = begin + left_width(end - begin);
  add_outside(begin, middle, first, last, at, path);
  add_outside(middle, end, first, last, at, path);
}

// Takes the outside hashes from the front of `path` in the order in which
// add_outside wrote them.
class RangeClimb {
 public:
  RangeClimb(std::uint64_t first,
             std::span<const Hash> leaves,
             std::span<const Hash> path)
      : first_(first),
        last_(first + leaves.size()),
        leaves_(leaves),
        path_(path) {}

  std::optional<Hash> root(std::uint64_t begin, std::uint64_t end) {
    if (is_apart(begin, end, first_, last_)) {
      return take();
    }
    if (begin >= first_ && end <= last_) {
      return merkle_root(leaves_.subspan(begin - first_, end - begin));
    }
    const std::uint64_t middle = begin + left_width(end - begin);
    const auto left = root(begin, middle);
    if (!left) {
      return std::nullopt;
    }
    const auto right = root(middle, end);
    return right ? std::optional(node_hash(*left, *right)) : std::nullopt;
  }

  bool is_used_up() const { return path_.empty(); }

 private:
  std::optional<Hash> take() {
    if (path_.empty()) {
      return std::nullopt;
    }
    const Hash hash = path_.front();
    path_ = path_.subspan(1);
    return hash;
  }

  std::uint64_t first_;
  std::uint64_t last_;
  std::span<const Hash> leaves_;
  std::span<const Hash> path_;
};

}  // namespace

Path inclusion_path(std::uint64_t index,
                    std::uint64_t size,
                    const SubtreeHash& at) {
  check(index < size, "the leaf is in the tree");
  Path path;
  add_inclusion(index, 0, size, at, path);
  return path;
}

Path consistency_path(std::uint64_t old_size,
                      std::uint64_t size,
                      const SubtreeHash& at) {
  check(old_size <= size, "the old tree is not larger");
  Path path;
  if (old_size > 0) {
    add_consistency(old_size, 0, size, true, at, path);
  }
  return path;
}

Path range_path(std::uint64_t first,
                std::uint64_t count,
                std::uint64_t size,
                const SubtreeHash& at) {
  check(count > 0 && first < size && count <= size - first,
        "the range is in the tree and not empty");
  Path path;
  add_outside(0, size, first, first + count, at, path);
  return path;
}

std::optional<Hash> root_from_inclusion(std::uint64_t index,
                                        std::uint64_t size,
                                        const Hash& leaf,
                                        std::span<const Hash> path) {
  if (index >= size) {
    return std::nullopt;
  }
  return climb_inclusion(index, size, leaf, path);
}

std::optional<Hash> root_from_range(std::uint64_t first,
                                    std::span<const Hash> leaves,
                                    std::uint64_t size,
                                    std::span<const Hash> path) {
  if (leaves.empty() || first >= size || leaves.size() > size - first) {
    return std::nullopt;
  }
  RangeClimb climb(first, leaves, path);
  const auto root = climb.root(0, size);
  return climb.is_used_up() ? root : std::nullopt;
}

bool verify_consistency(std::uint64_t old_size,
                        const Hash& old_root,
                        std::uint64_t size,
                        const Hash& root,
                        std::span<const Hash> path) {
  if (old_size > size) {
    return false;
  }
  if (old_size == 0) {
    return path.empty() && old_root == empty_root() &&
           (size > 0 || root == old_root);
  }
  const auto roots = climb_consistency(old_size, size, &old_root, path);
  return roots && roots->older == old_root && roots->newer == root;
}

}  // namespace strongroom
