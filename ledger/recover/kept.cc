// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/kept.h"

#include <algorithm>

#include "core/event/batch.h"
#include "core/log/entry.h"
#include "core/pack/key_history.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

/// What a successor says of itself is not said again by the next one.
bool is_of_the_log_itself(const EventMessage& event) {
  return event.which_body == strongroom_v1_Event_epoch_opened_tag ||
         event.which_body == strongroom_v1_Event_log_succeeded_tag ||
         event.which_body == strongroom_v1_Event_chain_resumed_tag;
}

class Reading {
 public:
  Reading(Kept& kept, bool registry) : kept_(kept), registry_(registry) {}

  /// Faults: the batch is not what the survey found it to be.
  Result<void> take(const BatchRow& row) {
    const auto entries = kept_entries_of(row);
    if (!entries) {
      return std::unexpected(entries.error());
    }
    if (registry_) {
      for (std::size_t i = 0; i < row.count; ++i) {
        take_registry_entry((*entries)[i]);
      }
    }
    for (auto& [key, chain] : kept_.chains) {
      chain.closed =
          chain.closed || (key.first == row.source && key.second != row.epoch);
    }
    ChainRow& chain = kept_.chains[{row.source, row.epoch}];
    chain.source = row.source;
    chain.epoch = row.epoch;
    chain.next_seq = row.first_seq + row.count;
    chain.newest_header = row.header;
    last_[{row.source, row.epoch}] = row.first_index;
    if (row.pruned < row.count) {
      chain.head = sha256((*entries)[row.count - 1].subspan(1));
      pruned_.erase({row.source, row.epoch});
    } else {
      pruned_.insert({row.source, row.epoch});
    }
    return {};
  }

  /// Chains whose last event was pruned: its hash stands nowhere but in the
  /// table.
  const std::set<std::pair<std::string, std::uint64_t>>& pruned() const {
    return pruned_;
  }

 private:
  void take_registry_entry(ByteView bytes) {
    const auto entry = parse_entry(bytes);
    const auto event = entry && entry->type == EntryType::kEvent
                           ? decode_event(entry->body)
                           : Result<EventMessage>(fault(""));
    if (!event || is_of_the_log_itself(*event)) {
      return;
    }
    kept_.registry.emplace_back(entry->body.begin(), entry->body.end());
    if (event->which_body == strongroom_v1_Event_source_enrolled_tag) {
      kept_.enrolled.insert(event->body.source_enrolled.source);
    }
  }

  Kept& kept_;
  bool registry_;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> last_;
  std::set<std::pair<std::string, std::uint64_t>> pruned_;
};

Result<std::optional<LogRow>> row_of(LedgerReader& reader,
                                     const Origin& origin) {
  const auto logs = reader.logs();
  if (!logs) {
    return std::unexpected(logs.error());
  }
  const auto found = std::ranges::find(*logs, origin, &LogRow::origin);
  return found == logs->end() ? std::optional<LogRow>() : *found;
}

/// Keys, and the heads of chains whose last event was pruned.
Result<void> add_from_table(
    LedgerReader& reader,
    LogId log_id,
    const std::set<std::pair<std::string, std::uint64_t>>& pruned,
    Kept& kept) {
  const auto rows = reader.chains();
  if (!rows) {
    return std::unexpected(rows.error());
  }
  for (const ChainRow& row : *rows) {
    const auto found = kept.chains.find({row.source, row.epoch});
    if (row.log_id != log_id || found == kept.chains.end()) {
      continue;
    }
    ChainRow& chain = found->second;
    const auto entry = parse_entry(chain.newest_header);
    if (entry &&
        verify_ed25519(
            row.key, batch_signing_input(entry->body), entry->signature)) {
      chain.key = row.key;
    }
    if (pruned.contains(found->first) && row.next_seq == chain.next_seq) {
      chain.head = row.head;
    }
  }
  return {};
}

}  // namespace

Result<Kept> read_kept(LedgerReader& reader,
                       const Origin& origin,
                       std::uint64_t end) {
  const auto row = row_of(reader, origin);
  if (!row) {
    return std::unexpected(row.error());
  }
  Kept kept;
  const bool registry = origin.stream == Stream::kRegistry;
  if (origin.generation > 1) {
    Origin before = origin;
    --before.generation;
    const auto predecessor = row_of(reader, before);
    if (!predecessor) {
      return std::unexpected(predecessor.error());
    }
    if (*predecessor && (*predecessor)->closed_at) {
      auto handed_on = read_kept(reader, before, *(*predecessor)->closed_at);
      if (!handed_on) {
        return handed_on;
      }
      kept = *std::move(handed_on);
    }
  }
  if (!*row || end == 0) {
    return kept;
  }
  if (registry) {
    // A registry that succeeds another has said everything of it again.
    kept.registry.clear();
    kept.enrolled.clear();
  }
  Reading reading(kept, registry);
  std::optional<Error> wrong;
  auto scanned = reader.scan((*row)->log_id, 0, [&](const BatchRow& batch) {
    if (batch.end_index() > end) {
      return false;
    }
    if (auto taken = reading.take(batch); !taken) {
      wrong = taken.error();
    }
    return !wrong;
  });
  if (!scanned || wrong) {
    return std::unexpected(wrong ? *wrong : scanned.error());
  }
  if (auto done =
          add_from_table(reader, (*row)->log_id, reading.pruned(), kept);
      !done) {
    return std::unexpected(done.error());
  }
  return kept;
}

Result<std::vector<LossRow>> open_losses(LedgerReader& reader,
                                         LogId log_id,
                                         const Kept& kept) {
  auto rows = reader.losses();
  if (!rows) {
    return rows;
  }
  std::erase_if(*rows, [&](const LossRow& row) {
    const auto chain = kept.chains.find({row.source, row.epoch});
    const bool is_past =
        chain != kept.chains.end() && chain->second.next_seq > row.from_seq;
    return row.log_id != log_id || is_past;
  });
  return rows;
}

std::vector<ChainRow> resumed_rows(const Kept& kept) {
  std::vector<ChainRow> rows;
  for (const auto& [key, chain] : kept.chains) {
    const auto source = Source::parse(key.first);
    if (source && !source->is_console()) {
      rows.push_back(chain);
      rows.back().acked_size = 0;
    }
  }
  return rows;
}

}  // namespace strongroom
