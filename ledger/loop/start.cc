// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: what it reads before it takes anything.
#include <algorithm>
#include <set>
#include <tuple>

#include "core/log/entry.h"
#include "ledger/ingest/suspicion.h"
#include "ledger/log/stored_entries.h"
#include "ledger/loop/finding_view.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

// As many rows of each log are read for the page.
constexpr std::size_t kFindingsRead = 1000;

const Source& central_console() {
  static const Source console{std::string(kConsoleAgent),
                              std::string(kCentralSite)};
  return console;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& name,
                                             Parts parts) {
  const auto stored_name = parts.reader.ledger_name();
  if (!stored_name) {
    return std::unexpected(stored_name.error());
  }
  if (*stored_name != name) {
    return fault("the database is of ledger " + *stored_name + ", not of " +
                 name);
  }
  std::unique_ptr<Ledger> ledger(new Ledger(name, std::move(parts)));
  Parts& own = ledger->parts_;
  auto logs = LogWriter::open(
      name,
      {own.store, own.guard, own.reader, own.log_signer, own.publication});
  if (!logs) {
    return std::unexpected(logs.error());
  }
  ledger->logs_ = *std::move(logs);
  ledger->logs_->on_freeze(
      [raw = ledger.get()](LogId log_id, const std::string& why) {
        raw->parts_.outside.warn(
            "log_frozen origin=" + raw->logs_->origin(log_id).text() +
            " why=\"" + why + "\"");
        raw->frozen_lately_.push_back(log_id);
      });
  for (const LogId log_id : ledger->logs_->ids()) {
    if (!ledger->logs_->frozen(log_id).empty() &&
        !ledger->logs_->closed_at(log_id)) {
      own.outside.warn(
          "log_frozen origin=" + ledger->logs_->origin(log_id).text() +
          " why=\"" + ledger->logs_->frozen(log_id) + "\"");
      ledger->frozen_lately_.push_back(log_id);
    }
  }
  for (const auto step : {&Ledger::load_successions,
                          &Ledger::load_chains,
                          &Ledger::load_registry,
                          &Ledger::load_findings,
                          &Ledger::load_devices,
                          &Ledger::tell_of_logs}) {
    if (auto done = (ledger.get()->*step)(); !done) {
      return std::unexpected(done.error());
    }
  }
  return ledger;
}

Result<void> Ledger::load_registry() {
  const auto log_id = logs_->find(std::string(kCentralSite), Stream::kRegistry);
  if (!log_id) {
    return fault("the database has no registry log");
  }
  registry_log_ = *log_id;
  if (logs_->frozen(registry_log_).empty() && logs_->size(registry_log_) == 0) {
    return begin_registry();
  }
  // All of it is hashed: whose batches count rests on these entries.
  CompactTree tree;
  std::optional<Error> wrong;
  auto scanned = parts_.reader.scan(registry_log_, 0, [&](const BatchRow& row) {
    if (auto applied = apply_registry_batch(row, tree); !applied) {
      wrong = applied.error();
    }
    return !wrong;
  });
  if (!scanned) {
    return scanned;
  }
  if (!wrong && logs_->frozen(registry_log_).empty() &&
      tree.root() != logs_->signed_checkpoint(registry_log_).root) {
    wrong = Error{"the registry's entries do not hash to its checkpoint"};
  }
  if (wrong) {
    if (auto done = logs_->freeze(registry_log_, wrong->what); !done) {
      return done;
    }
  }
  registry_proven_ = logs_->frozen(registry_log_).empty();
  for (const auto& [source, entry] : registry_.sources()) {
    parts_.views.enrol(source, source.is_console());
  }
  const RegisteredSource* console = registry_.find(central_console());
  if (registry_proven_ &&
      (console == nullptr ||
       console->keys.back().key != parts_.console_signer.public_key())) {
    return fault("the console key is not the one that the registry holds");
  }
  return {};
}

Result<void> Ledger::apply_registry_batch(const BatchRow& row,
                                          CompactTree& tree) {
  const auto entries = entries_of(row);
  if (!entries) {
    return std::unexpected(entries.error());
  }
  for (std::size_t i = 0; i < entries->size(); ++i) {
    tree.append(leaf_hash((*entries)[i]));
    const auto entry = parse_entry((*entries)[i]);
    if (!entry || entry->type != EntryType::kEvent) {
      continue;
    }
    const auto event = decode_event(entry->body);
    const auto applied = event ? registry_.apply(*event, row.first_index + i)
                               : Result<void>(std::unexpected(event.error()));
    if (!applied) {
      return fault("registry entry " + std::to_string(row.first_index + i) +
                   ": " + applied.error().what);
    }
  }
  return {};
}

Result<void> Ledger::begin_registry() {
  registry_proven_ = true;
  const auto done = change_registry({console_enrolment(central_console())});
  if (!done) {
    return std::unexpected(done.error());
  }
  if (const auto* refused = std::get_if<OrderRefused>(&*done)) {
    return fault(refused->why);
  }
  return {};
}

