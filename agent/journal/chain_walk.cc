// SPDX-License-Identifier: Apache-2.0
// The events of a stream, one after another: presence, numbers, chain.
#include <algorithm>
#include <fmt/format.h>

#include "agent/journal/checker.h"
#include "agent/journal/columns.h"
#include "core/event/event.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::Mark;

// Follows one stream's chain, event by event. A broken link says only that one
// of two events was altered; the next link tells which.
class ChainWalk {
 public:
  ChainWalk(const JournalContents& contents, Stream stream, Position from)
      : contents_(contents),
        layout_(contents.layout(stream)),
        mark_(contents.marks[slot_of(stream)]),
        stream_(stream),
        expected_(from) {}

  void take(Position position, ByteView event) {
    if (position < expected_) {
      flawed(event_place(stream_, position), "an event that was pruned");
    }
    pass_losses();
    const std::string place = event_place(stream_, expected_);
    if (position < expected_) {
      flawed(event_place(stream_, position), "an event that was lost");
    }
    if (position != expected_) {
      flawed(place,
             fmt::format("the event is missing; the next one stands at "
                         "{}",
                         position));
    }
    const EpochRow* epoch = layout_.epoch_at(position);
    if (epoch == nullptr) {
      flawed(place, "an event before the first epoch");
    }
    const auto envelope = decode_envelope(event);
    if (!envelope) {
      flawed(place, envelope.error().what);
    }
    const bool linked = is_linked(*epoch, *envelope, event);
    settle_doubt(linked);
    if (auto bad = fault_of(*epoch, position, *envelope)) {
      flawed(place, *bad);
    }
    doubtful_ = !linked;
    previous_ = sha256(event);
    ++expected_;
    (position > mark_.delivered ? bytes_.owed : bytes_.kept) += event.size();
  }

  EventBytes finish() const {
    if (expected_ != mark_.tail + 1) {
      flawed(event_place(stream_, expected_),
             fmt::format("the event is missing; the stream ends at {}",
                         mark_.tail));
    }
    const bool linked = !previous_ || *previous_ == mark_.tail_hash;
    settle_doubt(linked);
    if (!linked) {
      flawed(event_place(stream_, mark_.tail),
             "the event does not hash to the stream's tail_hash");
    }
    return bytes_;
  }

 private:
  // A hole is whole when it is exactly one that was announced: the loss says
  // what stood on both sides.
  void pass_losses() {
    while (const Loss* loss = layout_.loss_at(expected_)) {
      const bool linked =
          !previous_ || loss->first != expected_ || *previous_ == loss->before;
      settle_doubt(linked);
      if (!linked) {
        flawed(event_place(stream_, expected_ - 1),
               "the event is not the one before the loss");
      }
      doubtful_ = false;
      previous_ = loss->of_last;
      expected_ = loss->last + 1;
    }
  }

  // `linked`: whether what follows the newest event taken fits it.
  void settle_doubt(bool linked) const {
    if (!doubtful_) {
      return;
    }
    const Position newest = expected_ - 1;
    if (linked) {
      flawed(event_place(stream_, newest - 1),
             fmt::format("the event is not the one that {} continues", newest));
    }
    flawed(event_place(stream_, newest),
           "prev_hash is not the hash of the event before");
  }

  bool is_linked(const EpochRow& epoch,
                 const Envelope& envelope,
                 ByteView event) const {
    if (!previous_) {
      return true;  // not anchored yet
    }
    return expected_ == epoch.first_position ? continues_epoch(event)
                                             : envelope.prev_hash == *previous_;
  }

  // The first event of an epoch tells the last one of the epoch before.
  bool continues_epoch(ByteView event) const {
    const auto message = decode_event(event);
    if (!message || !previous_ ||
        message->which_body != strongroom_v1_Event_epoch_opened_tag ||
        !message->body.epoch_opened.has_previous) {
      return true;
    }
    const auto& head = message->body.epoch_opened.previous;
    return std::ranges::equal(head.hash, *previous_);
  }

  std::optional<std::string> fault_of(const EpochRow& epoch,
                                      Position position,
                                      const Envelope& envelope) const {
    const std::uint64_t seq = position - epoch.first_position + 1;
    if (envelope.source.text() != contents_.source) {
      return "the source is " + envelope.source.text();
    }
    if (envelope.stream != stream_) {
      return "the stream is another one";
    }
    if (envelope.epoch != epoch.epoch) {
      return fmt::format(
          "the epoch is {:016x}, not {:016x}", envelope.epoch, epoch.epoch);
    }
    if (envelope.seq != seq) {
      return fmt::format("seq is {}, not {}", envelope.seq, seq);
    }
    return std::nullopt;
  }

  const JournalContents& contents_;
  const StreamLayout& layout_;
  const Mark& mark_;
  Stream stream_;
  Position expected_;
  std::optional<Hash> previous_;  // nothing: not anchored yet
  bool doubtful_ = false;         // the newest event's link does not fit
  EventBytes bytes_;
};

// What the event that announced a loss must say of it.
bool announces(const strongroom_v1_Event& event,
               const Loss& loss,
               const EpochRow& epoch) {
  const auto& body = event.body.telemetry_lost;
  return event.which_body == strongroom_v1_Event_telemetry_lost_tag &&
         body.epoch == epoch.epoch &&
         body.from_seq == loss.first - epoch.first_position + 1 &&
         body.to_seq == loss.last - epoch.first_position + 1 &&
         std::ranges::equal(body.hash_before_from, loss.before) &&
         std::ranges::equal(body.hash_of_to, loss.of_last);
}

}  // namespace

FlawOr<void> check_losses(SQLite::Database& db,
                          const JournalContents& contents) {
  return catching([&] {
    const StreamLayout& layout = contents.layout(Stream::kTelemetry);
    SQLite::Statement query(
        db, "SELECT event FROM record_events WHERE position = ?");
    for (const Loss& loss : layout.losses) {
      if (loss.announced <= contents.marks[slot_of(Stream::kRecord)].pruned) {
        continue;  // the ledger holds the announcement
      }
      query.bind(1, static_cast<std::int64_t>(loss.announced));
      const auto event = query.executeStep()
                             ? decode_event(blob(query.getColumn(0)))
                             : fault("missing");
      if (!event || !announces(*event, loss, *layout.epoch_at(loss.first))) {
        flawed(fmt::format("losses {}", loss.first),
               fmt::format("record {} does not announce it", loss.announced));
      }
      query.reset();
    }
  });
}

FlawOr<EventBytes> check_events(SQLite::Database& db,
                                const JournalContents& contents,
                                Stream stream,
                                Position from) {
  return catching([&] {
    const Mark& mark = contents.marks[slot_of(stream)];
    SQLite::Statement query(
        db,
        fmt::format("SELECT position, event FROM {} WHERE position >= ? OR "
                    "position <= ? ORDER BY position",
                    journal_rows::event_table(stream)));
    query.bind(1, static_cast<std::int64_t>(from));
    query.bind(2, static_cast<std::int64_t>(mark.pruned));
    ChainWalk walk(contents, stream, from);
    while (query.executeStep()) {
      walk.take(number(query.getColumn(0)), blob(query.getColumn(1)));
    }
    return walk.finish();
  });
}

}  // namespace strongroom
