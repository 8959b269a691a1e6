// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/end_check.h"

#include <algorithm>
#include <array>
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
    check_honesty(*agent);
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
  const std::uint64_t end = log.closed_at.value_or(UINT64_MAX);
  const auto scanned = reader.scan(log.log_id, 0, [&](const BatchRow& row) {
    if (row.first_index >= end) {
      return false;
    }
    if (is_as_written(row, truth) && row.first_index == index) {
      take_batch(row, log);
    } else {
      differs = true;
      take_damaged(row, log);
    }
    index = row.end_index();
    return true;
  });
  differs |= index != std::min<std::uint64_t>(end, truth.leaves.size());
  const bool told = ledger_.is_rotten() ||
                    (plan_.has(FaultKind::kWriteRot) &&
                     ledger_.is_frozen(log.origin.site, log.origin.stream));
  if (!scanned || (differs && !told)) {
    fail(log.origin.text() + ": the database differs from what was committed");
  }
}

bool EndCheck::is_as_written(const BatchRow& row, const Lineage& truth) {
  const auto entries = split_bundle(row.entries, row.count);
  if (!entries || row.end_index() > truth.leaves.size()) {
    return false;
  }
  bool same = truth.leaves[row.header_index()] == leaf_hash(row.header);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    same &= truth.leaves[row.first_index + i] == leaf_hash((*entries)[i]);
  }
  return same;
}

// The tree still says what stood there, and fsck that it does not any more.
void EndCheck::take_damaged(const BatchRow& row, const LogRow& log) {
  Held& held = held_[{row.source, log.origin.stream}];
  held.chains[row.epoch] = {row.first_seq + row.count, std::nullopt};
  held.damaged.push_back(
      {row.epoch, row.first_seq, row.first_seq + row.count - 1});
}

void EndCheck::take_batch(const BatchRow& row, const LogRow& log) {
  const auto entries = split_bundle(row.entries, row.count);
  if (row.source.starts_with(kConsoleAgent)) {
    return take_own(row, *entries, log);
  }
  for (const ByteView entry : *entries) {
    const auto parsed = parse_entry(entry);
    if (!parsed || parsed->type != EntryType::kEvent) {
      return fail(log.origin.text() + ": an entry is no event");
    }
    take_event(row, parsed->body, log);
  }
}

// The ledger writes findings, and nothing else into these logs: in an honest
// world there is nothing to be found.
void EndCheck::take_own(const BatchRow& row,
                        std::span<const ByteView> entries,
                        const LogRow& log) {
  for (const ByteView entry : entries) {
    const auto event = decode_event(parse_entry(entry)->body);
    if (event && event->which_body == strongroom_v1_Event_log_succeeded_tag) {
      check_succession(log, *event);
    }
    if (!plan_.is_honest() || !event ||
        event->which_body != strongroom_v1_Event_finding_tag) {
      continue;
    }
    const auto& finding = event->body.finding;
    // A batch that is lost again and again leaves the next one ahead each time
    // (docs/decisions/0063): that is told, and is nobody's guilt.
    if (finding.reason != strongroom_v1_RefusalReason_REFUSAL_REASON_GAP) {
      fail(fmt::format("{} finds {} of reason {} in an honest world",
                       row.source,
                       static_cast<int>(finding.kind),
                       static_cast<int>(finding.reason)));
    }
  }
}

