// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/chains.h"

#include <algorithm>

#include "core/log/entry.h"

namespace strongroom {
namespace {

// Four windows of four batches: what an agent may resend at once.
constexpr std::size_t kRecentBatches = 16;

}  // namespace

const ChainState* SourceChains::find(std::uint64_t epoch) const {
  const auto found = epochs.find(epoch);
  return found == epochs.end() ? nullptr : &found->second;
}

const ChainState* SourceChains::open() const {
  for (const auto& [epoch, chain] : epochs) {
    if (!chain.closed && chain.begun()) {
      return &chain;
    }
  }
  return nullptr;
}

std::optional<HeldBatch> SourceChains::recent_at(
    std::uint64_t epoch, std::uint64_t first_seq) const {
  for (const HeldBatch& batch : recent) {
    const auto header = decode_header(batch.header.header);
    if (header && header->epoch == epoch && header->first_seq == first_seq) {
      return batch;
    }
  }
  return std::nullopt;
}

void Chains::load(const ChainRow& row, std::uint64_t resumed_from) {
  SourceChains& source = chains_[{row.log_id, row.source}];
  if (std::ranges::find(source.keys, row.key) == source.keys.end()) {
    source.keys.push_back(row.key);
  }
  if (row.acked_size != 0) {
    source.acked = std::max(source.acked.value_or(0), row.acked_size);
  }
  // What was resumed has no batch here that could be asked for later.
  if (row.closed && resumed_from == 1) {
    source.more_closed = true;
    return;
  }
  ChainState& chain = source.epochs[row.epoch];
  chain.next_seq = row.next_seq;
  chain.head = row.head;
  chain.closed = row.closed;
  chain.resumed_from = resumed_from;
  chain.key = row.key;
  if (const auto entry = parse_entry(row.newest_header);
      entry && entry->type == EntryType::kHeader) {
    chain.newest = SignedHeader{Bytes(entry->body.begin(), entry->body.end()),
                                entry->signature};
  }
}

void Chains::recall(LogId log_id,
                    const Source& at,
                    std::uint64_t epoch,
                    ChainState chain) {
  SourceChains& source = chains_[{log_id, at.text()}];
  const ChainState* open = source.open();
  const std::int64_t closed_us = open == nullptr ? 0 : open->opened_us;
  source.epochs[epoch] = std::move(chain);
  close(source, epoch, closed_us);
  forget_oldest(source);
}

void Chains::load(const LossRow& row) {
  (void)add_loss(row);
}

bool Chains::add_loss(const LossRow& row) {
  SourceChains& source = chains_[{row.log_id, row.source}];
  if (!source.epochs.contains(row.epoch) &&
      std::ranges::count_if(source.epochs, [](const auto& each) {
        return !each.second.begun();
      }) >= static_cast<std::ptrdiff_t>(SourceChains::kUnbegun)) {
    return false;
  }
  ChainState& chain = source.epochs[row.epoch];
  if (chain.closed || row.from_seq < chain.next_seq) {
    return false;
  }
  for (auto& [from, loss] : chain.losses) {
    if (loss.to_seq + 1 == row.from_seq && loss.of_to == row.before_from) {
      loss.to_seq = row.to_seq;
      loss.of_to = row.of_to;
      return true;
    }
  }
  return chain.losses.size() < ChainState::kMaxLosses &&
         chain.losses
             .try_emplace(row.from_seq,
                          DeclaredLoss{row.to_seq, row.before_from, row.of_to})
             .second;
}

const SourceChains* Chains::find(LogId log_id, const Source& source) const {
  const auto found = chains_.find({log_id, source.text()});
  return found == chains_.end() ? nullptr : &found->second;
}

void Chains::close(SourceChains& source,
                   std::uint64_t epoch,
                   std::int64_t closed_us) {
  ChainState& chain = source.epochs[epoch];
  chain.closed = true;
  chain.closed_us = closed_us;
  chain.losses.clear();
  if (chain.resumed_from == 1) {
    source.closed.push_back(epoch);
  }
}

void Chains::forget_oldest(SourceChains& source) {
  while (source.closed.size() > SourceChains::kClosedKept) {
    source.epochs.erase(source.closed.front());
    source.closed.pop_front();
    source.more_closed = true;
  }
}

void Chains::advance(LogId log_id,
                     const BatchHeader& header,
                     const Advance& by) {
  const Key at{log_id, header.source.text()};
  SourceChains& source = chains_[at];
  for (const auto& [epoch, chain] : source.epochs) {
    if (epoch != header.epoch && !chain.closed && chain.begun()) {
      close(source, epoch, by.recorded_us);
      changed_.insert({at, epoch});
    }
  }
  ChainState& chain = source.epochs[header.epoch];
  if (header.first_seq == 1) {
    chain.opened_us = by.recorded_us;
  }
  // Losses that are behind the chain now have done their work.
  std::erase_if(chain.losses, [&](const auto& loss) {
    return loss.first < header.next_seq();
  });
  chain.next_seq = header.next_seq();
  chain.head = by.head;
  chain.newest = by.batch.header;
  chain.key = by.key;
  changed_.insert({at, header.epoch});
  if (source.recent.size() >= kRecentBatches) {
    source.recent.erase(source.recent.begin());
  }
  source.recent.push_back(by.batch);
}

std::vector<ChainRow> Chains::take_changed(
    const std::function<std::uint64_t(LogId)>& acked_size) {
  std::vector<ChainRow> rows;
  for (const auto& [key, epoch] : changed_) {
    const ChainState& chain = chains_[key].epochs[epoch];
    if (!chain.newest) {
      continue;  // resumed without a header: nothing to keep of it
    }
    rows.push_back({.log_id = key.first,
                    .source = key.second,
                    .epoch = epoch,
                    .next_seq = chain.next_seq,
                    .head = chain.head,
                    .acked_size = acked_size(key.first),
                    .newest_header = header_entry(chain.newest->signature,
                                                  chain.newest->header),
                    .key = chain.key,
                    .closed = chain.closed});
  }
  for (const auto& [key, epoch] : changed_) {
    forget_oldest(chains_[key]);
  }
  changed_.clear();
  return rows;
}

}  // namespace strongroom
