// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/recorder.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace strongroom {

Recorder::Recorder(Source source, const JournalState& state, RandomFill random)
    : source_(std::move(source)),
      random_(std::move(random)),
      last_transaction_(state.last_transaction) {
  for (const Stream stream : kAgentStreams) {
    const std::size_t slot = slot_of(stream);
    const StreamState& found = state.streams[slot];
    tails_[slot] = found.tail;
    epochs_[slot] = found.epochs;
    if (found.tail == 0) {
      continue;
    }
    const EpochRow& last = found.epochs.back();
    epoch_ = last.epoch;
    chains_[slot].emplace(source_,
                          stream,
                          last.epoch,
                          found.tail - last.first_position + 1,
                          found.tail_hash);
  }
  for (const DescriptionRow& row : state.descriptions) {
    descriptions_[row.device] = row;
  }
}

std::array<std::uint8_t, 16> Recorder::blind() {
  std::array<std::uint8_t, 16> out{};
  if (pool_used_ + out.size() > pool_.size()) {
    random_(pool_);
    pool_used_ = 0;
  }
  std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(pool_used_),
              out.size(),
              out.begin());
  pool_used_ += out.size();
  return out;
}

void Recorder::open_epoch(strongroom_v1_EpochReason reason,
                          const ChainHeads& previous,
                          const Now& now) {
  std::array<std::uint8_t, 8> bytes{};
  std::uint64_t epoch = 0;
  while (epoch == 0) {
    random_(bytes);
    epoch = std::bit_cast<std::uint64_t>(bytes);
  }
  epoch_ = epoch;
  for (const Stream stream : kAgentStreams) {
    const std::size_t slot = slot_of(stream);
    chains_[slot].emplace(source_, stream, epoch);
    const EpochRow row{stream, epoch, tails_[slot] + 1, reason, 0, {}, 0};
    epochs_[slot].push_back(row);
    pending_.epochs.push_back(row);

    EventMessage& event = blank();
    event.which_body = strongroom_v1_Event_epoch_opened_tag;
    auto& body = event.body.epoch_opened;
    body.reason = reason;
    body.has_previous = previous[slot].has_value();
    if (body.has_previous) {
      body.previous = *previous[slot];
    }
    record(stream, event, now);
  }
}

ChainHeads Recorder::heads() const {
  ChainHeads heads;
  for (std::size_t slot = 0; slot < chains_.size(); ++slot) {
    if (!chains_[slot]) {
      continue;
    }
    strongroom_v1_ChainHead head = strongroom_v1_ChainHead_init_zero;
    head.epoch = chains_[slot]->epoch();
    head.seq = chains_[slot]->last_seq();
    std::ranges::copy(chains_[slot]->last_hash(), head.hash);
    heads[slot] = head;
  }
  return heads;
}

EventMessage& Recorder::blank() {
  scratch_ = strongroom_v1_Event_init_zero;
  return scratch_;
}

std::uint64_t Recorder::record(Stream stream,
                               EventMessage& event,
                               const Now& now) {
  const std::size_t slot = slot_of(stream);
  std::optional<EventChain>& chain = chains_[slot];
  check(chain.has_value(), "an event before the first epoch");
  auto bytes = chain->append(event, now, blind());
  // Bodies are made here, within bounds that the configuration was held to.
  check(bytes.has_value(), "an event of ours does not encode");
  pending_.events[slot].push_back(std::move(*bytes));
  ++tails_[slot];
  return chain->last_seq();
}

Result<Position> Recorder::record_again(Stream stream,
                                        ByteView event,
                                        const Now& now) {
  const std::size_t slot = slot_of(stream);
  std::optional<EventChain>& chain = chains_[slot];
  check(chain.has_value(), "an event before the first epoch");
  auto bytes = chain->append_again(event, now, blind());
  if (!bytes) {
    return std::unexpected(std::move(bytes.error()));
  }
  pending_.events[slot].push_back(std::move(*bytes));
  return ++tails_[slot];
}

EpochRow* Recorder::find(Stream stream, std::uint64_t epoch) {
  auto& rows = epochs_[slot_of(stream)];
  const auto found = std::ranges::find(rows, epoch, &EpochRow::epoch);
  return found == rows.end() ? nullptr : &*found;
}

// Once a transaction: the last word counts.
void Recorder::put_stopped(const EpochRow& row) {
  std::erase_if(pending_.stopped, [&](const EpochRow& other) {
    return other.stream == row.stream && other.epoch == row.epoch;
  });
  pending_.stopped.push_back(row);
}

void Recorder::stop_epoch(Stream stream,
                          std::uint64_t epoch,
                          Position at,
                          strongroom_v1_RefusalReason reason) {
  if (EpochRow* row = find(stream, epoch)) {
    row->stopped_at = at;
    row->stopped_reason = reason;
    row->salvaged_to = 0;
    put_stopped(*row);
  }
}

void Recorder::salvaged(Stream stream, std::uint64_t epoch, Position to) {
  if (EpochRow* row = find(stream, epoch)) {
    row->salvaged_to = to;
    put_stopped(*row);
  }
}

void Recorder::lose(const Loss& loss) {
  pending_.losses.push_back(loss);
}

bool Recorder::is_stopped(Stream stream, Position position) const {
  const EpochRow& row = epoch_at(stream, position);
  return row.stopped_at != 0 && position >= row.stopped_at;
}

const EpochRow* Recorder::epoch_row(Stream stream, std::uint64_t epoch) const {
  const auto& rows = epochs_[slot_of(stream)];
  const auto found = std::ranges::find(rows, epoch, &EpochRow::epoch);
  return found == rows.end() ? nullptr : &*found;
}

const EpochRow& Recorder::epoch_at(Stream stream, Position position) const {
  const auto& rows = epochs_[slot_of(stream)];
  const auto after =
      std::ranges::upper_bound(rows, position, {}, &EpochRow::first_position);
  check(after != rows.begin(), "a position before the first epoch");
  return *std::prev(after);
}

Position Recorder::epoch_end(const EpochRow& row) const {
  const auto& rows = epochs_[slot_of(row.stream)];
  const auto after = std::ranges::upper_bound(
      rows, row.first_position, {}, &EpochRow::first_position);
  return after == rows.end() ? tail(row.stream) : after->first_position - 1;
}

const DescriptionRow* Recorder::description(const std::string& device) const {
  const auto found = descriptions_.find(device);
  return found == descriptions_.end() ? nullptr : &found->second;
}

void Recorder::describe(DescriptionRow row) {
  pending_.descriptions.push_back(row);
  descriptions_[row.device] = std::move(row);
}

Position Recorder::first_pending(Stream stream) const {
  const std::size_t slot = slot_of(stream);
  return tails_[slot] - pending_.events[slot].size() + 1;
}

JournalTransaction Recorder::take() {
  if (!pending_.empty()) {
    pending_.number = ++last_transaction_;
  }
  return std::exchange(pending_, {});
}

}  // namespace strongroom
