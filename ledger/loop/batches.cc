// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: from a message to a staged batch, an ack or a refusal.
#include <algorithm>

#include "core/base/wire.h"
#include "core/log/entry.h"
#include "ledger/ingest/suspicion.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

/// As much of a header as can be read, when it is not one that we accept.
struct LooseHeader {
  BatchHeader header;
  bool other_algorithm = false;
};
std::optional<LooseHeader> read_loosely(ByteView bytes) {
  LooseHeader loose;
  bool source = false;
  std::uint64_t format = 0;
  std::uint64_t algorithm = 0;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint)) {
      format = field->value;
    } else if (field->is(2, WireType::kVarint)) {
      algorithm = field->value;
    } else if (field->is(3, WireType::kBytes)) {
      const auto parsed = Source::parse(field->text());
      source = parsed.has_value();
      loose.header.source = parsed.value_or(Source{});
    } else if (field->is(4, WireType::kVarint) && field->value <= 3) {
      loose.header.stream = stream_from_wire(static_cast<int>(field->value))
                                .value_or(Stream::kRecord);
    } else if (field->is(5, WireType::kFixed64)) {
      loose.header.epoch = field->value;
    } else if (field->is(6, WireType::kVarint)) {
      loose.header.first_seq = field->value;
    } else if (field->is(7, WireType::kVarint)) {
      loose.header.count = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(field->value, kMaxBatchEvents));
    }
  }
  loose.other_algorithm =
      format != kWireFormat || algorithm != kAlgorithmEd25519Sha256;
  return reader.ok() && source ? std::optional(loose) : std::nullopt;
}

}  // namespace

std::optional<LogId> Ledger::log_of(const BatchHeader& header) const {
  return logs_->find(header.source.site, header.stream);
}

Result<void> Ledger::take_batch(const Arrived& arrived) {
  const auto batch = decode_batch(arrived.payload);
  if (!batch) {
    return take_unreadable(arrived, {});
  }
  const auto header = decode_header(batch->header_bytes);
  if (!header) {
    return take_unreadable(arrived, batch->header_bytes);
  }
  return take_readable({arrived, *batch, *header, log_of(*header)});
}

Result<void> Ledger::take_unreadable(const Arrived& arrived,
                                     ByteView header_bytes) {
  if (registry_.find(arrived.source) == nullptr) {
    parts_.views.count([](LedgerCounters& at) { ++at.unknown_source; });
    return {};
  }
  const auto loose = read_loosely(header_bytes);
  const bool algorithm =
      loose && loose->other_algorithm && loose->header.source == arrived.source;
  Refusal refusal{
      .source = arrived.source,
      .reason = algorithm ? reason::kAlgorithm : reason::kMalformed,
      .hash = sha256(header_bytes.empty() ? ByteView(arrived.payload)
                                          : header_bytes)};
  if (loose) {
    refusal.stream = loose->header.stream;
    refusal.epoch = loose->header.epoch;
    refusal.seq = loose->header.first_seq;
    answers_.push_back({.to = arrived.source,
                        .header = loose->header,
                        .refused = Refused{.reason = refusal.reason}});
  }
  return record_refusal(refusal);
}

Result<void> Ledger::take_readable(const Incoming& incoming) {
  auto judgement = judge_incoming(incoming);
  if (!judgement) {
    return std::unexpected(judgement.error());
  }
  if (const auto* refusal = std::get_if<Refuse>(&*judgement)) {
    return refuse(incoming, *refusal);
  }
  if (const auto* verdict = std::get_if<LogContradicted>(&*judgement)) {
    return contradicted(incoming, *verdict);
  }
  if (const auto* verdict = std::get_if<Append>(&*judgement)) {
    return append(incoming, *verdict);
  }
  const auto& again = std::get<AckAgain>(*judgement);
  SourceChains& chains = chains_.of(*incoming.log_id, incoming.header.source);
  chains.acked = chains.acked ? chains.acked : again.restart_from;
  parts_.views.count([](LedgerCounters& at) { ++at.batches_acked_again; });
  answers_.push_back({.to = incoming.arrived.source,
                      .log_id = *incoming.log_id,
                      .header = incoming.header,
                      .held = again.held,
                      .restart_from = again.restart_from});
  return {};
}

