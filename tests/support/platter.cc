// SPDX-License-Identifier: Apache-2.0
#include "tests/support/platter.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr std::uint64_t kSector = 512;
using Kind = DiskChange::Kind;
using Names = std::map<std::string, FileId>;

// splitmix64: a choice depends on the seed, the cut and the change alone.
class Choice {
 public:
  Choice(std::uint64_t seed, std::size_t cut, std::size_t number)
      : state_(seed * 0x9e3779b97f4a7c15ULL ^ cut * 0xa0761d6478bd642fULL ^
               (number + 1) * 0xd1342543de82ef95ULL) {
    next();
  }
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

enum class Fate : std::uint8_t { kStands, kGone, kTorn };

// Some seeds lose nearly everything, some nearly nothing: a mean of one half
// alone would never show one lost write among fifty that stand.
Fate fate(std::uint64_t seed, Choice& choice) {
  if (seed <= 1) {
    return seed == 1 ? Fate::kStands : Fate::kGone;
  }
  constexpr std::uint64_t kOf = 16;
  constexpr std::uint64_t kStanding[] = {7, 14, 1};
  const std::uint64_t drawn = choice.below(kOf);
  const std::uint64_t standing = kStanding[seed % 3];
  if (drawn < standing) {
    return Fate::kStands;
  }
  return (drawn - standing) % 3 == 0 ? Fate::kTorn : Fate::kGone;
}

void put(std::string& bytes, std::uint64_t offset, std::string_view part) {
  if (bytes.size() < offset + part.size()) {
    bytes.resize(offset + part.size(), '\0');
  }
  bytes.replace(offset, part.size(), part);
}

void apply_whole(std::string& bytes, const DiskChange& change) {
  if (change.kind == Kind::kTruncate) {
    bytes.resize(change.offset, '\0');
  } else {
    put(bytes, change.offset, change.bytes);
  }
}

// Its length without its bytes.
void apply_length(std::string& bytes,
                  const DiskChange& change,
                  Choice& choice) {
  const std::uint64_t end = change.offset + change.bytes.size();
  const std::uint64_t before = bytes.size();
  const std::uint64_t drawn = choice.below(4);
  if (end <= before || drawn < 2) {
    return;
  }
  bytes.resize(end, '\0');
  if (drawn == 3) {
    const std::uint64_t from = std::max(before, change.offset);
    std::generate(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  bytes.end(),
                  [&] { return static_cast<char>(choice.next()); });
  }
}

void apply_torn(std::string& bytes, const DiskChange& change, Choice& choice) {
  std::uint64_t at = change.offset;
  const std::uint64_t end = change.offset + change.bytes.size();
  bool part_left = true;  // of one sector only
  while (at < end) {
    const std::uint64_t sector_end =
        std::min(end, (at / kSector + 1) * kSector);
    std::uint64_t length = sector_end - at;
    if (const std::uint64_t drawn = choice.below(8); drawn < 3) {
      length = 0;
    } else if (drawn == 3 && part_left) {
      part_left = false;
      length = choice.below(length);
    }
    if (length > 0) {
      put(bytes,
          at,
          std::string_view(change.bytes).substr(at - change.offset, length));
    }
    at = sector_end;
  }
}

void apply_name(Names& names, const DiskChange& change) {
  if (change.kind == Kind::kName) {
    names[change.name] = change.file;
  } else if (change.kind == Kind::kUnname) {
    names.erase(change.name);
  } else if (const auto at = names.find(change.name); at != names.end()) {
    const FileId file = at->second;
    names.erase(at);
    names[change.other] = file;
  }
}

std::string directory_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

}  // namespace

void Platter::place(const std::string& name, FileId file, std::string bytes) {
  names_[name] = file;
  files_[file].certain = std::move(bytes);
}

void Platter::apply(const DiskChange& change) {
  const std::size_t number = changes_++;
  switch (change.kind) {
    case Kind::kWrite:
    case Kind::kTruncate:
      files_[change.file].pending.push_back({number, change, false, false});
      return;
    case Kind::kSync:
      sync(files_[change.file]);
      return;
    case Kind::kSyncFailed:
      for (Pending& pending : files_[change.file].pending) {
        pending.never_certain = !pending.certain;
      }
      return;
    case Kind::kName:
    case Kind::kUnname:
    case Kind::kRename:
      pending_names_.push_back({number, change, false, false});
      return;
    case Kind::kSyncDirectory:
      sync_directory(change.name);
      return;
  }
  check(false, "a change of the disk is of no kind");
}

void Platter::sync(File& file) {
  for (Pending& pending : file.pending) {
    pending.certain = !pending.never_certain;
  }
  // What is certain up to the first that is not need not be kept apart.
  const auto first = std::ranges::find(file.pending, false, &Pending::certain);
  for (auto at = file.pending.begin(); at != first; ++at) {
    apply_whole(file.certain, at->change);
  }
  file.pending.erase(file.pending.begin(), first);
}

void Platter::sync_directory(const std::string& directory) {
  std::vector<Pending> kept;
  for (Pending& pending : pending_names_) {
    if (directory_of(pending.change.name) == directory) {
      apply_name(names_, pending.change);
    } else {
      kept.push_back(std::move(pending));
    }
  }
  pending_names_ = std::move(kept);
}

std::string Platter::bytes_of(const File& file, std::uint64_t seed) const {
  std::string bytes = file.certain;
  for (const Pending& pending : file.pending) {
    Choice choice(seed, changes_, pending.number);
    const Fate drawn = pending.certain ? Fate::kStands : fate(seed, choice);
    if (drawn == Fate::kStands) {
      apply_whole(bytes, pending.change);
    } else if (pending.change.kind == Kind::kTruncate || seed == 0) {
      continue;  // a length is set or it is not
    } else if (drawn == Fate::kTorn) {
      apply_torn(bytes, pending.change, choice);
    } else {
      apply_length(bytes, pending.change, choice);
    }
  }
  return bytes;
}

std::map<std::string, std::string> Platter::after_cut(
    std::uint64_t seed) const {
  Names names = names_;
  for (const Pending& pending : pending_names_) {
    Choice choice(seed, changes_, pending.number);
    if (fate(seed, choice) == Fate::kStands) {
      apply_name(names, pending.change);
    }
  }
  std::map<std::string, std::string> found;
  for (const auto& [name, file] : names) {
    const auto at = files_.find(file);
    found[name] = at == files_.end() ? "" : bytes_of(at->second, seed);
  }
  return found;
}

}  // namespace strongroom
