// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/truth.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/base/check.h"
#include "core/log/entry.h"

namespace strongroom::simulation {
namespace {

// The fields of an event that a salvaged copy keeps: when it occurred, and its
// body as it is encoded.
std::uint64_t content_of(const EventMessage& event) {
  EventMessage bare = event;
  bare.epoch = 1;
  bare.seq = 1;
  bare.recorded_us = 1;
  bare.monotonic_us = 1;
  bare.has_clock = false;
  bare.has_salvaged = false;
  std::ranges::fill(bare.prev_hash, std::uint8_t{0});
  std::ranges::fill(bare.blind, std::uint8_t{0});
  const auto bytes = encode_event(bare);
  return bytes ? digest(*bytes) : 0;
}

}  // namespace

Fact fact_of(ByteView event) {
  const auto decoded = decode_event(event);
  check(decoded.has_value(), "an event of ours does not decode");
  Fact fact;
  fact.own = {decoded->epoch, decoded->seq, sha256(event)};
  if (decoded->has_salvaged) {
    Identity first{decoded->salvaged.epoch, decoded->salvaged.seq, {}};
    std::ranges::copy(decoded->salvaged.hash, first.hash.begin());
    fact.salvaged = first;
  }
  fact.body = decoded->which_body;
  if (fact.body == strongroom_v1_Event_finding_tag) {
    fact.finding = decoded->body.finding.kind;
  }
  std::ranges::copy(decoded->prev_hash, fact.prev_hash.begin());
  fact.leaf = event_leaf(event);
  fact.content = content_of(*decoded);
  return fact;
}

bool Life::is_stopped(Stream stream, const Identity& what) const {
  const auto& epochs = stopped[slot_of(stream)];
  const auto row = epochs.find(what.epoch);
  return row != epochs.end() && row->second.stopped_at != 0 &&
         row->second.first_position + what.seq - 1 >= row->second.stopped_at;
}

// --- journals ---------------------------------------------------------------

void Truth::journalled(Life& life,
                       const Source& source,
                       const JournalTransaction& turn) {
  if (turn.number == life.last_transaction) {
    return;  // the same attempt again
  }
  life.last_transaction = turn.number;
  for (std::size_t slot = 0; slot < life.rows.size(); ++slot) {
    for (const Bytes& event : turn.events[slot]) {
      life.rows[slot].push_back(fact_of(event));
    }
  }
  for (const EpochRow& row : turn.stopped) {
    life.stopped[slot_of(row.stream)][row.epoch] = row;
  }
  for (const Loss& loss : turn.losses) {
    life.losses.push_back(loss);
    losses_ += loss.last - loss.first + 1;
  }
  for (const Following& following : turn.followings) {
    const std::size_t slot = slot_of(following.stream);
    life.beliefs[slot].reset();
    life.delivered[slot] = following.resend_from - 1;
  }
  for (const Delivery& delivery : turn.deliveries) {
    believe(life, source, delivery);
  }
}

void Truth::believe(Life& life,
                    const Source& source,
                    const Delivery& delivery) {
  const std::size_t slot = slot_of(delivery.stream);
  const std::string what = fmt::format("{} believes in {} at index {}",
                                       source.text(),
                                       delivery.origin,
                                       delivery.first_index);
  const auto note = Note::parse(delivery.checkpoint);
  const auto parsed = note ? Checkpoint::parse(note->text)
                           : Result<Checkpoint>(fault("no note"));
  if (!parsed || parsed->origin != delivery.origin) {
    return trace_.fail(what + ": the checkpoint is none of that log");
  }
  // One history must hold what was believed before and what is believed now.
  std::optional<Checkpoint>& belief = life.beliefs[slot];
  const bool goes_on = belief && belief->origin == delivery.origin;
  const auto& lineages = logs_.lineages(delivery.origin);
  const auto holding =
      std::ranges::find_if(lineages, [&](const Lineage& lineage) {
        return lineage.holds(*parsed) && (!goes_on || lineage.holds(*belief));
      });
  if (holding == lineages.end()) {
    return trace_.fail(what + ": a fork, or a tree that never was");
  }
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    const Position position = delivery.first_position + i;
    const std::uint64_t index = delivery.first_index + i;
    if (position > life.rows[slot].size()) {
      return trace_.fail(what + ": rows that it does not have");
    }
    const Fact& fact = life.rows[slot][position - 1];
    if (index >= holding->leaves.size() ||
        holding->leaves[index] != fact.leaf) {
      return trace_.fail(what + ": another entry stands there");
    }
    told_.push_back({source, delivery.stream, delivery.origin, index, fact});
  }
  life.delivered[slot] = delivery.first_position + delivery.count - 1;
  belief = *parsed;
}

void Truth::opened(const Life& life,
                   const Source& source,
                   const JournalState& state) {
  for (const Stream stream : kAgentStreams) {
    const std::size_t slot = slot_of(stream);
    const auto& rows = life.rows[slot];
    const StreamState& found = state.streams[slot];
    if (found.tail != rows.size() ||
        (!rows.empty() && found.tail_hash != rows.back().own.hash)) {
      return trace_.fail(
          fmt::format("{}: the journal gives back {} {} rows of {}",
                      source.text(),
                      found.tail,
                      stream_name(stream),
                      rows.size()));
    }
    if (found.delivered != life.delivered[slot]) {
      trace_.fail(fmt::format("{}: delivered {} of {} is read back as {}",
                              source.text(),
                              life.delivered[slot],
                              stream_name(stream),
                              found.delivered));
    }
  }
}

}  // namespace strongroom::simulation