Result<Judgement> Ledger::judge_incoming(const Incoming& incoming) {
  const BatchHeader& header = incoming.header;
  const SourceChains* chains =
      incoming.log_id ? chains_.find(*incoming.log_id, header.source) : nullptr;
  if (chains != nullptr && chains->more_closed &&
      chains->find(header.epoch) == nullptr &&
      header.source == incoming.arrived.source) {
    if (auto done = recall_chain(*incoming.log_id, header); !done) {
      return std::unexpected(done.error());
    }
  }
  std::optional<Error> broken;  // what no judgement can rest on
  const auto or_broken = [&broken](auto result) {
    if (!result) {
      broken = result.error();
    }
    return result ? *std::move(result)
                  : typename decltype(result)::value_type{};
  };
  const BatchQuestion question{
      .topic = incoming.arrived.source,
      .batch = incoming.batch,
      .header = header,
      .source = registry_.find(header.source),
      .log_frozen =
          !registry_proven_ || !incoming.log_id || !takes(*incoming.log_id),
      .chain = chains == nullptr ? nullptr : chains->find(header.epoch),
      .newest_rank = chains == nullptr ? 0 : chains->newest_rank,
      .acked = chains == nullptr ? std::nullopt : chains->acked,
      .epochs_spent = chains != nullptr &&
                      chains->new_epochs.of_late(parts_.outside.now().wall) >=
                          kEpochsPerHour,
      .held_at_first_seq = [&] { return or_broken(held_batch(incoming)); },
      .claim = [&] { return or_broken(claim(incoming)); }};
  Judgement judgement = judge(question);
  if (broken) {
    return std::unexpected(*broken);
  }
  return judgement;
}

Result<std::optional<HeldBatch>> Ledger::held_batch(const Incoming& incoming) {
  const BatchHeader& header = incoming.header;
  const SourceChains& chains = chains_.of(*incoming.log_id, header.source);
  if (auto recent = chains.recent_at(header.epoch, header.first_seq)) {
    return recent;
  }
  if (auto done = flush(); !done) {
    return std::unexpected(done.error());
  }
  const auto row = parts_.reader.batch_before(
      *incoming.log_id, header.source.text(), header.epoch, header.first_seq);
  if (!row) {
    return std::unexpected(row.error());
  }
  if (!*row || (*row)->first_seq != header.first_seq) {
    return std::nullopt;
  }
  const auto entry = parse_entry((*row)->header);
  if (!entry) {
    return fault("index " + std::to_string((*row)->header_index()) + " of " +
                 logs_->origin(*incoming.log_id).text() + " is damaged");
  }
  return HeldBatch{
      {Bytes(entry->body.begin(), entry->body.end()), entry->signature},
      (*row)->first_index,
      (*row)->count};
}

Result<Claim> Ledger::claim(const Incoming& incoming) {
  const std::string_view note = incoming.batch.held_checkpoint;
  if (note.empty()) {
    return Claim{};
  }
  const LogId log_id = *incoming.log_id;
  if (!incoming.batch.resync) {
    // Nothing rests on it but the question whether we were rolled back.
    const auto parsed = Note::parse(note);
    const auto held = parsed ? Checkpoint::parse(parsed->text)
                             : Result<Checkpoint>(fault(""));
    const Checkpoint& own = logs_->signed_checkpoint(log_id);
    if (!held || (held->origin == own.origin && held->size <= own.size)) {
      return Claim{};
    }
  }
  if (auto done = flush(); !done) {
    return std::unexpected(done.error());
  }
  return claim_of(log_id, note);
}

/// Nothing may be staged.
Claim Ledger::claim_of(LogId log_id, std::string_view note) {
  return judge_claim(note,
                     logs_->signed_checkpoint(log_id),
                     trust_,
                     [&](std::uint64_t size) -> std::optional<Hash> {
                       const auto root = logs_->subtrees(log_id).root(size);
                       return root ? std::optional(*root) : std::nullopt;
                     });
}