// What the successor says of the old log is what is true of it.
void EndCheck::check_succession(const LogRow& log, const EventMessage& event) {
  const auto& body = event.body.log_succeeded;
  Checkpoint frozen{body.predecessor, body.frozen_size, {}};
  Checkpoint newest{body.predecessor, body.signed_size, {}};
  std::ranges::copy(body.frozen_root, frozen.root.begin());
  std::ranges::copy(body.signed_root, newest.root.begin());
  const auto holds = [&](const Checkpoint& checkpoint) {
    return std::ranges::any_of(
        logs_.lineages(body.predecessor),
        [&](const Lineage& lineage) { return lineage.holds(checkpoint); });
  };
  if (!logs_.was_succeeded(body.predecessor) || !holds(frozen) ||
      !holds(newest)) {
    fail(log.origin.text() + " tells something untrue of its predecessor");
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
  const bool follows = fact.own.seq == chain.next_seq &&
                       (!chain.head || fact.prev_hash == *chain.head);
  if (!follows && !skips_announced(row.source, fact.own.epoch, chain, fact)) {
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
    const auto loss =
        std::ranges::find_if(found->second, [&](const Announced& each) {
          return each.epoch == epoch && each.from == at.next_seq &&
                 (!at.head || each.before == *at.head);
        });
    if (loss == found->second.end()) {
      return false;
    }
    at = {loss->to + 1, loss->of_to};
  }
  return at.next_seq == fact.own.seq &&
         (!at.head || *at.head == fact.prev_hash);
}

// --- what was told ----------------------------------------------------------

void EndCheck::check_told() {
  for (const Told& told : truth_.told()) {
    const Lineage& log = logs_.current(told.origin);
    const bool stands = told.index < log.leaves.size() &&
                        log.leaves[told.index] == told.fact.leaf;
    const Held& held = held_[{told.source.text(), told.stream}];
    if ((stands && !logs_.was_succeeded(told.origin)) ||
        held.originals.contains(told.fact.own) ||
        // Told again by a copy of the agent, and there as it was first.
        held.originals.contains(told.fact.first()) ||
        held.copies.contains(told.fact.first())) {
      continue;
    }
    if (!is_excused(told)) {
      fail(spell(told.source.text(), told.stream, told.fact.own) +
           " was proven, and is not there");
    }
  }
}

// A ledger was restored, or its disk is damaged: what no journal keeps any more
// cannot be supplied again. Restored with its guard, it is not noticed when
// nobody alive holds a checkpoint that it lacks.
bool EndCheck::is_excused(const Told& told) const {
  const bool lost = logs_.was_restored() || ledger_.is_rotten() ||
                    plan_.has(FaultKind::kWriteRot) ||
                    plan_.has(FaultKind::kTileRot) ||
                    plan_.has(FaultKind::kEntryRot);
  const std::size_t slot = slot_of(told.stream);
  const bool is_kept =
      std::ranges::any_of(agents_, [&](const AgentNode* agent) {
        const auto& rows = agent->life().rows[slot];
        const auto row = std::ranges::find_if(rows, [&](const Fact& fact) {
          return fact.first() == told.fact.first();
        });
        return agent->source() == told.source && row != rows.end() &&
               static_cast<Position>(row - rows.begin()) + 1 >
                   agent->life().pruned[slot];
      });
  return lost && !is_kept;
}

// --- what agents have -------------------------------------------------------

void EndCheck::check_rows(const AgentNode& agent) {
  for (const Stream stream : kAgentStreams) {
    if (ledger_.is_frozen(agent.source().site, stream)) {
      continue;
    }
    // What was pruned was proven: check_told() looks at it.
    const std::size_t slot = slot_of(stream);
    const auto& rows = agent.life().rows[slot];
    for (Position at = agent.life().pruned[slot] + 1; at <= rows.size(); ++at) {
      check_row(agent, stream, rows[at - 1]);
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
  if (std::ranges::any_of(held.damaged, [&fact](const auto& range) {
        return range[0] == fact.own.epoch && range[1] <= fact.own.seq &&
               fact.own.seq <= range[2];
      })) {
    return;
  }
  // The beginning of an epoch that the ledger never took says nothing.
  if (fact.body == strongroom_v1_Event_epoch_opened_tag && fact.own.seq == 1) {
    return;
  }
  if (stream == Stream::kTelemetry && is_announced(source, fact.own)) {
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
    const bool exact =
        std::ranges::any_of(losses_[source], [&](const Announced& each) {
          return each.epoch == first.own.epoch && each.from == first.own.seq &&
                 each.to == last.own.seq && each.before == first.prev_hash &&
                 each.of_to == last.own.hash;
        });
    if (!exact && !ledger_.is_frozen(agent.source().site, Stream::kRecord)) {
      fail(spell(source, Stream::kTelemetry, first.own) +
           " and more were lost and not announced so");
    }
  }
  // A disk that was put back gives up rows that its later life had delivered.
  const bool lived_twice =
      std::ranges::any_of(agents_, [&](const AgentNode* each) {
        return each->source() == agent.source() && each->had_another_life;
      });
  if (lived_twice) {
    return;
  }
  const Held& held = held_[{source, Stream::kTelemetry}];
  for (const Identity& each : held.originals) {
    if (is_announced(source, each)) {
      fail(spell(source, Stream::kTelemetry, each) +
           " was announced as lost, and is there");
    }
  }
}

// Loss, delay and crashes are no reason to suspect anybody.
void EndCheck::check_honesty(const AgentNode& agent) {
  if (!plan_.is_honest()) {
    return;
  }
  std::size_t epochs = 0;
  for (const Fact& fact : agent.life().rows[0]) {
    epochs += fact.body == strongroom_v1_Event_epoch_opened_tag ? 1 : 0;
    // Want of room is nobody's guilt.
    if (fact.body == strongroom_v1_Event_finding_tag &&
        fact.finding !=
            strongroom_v1_FindingKind_FINDING_KIND_JOURNAL_PRESSURE &&
        fact.finding != strongroom_v1_FindingKind_FINDING_KIND_TELEMETRY_LOST) {
      fail(fmt::format("{} finds {} in an honest world",
                       agent.name(),
                       static_cast<int>(fact.finding)));
    }
  }
  if (epochs > 1) {
    fail(agent.name() + " opened another epoch in an honest world");
  }
  if (!ledger_.frozen().empty()) {
    fail("a log froze in an honest world");
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
  const auto checked =
      check_ledger(ledger_.store_path(), ledger_.guard_path(), ledger_.trust());
  if (!checked) {
    return fail("fsck does not run: " + checked.error().what);
  }
  if (!hurt && !checked->flaws.empty()) {
    fail("fsck finds fault with a sound ledger: " +
         checked->flaws.front().text());
  }
  // What a recovery left behind counts no more, damaged or not.
  if (ledger_.is_rotten() && ledger_.recoveries == 0 &&
      checked->flaws.empty()) {
    fail("fsck overlooks a row that rots");
  }
}

}  // namespace strongroom::simulation