Result<void> Ledger::load_chains() {
  const auto rows = parts_.reader.chains();
  const auto losses = parts_.reader.losses();
  if (!rows || !losses) {
    return std::unexpected(rows ? losses.error() : rows.error());
  }
  const std::vector<LogId> known = logs_->ids();
  const auto is_known = [&known](const auto& row) {
    return std::ranges::find(known, row.log_id) != known.end();
  };
  // A torn database: nobody may go on from what is left of it.
  if (!std::ranges::all_of(*rows, is_known) ||
      !std::ranges::all_of(*losses, is_known)) {
    return fault("the database has chains of a log that it does not have");
  }
  std::set<std::tuple<LogId, std::string, std::uint64_t>> closed;
  for (const ChainRow& row : *rows) {
    const std::uint64_t resumed = resumed_from(row);
    if (logs_->closed_at(row.log_id)) {
      continue;  // a successor goes on from what it was
    }
    if (row.closed) {
      closed.emplace(row.log_id, row.source, row.epoch);
      chains_.load(row, resumed);
      continue;
    }
    const auto checked = checked_chain(row);
    if (!checked) {
      return std::unexpected(checked.error());
    }
    const auto source = Source::parse(row.source);
    if (!*checked || !source) {
      continue;
    }
    const auto opened =
        opened_us(*source, logs_->origin(row.log_id).stream, row.epoch);
    if (!opened) {
      return std::unexpected(opened.error());
    }
    chains_.load(**checked, resumed);
    chains_.of(row.log_id, *source).epochs[row.epoch].opened_us = *opened;
  }
  for (const LossRow& row : *losses) {
    if (!logs_->closed_at(row.log_id) &&
        !closed.contains({row.log_id, row.source, row.epoch})) {
      chains_.load(row);
    }
  }
  return {};
}

std::uint64_t Ledger::resumed_from(const ChainRow& row) const {
  const auto of_log = successions_.find(row.log_id);
  if (of_log == successions_.end()) {
    return 1;
  }
  const auto found = of_log->second.chains.find({row.source, row.epoch});
  return found == of_log->second.chains.end() ? 1 : found->second.next_seq;
}

/// When the epoch's first event was recorded; in a log that this one succeeds,
/// if need be. 0: not known.
Result<std::int64_t> Ledger::opened_us(const Source& source,
                                       Stream stream,
                                       std::uint64_t epoch) {
  for (const LogId log_id : logs_->ids()) {
    const Origin& origin = logs_->origin(log_id);
    if (origin.site != source.site || origin.stream != stream) {
      continue;
    }
    const auto first =
        parts_.reader.batch_before(log_id, source.text(), epoch, 1);
    if (!first) {
      return std::unexpected(first.error());
    }
    if (!*first) {
      continue;
    }
    const auto batch = parts_.reader.batch_at(log_id, (*first)->first_index);
    if (!batch) {
      return std::unexpected(batch.error());
    }
    const auto entries =
        *batch ? entries_of(**batch) : Result<std::vector<ByteView>>(fault(""));
    const auto entry = entries && !entries->empty()
                           ? parse_entry(entries->front())
                           : Result<EntryView>(fault(""));
    return entry && entry->type == EntryType::kEvent ? recorded_us(entry->body)
                                                     : 0;
  }
  return 0;
}

/// Logs that succeed others: where they say so, and those that do not say it.
Result<void> Ledger::load_successions() {
  for (const LogId log_id : logs_->ids()) {
    const Origin& origin = logs_->origin(log_id);
    if (origin.generation == 1 || !logs_->frozen(log_id).empty()) {
      continue;
    }
    auto succession = read_succession(parts_.reader, log_id);
    if (!succession) {
      return std::unexpected(succession.error());
    }
    if (*succession) {
      successions_.emplace(log_id, **std::move(succession));
      continue;
    }
    const std::string why =
        origin.text() +
        " does not say yet what it succeeds: run strongroom recover again";
    held_back_.emplace(log_id, why);
    parts_.views.hold_back(origin, why);
    parts_.outside.warn("log_held_back origin=" + origin.text());
  }
  return {};
}

/// Nothing of it has come here yet: it stands where the log's first batches
/// say, whatever the row says.
ChainRow Ledger::resumed_chain(ChainRow row) const {
  const auto& resumed =
      successions_.at(row.log_id).chains.at({row.source, row.epoch});
  row.next_seq = resumed.next_seq;
  std::ranges::copy(resumed.head, row.head.begin());
  row.closed = resumed.closed;
  row.acked_size = 0;  // of the predecessor, if anything
  return row;
}

