// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/log_check.h"

#include <algorithm>

#include "core/log/entry.h"
#include "core/log/tile.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
LogCheck::LogCheck(LedgerReader& reader, LogRow log, CheckedFacts& facts)
    : reader_(reader), log_(std::move(log)), facts_(facts) {
  summary_.origin = log_.origin.text();
}

void LogCheck::flaw(std::optional<std::uint64_t> index, std::string what) {
  // One altered byte shows in many places; the first is named.
  if (index && !bad_.insert(*index).second) {
    return;
  }
  if (flaws_.size() < kMaxFlaws) {
    const auto place = [](const LedgerFlaw& each) {
      return each.index.value_or(UINT64_MAX);
    };
    LedgerFlaw found{summary_.origin, index, std::move(what)};
    flaws_.insert(std::ranges::upper_bound(flaws_, place(found), {}, place),
                  std::move(found));
  }
}

void LogCheck::run(const std::optional<Checkpoint>& guarded,
                   const std::optional<Checkpoint>& noted,
                   const StoredTables& stored) {
  guarded_ = guarded;
  noted_ = noted;
  for (const auto& checkpoint : {guarded, noted}) {
    if (checkpoint) {
      roots_at_[checkpoint->size] = std::nullopt;
    }
  }
  if (roots_at_.contains(0)) {
    roots_at_[0] = tree_.root();
  }
  take_stored(stored);
  auto scanned = reader_.scan(log_.log_id, 0, [this](const BatchRow& row) {
    take(row);
    return flaws_.size() < kMaxFlaws;
  });
  if (!scanned) {
    flaw(std::nullopt, scanned.error().what);
  }
  summary_.entries = tree_.size();
  if (flaws_.size() < kMaxFlaws) {
    check_extent();
    check_tiles_beyond();
    check_guard();
    check_note();
    check_succession();
    check_chains(stored.chains);
    check_losses(stored.losses);
    check_event_tables(stored.devices);
  }
  if (log_.closed_at) {
    facts_.kept[summary_.origin] = {
        tree_.size(),
        tree_.root(),
        tree_.size() == 0 && before_ != nullptr ? before_->chains : derived_};
  }
}

void LogCheck::take_stored(const StoredTables& stored) {
  for (const ChainRow& row : stored.chains) {
    // The rows of a closed log may stand where it does not reach any more.
    if (row.log_id == log_.log_id && !log_.closed_at) {
      stored_heads_[{row.source, row.epoch}] = row.head;
    }
  }
  for (const LossRow& row : stored.losses) {
    if (row.log_id == log_.log_id) {
      stored_losses_.insert({row.source, row.epoch, row.from_seq});
    }
  }
  if (log_.origin.generation > 1) {
    Origin before = log_.origin;
    --before.generation;
    const auto found = facts_.kept.find(before.text());
    before_ = found == facts_.kept.end() ? nullptr : &found->second;
  }
}

void LogCheck::take(const BatchRow& row) {
  ++summary_.batches;
  if (row.first_index != tree_.size()) {
    flaw(std::min(tree_.size(), row.first_index),
         row.first_index > tree_.size() ? "is missing" : "is stored twice");
    return;
  }
  auto entries = kept_entries_of(row);
  auto leaves = all_leaves_of(row, reader_);
  if (!entries) {
    flaw(row.first_index,
         "or one of the " + std::to_string(row.count) +
             " entries after it is damaged: their lengths "
             "do not add up");
    return;
  }
  if (!leaves) {
    flaw(row.first_index, "was pruned, and " + leaves.error().what);
    return;
  }
  Batch batch{
      .row = row, .entries = *std::move(entries), .leaves = *std::move(leaves)};
  if (read_header(batch)) {
    const auto events = std::span(batch.leaves).first(row.count);
    batch.root_right = merkle_root(events) == batch.header.root;
    if (log_.origin.stream == Stream::kRegistry && batch.root_right) {
      take_facts(batch);  // the first batch enrols the key that signs it
    }
    find_key(batch);
    check_events(batch);
    if (batch.header_right) {
      check_place(batch);
      if (log_.origin.stream != Stream::kRegistry && batch.root_right) {
        take_facts(batch);
      }
    }
  }
  grow(batch);
}

/// False: nothing more can be said of the batch than what its tiles say.
bool LogCheck::read_header(Batch& batch) {
  const std::uint64_t index = batch.row.header_index();
  const auto entry = parse_entry(batch.row.header);
  const auto header = entry && entry->type == EntryType::kHeader
                          ? decode_header(entry->body)
                          : Result<BatchHeader>(fault(""));
  if (!header) {
    flaw(index, "is no batch header");
    return false;
  }
  batch.header = *header;
  batch.signature = entry->signature;
  if (header->stream != log_.origin.stream ||
      header->source.site != log_.origin.site) {
    flaw(index, "is a header of another log");
    return false;
  }
  if (header->source.text() != batch.row.source ||
      header->epoch != batch.row.epoch ||
      header->first_seq != batch.row.first_seq ||
      header->count != batch.row.count) {
    flaw(index, "is not the header that its row in table batches says");
    return false;
  }
  return true;
}

void LogCheck::find_key(Batch& batch) {
  const std::uint64_t index = batch.row.header_index();
  const Bytes input =
      batch_signing_input(ByteView(batch.row.header).subspan(1 + 64));
  for (const auto& known : facts_.keys.keys_of(batch.header.source)) {
    if (verify_ed25519(known.key, input, batch.signature)) {
      batch.key = known.key;
      batch.header_right = true;
    }
  }
  if (!batch.header_right) {
    flaw(index, "is not signed by a key of " + batch.header.source.text());
  } else if (facts_.keys.is_revoked(
                 batch.header.source, batch.key, summary_.origin, index)) {
    flaw(index, "is signed by a key that is revoked there");
  }
}

