// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/end_check.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/log/entry.h"
#include "core/log/tile.h"
#include "ledger/check/check_ledger.h"

namespace strongroom::simulation {
namespace {

std::string spell(const std::string& source,
                  Stream stream,
                  const Identity& what) {
  return fmt::format("{} {} epoch {:016x} seq {}",
                     source,
                     stream_name(stream),
                     what.epoch,
                     what.seq);
}

}  // namespace

void EndCheck::run() {
  read_logs();
  check_told();
  for (const AgentNode* agent : agents_) {
    check_rows(*agent);
    check_losses(*agent);
  }
  check_fsck();
}

// --- what the ledger holds --------------------------------------------------

void EndCheck::read_logs() {
  const auto reader = LedgerReader::open(ledger_.store_path());
  const auto logs = reader ? (*reader)->logs()
                           : Result<std::vector<LogRow>>(fault("no reader"));
  if (!logs) {
    return fail("the ledger's database cannot be read: " + logs.error().what);
  }
  // Losses are announced in `record`: that one first.
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    for (const LogRow& log : *logs) {
      if (log.origin.stream == stream) {
        read_log(**reader, log);
      }
    }
  }
}

void EndCheck::read_log(LedgerReader& reader, const LogRow& log) {
  const Lineage& truth = logs_.current(log.origin.text());
  std::uint64_t index = 0;
  bool differs = false;
  const auto scanned = reader.scan(log.log_id, 0, [&](const BatchRow& row) {
    const auto entries = split_bundle(row.entries, row.count);
    if (!entries || row.first_index != index) {
      differs = true;
      return false;
    }
    for (const ByteView entry : *entries) {
      differs |= index >= truth.leaves.size() ||
                 truth.leaves[index] != leaf_hash(entry);
      ++index;
    }
    differs |= index >= truth.leaves.size() ||
               truth.leaves[index] != leaf_hash(row.header);
    ++index;
    if (!differs) {
      take_batch(row, log);
    }
    return true;
  });
  if (!scanned || ((differs || index != truth.leaves.size()) &&
                   !ledger_.is_rotten() && !plan_.has(FaultKind::kWriteRot))) {
    fail(log.origin.text() + ": the database differs from what was committed");
  }
}

void EndCheck::take_batch(const BatchRow& row, const LogRow& log) {
  if (row.source.starts_with(kConsoleAgent)) {
    return;
  }
  const auto entries = split_bundle(row.entries, row.count);
  for (const ByteView entry : *entries) {
    const auto parsed = parse_entry(entry);
    if (!parsed || parsed->type != EntryType::kEvent) {
      return fail(log.origin.text() + ": an entry is no event");
    }
    take_event(row, parsed->body, log);
  }
}

// Once, in order, chained; a hole only where it was announced.
void EndCheck::take_event(const BatchRow& row,
                          ByteView event,
                          const LogRow& log) {
  const Fact fact = fact_of(event);
  const Stream stream = log.origin.stream;
  Held& held = held_[{row.source, stream}];
  const std::string what = spell(row.source, stream, fact.own);
  if (!held.places.try_emplace({fact.own.epoch, fact.own.seq}, fact.own.hash)
           .second) {
    return fail(what + " stands twice");
  }
  Held::Chain& chain = held.chains[fact.own.epoch];
  const bool follows =
      fact.own.seq == chain.next_seq && fact.prev_hash == chain.head;
  if (!follows &&
      !skips_announced(row.source, fact.own.epoch, chain, fact)) {
    fail(fmt::format(
        "{} follows seq {}: out of order", what, chain.next_seq - 1));
  }
  chain = {fact.own.seq + 1, fact.own.hash};
  held.originals.insert(fact.own);
  if (fact.salvaged) {
    const auto [at, first] =
        held.copies.try_emplace(*fact.salvaged, fact.content);
    if (!first && at->second != fact.content) {
      fail(what + ": two copies of one event differ");
    }
  }
  if (fact.body == strongroom_v1_Event_telemetry_lost_tag) {
    take_loss(row.source, *decode_event(event));
  }
}

void EndCheck::take_loss(const std::string& source, const EventMessage& event) {
  const auto& body = event.body.telemetry_lost;
  Announced loss{body.epoch, body.from_seq, body.to_seq, {}, {}};
  std::ranges::copy(body.hash_before_from, loss.before.begin());
  std::ranges::copy(body.hash_of_to, loss.of_to.begin());
  losses_[source].push_back(loss);
}

