// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/outbox.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

// Tag and length of an event within a batch take at most this.
constexpr std::size_t kEventOverhead = 4;

std::unexpected<JournalError> broken(std::string what) {
  return std::unexpected(JournalError{std::move(what), true});
}

std::vector<ByteView> views_of(const std::vector<Bytes>& events) {
  return {events.begin(), events.end()};
}

// As many from the front as one batch holds.
void limit_bytes(std::vector<ByteView>& views) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < views.size()) {
    bytes += views[count].size() + kEventOverhead;
    if (bytes > kCutBytes) {
      break;
    }
    ++count;
  }
  views.resize(count);
}

OutBatch assemble(const CutBatch& cut,
                  BatchHeader header,
                  std::vector<ByteView> events) {
  BatchView view;
  view.header_bytes = cut.sealed.header;
  view.signature = cut.sealed.signature;
  view.events = std::move(events);
  return {cut.first_position, std::move(header), encode_batch(view)};
}

}  // namespace

Outbox::Outbox(Source source,
               Recorder& recorder,
               const Losses& losses,
               Journal& journal,
               const Signer& signer,
               std::array<Position, 2> cut)
    : source_(std::move(source)),
      recorder_(recorder),
      losses_(losses),
      journal_(journal),
      signer_(signer),
      cut_(cut) {}

JournalResult<std::optional<OutBatch>> Outbox::batch_at(Stream stream,
                                                        Position position) {
  return position <= cut_[slot_of(stream)] ? stored(stream, position)
                                           : cut(stream, position);
}

JournalResult<std::optional<OutBatch>> Outbox::stored(Stream stream,
                                                      Position position) {
  const auto found = journal_.batch_at(stream, position);
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!found->has_value()) {
    return broken("a batch that was cut is missing");
  }
  auto header = decode_header((*found)->sealed.header);
  if (!header) {
    return broken(header.error().what);
  }
  const auto events =
      journal_.events(stream, position, header->count, kMaxBatchBytes);
  if (!events) {
    return std::unexpected(events.error());
  }
  std::vector<Hash> leaves;
  if (auto flaw = find_flaw(*header, views_of(*events), leaves)) {
    return broken(describe(*header) + ": " + flaw->what);
  }
  return assemble(**found, std::move(*header), views_of(*events));
}

void Outbox::collect(Stream stream,
                     Position position,
                     std::size_t max_count,
                     std::vector<ByteView>& views) const {
  const Fresh& fresh = fresh_[slot_of(stream)];
  Position at = position;
  for (; at < fresh.first + fresh.events.size() && views.size() < max_count;
       ++at) {
    views.emplace_back(fresh.events[at - fresh.first]);
  }
  const auto& pending = recorder_.pending().events[slot_of(stream)];
  const Position first_pending = recorder_.first_pending(stream);
  for (; at >= first_pending && at - first_pending < pending.size() &&
         views.size() < max_count;
       ++at) {
    views.emplace_back(pending[at - first_pending]);
  }
}

// A batch ends with its epoch, before a stopped part and before a loss.
Position Outbox::last_of_cut(Stream stream, Position position) const {
  const EpochRow& epoch = recorder_.epoch_at(stream, position);
  Position last = recorder_.epoch_end(epoch);
  if (epoch.stopped_at > position) {
    last = std::min(last, epoch.stopped_at - 1);
  }
  return stream == Stream::kTelemetry ? losses_.before_next(position, last)
                                      : last;
}

JournalResult<std::optional<OutBatch>> Outbox::cut(Stream stream,
                                                   Position position) {
  if (position > recorder_.tail(stream)) {
    return std::nullopt;
  }
  const EpochRow& epoch = recorder_.epoch_at(stream, position);
  const std::size_t max_count = std::min<std::size_t>(
      kMaxBatchEvents, last_of_cut(stream, position) - position + 1);
  const Fresh& fresh = fresh_[slot_of(stream)];
  const bool in_memory = (!fresh.events.empty() && position >= fresh.first) ||
                         position >= recorder_.first_pending(stream);

  std::vector<ByteView> views;
  std::vector<Bytes> rows;
  if (in_memory) {
    collect(stream, position, max_count, views);
  } else {
    auto read = journal_.events(stream, position, max_count, kCutBytes);
    if (!read) {
      return std::unexpected(read.error());
    }
    rows = std::move(*read);
    views = views_of(rows);
  }
  limit_bytes(views);
  if (views.empty()) {
    return broken("an event of the journal is missing");
  }
  const auto first = decode_envelope(views.front());
  if (!first) {
    return broken(first.error().what);
  }
  CutBatch batch{stream,
                 position,
                 static_cast<std::uint32_t>(views.size()),
                 cut_batch(source_,
                           stream,
                           epoch.epoch,
                           position - epoch.first_position + 1,
                           first->prev_hash,
                           views,
                           signer_)};
  auto header = decode_header(batch.sealed.header);
  check(header.has_value(), "a header of ours does not decode");
  std::vector<Hash> leaves;
  if (auto flaw =
          in_memory ? std::nullopt : find_flaw(*header, views, leaves)) {
    return broken(describe(*header) + ": " + flaw->what);
  }
  OutBatch out = assemble(batch, std::move(*header), std::move(views));
  cut_[slot_of(stream)] = position + batch.count - 1;
  recorder_.pending().batches.push_back(std::move(batch));
  ++cuts_;
  return out;
}

JournalResult<std::optional<Bytes>> Outbox::event_at(Stream stream,
                                                     Position position) {
  if (position >= recorder_.first_pending(stream)) {
    return std::nullopt;
  }
  auto rows = journal_.events(stream, position, 1, 0);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  return rows->empty() ? std::nullopt : std::optional(std::move(rows->front()));
}

void Outbox::forget(const Loss& loss) {
  Fresh& fresh = fresh_[slot_of(Stream::kTelemetry)];
  if (!fresh.events.empty() && fresh.first <= loss.last) {
    fresh = {};  // the journal gives back what follows
  }
}

void Outbox::committed(JournalTransaction& turn) {
  for (const Stream stream : kAgentStreams) {
    const std::size_t slot = slot_of(stream);
    Fresh& fresh = fresh_[slot];
    Position at = recorder_.first_pending(stream) - turn.events[slot].size();
    if (fresh.events.empty()) {
      fresh.first = at;
    }
    for (Bytes& event : turn.events[slot]) {
      fresh.bytes += event.size();
      fresh.events.push_back(std::move(event));
    }
    // Front first: what was cut, then, when it is too much, what the journal
    // must give back later.
    while (!fresh.events.empty() &&
           (fresh.first <= cut_[slot] || fresh.bytes > kFreshBytes)) {
      fresh.bytes -= fresh.events.front().size();
      fresh.events.pop_front();
      ++fresh.first;
    }
  }
}

}  // namespace strongroom
