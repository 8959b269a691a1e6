// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/salvage.h"

#include <algorithm>

namespace strongroom {
namespace {

std::unexpected<JournalError> broken(std::string what) {
  return std::unexpected(JournalError{std::move(what), true});
}

// The oldest epoch with a stopped end that was not told again.
const EpochRow* oldest(Stream stream, const Recorder& recorder) {
  for (const EpochRow& row : recorder.epochs(stream)) {
    if (row.stopped_at != 0 && row.salvaged_to < recorder.epoch_end(row)) {
      return &row;
    }
  }
  return nullptr;
}

class Slice {
 public:
  Slice(const EpochRow& row,
        Journal& journal,
        Recorder& recorder,
        Losses& losses,
        const Now& now)
      : row_(row),
        journal_(journal),
        recorder_(recorder),
        losses_(losses),
        now_(now),
        end_(recorder.epoch_end(row)),
        next_(std::max(row.stopped_at, row.salvaged_to + 1)) {}

  JournalResult<SalvageSlice> tell() {
    skip_lost();
    if (next_ <= end_) {
      const auto rows =
          journal_.events(row_.stream,
                          next_,
                          std::min<Position>(kSalvageEvents, end_ - next_ + 1),
                          kSalvageBytes);
      if (!rows) {
        return std::unexpected(rows.error());
      }
      if (rows->empty()) {
        return broken("a row of a refused epoch is missing");
      }
      for (const Bytes& event : *rows) {
        if (auto told = tell_again(event); !told) {
          return std::unexpected(told.error());
        }
      }
      skip_lost();
    }
    recorder_.salvaged(row_.stream, row_.epoch, next_ - 1);
    if (next_ > end_) {
      end();
    }
    return std::move(slice_);
  }

 private:
  void skip_lost() {
    if (row_.stream != Stream::kTelemetry) {
      return;
    }
    while (const Loss* loss = next_ <= end_ ? losses_.at(next_) : nullptr) {
      next_ = loss->last + 1;
      last_hash_ = loss->of_last;
    }
  }

  std::uint64_t seq_of(Position position) const {
    return position - row_.first_position + 1;
  }

  JournalResult<void> tell_again(const Bytes& event) {
    const auto envelope = decode_envelope(event);
    if (!envelope) {
      return broken(envelope.error().what);
    }
    const bool is_linked = !last_hash_ || envelope->prev_hash == *last_hash_;
    if (envelope->epoch != row_.epoch || envelope->seq != seq_of(next_) ||
        !is_linked) {
      return broken("a row of a refused epoch is not what was written");
    }
    last_hash_ = sha256(event);
    // The first of an epoch only says that it begins.
    if (next_ != row_.first_position) {
      const auto at = recorder_.record_again(row_.stream, event, now_);
      if (!at) {
        return broken(at.error().what);
      }
      if (row_.stream == Stream::kRecord) {
        losses_.moved(next_, *at);
      }
      ++slice_.events;
    }
    ++next_;
    return {};
  }

  void end() {
    SalvageDone done{row_, seq_of(row_.stopped_at), seq_of(end_)};
    EventMessage& event = recorder_.blank();
    event.which_body = strongroom_v1_Event_salvage_ended_tag;
    auto& body = event.body.salvage_ended;
    body.epoch = row_.epoch;
    body.from_seq = done.from_seq;
    body.to_seq = done.to_seq;
    std::ranges::copy(last_hash_.value_or(Hash{}), body.hash_of_to);
    body.reason = row_.stopped_reason;
    recorder_.record(row_.stream, event, now_);
    slice_.done = done;
  }

  const EpochRow row_;
  Journal& journal_;
  Recorder& recorder_;
  Losses& losses_;
  const Now& now_;
  const Position end_;
  Position next_;
  std::optional<Hash> last_hash_;  // of the event before next_, where known
  SalvageSlice slice_;
};

}  // namespace

JournalResult<std::optional<SalvageSlice>> salvage_slice(Stream stream,
                                                         Journal& journal,
                                                         Recorder& recorder,
                                                         Losses& losses,
                                                         const Now& now) {
  const EpochRow* row = oldest(stream, recorder);
  if (row == nullptr || row->epoch == recorder.epoch()) {
    return std::nullopt;
  }
  auto slice = Slice(*row, journal, recorder, losses, now).tell();
  if (!slice) {
    return std::unexpected(slice.error());
  }
  return std::optional(std::move(*slice));
}

std::uint64_t salvage_pending(Stream stream,
                              const Recorder& recorder,
                              const Losses& losses) {
  std::uint64_t count = 0;
  for (const EpochRow& row : recorder.epochs(stream)) {
    const Position end = recorder.epoch_end(row);
    if (row.stopped_at == 0 || row.salvaged_to >= end) {
      continue;
    }
    const Position from = std::max(row.stopped_at, row.salvaged_to + 1);
    count += end - from + 1;
    if (stream == Stream::kTelemetry) {
      count -= losses.events(from) - losses.events(end + 1);
    }
  }
  return count;
}

}  // namespace strongroom
