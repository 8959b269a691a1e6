// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/losses.h"

#include <algorithm>

#include "core/event/event.h"

namespace strongroom {
namespace {

constexpr Stream kTelemetry = Stream::kTelemetry;
// Read at once while looking for the end of what goes.
constexpr std::size_t kReadEvents = 4096;
constexpr std::size_t kReadBytes = 256 * 1024;

struct Range {
  Position first = 0;
  Position last = 0;
};

std::unexpected<JournalError> broken(std::string what) {
  return std::unexpected(JournalError{std::move(what), true});
}

// The first position of a stopped part that no batch holds: its batches stand
// at its beginning, one after the other.
JournalResult<Position> after_batches(Journal& journal, Position position) {
  while (true) {
    const auto batch = journal.batch_at(kTelemetry, position);
    if (!batch) {
      return std::unexpected(batch.error());
    }
    if (!*batch) {
      return position;
    }
    position += (*batch)->count;
  }
}

// From `position` to the end of its epoch, less what may not go.
std::optional<Range> range_from(const Recorder& recorder,
                                const Losses& losses,
                                Position position,
                                Position limit) {
  while (position <= limit) {
    const EpochRow& epoch = recorder.epoch_at(kTelemetry, position);
    if (position == epoch.first_position) {
      ++position;
      continue;
    }
    if (const Loss* loss = losses.at(position)) {
      position = loss->last + 1;
      continue;
    }
    const Position end = std::min(recorder.epoch_end(epoch), limit);
    return Range{position, losses.before_next(position, end)};
  }
  return std::nullopt;
}

// What refused epochs still owe is older than all that was never refused.
JournalResult<std::optional<Range>> oldest(Journal& journal,
                                           const Recorder& recorder,
                                           const Losses& losses,
                                           Position cut) {
  // The last row of all stays: it says what the next one follows. Rows of this
  // very turn are not in the journal yet.
  const Position limit =
      std::min(recorder.first_pending(kTelemetry), recorder.tail(kTelemetry)) -
      1;
  for (const EpochRow& epoch : recorder.epochs(kTelemetry)) {
    const Position end = recorder.epoch_end(epoch);
    if (epoch.stopped_at == 0 || epoch.salvaged_to >= end) {
      continue;
    }
    const auto free = after_batches(journal, epoch.stopped_at);
    if (!free) {
      return std::unexpected(free.error());
    }
    const Position from = std::max(*free, epoch.salvaged_to + 1);
    if (auto range = range_from(recorder, losses, from, std::min(end, limit))) {
      return range;
    }
  }
  for (Position from = cut + 1; from <= limit;) {
    const auto range = range_from(recorder, losses, from, limit);
    if (!range) {
      break;
    }
    const EpochRow& epoch = recorder.epoch_at(kTelemetry, range->first);
    if (epoch.stopped_at == 0 || range->first < epoch.stopped_at) {
      return range;
    }
    from = recorder.epoch_end(epoch) + 1;
  }
  return std::nullopt;
}

}  // namespace

Losses::Losses(const Recorder& recorder, const JournalState& state)
    : recorder_(recorder) {
  for (const Loss& loss : state.losses) {
    Row row{loss, loss.announced};
    // It was told again in an earlier run, at a position that nobody noted: at
    // the end of `record` at the latest.
    const EpochRow& epoch = recorder.epoch_at(Stream::kRecord, loss.announced);
    if (epoch.stopped_at != 0 && loss.announced >= epoch.stopped_at &&
        loss.announced <= epoch.salvaged_to) {
      row.proof = recorder.tail(Stream::kRecord);
    }
    rows_.emplace(loss.first, row);
  }
}

void Losses::add(const Loss& loss) {
  rows_[loss.first] = {loss, loss.announced};
}

void Losses::moved(Position from, Position to) {
  for (auto& [first, row] : rows_) {
    if (row.proof == from) {
      row.proof = to;
    }
  }
}

const Loss* Losses::at(Position position) const {
  const auto after = rows_.upper_bound(position);
  if (after == rows_.begin() || std::prev(after)->second.loss.last < position) {
    return nullptr;
  }
  return &std::prev(after)->second.loss;
}

Position Losses::past(Position position) const {
  while (const Loss* loss = at(position)) {
    position = loss->last + 1;
  }
  return position;
}

Position Losses::before_next(Position position, Position last) const {
  const auto next = rows_.lower_bound(position);
  return next == rows_.end() ? last : std::min(last, next->first - 1);
}

bool Losses::is_announced(const Loss& loss, Position record_base) const {
  const auto row = rows_.find(loss.first);
  return row != rows_.end() && row->second.proof < record_base &&
         !recorder_.is_stopped(Stream::kRecord, row->second.proof);
}

std::uint64_t Losses::events(Position first) const {
  std::uint64_t count = 0;
  for (auto row = rows_.lower_bound(first); row != rows_.end(); ++row) {
    count += row->second.loss.last - row->second.loss.first + 1;
  }
  return count;
}

std::uint64_t Losses::ranges(Position first) const {
  return static_cast<std::uint64_t>(
      std::distance(rows_.lower_bound(first), rows_.end()));
}

JournalResult<std::optional<Loss>> choose_loss(Journal& journal,
                                               const Recorder& recorder,
                                               const Losses& losses,
                                               Position cut,
                                               std::uint64_t bytes) {
  const auto range = oldest(journal, recorder, losses, cut);
  if (!range) {
    return std::unexpected(range.error());
  }
  if (!*range) {
    return std::nullopt;
  }
  Loss loss;
  loss.first = (*range)->first;
  Position next = loss.first;
  for (std::uint64_t gone = 0; gone < bytes && next <= (*range)->last;) {
    const std::size_t most =
        std::min<Position>(kReadEvents, (*range)->last - next + 1);
    const auto rows = journal.events(kTelemetry, next, most, kReadBytes);
    if (!rows) {
      return std::unexpected(rows.error());
    }
    if (rows->empty()) {
      return broken("telemetry that is owed is missing");
    }
    ByteView newest;
    for (const Bytes& event : *rows) {
      if (next == loss.first) {
        const auto envelope = decode_envelope(event);
        if (!envelope) {
          return broken(envelope.error().what);
        }
        loss.before = envelope->prev_hash;
      }
      newest = event;
      gone += event.size();
      loss.last = next++;
      if (gone >= bytes) {
        break;
      }
    }
    loss.of_last = sha256(newest);
  }
  return loss;
}

}  // namespace strongroom
