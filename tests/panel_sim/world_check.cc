// SPDX-License-Identifier: Apache-2.0
// What must hold, all the time and in the end.
#include <algorithm>
#include <ranges>

#include "tests/panel_sim/world.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = PanelOrderEnded::Outcome;

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

void World::check_always() {
  // Nothing leaves the panel's ring that does not stand in a journal.
  const panel::PanelView view = panel_.view();
  if (view.ring != 0 && view.acked_seq != 0) {
    const bool is_held =
        std::ranges::any_of(agent_.journals(), [&](const Journal& journal) {
          const auto ring = journal.rings.find(view.ring);
          return ring != journal.rings.end() &&
                 ring->second.cursor >= view.acked_seq;
        });
    if (!is_held) {
      fault("the panel let go of " + text(view.acked_seq) +
            ", which no journal holds");
    }
  }
  const auto& executions = panel_.executions();
  for (; executions_seen_ < executions.size(); ++executions_seen_) {
    const Execution& done = executions[executions_seen_];
    tally_.waits.push_back(done.at - badge_at_);
    const auto order = agent_.orders().find(done.order);
    if (order == agent_.orders().end()) {
      fault("it unlocks by an order that nobody gave");
    } else if (done.at > order->second.not_after) {
      fault("it unlocks " +
            text(static_cast<std::uint64_t>(
                (done.at - order->second.not_after).count())) +
            " us too late");
    } else if (order->second.ended &&
               order->second.ended->outcome != Outcome::kUnknown &&
               order->second.ended->outcome != Outcome::kDone) {
      fault("it unlocks by an order that was said to have ended");
    }
    if (std::ranges::count(executions, done.order, &Execution::order) != 1) {
      fault("it unlocks twice by one order");
    }
  }
}

void World::check_end() {
  for (const Journal& journal : agent_.journals()) {
    for (const std::string& what : journal.faults) {
      fault(what);
    }
    for (const auto& [ring, record] : journal.rings) {
      check_ring(journal, ring, record);
    }
  }
  check_complete();
  check_orders();
  const panel::PanelView view = panel_.view();
  if (view.config_version != agent_.config_version()) {
    fault("the panel has another configuration");
  }
  if (view.list_version != agent_.list_version()) {
    fault("the panel has list " + text(view.list_version) + ", not " +
          text(agent_.list_version()));
  }
  for (pb_size_t i = 0; i < view.status.leaves.size; ++i) {
    if ((view.status.leaves.bytes[i] & 0x80U) != 0) {
      fault("a leaf is locked down that should not be");
    }
  }
  if (!agent_.status().is_up) {
    fault("the link is not up: " + agent_.status().error);
  }
  tally_.sessions = agent_.status().sessions;
  tally_.refused = view.status.frames_refused;
}

// Every event of the journal is one that happened; every number that it says is
// lost, is.
void World::check_ring(const Journal& journal,
                       std::uint32_t ring,
                       const RingRecord& record) {
  // A name serves again when nothing was told under it: the newest counts.
  const auto newest_first = panel_.lives() | std::views::reverse;
  const auto life = std::ranges::find(newest_first, ring, &RingLife::ring);
  if (life == newest_first.end()) {
    if (!record.events.empty()) {
      fault("events of a ring that no panel has");
    }
    return;
  }
  if (record.cursor > life->events.size()) {
    fault("the journal is ahead of the panel");
    return;
  }
  std::uint64_t missing = 0;
  std::uint32_t first = 1;
  if (record.is_adopted) {
    first = record.events.empty() ? record.cursor + 1
                                  : record.events.begin()->first;
  }
  for (std::uint32_t seq = first; seq <= record.cursor; ++seq) {
    const TrueEvent& happened = life->events[seq - 1];
    const auto told = record.events.find(seq);
    if (told == record.events.end()) {
      ++missing;
      if (!happened.is_dropped) {
        fault("event " + text(seq) + " of " + text(record.cursor) +
              " is said to be lost, and was not");
      }
      continue;
    }
    if (happened.what && (happened.what->kind != told->second.kind ||
                          happened.what->leaf != told->second.leaf ||
                          happened.what->reader != told->second.reader)) {
      fault("event " + text(seq) + " is another one in the journal");
    }
  }
  if (missing != record.lost) {
    fault("lost are " + text(missing) + ", and the journal says " +
          text(record.lost));
  }
  tally_.recorded += record.events.size();
  tally_.lost += record.lost;
  tally_.unknown += record.not_known;
  const bool is_last = &journal == &agent_.journals().back();
  if (is_last && !life->is_over &&
      (record.cursor != life->events.size() || journal.ring != ring)) {
    fault("the journal ends at " + text(record.cursor) + " of " +
          text(life->events.size()));
  }
}

// Whatever was in a ring when its memory went, or is in the ring now, stands in
// some journal, or is beyond the last that the panel could tell.
void World::check_complete() {
  for (const RingLife& life : panel_.lives()) {
    tally_.events += life.events.size();
    if (life.is_over) {
      continue;
    }
    for (std::uint32_t seq = 1; seq <= life.events.size(); ++seq) {
      const bool is_told =
          std::ranges::any_of(agent_.journals(), [&](const Journal& journal) {
            const auto ring = journal.rings.find(life.ring);
            return ring != journal.rings.end() &&
                   ring->second.events.contains(seq);
          });
      if (!is_told && !life.events[seq - 1].is_dropped) {
        fault("event " + text(seq) + " is in no journal");
      }
    }
  }
}

void World::check_orders() {
  for (const auto& [id, order] : agent_.orders()) {
    ++tally_.unlocks;
    const bool is_executed =
        std::ranges::count(panel_.executions(), id, &Execution::order) != 0;
    tally_.executed += is_executed ? 1 : 0;
    if (!order.ended) {
      continue;  // the agent was restarted meanwhile
    }
    const Outcome outcome = order.ended->outcome;
    tally_.undecided += outcome == Outcome::kUnknown ? 1 : 0;
    if (outcome == Outcome::kDone && !is_executed) {
      fault("an order is said to be done, and was not");
    }
    if (is_executed && outcome != Outcome::kDone &&
        outcome != Outcome::kUnknown) {
      fault("an order was done, and is said not to be");
    }
  }
}

}  // namespace strongroom::panel_sim
