// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: what it finds out about its own logs, and about sources
// that were put back or copied.
#include <algorithm>

#include "core/log/entry.h"
#include "ledger/ingest/suspicion.h"
#include "ledger/log/stored_entries.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

strongroom_v1_Finding finding_of(strongroom_v1_FindingKind kind,
                                 const std::string& subject,
                                 Stream stream) {
  strongroom_v1_Finding finding = strongroom_v1_Finding_init_zero;
  finding.kind = kind;
  subject.copy(finding.subject, sizeof(finding.subject) - 1);
  finding.stream = static_cast<strongroom_v1_Stream>(stream);
  finding.count = 1;
  return finding;
}

void put_hash(strongroom_v1_Finding& finding, const Hash& hash) {
  std::ranges::copy(hash, finding.hash.bytes);
  finding.hash.size = static_cast<pb_size_t>(hash.size());
}

}  // namespace

bool Ledger::takes(LogId log_id) const {
  return logs_->frozen(log_id).empty() && !held_back_.contains(log_id);
}

/// What was said once is not said again at the next start.
Result<void> Ledger::tell_of_logs() {
  const auto frozen = std::exchange(frozen_lately_, {});
  for (const LogId log_id : frozen) {
    tell_of_frozen(log_id);
  }
  for (const auto& [log_id, succession] : successions_) {
    tell_of_successor(log_id, succession);
  }
  return flush();
}

void Ledger::tell_of_frozen(LogId log_id) {
  constexpr auto kKind = strongroom_v1_FindingKind_FINDING_KIND_LOG_FROZEN;
  const Origin& origin = logs_->origin(log_id);
  if (logs_->closed_at(log_id) ||
      !told_of_logs_.emplace(kKind, origin.text()).second) {
    return;
  }
  auto finding = finding_of(kKind, origin.text(), origin.stream);
  finding.seq = logs_->signed_checkpoint(log_id).size;
  finding.reason = reason::kLogFrozen;
  write_finding(origin.site, finding);
}

void Ledger::tell_of_successor(LogId log_id, const Succession& succession) {
  constexpr auto kKind = strongroom_v1_FindingKind_FINDING_KIND_LOG_SUCCEEDED;
  const Origin& origin = logs_->origin(log_id);
  if (!told_of_logs_.emplace(kKind, origin.text()).second) {
    return;
  }
  auto finding = finding_of(kKind, origin.text(), origin.stream);
  finding.seq = succession.succeeded.frozen_size;
  Hash root{};
  std::ranges::copy(succession.succeeded.frozen_root, root.begin());
  put_hash(finding, root);
  write_finding(origin.site, finding);
}

Result<void> Ledger::note_damage(const Origin& origin,
                                 std::uint64_t index,
                                 bool tile,
                                 const std::string& what) {
  const auto ids = logs_->ids();
  const auto at = std::ranges::find_if(
      ids, [&](LogId id) { return logs_->origin(id) == origin; });
  if (at == ids.end() || damaged_.contains({origin.text(), index})) {
    return {};
  }
  parts_.outside.warn("entry_damaged origin=" + origin.text() + " index=" +
                      std::to_string(index) + " what=\"" + what + "\"");
  if (tile) {
    if (auto frozen = logs_->freeze(*at, what); !frozen) {
      return frozen;
    }
  }
  if (damaged_.size() >= kMaxDamaged) {
    return flush();
  }
  damaged_.emplace(origin.text(), index);
  parts_.views.count_damaged(origin);
  if (told_damaged_.contains({origin.text(), index})) {
    return flush();
  }
  auto finding =
      finding_of(strongroom_v1_FindingKind_FINDING_KIND_ENTRY_DAMAGED,
                 origin.text(),
                 origin.stream);
  finding.seq = index;
  write_finding(origin.site, finding);
  return flush();
}

/// A correctly signed batch was refused: whether its source was put back to an
/// older state, or there are two of it.
void Ledger::suspect_source(const BatchHeader& header,
                            const BatchView& batch,
                            LogId log_id,
                            RefusalReason refusal) {
  SourceChains& chains = chains_.of(log_id, header.source);
  const auto chain = chains.epochs.find(header.epoch);
  if (chain == chains.epochs.end()) {
    return;
  }
  ChainState& at = chain->second;
  const Suspicion suspicion = suspect(refusal, header, batch, at);
  if (suspicion == Suspicion::kNone) {
    return;
  }
  tell_of_source(suspicion, header, batch, at, refusal);
}

/// Once an epoch of each, and not too often of a source.
void Ledger::tell_of_source(Suspicion suspicion,
                            const BatchHeader& header,
                            const BatchView& batch,
                            ChainState& chain,
                            RefusalReason refusal) {
  const bool cloned = suspicion == Suspicion::kCloned;
  bool& told = cloned ? chain.told_cloned : chain.told_rolled_back;
  HourlyCount& of_late = chains_.of(*log_of(header), header.source).suspicions;
  const WallTime now = parts_.outside.now().wall;
  if (told || of_late.of_late(now) >= kSuspicionsPerHour) {
    return;
  }
  told = true;
  of_late.add(now);
  auto finding = finding_of(
      cloned ? strongroom_v1_FindingKind_FINDING_KIND_SOURCE_CLONED
             : strongroom_v1_FindingKind_FINDING_KIND_SOURCE_ROLLED_BACK,
      header.source.text(),
      header.stream);
  finding.epoch = header.epoch;
  finding.seq = header.first_seq;
  finding.reason = refusal;
  put_hash(finding, sha256(batch.header_bytes));
  write_finding(header.source.site, finding);
}

/// Whether a new epoch follows one that another epoch has followed already: the
/// journal that wrote it does not know of the other, so there are two. Needs no
/// clock. Before the batch is appended.
Result<bool> Ledger::forks(LogId log_id,
                           const BatchHeader& header,
                           const BatchView& batch) {
  const auto followed = followed_epoch(batch.events.front());
  SourceChains& chains = chains_.of(log_id, header.source);
  if (header.first_seq != 1 || !followed || chains.open() == nullptr ||
      chains.open() == chains.find(*followed)) {
    return false;
  }
  if (chains.find(*followed) == nullptr && chains.more_closed) {
    BatchHeader of_followed = header;
    of_followed.epoch = *followed;
    if (auto done = recall_chain(log_id, of_followed); !done) {
      return std::unexpected(done.error());
    }
  }
  const ChainState* chain = chains.find(*followed);
  return chain != nullptr && chain->begun();
}

/// Of a closed epoch that is in memory no more: the log itself knows it.
Result<void> Ledger::recall_chain(LogId log_id, const BatchHeader& header) {
  const auto before = parts_.reader.batch_before(
      log_id, header.source.text(), header.epoch, INT64_MAX);
  if (!before) {
    return std::unexpected(before.error());
  }
  if (!*before) {
    return {};
  }
  ChainState chain;
  chain.closed = true;
  chain.next_seq = (*before)->first_seq + (*before)->count;
  if (const auto entry = parse_entry((*before)->header);
      entry && entry->type == EntryType::kHeader) {
    chain.newest = SignedHeader{Bytes(entry->body.begin(), entry->body.end()),
                                entry->signature};
  }
  chains_.recall(log_id, header.source, header.epoch, std::move(chain));
  return {};
}

}  // namespace strongroom
