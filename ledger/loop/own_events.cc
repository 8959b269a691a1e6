// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: events of the ledger's own source, console@<site>.
#include <algorithm>

#include "core/log/entry.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

EventMessage epoch_opened(const Origin& origin) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_epoch_opened_tag;
  event.body.epoch_opened.reason =
      origin.generation > 1
          ? strongroom_v1_EpochReason_EPOCH_REASON_LOG_SUCCEEDED
          : strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
  return event;
}

}  // namespace

std::optional<std::uint64_t> Ledger::write_own(
    LogId log_id, std::vector<EventMessage> events) {
  if (!takes(log_id)) {
    return std::nullopt;
  }
  const Origin& origin = logs_->origin(log_id);
  const Source console{std::string(kConsoleAgent), origin.site};

  // One epoch a log for good: what could roll its chain back freezes the log.
  // A successor's was opened by its first batch.
  const SourceChains& chains = chains_.of(log_id, console);
  std::uint64_t skip = 0;
  if (chains.epochs.empty()) {
    events.insert(events.begin(), epoch_opened(origin));
    skip = 1;
  }
  const std::uint64_t epoch = chains.epochs.empty()
                                  ? parts_.outside.random64()
                                  : chains.epochs.rbegin()->first;
  const ChainState state =
      chains.epochs.empty() ? ChainState{} : chains.epochs.rbegin()->second;
  EventChain chain(
      console, origin.stream, epoch, state.next_seq - 1, state.head);
  std::vector<Bytes> written;
  for (EventMessage& event : events) {
    auto bytes =
        chain.append(event, parts_.outside.now(), parts_.outside.random16());
    if (!bytes) {
      parts_.outside.warn("own_event_not_written what=\"" + bytes.error().what +
                          "\"");
      return std::nullopt;
    }
    written.push_back(*std::move(bytes));
  }
  const std::vector<ByteView> views(written.begin(), written.end());
  std::vector<Hash> leaves;
  std::ranges::transform(views, std::back_inserter(leaves), event_leaf);
  const SignedHeader header = cut_batch(console,
                                        origin.stream,
                                        epoch,
                                        state.next_seq,
                                        state.head,
                                        views,
                                        parts_.console_signer);
  const std::uint64_t first = logs_->append(
      log_id,
      {.source = console.text(),
       .epoch = epoch,
       .first_seq = state.next_seq,
       .events = views,
       .leaves = leaves,
       .header_entry = header_entry(header.signature, header.header)});
  const BatchHeader decoded = *decode_header(header.header);
  chains_.advance(log_id,
                  decoded,
                  {.batch = {header, first, decoded.count},
                   .key = parts_.console_signer.public_key(),
                   .head = chain.last_hash()});
  note_entries(log_id, first, decoded, views);
  shown_.push_back({log_id, first, decoded});
  return first + skip;
}

void Ledger::write_finding(const std::string& site,
                           const strongroom_v1_Finding& finding) {
  // Where it can be written: the site's other log, or the registry, speak of a
  // record that is frozen.
  const std::optional<LogId> places[] = {
      logs_->find(site, Stream::kRecord),
      logs_->find(site, Stream::kTelemetry),
      registry_proven_ ? std::optional(registry_log_) : std::nullopt};
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_finding_tag;
  event.body.finding = finding;
  if (!std::ranges::any_of(places, [&](const auto& log_id) {
        return log_id && write_own(*log_id, {event});
      })) {
    parts_.outside.warn("finding_not_written site=" + site +
                        " subject=" + finding.subject +
                        " kind=" + std::to_string(finding.kind));
  }
}

void Ledger::write_refusal(const FindingDue& due) {
  const Refusal& refusal = due.refusal;
  strongroom_v1_Finding finding = strongroom_v1_Finding_init_zero;
  finding.kind = strongroom_v1_FindingKind_FINDING_KIND_BATCH_REFUSED;
  refusal.source.text().copy(finding.subject, sizeof(finding.subject) - 1);
  finding.stream = static_cast<strongroom_v1_Stream>(refusal.stream);
  finding.epoch = refusal.epoch;
  finding.seq = refusal.seq;
  finding.reason = refusal.reason;
  std::ranges::copy(refusal.hash, finding.hash.bytes);
  finding.hash.size = static_cast<pb_size_t>(refusal.hash.size());
  finding.count = due.count;
  write_finding(refusal.source.site, finding);
}

}  // namespace strongroom
