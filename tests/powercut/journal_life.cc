// SPDX-License-Identifier: Apache-2.0
#include "tests/powercut/journal_life.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

namespace strongroom::powercut {

using testing_journal::kNow;
using testing_journal::kSource;
using testing_journal::test_signer;
using testing_journal::TestBatch;
using testing_journal::TestLog;
using testing_journal::TestSource;

namespace {

std::unique_ptr<TestLog> log_of(Stream stream, std::uint32_t generation) {
  return std::make_unique<TestLog>(
      Origin{"ledger.example", "bj1", stream, generation}.text());
}

constexpr std::size_t kReadBytes = 1U << 20U;

std::string text_of(Stream stream) {
  return std::string(stream_name(stream));
}

std::optional<std::string> events_differ(const JournalTruth& truth,
                                         Stream stream,
                                         Journal& journal) {
  const JournalTruth::OfStream& of = truth.streams[slot_of(stream)];
  Position next = of.pruned + 1;
  while (next <= of.events.size()) {
    if (truth.is_lost(stream, next)) {
      ++next;
      continue;
    }
    const auto read = journal.events(stream, next, 64, kReadBytes);
    if (!read || read->empty()) {
      return fmt::format("{} {} cannot be read: {}",
                         text_of(stream),
                         next,
                         read ? "nothing there" : read.error().what);
    }
    for (const Bytes& event : *read) {
      if (next > of.events.size() || event != of.events[next - 1]) {
        return fmt::format("{} {} is not as written", text_of(stream), next);
      }
      ++next;
    }
  }
  return std::nullopt;
}

std::optional<std::string> batches_differ(const JournalTruth::OfStream& truth,
                                          Stream stream,
                                          Journal& journal) {
  for (const auto& [first, batch] : truth.batches) {
    if (first <= truth.pruned) {
      continue;
    }
    const auto read = journal.batch_at(stream, first);
    if (!read || !*read || (*read)->count != batch.count ||
        (*read)->sealed.header != batch.sealed.header ||
        (*read)->sealed.signature != batch.sealed.signature) {
      return fmt::format(
          "the batch at {} {} is not as cut", text_of(stream), first);
    }
  }
  return std::nullopt;
}

std::optional<std::string> marks_differ(const JournalTruth::OfStream& truth,
                                        Stream stream,
                                        const StreamState& state) {
  const auto differs = [&](const char* what, auto there, auto wanted) {
    return fmt::format(
        "{}: {} is {}, not {}", text_of(stream), what, there, wanted);
  };
  const Position cut = truth.batches.empty()
                           ? 0
                           : truth.batches.rbegin()->first +
                                 truth.batches.rbegin()->second.count - 1;
  if (state.tail != truth.events.size()) {
    return differs("the tail", state.tail, truth.events.size());
  }
  if (state.cut != cut) {
    return differs("the end of the newest batch", state.cut, cut);
  }
  if (state.delivered != truth.delivered) {
    return differs("the delivered mark", state.delivered, truth.delivered);
  }
  if (state.held_origin != truth.held_origin ||
      state.held_checkpoint != truth.held_checkpoint) {
    return text_of(stream) + ": another checkpoint is held";
  }
  if (state.epochs != truth.epochs) {
    return text_of(stream) + ": other epochs";
  }
  return std::nullopt;
}

}  // namespace

bool JournalTruth::is_lost(Stream stream, Position at) const {
  return stream == Stream::kTelemetry &&
         std::ranges::any_of(losses, [at](const Loss& loss) {
           return loss.first <= at && at <= loss.last;
         });
}

void JournalTruth::prune(Stream stream, std::uint64_t events) {
  Position& pruned = streams[slot_of(stream)].pruned;
  while (events > 0) {
    events -= is_lost(stream, ++pruned) ? 0U : 1U;
  }
}

void JournalTruth::apply(const JournalTransaction& turn) {
  last_transaction = turn.number;
  for (const EpochRow& row : turn.epochs) {
    streams[slot_of(row.stream)].epochs.push_back(row);
  }
  for (const EpochRow& row : turn.stopped) {
    for (EpochRow& known : streams[slot_of(row.stream)].epochs) {
      known = known.epoch == row.epoch ? row : known;
    }
  }
  for (const Stream stream : kAgentStreams) {
    std::ranges::copy(turn.events[slot_of(stream)],
                      std::back_inserter(streams[slot_of(stream)].events));
  }
  for (const CutBatch& batch : turn.batches) {
    streams[slot_of(batch.stream)].batches[batch.first_position] = batch;
  }
  std::ranges::copy(turn.losses, std::back_inserter(losses));
  for (const Following& following : turn.followings) {
    OfStream& of = streams[slot_of(following.stream)];
    of.delivered = following.resend_from - 1;
    of.held_origin = following.origin;  // and nothing is held of it yet
    of.held_checkpoint.clear();
  }
  for (const Delivery& delivery : turn.deliveries) {
    OfStream& of = streams[slot_of(delivery.stream)];
    of.delivered = delivery.first_position + delivery.count - 1;
    of.held_origin = delivery.origin;
    of.held_checkpoint = delivery.checkpoint;
  }
  for (const DescriptionRow& row : turn.descriptions) {
    descriptions[row.device] = row;
  }
}

std::optional<std::string> difference(const JournalTruth& truth,
                                      OpenedJournal& opened) {
  if (opened.state.last_transaction != truth.last_transaction) {
    return fmt::format("the last transaction is {}, not {}",
                       opened.state.last_transaction,
                       truth.last_transaction);
  }
  for (const Stream stream : kAgentStreams) {
    const JournalTruth::OfStream& of = truth.streams[slot_of(stream)];
    if (auto found =
            marks_differ(of, stream, opened.state.streams[slot_of(stream)])) {
      return found;
    }
    if (auto found = events_differ(truth, stream, *opened.journal)) {
      return found;
    }
    if (auto found = batches_differ(of, stream, *opened.journal)) {
      return found;
    }
  }
  for (const Loss& loss : truth.losses) {
    const bool owed = loss.last > truth.streams[1].delivered;
    if (owed && std::ranges::find(opened.state.losses, loss) ==
                    opened.state.losses.end()) {
      return fmt::format("the loss of telemetry {} is forgotten", loss.first);
    }
  }
  std::map<std::string, DescriptionRow> descriptions;
  for (const DescriptionRow& row : opened.state.descriptions) {
    descriptions[row.device] = row;
  }
  return descriptions == truth.descriptions
             ? std::nullopt
             : std::optional<std::string>("other descriptions");
}

// --- the life ---------------------------------------------------------------

struct JournalLife::Chains {
  struct OfStream {
    std::unique_ptr<TestSource> source;
    std::unique_ptr<TestSource> stopped;
    EpochRow epoch;
    std::vector<Bytes> written;
    Position cut = 0;
    std::map<Position, TestBatch> batches;
    std::deque<Position> undelivered;
    std::uint32_t generation = 1;
    std::unique_ptr<TestLog> log;
  };
  std::array<OfStream, 2> streams;
  EpochRow stopped;  // of telemetry
  Position stopped_end = 0;
  std::unique_ptr<Signer> signer = test_signer(2);
  std::unique_ptr<Signer> log_signer = test_signer(1);
};

JournalLife::JournalLife(std::filesystem::path path, PowerCutDisk& disk)
    : path_(std::move(path)),
      disk_(disk),
      chains_(std::make_unique<Chains>()),
      key_(chains_->signer->public_key()),
      trust_{"ledger.example", {chains_->log_signer->public_key()}} {
  for (const Stream stream : kAgentStreams) {
    chains_->streams[slot_of(stream)].log = log_of(stream, 1);
  }
  truths_.push_back(truth_);
}

JournalLife::~JournalLife() = default;

template <typename Work>
void JournalLife::step(std::string what, Work work) {
  Step taken;
  taken.what = std::move(what);
  taken.begun = disk_.operations();
  work(taken);
  taken.told = disk_.operations();
  steps_.push_back(std::move(taken));
  truths_.push_back(truth_);
}

void JournalLife::open() {
  writer_.reset();
  step("close", [&](Step&) { opened_.reset(); });
  step("open", [&](Step&) {
    opened_.emplace(testing_journal::open(path_));
    writer_ = std::make_unique<testing_journal::Writer>(*opened_);
  });
}

void JournalLife::commit(const std::string& what) {
  step("commit: " + what, [&](Step& taken) {
    JournalTransaction turn = writer_->turn();
    turn.number = truth_.last_transaction + 1;
    writer_->commit();
    truth_.apply(turn);
    taken.turn = std::move(turn);
  });
}

void JournalLife::prune(Stream stream) {
  step("prune " + text_of(stream), [&](Step&) {
    const auto gone =
        opened_->journal->prune(stream, kNow + std::chrono::seconds(1));
    if (!gone) {
      throw std::runtime_error(gone.error().what);
    }
    truth_.prune(stream, *gone);
  });
}

// The first epoch of both streams, then others of telemetry whose
// predecessor's chain the ledger would not go on with.
void JournalLife::open_epoch(int number) {
  for (const Stream stream : kAgentStreams) {
    Chains::OfStream& at = chains_->streams[slot_of(stream)];
    if (number > 0 && stream == Stream::kRecord) {
      continue;
    }
    const std::uint64_t id = 0x1000 + static_cast<std::uint64_t>(number);
    at.stopped = std::move(at.source);
    at.source = std::make_unique<TestSource>(kSource.text(), stream, id);
    if (at.stopped != nullptr) {
      EpochRow row = at.epoch;
      row.stopped_at = truth_.streams[slot_of(stream)].delivered + 1;
      row.stopped_reason = strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN;
      writer_->turn().stopped.push_back(row);
      chains_->stopped = row;
      chains_->stopped_end = at.written.size();
      at.undelivered.clear();
    }
    writer_->open_epoch(stream, id, *at.source, at.stopped.get());
    at.epoch = writer_->turn().epochs.back();
    at.written.push_back(writer_->turn().events[slot_of(stream)].back());
    at.cut = at.written.size() - 1;
  }
}

void JournalLife::add_events(int number) {
  for (const Stream stream : kAgentStreams) {
    const bool record = stream == Stream::kRecord;
    Chains::OfStream& at = chains_->streams[slot_of(stream)];
    // Now and then more than a page of them.
    const int count = number % 10 == 9 && !record ? 60
                      : record                    ? 1 + number % 3
                                                  : number % 4;
    for (int i = 0; i < count; ++i) {
      at.written.push_back(at.source->write(testing_log::boot()));
      writer_->add(stream, at.written.back());
    }
  }
}

void JournalLife::cut(Stream stream) {
  Chains::OfStream& at = chains_->streams[slot_of(stream)];
  if (at.cut == at.written.size()) {
    return;
  }
  const Position first = at.cut + 1;
  const std::vector<Bytes> events(
      at.written.begin() + static_cast<std::ptrdiff_t>(at.cut),
      at.written.end());
  at.batches[first] = writer_->cut(stream,
                                   first,
                                   static_cast<std::uint32_t>(events.size()),
                                   events,
                                   at.epoch.epoch,
                                   first - at.epoch.first_position + 1,
                                   *chains_->signer);
  at.undelivered.push_back(first);
  at.cut = at.written.size();
}

void JournalLife::deliver(Stream stream) {
  Chains::OfStream& at = chains_->streams[slot_of(stream)];
  if (at.undelivered.empty()) {
    return;
  }
  const Position first = at.undelivered.front();
  at.undelivered.pop_front();
  const TestBatch& batch = at.batches.at(first);
  const std::uint64_t index = at.log->append(batch);
  writer_->turn().deliveries.push_back(
      {stream,
       first,
       static_cast<std::uint32_t>(batch.events.size()),
       index,
       kNow,
       at.log->origin(),
       sign_checkpoint(at.log->checkpoint(), *chains_->log_signer)});
}

// All of telemetry that no batch holds but the newest, with its announcement.
void JournalLife::lose() {
  Chains::OfStream& at = chains_->streams[slot_of(Stream::kTelemetry)];
  Chains::OfStream& record = chains_->streams[slot_of(Stream::kRecord)];
  const Position first = at.cut + 1;
  const Position last = at.written.size() - 1;
  if (first > last || first == at.epoch.first_position) {
    return;
  }
  Loss loss{first,
            last,
            sha256(at.written[first - 2]),
            sha256(at.written[last - 1]),
            record.written.size() + 1};
  EventMessage event =
      testing_log::event_of(strongroom_v1_Event_telemetry_lost_tag);
  auto& body = event.body.telemetry_lost;
  body.epoch = at.epoch.epoch;
  body.from_seq = first - at.epoch.first_position + 1;
  body.to_seq = last - at.epoch.first_position + 1;
  std::ranges::copy(loss.before, body.hash_before_from);
  std::ranges::copy(loss.of_last, body.hash_of_to);
  record.written.push_back(record.source->write(event));
  writer_->add(Stream::kRecord, record.written.back());
  writer_->turn().losses.push_back(loss);
  at.cut = last;
}

// In two slices; that the events stand again is not the journal's business.
void JournalLife::salvage(bool to_the_end) {
  EpochRow row = chains_->stopped;
  row.salvaged_to = to_the_end ? chains_->stopped_end : row.stopped_at;
  writer_->turn().stopped.push_back(row);
}

// A successor of the record's log, which holds all but the newest batch.
void JournalLife::follow() {
  Chains::OfStream& at = chains_->streams[slot_of(Stream::kRecord)];
  auto newest = at.batches.upper_bound(
      truth_.streams[slot_of(Stream::kRecord)].delivered);
  const Position from = std::prev(newest)->first;
  at.log = log_of(Stream::kRecord, ++at.generation);
  at.undelivered.clear();
  for (auto batch = at.batches.find(from); batch != at.batches.end(); ++batch) {
    at.undelivered.push_back(batch->first);
  }
  Following following;
  following.stream = Stream::kRecord;
  following.origin = at.log->origin();
  following.resend_from = from;
  following.at = kNow;
  writer_->turn().followings.push_back(following);
}

void JournalLife::turn(int number) {
  std::string what = std::to_string(number);
  if (number == 25) {
    follow();
  } else if (number % 3 ==
             0) {  // before a stop: deliveries are of what was cut
    for (const Stream stream : kAgentStreams) {
      deliver(stream);
    }
  }
  if (number % 16 == 0) {
    open_epoch(number / 16);
    what += ", an epoch";
  }
  add_events(number);
  if (number == 9 || number == 27) {
    lose();
  }
  if (number == 20 || number == 23) {
    salvage(number == 23);
  }
  if (number % 2 == 1) {
    cut(Stream::kRecord);
  }
  if (number % 3 != 0) {
    cut(Stream::kTelemetry);
  }
  if (number % 5 == 4) {
    writer_->turn().descriptions.push_back(
        {"room-" + std::to_string(number % 3),
         0x1000,
         1,
         sha256(as_bytes(what))});
  }
  commit(what);
}

void JournalLife::keep_house(int number) {
  if (number % 7 == 6) {
    prune(Stream::kRecord);
    prune(Stream::kTelemetry);
  }
  if (number % 6 == 5) {
    step("checkpoint", [&](Step&) { opened_->journal->checkpoint(); });
  }
  if (number % 11 == 10) {
    open();
  }
}

void JournalLife::live(int turns) {
  open();
  const int end = next_turn_ + turns;
  for (; next_turn_ < end; ++next_turn_) {
    turn(next_turn_);
    keep_house(next_turn_);
  }
  writer_.reset();
  step("close", [&](Step&) { opened_.reset(); });
}

void JournalLife::begin_here() {
  steps_.clear();
  truths_ = {truth_};
  disk_.settle();
}

}  // namespace strongroom::powercut
