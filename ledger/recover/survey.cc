// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/survey.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/event/batch.h"
#include "core/log/entry.h"
#include "core/pack/key_history.h"
#include "ledger/log/edge.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

using From = KnownCheckpoint::From;

/// Grows the tree of one log batch by batch. Behind the first entry that is not
/// what was signed it goes on by the leaf hashes in the tiles, as far as these
/// go: whether the tree stands is another question than whether the entries do.
class Walk {
 public:
  Walk(LedgerReader& reader, SurveyedLog& log) : reader_(reader), log_(log) {
    for (const KnownCheckpoint& known : log.known) {
      wanted_.insert(known.checkpoint.size);
    }
    grown();
  }

  void take(const BatchRow& row) {
    if (row.first_index < edge_.size()) {
      found("the batches at index " + std::to_string(row.first_index) +
            " overlap");
      return;
    }
    if (row.first_index > edge_.size()) {
      found("index " + std::to_string(edge_.size()) + " is missing");
      if (!bridge(row.first_index)) {
        return;
      }
    }
    const auto leaves = all_leaves_of(row, reader_);
    const auto header = header_of(row);
    if (!leaves) {
      found(leaves.error().what);
    } else if (!header || header->count != row.count ||
               merkle_root(std::span(*leaves).first(row.count)) !=
                   header->root) {
      found("the entries from index " + std::to_string(row.first_index) +
            " on are not those of their header");
    } else {
      std::ranges::for_each(*leaves,
                            [this](const Hash& leaf) { append(leaf); });
      grown();
    }
  }

  /// The sound part ends here, if it has not ended yet.
  void found(std::string flaw) {
    if (log_.flaw.empty()) {
      log_.flaw = std::move(flaw);
      log_.sound_root = edge_.root();
    }
  }

  /// At the end of all rows. Damaged ones may be the last.
  void finish(std::uint64_t guarded_size) {
    if (edge_.size() < log_.stored) {
      found("index " + std::to_string(edge_.size()) + " is missing");
      (void)bridge(std::min(guarded_size, log_.stored));
    }
    if (log_.flaw.empty()) {
      log_.sound_root = edge_.root();
    }
  }

  /// Of the sound part: what can be kept.
  const std::map<std::uint64_t, Hash>& roots() const { return roots_; }
  /// Of the whole tree, by its leaf hashes.
  const std::map<std::uint64_t, Hash>& tree_roots() const {
    return tree_roots_;
  }

 private:
  void grown() {
    if (log_.flaw.empty()) {
      log_.sound = edge_.size();
    }
    if (wanted_.contains(edge_.size())) {
      const Hash root = edge_.root();
      tree_roots_[edge_.size()] = root;
      if (log_.flaw.empty()) {
        roots_[edge_.size()] = root;
      }
    }
  }

  /// The leaves below `to` from the tiles. False: they are not all there.
  bool bridge(std::uint64_t to) {
    Bytes tile;
    while (edge_.size() < to) {
      const std::uint64_t at = edge_.size();
      if (tile.empty() || at % kTileWidth == 0) {
        const auto stored = reader_.tile(*log_.log_id, 0, at / kTileWidth);
        tile = stored ? stored->value_or(Bytes()) : Bytes();
      }
      if (tile.size() != kTileWidth * sizeof(Hash)) {
        return false;
      }
      append(*hash_from(ByteView(tile).subspan(at % kTileWidth * sizeof(Hash),
                                               sizeof(Hash))));
      grown();
    }
    return true;
  }

  void append(const Hash& leaf) {
    std::vector<FullTile> full;
    edge_.append(leaf, full);
    for (const FullTile& tile : full) {
      const auto stored = reader_.tile(*log_.log_id, tile.level, tile.number);
      if (log_.tile_flaw.empty() &&
          (!stored || *stored != tile.nodes->bytes(kTileWidth))) {
        log_.tile_flaw = TileId{tile.level, tile.number, kTileWidth}.path() +
                         " is not what the entries hash to";
      }
    }
  }

  std::optional<BatchHeader> header_of(const BatchRow& row) const {
    const auto entry = parse_entry(row.header);
    const auto header = entry && entry->type == EntryType::kHeader
                            ? decode_header(entry->body)
                            : Result<BatchHeader>(fault(""));
    const bool ours = header && header->stream == log_.origin.stream &&
                      header->source.site == log_.origin.site;
    return ours ? std::optional(*header) : std::nullopt;
  }

  LedgerReader& reader_;
  SurveyedLog& log_;
  std::set<std::uint64_t> wanted_;
  std::map<std::uint64_t, Hash> roots_;
  std::map<std::uint64_t, Hash> tree_roots_;
  Edge edge_;
};

void add_known(SurveyedLog& log,
               From from,
               const std::string& note,
               const Trust& trust) {
  if (note.empty()) {
    return;
  }
  auto checkpoint = open_checkpoint(note, trust);
  if (checkpoint && checkpoint->origin == log.origin.text()) {
    log.known.push_back({from, *std::move(checkpoint), false});
  } else if (from == From::kGuard) {
    log.guard_unreadable = true;
  }
}

bool signed_by_source(const BatchRow& row, const KeyHistory& keys) {
  const auto entry = parse_entry(row.header);
  const auto source = Source::parse(row.source);
  if (!entry || !source) {
    return false;
  }
  const Bytes input = batch_signing_input(entry->body);
  return std::ranges::any_of(
      keys.keys_of(*source), [&](const KeyHistory::Key& known) {
        return verify_ed25519(known.key, input, entry->signature);
      });
}

