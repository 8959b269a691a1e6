// SPDX-License-Identifier: Apache-2.0
// fsck of one log: its chains, and what its events say that others need.
#include <algorithm>

#include "core/log/entry.h"
#include "ledger/check/log_check.h"

namespace strongroom {

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
  } else {
    check_skip(chain, header);
  }
  chain.next_seq = header.next_seq();
  chain.head_known = batch.row.pruned < batch.row.count;
  chain.head = chain.head_known
                   ? sha256(batch.entries[batch.row.count - 1].subspan(1))
                   : Hash{};
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
  if (!chain.head_known && chain.next_seq == header.first_seq) {
    return true;  // the event that it quotes was pruned
  }
  std::set<Place> seen;
  std::vector<Place> open;
  if (chain.head_known) {
    open.push_back({chain.next_seq, chain.head});
  }
  const auto declared =
      facts_.losses.find({header.source.text(), header.epoch});
  const bool may_skip = log_.origin.stream == Stream::kTelemetry &&
                        declared != facts_.losses.end();
  if (!chain.head_known && may_skip) {
    for (const auto& [from, to] : declared->second) {
      if (from.first == chain.next_seq) {
        open.push_back(from);
      }
    }
  }
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

/// A batch behind a loss was taken because the table held it.
void LogCheck::check_skip(const DerivedChain& chain,
                          const BatchHeader& header) {
  if (header.first_seq > chain.next_seq &&
      !stored_losses_.contains(
          {header.source.text(), header.epoch, chain.next_seq})) {
    flaw(std::nullopt,
         "table losses lacks the one of " + header.source.text() + " epoch " +
             std::to_string(header.epoch) + " from " +
             std::to_string(chain.next_seq) + " on");
  }
}

void LogCheck::take_facts(const Batch& batch) {
  for (std::size_t i = 0; i < batch.row.count; ++i) {
    const auto entry = parse_entry(batch.entries[i]);
    const auto event = entry && entry->type == EntryType::kEvent
                           ? decode_event(entry->body)
                           : Result<EventMessage>(fault(""));
    if (event) {  // one that we cannot read is no flaw of the log
      take_fact(batch, batch.row.first_index + i, *event);
    }
  }
}

void LogCheck::take_fact(const Batch& batch,
                         std::uint64_t index,
                         const EventMessage& event) {
  take_succession(batch, index, event);
  if (log_.origin.stream != Stream::kRecord &&
      event.which_body == strongroom_v1_Event_finding_tag) {
    // Of a record that is frozen: they stand where they can be written.
    tables_.take(
        batch.header.source, index, event, facts_.devices[batch.row.source]);
  }
  switch (log_.origin.stream) {
    case Stream::kRegistry:
      if (const auto applied = facts_.keys.apply(event); !applied) {
        flaw(index, applied.error().what);
      }
      break;
    case Stream::kRecord:
      take_loss(batch, event);
      tables_.take(
          batch.header.source, index, event, facts_.devices[batch.row.source]);
      break;
    case Stream::kTelemetry:
      break;
  }
}

void LogCheck::take_loss(const Batch& batch, const EventMessage& event) {
  if (event.which_body != strongroom_v1_Event_telemetry_lost_tag) {
    return;
  }
  const auto& lost = event.body.telemetry_lost;
  Hash before{};
  Hash of_to{};
  std::ranges::copy(lost.hash_before_from, before.begin());
  std::ranges::copy(lost.hash_of_to, of_to.begin());
  if (lost.from_seq <= lost.to_seq && lost.to_seq < kMaxSeq) {
    facts_.losses[{batch.row.source, lost.epoch}].insert(
        {{lost.from_seq, before}, {lost.to_seq + 1, of_to}});
  }
}

void LogCheck::check_chains(const std::vector<ChainRow>& rows) {
  if (log_.closed_at) {
    return;  // they were left as they were beyond its end
  }
  std::set<ChainKey> seen;
  for (const ChainRow& row : rows) {
    if (row.log_id != log_.log_id) {
      continue;
    }
    const ChainKey key{row.source, row.epoch};
    seen.insert(key);
    const auto found = derived_.find(key);
    const std::string name =
        "table chains, " + row.source + " epoch " + std::to_string(row.epoch);
    if (found == derived_.end()) {
      flaw(std::nullopt, name + ": no such chain in the log");
      continue;
    }
    const DerivedChain& chain = found->second;
    if (row.next_seq != chain.next_seq ||
        (chain.head_known && row.head != chain.head) ||
        row.newest_header != chain.newest_header || row.key != chain.key ||
        row.closed != chain.closed || row.acked_size > tree_.size()) {
      flaw(std::nullopt, name + ": is not what the batches make it");
    }
  }
  for (const auto& [key, chain] : derived_) {
    if (!seen.contains(key)) {
      flaw(std::nullopt,
           "table chains lacks " + key.first + " epoch " +
               std::to_string(key.second));
    }
  }
}

/// Every row was declared; which of those that were declared were worth a row
/// depends on what came first, and is seen where a batch needs one.
void LogCheck::check_losses(const std::vector<LossRow>& rows) {
  for (const LossRow& row : rows) {
    if (row.log_id != log_.log_id) {
      continue;
    }
    const auto declared = facts_.losses.find({row.source, row.epoch});
    const auto is_declared = [&] {
      const auto [from, to] =
          declared->second.equal_range({row.from_seq, row.before_from});
      return std::any_of(from, to, [&](const auto& loss) {
        return loss.second == CheckedFacts::Place{row.to_seq + 1, row.of_to};
      });
    };
    if (declared == facts_.losses.end() || !is_declared()) {
      flaw(std::nullopt,
           "table losses, " + row.source + " epoch " +
               std::to_string(row.epoch) + " from " +
               std::to_string(row.from_seq) + ": nobody declared it");
    }
  }
}

void LogCheck::check_event_tables(const std::vector<DeviceRow>& rows) {
  constexpr std::size_t kAll = std::size_t{1} << 40U;
  const auto findings = reader_.findings(log_.log_id, kAll);
  if (!findings) {
    flaw(std::nullopt, findings.error().what);
    return;
  }
  std::vector<DeviceRow> devices;
  std::ranges::copy_if(rows, std::back_inserter(devices), [&](const auto& row) {
    return row.log_id == log_.log_id;
  });
  for (std::string& wrong : tables_.compare_findings(*findings)) {
    flaw(std::nullopt, std::move(wrong));
  }
  // What a device said before may have been said anew beyond the end.
  if (!log_.closed_at) {
    for (std::string& wrong : tables_.compare_devices(devices)) {
      flaw(std::nullopt, std::move(wrong));
    }
  }
}

}  // namespace strongroom
