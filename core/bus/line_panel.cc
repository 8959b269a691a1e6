// SPDX-License-Identifier: Apache-2.0
// Panels between the requests to devices: whose turn it is
// (docs/decisions/0130).
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Purpose = LineAsked::Purpose;

// Requests in a row while others are due.
constexpr int kExchangesBeforeSafety = 1;
constexpr int kExchangesBeforeOthers = 2;
constexpr int kSafetyPollsBeforePanels = 4;
/// Panel polls to one request of a device, in the first half of its period and
/// in the second; of a device that takes what the line has left.
constexpr int kPollsPerEarlyRequest = 8;
constexpr int kPollsPerLateRequest = 1;
constexpr int kPollsPerFreeRequest = 8;
/// A safety input that comes due meanwhile waits behind an exchange that is
/// shorter than this.
constexpr milliseconds kShortExchange{20};
constexpr milliseconds kTryPollAgain{100};
/// Of the probes of one panel, each so many-th waits as long as it may.
constexpr std::uint32_t kProbesPerLongOne = 16;
/// One that nobody has seen: beside the wire; behind a gateway.
constexpr milliseconds kWaitUnknown{50};
constexpr milliseconds kWaitUnknownOverTcp{100};

}  // namespace

void LineMachine::State::look_at_panels(MonoTime now) {
  const MonoTime not_before = std::min(looked, now);
  for (LinePanelState& panel : panels) {
    panel.wish = panel.settings.port->wish(now);
    if (!wishes_exchange(panel, now)) {
      panel.wished_at = MonoTime(0);
    } else if (panel.wished_at.count() == 0) {
      panel.wished_at = std::max(panel.wish.due, not_before);
    }
  }
  looked = now;
}

bool LineMachine::State::is_plain_poll(const Question& question) {
  return question.address == kPanelPollAddress &&
         question.count == kPanelPollCount;
}

bool LineMachine::State::wishes_exchange(const LinePanelState& panel,
                                         MonoTime now) {
  return panel.wish.kind == PanelWish::Kind::kExchange &&
         panel.wish.due <= now && panel.exchange_from <= now &&
         !panel.breaker.is_silent();
}

bool LineMachine::State::wishes_poll(const LinePanelState& panel,
                                     MonoTime now) {
  return panel.wish.kind == PanelWish::Kind::kPoll && panel.wish.due <= now &&
         panel.poll_from <= now && !panel.breaker.is_silent();
}

/// In turns: the one whose last exchange is longest ago.
std::optional<std::size_t> LineMachine::State::panel_to_exchange(
    MonoTime now) const {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (wishes_exchange(panels[i], now) &&
        (!chosen || panels[i].exchanged < panels[*chosen].exchanged)) {
      chosen = i;
    }
  }
  return chosen;
}

/// The one that has waited longest since its poll was due.
std::optional<std::size_t> LineMachine::State::panel_to_poll(MonoTime now) {
  std::optional<std::size_t> chosen;
  const auto since = [this](std::size_t i) {
    return std::max(panels[i].wish.due, panels[i].polled);
  };
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (!wishes_poll(panels[i], now)) {
      continue;
    }
    if (!poll_question(panels[i], now)) {
      panels[i].poll_from = now + kTryPollAgain;
    } else if (!chosen || since(i) < since(*chosen)) {
      chosen = i;
    }
  }
  return chosen;
}

std::optional<std::size_t> LineMachine::State::panel_to_probe(
    MonoTime now) const {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const LinePanelState& panel = panels[i];
    if (panel.breaker.is_silent() && panel.probe_from <= now &&
        probe_panels_from <= now &&
        panel.wish.kind != PanelWish::Kind::kNothing &&
        (!chosen || panel.probe_from < panels[*chosen].probe_from)) {
      chosen = i;
    }
  }
  return chosen;
}

bool LineMachine::State::is_safety(std::optional<std::size_t> job) const {
  return job && jobs[*job].poll_class == PollClass::kSafety &&
         schedule->job(*job).period.count() > 0;
}

/// Before everything else, but no panel and no number of them has the line for
/// itself.
bool LineMachine::State::exchange_goes_first(std::optional<std::size_t> job,
                                             bool is_poll_due) const {
  if (is_safety(job) && exchanges_since_job >= kExchangesBeforeSafety) {
    return false;
  }
  return !(job || is_poll_due) ||
         exchanges_since_other < kExchangesBeforeOthers;
}