void LogCheck::check_events(Batch& batch) {
  if (batch.row.pruned > 0) {
    check_kept_events(batch);
    return;
  }
  if (!batch.root_right) {
    // The chain says which event was altered; if it is whole, then the header
    // was, unless its signature stands.
    const auto at = broken_event(batch);
    if (at || batch.header_right) {
      flaw(batch.row.first_index + at.value_or(batch.row.count - 1),
           "is not what " + batch.header.source.text() + " signed");
    }
    return;
  }
  if (!batch.header_right) {
    return;  // its header was altered, which find_key() said
  }
  std::vector<ByteView> events;
  for (std::size_t i = 0; i < batch.row.count; ++i) {
    const auto entry = parse_entry(batch.entries[i]);
    if (!entry || entry->type != EntryType::kEvent) {
      flaw(batch.row.first_index + i, "is no event");
      return;
    }
    events.push_back(entry->body);
  }
  std::vector<Hash> ignored;
  if (const auto wrong = find_flaw(batch.header, events, ignored)) {
    flaw(batch.row.first_index, wrong->what);
  }
}

/// Whether an entry is not what its full tile says.
bool LogCheck::contradicts_tile(const Batch& batch) {
  for (std::size_t i = 0; i < batch.leaves.size(); ++i) {
    const std::uint64_t index = batch.row.first_index + i;
    const ByteView tile = leaf_tile(index / kTileWidth);
    const std::size_t at = index % kTileWidth * sizeof(Hash);
    if (tile.size() == kTileWidth * sizeof(Hash) &&
        hash_from(tile.subspan(at, sizeof(Hash))) != batch.leaves[i]) {
      return true;
    }
  }
  return false;
}

/// Of a batch whose first events were pruned: the header still tells whether
/// the hashes that are left of them are the right ones.
void LogCheck::check_kept_events(const Batch& batch) {
  const std::uint64_t first = batch.row.first_index;
  if (!batch.root_right) {
    const auto broken = broken_event(batch);
    // An entry that is left and that its tile contradicts is named there.
    if (broken) {
      flaw(first + *broken,
           "is not what " + batch.header.source.text() + " signed");
    } else if (batch.header_right && !contradicts_tile(batch)) {
      flaw(first,
           "or an entry after it does not hash to what " +
               batch.header.source.text() +
               " signed: " + TileId{0, first / kTileWidth, kTileWidth}.path() +
               " or the entries are damaged");
    }
    return;
  }
  std::optional<Hash> before;
  for (std::size_t i = batch.row.pruned; i < batch.row.count; ++i) {
    const auto entry = parse_entry(batch.entries[i]);
    const auto envelope = entry && entry->type == EntryType::kEvent
                              ? decode_envelope(entry->body)
                              : Result<Envelope>(fault(""));
    if (!envelope || envelope->seq != batch.header.first_seq + i ||
        (before && envelope->prev_hash != *before)) {
      flaw(first + i, "is not the next event of its chain");
      return;
    }
    before = sha256(entry->body);
  }
}

/// Which event was altered, by the chain: an event that the one after it does
/// not quote, unless that one is itself not quoted (then its quotation was
/// altered). Nothing when the chain is whole.
std::optional<std::size_t> LogCheck::broken_event(const Batch& batch) const {
  const std::size_t count = batch.row.count;
  std::vector<Hash> hashes(count);
  std::vector<std::optional<Hash>> quotes(count + 1);
  const std::size_t kept = batch.row.pruned;
  for (std::size_t i = kept; i < count; ++i) {
    const ByteView entry = batch.entries[i];
    if (entry.empty() ||
        entry[0] != static_cast<std::uint8_t>(EntryType::kEvent)) {
      return i;
    }
    const auto envelope = decode_envelope(entry.subspan(1));
    if (!envelope || envelope->seq != batch.header.first_seq + i) {
      return i;
    }
    hashes[i] = sha256(entry.subspan(1));
    quotes[i] = envelope->prev_hash;
  }
  if (kept == 0 && quotes[0] != batch.header.first_prev_hash) {
    return 0;
  }
  quotes[count] = quoted_next(batch);
  const auto quoted = [&](std::size_t i) {
    return i >= count || !quotes[i + 1] || *quotes[i + 1] == hashes[i];
  };
  for (std::size_t i = kept; i < count; ++i) {
    if (!quoted(i)) {
      return i + 1 < count && !quoted(i + 1) ? i + 1 : i;
    }
  }
  return std::nullopt;
}

/// What stands behind the batch's last event: the next batch of its chain, or
/// the head that table chains holds.
std::optional<Hash> LogCheck::quoted_next(const Batch& batch) const {
  const std::uint64_t next_seq = batch.header.next_seq();
  const auto next = reader_.batch_before(
      log_.log_id, batch.row.source, batch.row.epoch, next_seq);
  if (next && *next && (*next)->first_seq == next_seq) {
    const auto entry = parse_entry((*next)->header);
    const auto header =
        entry ? decode_header(entry->body) : Result<BatchHeader>(fault(""));
    return header ? std::optional(header->first_prev_hash) : std::nullopt;
  }
  const auto head = stored_heads_.find({batch.row.source, batch.row.epoch});
  return head == stored_heads_.end() ? std::nullopt
                                     : std::optional(head->second);
}

}  // namespace strongroom
