// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/pack_builder.h"

#include <algorithm>

#include "core/log/entry.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

/// RFC 6962 path of one event within its batch.
Path batch_path(const std::vector<Hash>& leaves,
                std::uint64_t position,
                std::uint32_t count) {
  return inclusion_path(
      position, count, [&](std::uint64_t begin, std::uint64_t width) {
        return merkle_root(std::span(leaves).subspan(
            static_cast<std::size_t>(begin), static_cast<std::size_t>(width)));
      });
}

/// Entries of one log, each proven.
class LogPart {
 public:
  LogPart(LogAccess& access, const PublishedLog& log)
      : access_(access), log_(log) {}

  /// Adds the chosen events of a batch and its header. Paths are of the signed
  /// leaves: a damaged neighbour does not spoil the proof of a sound event.
  Result<void> add(const BatchRow& row, const std::set<std::uint64_t>& chosen) {
    const auto entries = kept_entries_of(row);
    const auto leaves = leaves_of(row);
    if (!entries || !leaves) {
      return std::unexpected(entries ? leaves.error() : entries.error());
    }
    for (const std::uint64_t index : chosen) {
      const std::uint64_t position = index - row.first_index;
      if ((*entries)[position].empty()) {
        return fault("index " + std::to_string(index) + " was pruned");
      }
      if (auto done = add_entry(index,
                                (*entries)[position],
                                (*leaves)[position],
                                batch_path(*leaves, position, row.count));
          !done) {
        return done;
      }
    }
    return add_entry(row.header_index(), row.header, leaves->back(), {});
  }

  /// Faults when an entry of the batch is not what was signed.
  Result<void> compare(const BatchRow& row,
                       const std::vector<ByteView>& entries) {
    const auto leaves = leaves_of(row);
    if (!leaves) {
      return std::unexpected(leaves.error());
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (leaf_hash(entries[i]) != (*leaves)[i]) {
        return damaged_entry(row.first_index + i);
      }
    }
    return {};
  }

  PackLog take() {
    std::ranges::sort(part_.entries, {}, &PackEntry::index);
    part_.checkpoint = log_.note;
    return std::move(part_);
  }
  bool empty() const { return part_.entries.empty(); }

 private:
  Result<std::vector<Hash>> leaves_of(const BatchRow& row) {
    return access_.leaves(log_, row.first_index, row.count + 1);
  }

  Result<void> add_entry(std::uint64_t index,
                         ByteView entry,
                         const Hash& signed_leaf,
                         Path path) {
    if (leaf_hash(entry) != signed_leaf) {
      return damaged_entry(index);
    }
    auto inclusion = access_.inclusion(log_, index);
    if (!inclusion) {
      return std::unexpected(inclusion.error());
    }
    part_.entries.push_back({.index = index,
                             .entry = Bytes(entry.begin(), entry.end()),
                             .inclusion = *std::move(inclusion),
                             .batch_path = std::move(path)});
    return {};
  }

  LogAccess& access_;
  const PublishedLog& log_;
  PackLog part_;
};

/// The source whose keys an event changes; empty for other bodies.
std::string key_subject(ByteView entry) {
  const auto view = parse_entry(entry);
  const auto event = view && view->type == EntryType::kEvent
                         ? decode_event(view->body)
                         : Result<EventMessage>(fault(""));
  if (!event) {
    return {};
  }
  switch (event->which_body) {
    case strongroom_v1_Event_source_enrolled_tag:
      return event->body.source_enrolled.source;
    case strongroom_v1_Event_key_rotated_tag:
      return event->body.key_rotated.source;
    case strongroom_v1_Event_key_revoked_tag:
      return event->body.key_revoked.source;
    default:
      return {};
  }
}

/// Adds every registry entry about keys of `sources`, and those chosen.
Result<void> add_key_history(LogAccess& access,
                             const PublishedLog& registry,
                             const std::set<std::string>& sources,
                             const std::set<std::uint64_t>& also,
                             LogPart& part) {
  std::optional<Error> wrong;
  auto scanned = access.scan(registry, [&](const BatchRow& row) {
    const auto entries = entries_of(row);
    if (!entries) {
      wrong = entries.error();
      return false;
    }
    // A damaged entry may have been any key's: no history without it.
    if (auto sound = part.compare(row, *entries); !sound) {
      wrong = sound.error();
      return false;
    }
    std::set<std::uint64_t> chosen;
    for (std::size_t i = 0; i < row.count; ++i) {
      const std::uint64_t index = row.first_index + i;
      if (also.contains(index) ||
          sources.contains(key_subject((*entries)[i]))) {
        chosen.insert(index);
      }
    }
    if (also.contains(row.header_index()) && chosen.empty()) {
      chosen.insert(row.first_index);
    }
    if (!chosen.empty()) {
      if (auto done = part.add(row, chosen); !done) {
        wrong = done.error();
      }
    }
    return !wrong;
  });
  if (wrong) {
    return std::unexpected(*wrong);
  }
  return scanned;
}

}  // namespace

Result<Pack> build_pack(LogAccess& access,
                        const PublishedLog& log,
                        const PublishedLog& registry,
                        const std::set<std::uint64_t>& indices) {
  std::set<std::string> sources{
      Source{std::string(kConsoleAgent), std::string(kCentralSite)}.text()};
  const bool of_registry = log.origin == registry.origin;
  LogPart part(access, log);
  for (auto next = indices.begin(); next != indices.end() && !of_registry;) {
    if (*next >= log.checkpoint.size) {
      return fault("index " + std::to_string(*next) + " is not in the log");
    }
    const auto row = access.batch_at(log, *next);
    if (!row) {
      return std::unexpected(row.error());
    }
    std::set<std::uint64_t> chosen;
    for (; next != indices.end() && *next < row->end_index(); ++next) {
      chosen.insert(*next == row->header_index() ? row->first_index : *next);
    }
    sources.insert(row->source);
    if (auto done = part.add(*row, chosen); !done) {
      return std::unexpected(done.error());
    }
  }
  LogPart keys(access, registry);
  if (auto done =
          add_key_history(access,
                          registry,
                          sources,
                          of_registry ? indices : std::set<std::uint64_t>(),
                          keys);
      !done) {
    return std::unexpected(done.error());
  }
  Pack pack;
  pack.logs.push_back(keys.take());
  if (!part.empty()) {
    pack.logs.push_back(part.take());
  }
  std::ranges::sort(pack.logs, {}, [](const PackLog& each) {
    return each.checkpoint.substr(0, each.checkpoint.find('\n'));
  });
  return pack;
}

}  // namespace strongroom