bool LineMachine::State::poll_goes_first(std::optional<std::size_t> job,
                                         MonoTime now) const {
  if (!job) {
    return true;
  }
  if (is_safety(job)) {
    return jobs_since_poll >= kSafetyPollsBeforePanels;
  }
  const microseconds period = schedule->job(*job).period;
  if (period.count() == 0) {
    return polls_since_job < kPollsPerFreeRequest;
  }
  const bool is_early = now - schedule->due(*job) < period / 2;
  return polls_since_job < (is_early && exchanges_since_other == 0
                                ? kPollsPerEarlyRequest
                                : kPollsPerLateRequest);
}

/// What is asked of a panel before the job. Nothing: the job's turn.
std::optional<LineAction> LineMachine::State::panel_turn(
    std::optional<std::size_t> job, MonoTime now) {
  if (panels.empty()) {
    return std::nullopt;
  }
  const auto to_poll = panel_to_poll(now);
  const auto to_exchange = panel_to_exchange(now);
  if (to_exchange && exchange_goes_first(job, to_poll.has_value())) {
    const PanelWish& wish = panels[*to_exchange].wish;
    const microseconds takes =
        exchange_time(settings.wire, wish.request.size(), wish.read_registers);
    if (takes > kShortExchange) {
      if (const auto safety = safety_due_before(now + takes, now)) {
        return work_on(*safety, now);
      }
    }
    return exchange(*to_exchange, now);
  }
  if (const auto to_probe = panel_to_probe(now); to_probe && !is_safety(job)) {
    return probe_panel(*to_probe, now);
  }
  if (to_poll && poll_goes_first(job, now)) {
    return poll_panel(*to_poll, now);
  }
  return std::nullopt;
}

/// Instead of waiting for a device, a panel is asked.
LineAction LineMachine::State::with_panels(LineAction action, MonoTime now) {
  const auto* const wait = std::get_if<LineWait>(&action);
  if (panels.empty() || wait == nullptr) {
    return action;
  }
  if (const auto panel = panel_to_exchange(now)) {
    return exchange(*panel, now);
  }
  if (const auto panel = panel_to_poll(now)) {
    return poll_panel(*panel, now);
  }
  looked = MonoTime::max();  // what is wished next was not held up
  return LineWait{std::min(wait->until, next_of_panels(now))};
}

/// When one of them is to be looked at again, if nothing wakes the line before.
MonoTime LineMachine::State::next_of_panels(MonoTime now) const {
  MonoTime first = MonoTime::max();
  const auto consider = [&](MonoTime time) {
    if (time > now) {
      first = std::min(first, time);
    }
  };
  for (const LinePanelState& panel : panels) {
    consider(panel.wish.due);
    if (panel.wish.kind == PanelWish::Kind::kNothing) {
      continue;
    }
    if (panel.breaker.is_silent()) {
      consider(std::max(panel.probe_from, probe_panels_from));
    } else if (panel.wish.kind == PanelWish::Kind::kExchange) {
      consider(panel.exchange_from);
    } else if (panel.wish.kind == PanelWish::Kind::kPoll) {
      consider(panel.poll_from);
    }
  }
  return first;
}

/// The plain poll or, when the answer to an earlier one may still come, half of
/// it in another shape: one half, then the other. Nothing: no shape is free.
std::optional<Question> LineMachine::State::poll_question(
    const LinePanelState& panel, MonoTime now) const {
  Question question{.unit = panel.settings.unit_id,
                    .address = kPanelPollAddress,
                    .count = kPanelPollCount};
  if (guard->may_ask(question, now)) {
    return question;
  }
  if (panel.refuses_others) {
    return std::nullopt;
  }
  question.count = 1;
  const bool may_ask_flags = guard->may_ask(question, now);
  const Question flags = question;
  if (may_ask_flags && panel.counters.varied % 2 == 1) {
    return flags;
  }
  question.address = kPanelSeqAddress;
  for (question.count = 3; question.count <= kPanelSeqMost; ++question.count) {
    if (guard->may_ask(question, now)) {
      return question;
    }
  }
  return may_ask_flags ? std::optional(flags) : std::nullopt;
}

