// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/recover.h"

#include <algorithm>

#include "core/base/person.h"
#include "core/log/entry.h"

namespace strongroom {
namespace {

/// What the first step of a plan closes; of an interrupted one, what it closed.
std::pair<Origin, std::uint64_t> kept_part(const LogPlan& plan) {
  return plan.steps.empty() ? std::pair(plan.predecessor, plan.frozen_size)
                            : std::pair(plan.steps.front().origin,
                                        plan.steps.front().closed_at);
}

Result<Kept> kept_of(LedgerReader& reader, const LogPlan& plan) {
  const auto [origin, end] = kept_part(plan);
  return read_kept(reader, origin, end);
}

RecoveredLog report_of(const LogPlan& plan, const Kept& kept) {
  RecoveredLog log{plan, {}, kept.registry.size()};
  for (const auto& [key, chain] : kept.chains) {
    log.chains.push_back(
        {key.first, key.second, chain.next_seq - 1, chain.closed});
  }
  return log;
}

class Recovery {
 public:
  Recovery(std::string ledger,
           const RecoveryPlan& plan,
           const Persons& persons,
           RecoveryParts parts)
      : ledger_(std::move(ledger)),
        trust_{ledger_, {parts.log_signer.public_key()}},
        plan_(plan),
        persons_(persons),
        parts_(std::move(parts)) {}

  Result<Recovered> run() {
    for (const LogPlan& plan : plan_.logs) {
      auto kept = kept_of(parts_.reader, plan);
      if (!kept) {
        return std::unexpected(kept.error());
      }
      done_.logs.push_back(report_of(plan, *kept));
      kept_.push_back(*std::move(kept));
    }
    for (const auto step : {&Recovery::check_console,
                            &Recovery::close_logs,
                            &Recovery::begin_successors,
                            &Recovery::make_files}) {
      if (auto done = (this->*step)(); !done) {
        return std::unexpected(done.error());
      }
    }
    return std::move(done_);
  }

 private:
  /// The key that the registry goes on with must be the one that signs here,
  /// and every site's own source must stand in it.
  Result<void> check_console() {
    Kept registry;
    const bool planned =
        !plan_.logs.empty() &&
        plan_.logs.front().predecessor.stream == Stream::kRegistry;
    if (planned) {
      registry = kept_.front();
    } else if (auto read = newest_registry()) {
      registry = *std::move(read);
    } else {
      return std::unexpected(read.error());
    }
    for (const Bytes& bytes : registry.registry) {
      const auto event = decode_event(bytes);
      if (event && is_another_console(*event)) {
        return fault("the console key is not the one that the registry holds");
      }
    }
    for (const LogPlan& plan : plan_.logs) {
      const Source console{std::string(kConsoleAgent), plan.successor.site};
      if (!planned && !registry.enrolled.contains(console.text())) {
        return fault("the registry does not know " + console.text());
      }
    }
    return {};
  }

  bool is_another_console(const EventMessage& event) const {
    if (event.which_body != strongroom_v1_Event_source_enrolled_tag) {
      return false;
    }
    const auto& body = event.body.source_enrolled;
    return body.kind == strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE &&
           !std::ranges::equal(body.event_key,
                               parts_.console_signer.public_key());
  }

  Result<Kept> newest_registry() {
    const auto rows = parts_.reader.logs();
    if (!rows) {
      return std::unexpected(rows.error());
    }
    std::optional<Origin> newest;
    for (const LogRow& row : *rows) {
      if (row.origin.stream == Stream::kRegistry &&
          (!newest || *newest < row.origin)) {
        newest = row.origin;
      }
    }
    return newest ? read_kept(parts_.reader, *newest, UINT64_MAX)
                  : Result<Kept>(fault("the database has no registry log"));
  }

  Result<std::optional<LogRow>> row_of(const Origin& origin) {
    const auto rows = parts_.reader.logs();
    if (!rows) {
      return std::unexpected(rows.error());
    }
    const auto found = std::ranges::find(*rows, origin, &LogRow::origin);
    return found == rows->end() ? std::optional<LogRow>() : *found;
  }

  Result<void> close_logs() {
    for (std::size_t i = 0; i < plan_.logs.size(); ++i) {
      for (const SuccessionStep& step : plan_.logs[i].steps) {
        if (auto done = close(step, plan_.logs[i].why, kept_[i]); !done) {
          return done;
        }
      }
    }
    return {};
  }

  Result<void> close(const SuccessionStep& step,
                     const std::string& why,
                     const Kept& kept) {
    if (step.is_missing) {
      if (const auto added = parts_.store.add_log(step.origin); !added) {
        return std::unexpected(added.error());
      }
    }
    const auto row = row_of(step.origin);
    if (!row || !*row) {
      return row ? Result<void>(fault(step.origin.text() + " is not there"))
                 : std::unexpected(row.error());
    }
    if ((*row)->frozen.empty()) {
      if (auto frozen = parts_.store.freeze_log((*row)->log_id, why, {});
          !frozen) {
        return frozen;
      }
    }
    auto losses = open_losses(parts_.reader, (*row)->log_id, kept);
    if (!losses) {
      return std::unexpected(losses.error());
    }
    const auto made = parts_.store.succeed_log((*row)->log_id,
                                               step.closed_at,
                                               step.successor,
                                               resumed_rows(kept),
                                               *std::move(losses));
    return made ? Result<void>() : std::unexpected(made.error());
  }