bool EndCheck::skips_announced(const std::string& source,
                               std::uint64_t epoch,
                               const Held::Chain& chain,
                               const Fact& fact) const {
  const auto found = losses_.find(source);
  Held::Chain at = chain;
  while (found != losses_.end() && at.next_seq < fact.own.seq) {
    const auto loss = std::ranges::find_if(
        found->second, [&](const Announced& each) {
          return each.epoch == epoch && each.from == at.next_seq &&
                 each.before == at.head;
        });
    if (loss == found->second.end()) {
      return false;
    }
    at = {loss->to + 1, loss->of_to};
  }
  return at.next_seq == fact.own.seq && at.head == fact.prev_hash;
}

// --- what was told ----------------------------------------------------------

void EndCheck::check_told() {
  for (const Told& told : truth_.told()) {
    const Lineage& log = logs_.current(told.origin);
    if (told.index < log.leaves.size() &&
        log.leaves[told.index] == told.fact.leaf) {
      continue;
    }
    // A restored ledger has lost it: the log must sign no more, and the agent
    // have it still.
    const auto origin = Origin::parse(told.origin);
    if (!logs_.was_restored() ||
        !ledger_.is_frozen(origin->site, origin->stream)) {
      return fail(spell(told.source.text(), told.stream, told.fact.own) +
                  " was proven, and is not there");
    }
  }
}

// --- what agents have -------------------------------------------------------

void EndCheck::check_rows(const AgentNode& agent) {
  for (const Stream stream : kAgentStreams) {
    if (ledger_.is_frozen(agent.source().site, stream)) {
      continue;
    }
    for (const Fact& fact : agent.life().rows[slot_of(stream)]) {
      check_row(agent, stream, fact);
    }
  }
}

void EndCheck::check_row(const AgentNode& agent,
                         Stream stream,
                         const Fact& fact) {
  const std::string source = agent.source().text();
  const Held& held = held_[{source, stream}];
  if (held.originals.contains(fact.own) || held.copies.contains(fact.own) ||
      held.originals.contains(fact.first()) ||
      held.copies.contains(fact.first())) {
    return;
  }
  // The beginning of an epoch that the ledger never took says nothing.
  if (fact.body == strongroom_v1_Event_epoch_opened_tag && fact.own.seq == 1) {
    return;
  }
  if (stream == Stream::kTelemetry && is_announced(source, fact.own)) {
    return;
  }
  if (agent.life().is_stopped(stream, fact.own)) {
    return;
  }
  fail(spell(source, stream, fact.own) + " was journalled and is missing");
}

bool EndCheck::is_announced(const std::string& source,
                            const Identity& what) const {
  const auto found = losses_.find(source);
  return found != losses_.end() &&
         std::ranges::any_of(found->second, [&](const Announced& loss) {
           return loss.epoch == what.epoch && loss.from <= what.seq &&
                  what.seq <= loss.to;
         });
}

// Exactly what was given up is announced.
void EndCheck::check_losses(const AgentNode& agent) {
  const std::string source = agent.source().text();
  const Life& life = agent.life();
  const auto& rows = life.rows[slot_of(Stream::kTelemetry)];
  for (const Loss& loss : life.losses) {
    const Fact& first = rows[loss.first - 1];
    const Fact& last = rows[loss.last - 1];
    const bool exact = std::ranges::any_of(
        losses_[source], [&](const Announced& each) {
          return each.epoch == first.own.epoch &&
                 each.from == first.own.seq && each.to == last.own.seq &&
                 each.before == first.prev_hash && each.of_to == last.own.hash;
        });
    if (!exact && !ledger_.is_frozen(agent.source().site, Stream::kRecord)) {
      fail(spell(source, Stream::kTelemetry, first.own) +
           " and more were lost and not announced so");
    }
  }
  const Held& held = held_[{source, Stream::kTelemetry}];
  for (const Identity& each : held.originals) {
    if (is_announced(source, each)) {
      fail(spell(source, Stream::kTelemetry, each) +
           " was announced as lost, and is there");
    }
  }
}

// --- what fsck says ---------------------------------------------------------

void EndCheck::check_fsck() {
  const bool hurt = ledger_.is_rotten() || logs_.was_restored() ||
                    plan_.has(FaultKind::kWriteRot);
  // It reads all; a part of the runs is enough where nothing is wrong.
  if (!hurt && plan_.seed % 8 != 0) {
    return;
  }
  const auto checked = check_ledger(
      ledger_.store_path(), ledger_.guard_path(), ledger_.trust());
  if (!checked) {
    return fail("fsck does not run: " + checked.error().what);
  }
  if (!hurt && !checked->flaws.empty()) {
    fail("fsck finds fault with a sound ledger: " +
         checked->flaws.front().text());
  }
  if (ledger_.is_rotten() && checked->flaws.empty()) {
    fail("fsck overlooks a row that rots");
  }
}

}  // namespace strongroom::simulation