/// How far headers beyond the provable part are signed by their sources. In the
/// registry a batch may bring the key that signs it.
Result<void> check_tail(LedgerReader& reader,
                        SurveyedLog& log,
                        KeyHistory& keys) {
  const KnownCheckpoint* provable = log.provable();
  const std::uint64_t begin = provable ? provable->checkpoint.size : 0;
  log.signed_by_sources = begin;
  log.signed_by_sources_root =
      provable ? provable->checkpoint.root : empty_root();
  const bool registry = log.origin.stream == Stream::kRegistry;
  if (!registry && begin >= log.sound) {
    return {};
  }
  CompactTree tree;
  return reader.scan(*log.log_id, 0, [&](const BatchRow& row) {
    if (row.first_index >= log.sound) {
      return false;
    }
    const auto leaves = all_leaves_of(row, reader);
    const auto entries = kept_entries_of(row);
    if (!leaves || !entries) {
      return false;
    }
    for (std::size_t i = 0; registry && i < row.count; ++i) {
      const auto entry = parse_entry((*entries)[i]);
      if (const auto event = entry ? decode_event(entry->body)
                                   : Result<EventMessage>(fault(""))) {
        (void)keys.apply(*event);
      }
    }
    for (const Hash& leaf : *leaves) {
      tree.append(leaf);
    }
    if (row.end_index() > begin) {
      if (!signed_by_source(row, keys)) {
        return false;
      }
      log.signed_by_sources = row.end_index();
      log.signed_by_sources_root = tree.root();
    }
    return true;
  });
}

Result<void> walk(LedgerReader& reader, SurveyedLog& log, KeyHistory& keys) {
  Walk walk(reader, log);
  const KnownCheckpoint* guarded = log.from(From::kGuard);
  const auto scanned = reader.scan(*log.log_id, 0, [&](const BatchRow& row) {
    walk.take(row);
    return true;
  });
  if (!scanned) {
    walk.found(scanned.error().what);
  }
  walk.finish(guarded == nullptr ? 0 : guarded->checkpoint.size);
  for (KnownCheckpoint& known : log.known) {
    const auto root = walk.roots().find(known.checkpoint.size);
    known.matches =
        root != walk.roots().end() && root->second == known.checkpoint.root;
  }
  if (guarded != nullptr) {
    const auto root = walk.tree_roots().find(guarded->checkpoint.size);
    log.tree_is_signed = root != walk.tree_roots().end() &&
                         root->second == guarded->checkpoint.root;
  }
  return check_tail(reader, log, keys);
}

Result<void> survey(LedgerReader& reader,
                    const LogRow& row,
                    const Trust& trust,
                    SurveyedLog& log) {
  log.log_id = row.log_id;
  log.frozen = row.frozen;
  log.was_shown = !row.shown_note.empty();
  log.closed_at = row.closed_at;
  const auto size = reader.log_size(row.log_id);
  const auto note = reader.note(row.log_id);
  if (!size || !note) {
    return std::unexpected(size ? note.error() : size.error());
  }
  log.stored = *size;
  add_known(log, From::kDatabase, *note, trust);
  add_known(log, From::kShown, row.shown_note, trust);
  return {};
}

auto rank(const SurveyedLog& log) {
  return std::tuple(log.origin.stream != Stream::kRegistry,
                    log.origin.site,
                    log.origin.stream,
                    log.origin.generation);
}

}  // namespace

const KnownCheckpoint* SurveyedLog::from(From where) const {
  const auto found = std::ranges::find(known, where, &KnownCheckpoint::from);
  return found == known.end() ? nullptr : &*found;
}

const KnownCheckpoint* SurveyedLog::provable() const {
  const KnownCheckpoint* best = nullptr;
  for (const KnownCheckpoint& each : known) {
    if (each.matches &&
        (best == nullptr || each.checkpoint.size > best->checkpoint.size)) {
      best = &each;
    }
  }
  return best;
}

const KnownCheckpoint* SurveyedLog::largest() const {
  const auto found =
      std::ranges::max_element(known, {}, [](const KnownCheckpoint& each) {
        return each.checkpoint.size;
      });
  return found == known.end() ? nullptr : &*found;
}

Result<std::vector<SurveyedLog>> survey_logs(
    LedgerReader* reader,
    const std::vector<GuardEntry>& guarded,
    const Trust& trust) {
  std::map<std::string, SurveyedLog> by_origin;
  for (const GuardEntry& entry : guarded) {
    const auto origin = Origin::parse(entry.origin);
    if (!origin || origin->ledger != trust.ledger) {
      return fault("the guard holds a checkpoint of " + entry.origin +
                   ": it is not the guard of " + trust.ledger);
    }
    by_origin[entry.origin].origin = *origin;
    add_known(by_origin[entry.origin], From::kGuard, entry.note, trust);
  }
  if (reader != nullptr) {
    const auto rows = reader->logs();
    if (!rows) {
      return std::unexpected(rows.error());
    }
    for (const LogRow& row : *rows) {
      SurveyedLog& log = by_origin[row.origin.text()];
      log.origin = row.origin;
      if (auto done = survey(*reader, row, trust, log); !done) {
        return std::unexpected(done.error());
      }
    }
  }
  std::vector<SurveyedLog> logs;
  for (auto& [origin, log] : by_origin) {
    logs.push_back(std::move(log));
  }
  std::ranges::sort(logs, {}, rank);
  KeyHistory keys;
  for (SurveyedLog& log : logs) {
    if (log.log_id) {
      if (auto done = walk(*reader, log, keys); !done) {
        return std::unexpected(done.error());
      }
    }
  }
  return logs;
}

}  // namespace strongroom