  Result<void> begin_successors() {
    auto writer = LogWriter::open(ledger_,
                                  {parts_.store,
                                   parts_.guard,
                                   parts_.reader,
                                   parts_.log_signer,
                                   publication_});
    if (!writer) {
      return std::unexpected(writer.error());
    }
    writer_ = *std::move(writer);
    for (std::size_t i = 0; i < plan_.logs.size(); ++i) {
      if (auto begun = begin(plan_.logs[i], kept_[i]); !begun) {
        return begun;
      }
    }
    if (auto done = writer_->commit(); !done) {
      return done;
    }
    for (const LogPlan& plan : plan_.logs) {
      if (auto signs = successor_of(plan); !signs) {
        return std::unexpected(signs.error());
      }
    }
    parts_.store.checkpoint();
    return {};
  }

  Result<LogId> successor_of(const LogPlan& plan) const {
    const auto log_id =
        writer_->find(plan.successor.site, plan.successor.stream);
    if (!log_id || writer_->origin(*log_id) != plan.successor) {
      return fault(plan.successor.text() + " is not there");
    }
    if (!writer_->frozen(*log_id).empty()) {
      return fault(plan.successor.text() +
                   " is frozen: " + writer_->frozen(*log_id));
    }
    return *log_id;
  }

  /// Stages the first batches.
  Result<void> begin(const LogPlan& plan, const Kept& kept) {
    const auto log_id = successor_of(plan);
    if (!log_id) {
      return std::unexpected(log_id.error());
    }
    const auto first = write_first_batches(
        plan, kept, persons_, plan_.sites, parts_.console_signer, parts_.from);
    if (!first) {
      return std::unexpected(first.error());
    }
    for (const OwnBatch& batch : first->batches) {
      append(*log_id, *first, batch);
    }
    const OwnBatch& newest = first->batches.back();
    writer_->rows().chains.push_back(
        {.log_id = *log_id,
         .source = first->source.text(),
         .epoch = first->epoch,
         .next_seq = newest.first_seq + newest.events.size(),
         .head = first->head,
         .acked_size = writer_->size(*log_id),
         .newest_header =
             header_entry(newest.header.signature, newest.header.header),
         .key = parts_.console_signer.public_key()});
    return {};
  }

  void append(LogId log_id, const FirstBatches& of, const OwnBatch& batch) {
    const std::vector<ByteView> views(batch.events.begin(), batch.events.end());
    std::vector<Hash> leaves;
    std::ranges::transform(views, std::back_inserter(leaves), event_leaf);
    const std::uint64_t first =
        writer_->append(log_id,
                        {.source = of.source.text(),
                         .epoch = of.epoch,
                         .first_seq = batch.first_seq,
                         .events = views,
                         .leaves = leaves,
                         .header_entry = header_entry(batch.header.signature,
                                                      batch.header.header)});
    for (std::size_t i = 0; i < views.size(); ++i) {
      const auto event = decode_event(views[i]);
      if (event && event->which_body == strongroom_v1_Event_finding_tag) {
        writer_->rows().findings.push_back({log_id, first + i});
      }
    }
  }

  Result<void> make_files() {
    // Of every succession, not of this one alone: an agent that was away for
    // two follows the first one first.
    for (const LogId log_id : writer_->ids()) {
      const Origin& successor = writer_->origin(log_id);
      if (successor.stream == Stream::kRegistry || successor.generation == 1) {
        continue;
      }
      auto files =
          make_follow_files(*writer_, parts_.reader, successor, trust_);
      if (!files && writer_->closed_at(log_id)) {
        continue;  // its beginning was lost: the files of that time are left
      }
      if (!files) {
        return std::unexpected(files.error());
      }
      std::ranges::move(*files, std::back_inserter(done_.files));
    }
    return {};
  }

  std::string ledger_;
  Trust trust_;
  const RecoveryPlan& plan_;
  const Persons& persons_;
  RecoveryParts parts_;
  Publication publication_;
  std::unique_ptr<LogWriter> writer_;
  std::vector<Kept> kept_;  // beside plan_.logs
  Recovered done_;
};

}  // namespace

Result<std::vector<RecoveredLog>> preview_recovery(const RecoveryPlan& plan,
                                                   LedgerReader* reader) {
  std::vector<RecoveredLog> logs;
  for (const LogPlan& each : plan.logs) {
    Kept kept;
    if (reader != nullptr) {
      auto read = kept_of(*reader, each);
      if (!read) {
        return std::unexpected(read.error());
      }
      kept = *std::move(read);
    }
    logs.push_back(report_of(each, kept));
  }
  return logs;
}

Result<Recovered> recover(const std::string& ledger,
                          const RecoveryPlan& plan,
                          const Persons& persons,
                          RecoveryParts parts) {
  if (const std::string wrong = persons_fault(persons.first, persons.second);
      !wrong.empty()) {
    return fault(wrong);
  }
  return Recovery(ledger, plan, persons, std::move(parts)).run();
}

}  // namespace strongroom
