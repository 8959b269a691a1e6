// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/sqlite_journal.h"

#include <fmt/format.h>

#include "agent/journal/columns.h"
#include "agent/journal/statements.h"
#include "core/base/check.h"

namespace strongroom {

using journal_columns::blob;
using journal_columns::number;
using journal_rows::Mark;
using journal_statements::bind;
using journal_statements::broken;
using journal_statements::corrupt;
using journal_statements::error_of;
using journal_statements::Using;

namespace {

// Positions that one call of prune() may pass before its last batch: bounds the
// turn of the loop.
constexpr std::uint64_t kPruneRows = 8192;

}  // namespace

SqliteJournal::SqliteJournal(WriterDatabase file,
                             const JournalContents& contents)
    : file_(std::move(file)),
      marks_(contents.marks),
      layouts_(contents.layouts),
      page_bytes_(number(file_.db().execAndGet("PRAGMA page_size"))),
      statements_(std::make_unique<Statements>(file_.db())) {}

SqliteJournal::~SqliteJournal() = default;

// --- commit -----------------------------------------------------------------

JournalResult<void> SqliteJournal::commit(const JournalTransaction& turn) {
  if (auto settled = settle(); !settled) {
    return settled;
  }
  const std::uint64_t last = marks_[0].last_transaction;
  if (turn.number == last) {
    return {};  // it stood although its commit reported a fault
  }
  check(turn.number == last + 1, "a journal transaction is out of turn");
  is_used_known_ = false;
  Marks marks = marks_;
  try {
    SQLite::Transaction transaction(file_.db());
    write(turn, marks);
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    is_unsettled_ = true;
    if (!settle() || marks_[0].last_transaction != turn.number) {
      return std::unexpected(error_of(error));
    }
  }
  marks_ = marks;
  stood(turn);
  return {};
}

JournalResult<void> SqliteJournal::settle() {
  if (!is_unsettled_) {
    return {};
  }
  const auto marks = load_marks(file_.db());
  if (!marks) {
    return std::unexpected(JournalError{marks.error().text(), false});
  }
  marks_ = *marks;
  is_unsettled_ = false;
  return {};
}

void SqliteJournal::stood(const JournalTransaction& turn) {
  for (const auto* rows : {&turn.epochs, &turn.stopped}) {
    for (const EpochRow& row : *rows) {
      layouts_[slot_of(row.stream)].put(row);
    }
  }
  auto& losses = layouts_[slot_of(Stream::kTelemetry)].losses;
  losses.insert(losses.end(), turn.losses.begin(), turn.losses.end());
  for (const Stream stream : kAgentStreams) {
    layouts_[slot_of(stream)].tail = marks_[slot_of(stream)].tail;
  }
}

// --- reading ----------------------------------------------------------------

JournalResult<std::optional<CutBatch>> SqliteJournal::batch_at(Stream stream,
                                                               Position first) {
  try {
    SQLite::Statement& query = statements_->read_batch;
    const Using guard(query);
    query.bind(1, static_cast<int>(stream));
    bind(query, 2, first);
    if (!query.executeStep()) {
      return std::nullopt;
    }
    CutBatch batch{stream, first, query.getColumn(0).getUInt(), {}};
    const ByteView header = blob(query.getColumn(1));
    const ByteView signature = blob(query.getColumn(2));
    if (signature.size() != batch.sealed.signature.size()) {
      return broken("a signature in the journal is not 64 bytes long");
    }
    batch.sealed.header.assign(header.begin(), header.end());
    std::ranges::copy(signature, batch.sealed.signature.begin());
    return batch;
  } catch (const SQLite::Exception& error) {
    return std::unexpected(error_of(error));
  }
}

JournalResult<std::vector<Bytes>> SqliteJournal::events(Stream stream,
                                                        Position first,
                                                        std::size_t max_count,
                                                        std::size_t max_bytes) {
  const StreamLayout& layout = layouts_[slot_of(stream)];
  if (first <= marks_[slot_of(stream)].pruned || layout.loss_at(first)) {
    return std::vector<Bytes>{};
  }
  try {
    SQLite::Statement& query = statements_->read(stream);
    const Using guard(query);
    bind(query, 1, first);
    bind(query, 2, std::uint64_t{max_count});
    std::vector<Bytes> events;
    std::size_t bytes = 0;
    while (query.executeStep()) {
      const Position expected = first + events.size();
      if (number(query.getColumn(0)) != expected) {
        if (layout.loss_at(expected) != nullptr) {
          break;
        }
        return broken(
            fmt::format("{} {} is missing", stream_name(stream), expected));
      }
      const ByteView event = blob(query.getColumn(1));
      bytes += event.size();
      if (!events.empty() && bytes > max_bytes) {
        break;
      }
      events.emplace_back(event.begin(), event.end());
    }
    return events;
  } catch (const SQLite::Exception& error) {
    return std::unexpected(error_of(error));
  }
}

JournalUsage SqliteJournal::usage() const {
  if (!is_used_known_) {
    try {
      const Using pages(statements_->page_count);
      const Using free(statements_->freelist_count);
      statements_->page_count.executeStep();
      statements_->freelist_count.executeStep();
      used_bytes_ = (number(statements_->page_count.getColumn(0)) -
                     number(statements_->freelist_count.getColumn(0))) *
                    page_bytes_;
      is_used_known_ = true;
    } catch (const SQLite::Exception&) {
      // The figure of the last time; the fault shows at the next commit.
    }
  }
  JournalUsage usage;
  usage.used_bytes = used_bytes_;
  for (std::size_t slot = 0; slot < marks_.size(); ++slot) {
    usage.owed_bytes[slot] = marks_[slot].owed_bytes;
    usage.kept_bytes[slot] = marks_[slot].kept_bytes;
  }
  return usage;
}

// --- deletion ---------------------------------------------------------------

JournalResult<std::uint64_t> SqliteJournal::prune(Stream stream,
                                                  WallTime before) {
  if (auto settled = settle(); !settled) {
    return std::unexpected(settled.error());
  }
  const std::size_t slot = slot_of(stream);
  Marks marks = marks_;
  std::uint64_t gone = 0;
  Position to = 0;
  try {
    SQLite::Transaction transaction(file_.db());
    to = prune_stream(stream, before, marks[slot], gone);
    if (to == marks_[slot].pruned) {
      return 0;
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    is_unsettled_ = true;
    if (!settle() || to == 0 || marks_[slot].pruned != to) {
      return std::unexpected(error_of(error));
    }
  }
  is_used_known_ = false;
  marks_ = marks;
  std::erase_if(layouts_[slot].losses,
                [&](const Loss& loss) { return loss.last <= to; });
  return gone;
}

Position SqliteJournal::prune_stream(Stream stream,
                                     WallTime before,
                                     Mark& mark,
                                     std::uint64_t& gone) {
  const Position from = mark.pruned;
  const Position to =
      prunable_to(layouts_[slot_of(stream)],
                  {mark.pruned, mark.delivered, before, kPruneRows},
                  [&](Position at) { return next_batch(stream, at); });
  if (to == from) {
    return to;
  }
  mark.kept_bytes -= bytes_between(stream, from + 1, to);
  gone = drop_events(stream, from + 1, to);
  SQLite::Statement& batches = statements_->delete_batches;
  const Using guard(batches);
  batches.bind(1, static_cast<int>(stream));
  bind(batches, 2, to);
  batches.exec();
  if (stream == Stream::kTelemetry) {
    SQLite::Statement& losses = statements_->delete_losses;
    const Using losses_guard(losses);
    bind(losses, 1, to);
    losses.exec();
  }
  mark.pruned = to;
  write_mark(mark);
  return to;
}

std::optional<BatchMark> SqliteJournal::next_batch(Stream stream, Position at) {
  SQLite::Statement& query = statements_->next_batch;
  const Using guard(query);
  query.bind(1, static_cast<int>(stream));
  bind(query, 2, at);
  if (!query.executeStep()) {
    return std::nullopt;
  }
  BatchMark mark;
  mark.first = number(query.getColumn(0));
  mark.last = mark.first + number(query.getColumn(1)) - 1;
  if (!query.getColumn(2).isNull()) {
    mark.delivered_us = query.getColumn(2).getInt64();
  }
  return mark;
}

std::uint64_t SqliteJournal::bytes_between(Stream stream,
                                           Position first,
                                           Position last) {
  SQLite::Statement& query = statements_->sum(stream);
  const Using guard(query);
  bind(query, 1, first);
  bind(query, 2, last);
  query.executeStep();
  return number(query.getColumn(0));
}

std::uint64_t SqliteJournal::drop_events(Stream stream,
                                         Position first,
                                         Position last) {
  SQLite::Statement& remove = statements_->remove(stream);
  const Using guard(remove);
  bind(remove, 1, first);
  bind(remove, 2, last);
  return static_cast<std::uint64_t>(remove.exec());
}

void SqliteJournal::checkpoint() {
  file_.checkpoint();
}

}  // namespace strongroom