LineAction LineMachine::State::exchange(std::size_t index, MonoTime now) {
  if (auto silence = silence_before_asking(now)) {
    return *silence;
  }
  LinePanelState& panel = panels[index];
  const PanelWish& wish = panel.wish;
  check(!wish.request.empty() && wish.request.size() % 2 == 0 &&
            wish.request.size() <= 2 * kMaxExchangeWritten &&
            wish.read_registers > 0 && wish.read_registers <= kMaxExchangeRead,
        "an exchange fits into one request");
  const std::uint8_t unit = panel.settings.unit_id;
  note_asked_panel(
      {.purpose = Purpose::kExchange,
       .device = index,
       .shape = exchange_shape(unit, wish.read_registers),
       .on_wire = exchange_time(
           settings.wire, wish.request.size(), wish.read_registers)},
      now);
  panel.exchanged = now;
  panel.waits.add(now - std::exchange(panel.wished_at, MonoTime(0)));
  ++exchanges_since_job;
  ++exchanges_since_other;
  return LineExchange{static_cast<std::uint16_t>(index),
                      unit,
                      wish.request,
                      wish.read_registers,
                      asked.timeout};
}

LineAction LineMachine::State::poll_panel(std::size_t index, MonoTime now) {
  const auto question = poll_question(panels[index], now);
  if (!question) {
    return LineWait{now + kTryPollAgain};
  }
  return ask_panel(
      {.purpose = Purpose::kPanelPoll, .device = index, .question = *question},
      now);
}

/// The plain poll, whatever is owed: its answer shows that the panel is there.
LineAction LineMachine::State::probe_panel(std::size_t index, MonoTime now) {
  LinePanelState& panel = panels[index];
  LineAsked wanted{.purpose = Purpose::kPanelProbe,
                   .device = index,
                   .question = {.unit = panel.settings.unit_id,
                                .address = kPanelPollAddress,
                                .count = kPanelPollCount}};
  const microseconds on_wire = wire_time(settings.wire, wanted.question);
  const milliseconds unknown =
      settings.wire.kind == LineKind::kRtu ? kWaitUnknown : kWaitUnknownOverTcp;
  wanted.timeout =
      panel.round_trip.is_known()
          ? panel.round_trip.usual_timeout(on_wire)
          : std::min<microseconds>(settings.timeout, on_wire + unknown);
  if (panel.probes % kProbesPerLongOne == kProbesPerLongOne - 1) {
    wanted.timeout = settings.timeout;
  }
  return ask_panel(wanted, now);
}

LineAction LineMachine::State::ask_panel(const LineAsked& wanted,
                                         MonoTime now) {
  if (auto silence = silence_before_asking(now)) {
    return *silence;
  }
  LineAsked complete = wanted;
  complete.shape = shape_of(wanted.question);
  complete.on_wire = wire_time(settings.wire, wanted.question);
  note_asked_panel(complete, now);
  LinePanelState& panel = panels[wanted.device];
  panel.polled = now;
  panel.probes += wanted.purpose == Purpose::kPanelProbe ? 1 : 0;
  panel.counters.varied += is_plain_poll(wanted.question) ? 0U : 1U;
  exchanges_since_other = jobs_since_poll = 0;
  ++polls_since_job;
  return LineAsk{.device = static_cast<std::uint16_t>(wanted.device),
                 .is_of_panel = true,
                 .question = wanted.question,
                 .timeout = asked.timeout};
}

void LineMachine::State::note_asked_panel(const LineAsked& wanted,
                                          MonoTime now) {
  LinePanelState& panel = panels[wanted.device];
  asked = wanted;
  asked.at = now;
  if (asked.timeout.count() == 0) {
    asked.timeout = panel.round_trip.timeout(asked.on_wire);
  }
  asked.timeout = std::min<microseconds>(
      asked.timeout, asked.on_wire + kLongestWaitBesidePanels);
  asked.timeout =
      std::max<microseconds>(asked.timeout, asked.on_wire + kLeastWait);
  for (LineJobState& job : jobs) {
    job.went_first = false;
  }
  ++panel.counters.requests;
  pending = Pending::kAnswer;
}

}  // namespace strongroom
