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
                   const std::vector<ChainRow>& chains) {
  guarded_ = guarded;
  for (const ChainRow& row : chains) {
    if (row.log_id == log_.log_id) {
      stored_heads_[{row.source, row.epoch}] = row.head;
    }
  }
  if (guarded_ && guarded_->size == 0) {
    guarded_root_ = tree_.root();
  }
  auto scanned = reader_.scan(log_.log_id, 0, [this](const BatchRow& row) {
    take(row);
    return flaws_.size() < kMaxFlaws;
  });
  if (!scanned) {
    flaw(std::nullopt, scanned.error().what);
  }
  summary_.entries = tree_.size();
  if (flaws_.size() < kMaxFlaws) {
    check_tiles_beyond();
    check_guard(guarded);
    check_chains(chains);
  }
}

void LogCheck::take(const BatchRow& row) {
  ++summary_.batches;
  if (row.first_index != tree_.size()) {
    flaw(std::min(tree_.size(), row.first_index),
         row.first_index > tree_.size() ? "is missing" : "is stored twice");
    return;
  }
  auto entries = entries_of(row);
  auto leaves = leaves_of(row);
  if (!entries || !leaves) {
    flaw(row.first_index,
         "or one of the " + std::to_string(row.count) +
             " entries after it is damaged: their lengths "
             "do not add up");
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

/// Which event was altered, by the chain: an event that the one after it does
/// not quote, unless that one is itself not quoted (then its quotation was
/// altered). Nothing when the chain is whole.
std::optional<std::size_t> LogCheck::broken_event(const Batch& batch) const {
  const std::size_t count = batch.row.count;
  std::vector<Hash> hashes(count);
  std::vector<std::optional<Hash>> quotes(count + 1);
  for (std::size_t i = 0; i < count; ++i) {
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
  if (quotes[0] != batch.header.first_prev_hash) {
    return 0;
  }
  quotes[count] = quoted_next(batch);
  const auto quoted = [&](std::size_t i) {
    return i >= count || !quotes[i + 1] || *quotes[i + 1] == hashes[i];
  };
  for (std::size_t i = 0; i < count; ++i) {
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

/// The batch within its chain.
void LogCheck::check_place(const Batch& batch) {
  const BatchHeader& header = batch.header;
  const std::string source = header.source.text();
  const ChainKey key{source, header.epoch};
  for (auto& [at, chain] : derived_) {
    if (at.first == source && at.second != header.epoch) {
      chain.closed = true;
    }
  }
  DerivedChain& chain = derived_[key];
  if (!is_reached(chain, header)) {
    flaw(batch.row.first_index, "does not continue the chain of " + source);
  }
  chain.next_seq = header.next_seq();
  chain.head = sha256(batch.entries[batch.row.count - 1].subspan(1));
  chain.newest_header = batch.row.header;
  chain.key = batch.key;
}

/// Whether the batch goes on where its chain ends, or behind losses that its
/// source declared. A source may declare twice and crosswise; which of it
/// stood first cannot be told from here, so every way counts.
bool LogCheck::is_reached(const DerivedChain& chain,
                          const BatchHeader& header) const {
  using Place = CheckedFacts::Place;
  const Place goal{header.first_seq, header.first_prev_hash};
  std::set<Place> seen;
  std::vector<Place> open{{chain.next_seq, chain.head}};
  const auto declared =
      facts_.losses.find({header.source.text(), header.epoch});
  const bool may_skip = log_.origin.stream == Stream::kTelemetry &&
                        declared != facts_.losses.end();
  while (!open.empty()) {
    const Place at = open.back();
    open.pop_back();
    if (at == goal) {
      return true;
    }
    if (!may_skip || at.first >= goal.first || !seen.insert(at).second) {
      continue;
    }
    const auto [from, to] = declared->second.equal_range(at);
    std::transform(from, to, std::back_inserter(open), [](const auto& loss) {
      return loss.second;
    });
  }
  return false;
}

void LogCheck::take_facts(const Batch& batch) {
  for (std::size_t i = 0; i < batch.row.count; ++i) {
    const auto entry = parse_entry(batch.entries[i]);
    const auto event = entry && entry->type == EntryType::kEvent
                           ? decode_event(entry->body)
                           : Result<EventMessage>(fault(""));
    if (!event) {
      continue;  // an event that we cannot read is no flaw of the log
    }
    if (log_.origin.stream == Stream::kRegistry) {
      if (const auto applied = facts_.keys.apply(*event); !applied) {
        flaw(batch.row.first_index + i, applied.error().what);
      }
    } else if (event->which_body == strongroom_v1_Event_telemetry_lost_tag) {
      const auto& lost = event->body.telemetry_lost;
      Hash before{};
      Hash of_to{};
      std::ranges::copy(lost.hash_before_from, before.begin());
      std::ranges::copy(lost.hash_of_to, of_to.begin());
      if (lost.from_seq <= lost.to_seq && lost.to_seq < kMaxSeq) {
        facts_.losses[{batch.row.source, lost.epoch}].insert(
            {{lost.from_seq, before}, {lost.to_seq + 1, of_to}});
      }
    }
  }
}

}  // namespace strongroom
