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

constexpr std::size_t kReadBytes = 1U << 20U;

std::string text_of(Stream stream) {
  return std::string(stream_name(stream));
}

std::optional<std::string> events_differ(const JournalTruth::OfStream& truth,
                                         Stream stream,
                                         const std::vector<Loss>& losses,
                                         Journal& journal) {
  Position next = truth.pruned + 1;
  while (next <= truth.events.size()) {
    const auto lost = std::ranges::find_if(losses, [&](const Loss& loss) {
      return stream == Stream::kTelemetry && loss.first <= next &&
             next <= loss.last;
    });
    if (lost != losses.end()) {
      next = lost->last + 1;
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
      if (next > truth.events.size() || event != truth.events[next - 1]) {
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
    of.held_origin.clear();
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
    if (auto found = events_differ(of, stream, truth.losses, *opened.journal)) {
      return found;
    }
    if (auto found = batches_differ(of, stream, *opened.journal)) {
      return found;
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
    std::deque<std::pair<Position, TestBatch>> undelivered;
    TestLog log;
  };
  std::array<OfStream, 2> streams{
      OfStream{{}, {}, {}, {}, 0, {}, TestLog("ledger.example/bj1/record/1")},
      OfStream{
          {}, {}, {}, {}, 0, {}, TestLog("ledger.example/bj1/telemetry/1")}};
  std::unique_ptr<Signer> signer = test_signer(2);
  std::unique_ptr<Signer> log_signer = test_signer(1);
};

JournalLife::JournalLife(std::filesystem::path path, PowerCutDisk& disk)
    : path_(std::move(path)),
      disk_(disk),
      chains_(std::make_unique<Chains>()),
      key_(chains_->signer->public_key()),
      trust_{"ledger.example", {chains_->log_signer->public_key()}} {
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
    truth_.streams[slot_of(stream)].pruned += *gone;
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
  at.undelivered.emplace_back(
      first,
      writer_->cut(stream,
                   first,
                   static_cast<std::uint32_t>(events.size()),
                   events,
                   at.epoch.epoch,
                   first - at.epoch.first_position + 1,
                   *chains_->signer));
  at.cut = at.written.size();
}

void JournalLife::deliver(Stream stream) {
  Chains::OfStream& at = chains_->streams[slot_of(stream)];
  if (at.undelivered.empty()) {
    return;
  }
  const auto [first, batch] = std::move(at.undelivered.front());
  at.undelivered.pop_front();
  const std::uint64_t index = at.log.append(batch);
  writer_->deliver(stream,
                   first,
                   static_cast<std::uint32_t>(batch.events.size()),
                   index,
                   sign_checkpoint(at.log.checkpoint(), *chains_->log_signer));
}

void JournalLife::turn(int number) {
  std::string what = std::to_string(number);
  if (number % 3 == 0) {  // before a stop: deliveries are of what was cut
    for (const Stream stream : kAgentStreams) {
      deliver(stream);
    }
  }
  if (number % 16 == 0) {
    open_epoch(number / 16);
    what += ", an epoch";
  }
  add_events(number);
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

void JournalLife::live(int turns) {
  open();
  for (int number = 0; number < turns; ++number) {
    turn(number);
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
  writer_.reset();
  step("close", [&](Step&) { opened_.reset(); });
}

}  // namespace strongroom::powercut