/// The row, set right by the newest batch that it speaks of: the tree vouches
/// for that one. Nothing when there is no such batch.
Result<std::optional<ChainRow>> Ledger::checked_chain(ChainRow row) {
  const auto before =
      parts_.reader.batch_before(row.log_id, row.source, row.epoch, INT64_MAX);
  if (!before) {
    return std::unexpected(before.error());
  }
  if (!*before) {
    if (resumed_from(row) > 1) {
      return resumed_chain(std::move(row));
    }
    parts_.outside.warn("chain_without_batches source=" + row.source);
    return std::nullopt;
  }
  const auto batch = parts_.reader.batch_at(row.log_id, (*before)->first_index);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  const auto entries =
      *batch ? entries_of(**batch) : Result<std::vector<ByteView>>(fault(""));
  if (!entries || entries->size() < 2) {
    // Found and named where the log is restored, or by fsck.
    return row;
  }
  const auto last = parse_entry((*entries)[entries->size() - 2]);
  row.next_seq = (*batch)->first_seq + (*batch)->count;
  row.head = last ? sha256(last->body) : row.head;
  row.newest_header = (*batch)->header;
  return row;
}

/// What pages show of chains, and which keys stand in them.
void Ledger::load_ranks() {
  for (const auto& [source, entry] : registry_.sources()) {
    for (const LogId log_id : logs_->ids()) {
      if (chains_.find(log_id, source) == nullptr) {
        continue;
      }
      SourceChains& chains = chains_.of(log_id, source);
      for (const PublicKey& signer : chains.keys) {
        const auto key = std::ranges::find(entry.keys, signer, &SourceKey::key);
        if (key != entry.keys.end()) {
          chains.newest_rank =
              std::max(chains.newest_rank,
                       static_cast<std::size_t>(key - entry.keys.begin()));
        }
      }
      for (const auto& [epoch, chain] : chains.epochs) {
        if (!chain.closed && chain.begun()) {
          parts_.views.set_chain(source,
                                 logs_->origin(log_id).stream,
                                 epoch,
                                 chain.next_seq - 1,
                                 0);
        }
      }
    }
  }
}

Result<void> Ledger::load_findings() {
  load_ranks();
  std::vector<FindingView> findings;
  for (const LogId log_id : logs_->ids()) {
    const auto rows = parts_.reader.findings(log_id, kFindingsRead);
    if (!rows) {
      return std::unexpected(rows.error());
    }
    for (const FindingRow& row : *rows) {
      const auto event = stored_event(row.log_id, row.index);
      if (!event) {
        return std::unexpected(event.error());
      }
      if (*event && (*event)->which_body == strongroom_v1_Event_finding_tag) {
        note_stored_finding(**event);
        findings.push_back(
            finding_view(logs_->origin(row.log_id).text(), row.index, **event));
      } else if (*event && (*event)->which_body ==
                               strongroom_v1_Event_epoch_confirmed_tag) {
        parts_.views.add_confirmation(confirmation_view(
            logs_->origin(row.log_id).text(), row.index, **event));
      }
    }
  }
  std::ranges::sort(findings, {}, [](const FindingView& each) {
    return std::tie(each.at_us, each.origin, each.index);
  });
  for (FindingView& finding : findings) {
    parts_.views.add_finding(std::move(finding));
  }
  return {};
}

/// What was told of logs and entries is not told again.
void Ledger::note_stored_finding(const EventMessage& event) {
  const auto writer = Source::parse(event.source);
  const auto& finding = event.body.finding;
  if (!writer || !writer->is_console()) {
    return;
  }
  if (finding.kind == strongroom_v1_FindingKind_FINDING_KIND_LOG_FROZEN ||
      finding.kind == strongroom_v1_FindingKind_FINDING_KIND_LOG_SUCCEEDED) {
    told_of_logs_.emplace(finding.kind, finding.subject);
  } else if (finding.kind ==
                 strongroom_v1_FindingKind_FINDING_KIND_ENTRY_DAMAGED &&
             damaged_.size() < kMaxDamaged) {
    told_damaged_.emplace(finding.subject, finding.seq);
  }
}

Result<void> Ledger::load_devices() {
  const auto rows = parts_.reader.devices();
  if (!rows) {
    return std::unexpected(rows.error());
  }
  for (const DeviceRow& row : *rows) {
    const auto source = Source::parse(row.source);
    const auto event = stored_event(row.log_id, row.index);
    if (!event) {
      return std::unexpected(event.error());
    }
    if (source && *event) {
      parts_.views.note_device(*source, **event);
    }
  }
  return {};
}

/// Nothing when no event that can be read stands there. Faults: the database.
Result<std::optional<EventMessage>> Ledger::stored_event(LogId log_id,
                                                         std::uint64_t index) {
  const auto batch = parts_.reader.batch_at(log_id, index);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  const auto entries =
      *batch ? entries_of(**batch) : Result<std::vector<ByteView>>(fault(""));
  if (!entries) {
    return std::nullopt;
  }
  const auto entry = parse_entry((*entries)[index - (*batch)->first_index]);
  const auto event = entry && entry->type == EntryType::kEvent
                         ? decode_event(entry->body)
                         : Result<EventMessage>(fault(""));
  return event ? std::optional(*event) : std::nullopt;
}

}  // namespace strongroom