Result<void> Ledger::append(const Incoming& incoming, const Append& verdict) {
  const BatchHeader& header = incoming.header;
  const BatchView& batch = incoming.batch;
  const LogId log_id = *incoming.log_id;
  if (!batch.sealed_disclosures.empty()) {
    logs_->disclosures().push_back({log_id,
                                    header.source.text(),
                                    header.epoch,
                                    header.first_seq,
                                    Bytes(batch.sealed_disclosures.begin(),
                                          batch.sealed_disclosures.end())});
  }
  const SignedHeader signed_header{
      Bytes(batch.header_bytes.begin(), batch.header_bytes.end()),
      batch.signature};
  const std::uint64_t first =
      logs_->append(log_id,
                    {.source = header.source.text(),
                     .epoch = header.epoch,
                     .first_seq = header.first_seq,
                     .events = batch.events,
                     .leaves = verdict.leaves,
                     .header_entry = header_entry(signed_header.signature,
                                                  signed_header.header)});
  const HeldBatch held{signed_header, first, header.count};

  const auto forked = forks(log_id, header, batch);
  if (!forked) {
    return std::unexpected(forked.error());
  }
  // A second epoch is a finding; the source's first one is its beginning.
  SourceChains& chains = chains_.of(log_id, header.source);
  const bool replaces =
      verdict.new_epoch &&
      std::ranges::any_of(chains.epochs, [&](const auto& epoch) {
        return epoch.first != header.epoch && epoch.second.begun();
      });
  chains_.advance(
      log_id,
      header,
      {.batch = held,
       .key = verdict.key,
       .head = sha256(batch.events.back()),
       .recorded_us =
           header.first_seq == 1 ? recorded_us(batch.events.front()) : 0});
  const auto& keys = registry_.find(header.source)->keys;
  const auto rank = static_cast<std::size_t>(
      std::ranges::find(keys, verdict.key, &SourceKey::key) - keys.begin());
  chains.newest_rank = std::max(chains.newest_rank, rank);
  chains.acked = chains.acked ? chains.acked : verdict.restart_from;

  note_entries(log_id, first, header, batch.events);
  shown_.push_back({log_id, first, header});
  answers_.push_back({.to = incoming.arrived.source,
                      .log_id = log_id,
                      .header = header,
                      .held = held,
                      .restart_from = verdict.restart_from});
  if (replaces) {
    chains.new_epochs.add(parts_.outside.now().wall);
    strongroom_v1_Finding finding = strongroom_v1_Finding_init_zero;
    finding.kind = strongroom_v1_FindingKind_FINDING_KIND_NEW_EPOCH;
    header.source.text().copy(finding.subject, sizeof(finding.subject) - 1);
    finding.stream = static_cast<strongroom_v1_Stream>(header.stream);
    finding.epoch = header.epoch;
    finding.count = 1;
    write_finding(header.source.site, finding);
  }
  if (*forked) {
    tell_of_source(Suspicion::kCloned,
                   header,
                   batch,
                   chains.epochs[header.epoch],
                   RefusalReason{});
  }
  return {};
}

Result<void> Ledger::refuse(const Incoming& incoming, const Refuse& refusal) {
  const BatchHeader& header = incoming.header;
  answers_.push_back(
      {.to = incoming.arrived.source,
       .header = header,
       .refused = Refused{refusal.reason, refusal.expected, refusal.newest}});
  if (refusal.reason == reason::kUnknownSource) {
    parts_.views.count([](LedgerCounters& at) { ++at.unknown_source; });
    return {};
  }
  if (incoming.log_id) {
    suspect_source(header, incoming.batch, *incoming.log_id, refusal.reason);
  }
  return record_refusal({.source = incoming.arrived.source,
                         .stream = header.stream,
                         .epoch = header.epoch,
                         .seq = header.first_seq,
                         .reason = refusal.reason,
                         .hash = sha256(incoming.batch.header_bytes)});
}

Result<void> Ledger::record_refusal(const Refusal& refusal) {
  new_refusals_.emplace_back(refusal.source, reason_name(refusal.reason));
  if (registry_.find(refusal.source) == nullptr) {
    return {};
  }
  if (const auto due = limiter_.see(refusal, parts_.outside.now().wall)) {
    write_refusal(*due);
  }
  return {};
}

/// Somebody shows a note under our own key that the log does not contain.
Result<void> Ledger::freeze_for(LogId log_id,
                                const Contradiction& found,
                                std::string_view note) {
  const Origin& origin = logs_->origin(log_id);
  if (auto done = logs_->freeze(log_id, found.why, std::string(note)); !done) {
    return done;
  }
  strongroom_v1_Finding finding = strongroom_v1_Finding_init_zero;
  finding.kind = found.kind;
  origin.text().copy(finding.subject, sizeof(finding.subject) - 1);
  finding.stream = static_cast<strongroom_v1_Stream>(origin.stream);
  finding.reason = reason::kLogFrozen;
  const Hash hash = sha256(as_bytes(note));
  std::ranges::copy(hash, finding.hash.bytes);
  finding.hash.size = static_cast<pb_size_t>(hash.size());
  finding.count = 1;
  write_finding(origin.site, finding);
  return {};
}

Result<void> Ledger::contradicted(const Incoming& incoming,
                                  const LogContradicted& verdict) {
  const Contradiction found{verdict.kind, verdict.why};
  if (auto done =
          freeze_for(*incoming.log_id, found, incoming.batch.held_checkpoint);
      !done) {
    return done;
  }
  return refuse(incoming, verdict.refusal);
}

}  // namespace strongroom
