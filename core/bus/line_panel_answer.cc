// SPDX-License-Identifier: Apache-2.0
// What became of a request to a panel.
#include <algorithm>

#include "core/base/check.h"
#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Purpose = LineAsked::Purpose;

/// A silent panel, or one that answers polls and no exchange, has a twentieth
/// of the line.
constexpr int kRestPerLost = 19;
constexpr int kFaultsBeforeRest = 3;
constexpr milliseconds kBetweenProbes{500};
constexpr std::chrono::seconds kLongestRest{8};

microseconds rest_after(microseconds lost) {
  return std::min<microseconds>(kRestPerLost * lost, kLongestRest);
}

}  // namespace

void LineMachine::State::panel_answered(std::span<const std::uint16_t> cells,
                                        MonoTime now) {
  LinePanelState& panel = panels[asked.device];
  panel.round_trip.answered(now - asked.at, asked.on_wire);
  note_panel_heard(panel, now);
  if (asked.purpose == Purpose::kPanelProbe &&
      !guard->may_ask(asked.question, asked.at)) {
    // Somebody is there; which poll it answers is not known.
    guard->unanswered(asked.question, asked.at);
    return;
  }
  guard->answered(asked.question, now);
  ++panel.counters.polls;
  if (asked.question.address == kPanelSeqAddress) {
    panel.cells[1] = cells[1];
  } else {
    std::ranges::copy(cells, panel.cells.begin());
  }
  panel.settings.port->polled(panel.cells, asked.at, now);
}

void LineMachine::State::exchanged(std::span<const std::uint8_t> answer,
                                   MonoTime now) {
  end_transaction(now);
  check(
      asked.purpose == Purpose::kExchange && answer.size() == asked.shape.bytes,
      "an answer is as long as the exchange wished");
  LinePanelState& panel = panels[asked.device];
  if (!panel.settings.port->exchanged(answer, asked.at, now)) {
    ++panel.counters.garbled;
    // Somebody's earlier answer: ours may still come.
    quiet_wanted = std::max<microseconds>(
        {asked.at + asked.timeout - now, frame_gap(settings.wire), kSettle});
    guard->unanswered(asked.shape, asked.at);
    troubled_until = now + kTroubleLasts;
    note_exchange_fault(panel, now);
    return;
  }
  was_answered = true;
  ++panel.counters.exchanges;
  panel.exchange_faults = 0;
  panel.round_trip.answered(now - asked.at, asked.on_wire);
  guard->proven(panel.settings.unit_id, now);
  note_panel_heard(panel, now);
}

void LineMachine::State::panel_failed(const LinkError& error, MonoTime now) {
  LinePanelState& panel = panels[asked.device];
  const microseconds least =
      std::max<microseconds>(frame_gap(settings.wire), kSettle);
  const microseconds rest =
      std::max<microseconds>(asked.at + asked.timeout - now, least);
  switch (error.fault) {
    case LinkFault::kTimeout:
      ++panel.counters.timeouts;
      panel.round_trip.unanswered();
      quiet_wanted = least;
      break;
    case LinkFault::kGarbled:
      ++panel.counters.garbled;
      quiet_wanted = rest;
      break;
    case LinkFault::kException:
      ++panel.counters.exceptions;
      panel_refused(error, now);
      return;
    case LinkFault::kLost:
      ++lost;
      guard->unanswered(asked.shape, asked.at);
      if (asked.purpose != Purpose::kPanelProbe) {
        panel.settings.port->failed(error, asked.at, now);
      }
      close(error.what, now);
      back_off(now);
      return;
  }
  panel_left_unanswered(error, now);
  panel.faulted = true;
  count_fault(error.what, now);
}

void LineMachine::State::panel_left_unanswered(const LinkError& error,
                                               MonoTime now) {
  LinePanelState& panel = panels[asked.device];
  guard->unanswered(asked.shape, asked.at);
  troubled_until = now + kTroubleLasts;
  if (asked.purpose == Purpose::kExchange) {
    note_exchange_fault(panel, now);
  }
  const bool was_silent = panel.breaker.is_silent();
  panel.breaker.poll_unanswered(now);
  if (was_silent) {
    probe_panels_from = now + rest_after(now - asked.at);
  }
  if (panel.breaker.is_silent()) {
    panel.probe_from = now + kBetweenProbes;
  }
  if (asked.purpose != Purpose::kPanelProbe) {
    panel.settings.port->failed(error, asked.at, now);
  }
}

/// An exception proves that the panel is there, but perhaps not which request
/// it refuses: the driver takes it as a hint.
void LineMachine::State::panel_refused(const LinkError& error, MonoTime now) {
  LinePanelState& panel = panels[asked.device];
  if (is_no_answer(error.exception)) {
    note_line_works();
    panel_left_unanswered(error, now);
    return;
  }
  note_panel_heard(panel, now);
  const bool is_of_this =
      !guard->owes(asked.shape.unit, asked.shape.function, asked.at);
  if (is_of_this) {
    guard->proven(asked.shape.unit, now);
  } else {
    guard->unanswered(asked.shape, asked.at);
    quiet_wanted = std::max<microseconds>(
        {asked.at + asked.timeout - now, frame_gap(settings.wire), kSettle});
  }
  if (asked.purpose == Purpose::kPanelProbe) {
    return;
  }
  if (asked.purpose == Purpose::kExchange) {
    note_exchange_fault(panel, now);
  } else if (!is_plain_poll(asked.question)) {
    panel.refuses_others = true;
    panel.poll_from = now;
    return;  // the driver wished another
  }
  panel.settings.port->failed(error, asked.at, now);
}

/// However often its driver wishes one: exchanges that lead to nothing cost the
/// others little.
void LineMachine::State::note_exchange_fault(LinePanelState& panel,
                                             MonoTime now) const {
  if (++panel.exchange_faults < kFaultsBeforeRest) {
    return;
  }
  const microseconds cost =
      std::max<microseconds>(now - asked.at, quiet_wanted);
  panel.exchange_from = now + rest_after(cost);
}

void LineMachine::State::note_panel_heard(LinePanelState& panel, MonoTime now) {
  note_line_works();
  if (panel.breaker.heard()) {
    panel.exchange_faults = 0;
    panel.exchange_from = now;
    // What kept it away may have kept others away.
    probe_panels_at_once(now);
  }
}

void LineMachine::State::probe_panels_at_once(MonoTime now) {
  probe_panels_from = now;
  for (LinePanelState& panel : panels) {
    panel.probe_from = now;
  }
}

}  // namespace strongroom
