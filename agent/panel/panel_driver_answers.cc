// SPDX-License-Identifier: Apache-2.0
// What the panel answers, and what follows.
#include <algorithm>
#include <ranges>
#include <utility>

#include "agent/panel/panel_driver.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = PanelOrderEnded::Outcome;

constexpr std::uint32_t kProtocol = 1;
// Above any uptime: 30 000 years.
constexpr std::uint64_t kMaxUptime = std::uint64_t{1} << 50U;
// What is said to be older was stamped by a clock that was wrong.
constexpr std::chrono::hours kMaxAge{24 * 366};
constexpr milliseconds kConfigPace{20};
constexpr milliseconds kListPace{100};
// Between two parts the line has this many times one exchange for others.
constexpr int kListShare = 4;

Outcome outcome_of(strongroom_panel_v1_OrderResult result) {
  if (result == strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE) {
    return Outcome::kDone;
  }
  if (result == strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED) {
    return Outcome::kExpired;
  }
  return result == strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED
             ? Outcome::kUnknown
             : Outcome::kRefused;
}

std::span<std::uint8_t> bytes_of(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

// When it was, and how that is known (proto PanelClock). Two clocks are never
// compared: by the panel's own, the event is so old as the answer says.
// `stepped`: that clock, since the event.
void place_in_time(PanelFact& fact,
                   const strongroom_panel_v1_PanelAnswer& answer,
                   const Now& heard,
                   seconds stepped) {
  const auto& event = fact.event;
  const milliseconds at = seconds(event.at_s) + milliseconds(10 * event.at_cs);
  fact.occurred = heard.wall;
  fact.clock = PanelClockKind::kUnknown;
  if (event.boot == 0 && answer.unix_ms != 0) {
    const milliseconds age =
        milliseconds(std::min(answer.unix_ms, kMaxUptime)) - at - stepped;
    if (age >= milliseconds(0) && age <= kMaxAge) {
      fact.clock = PanelClockKind::kWall;
      fact.occurred = heard.wall - age;
    }
  } else if (event.boot == 0) {
    // It had the time and lost it by a reset.
    if (heard.quality != ClockQuality::kUnknown) {
      fact.clock = PanelClockKind::kWall;
      fact.occurred = WallTime(at);
    }
  } else if (event.boot == answer.boot) {
    const milliseconds uptime(std::min(answer.uptime_ms, kMaxUptime));
    fact.clock = PanelClockKind::kUptime;
    fact.occurred = heard.wall - std::max(uptime - at, milliseconds(0));
  }
}

// The clock's step, in seconds, of the event that tells it.
seconds step_of(const strongroom_panel_v1_PanelEvent& event) {
  return seconds(
      event.kind ==
              strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOCK_STEPPED
          ? static_cast<std::int32_t>(event.value)
          : 0);
}

}  // namespace

void PanelDriver::invalid(std::string what) {
  ++status_.invalid_answers;
  status_.error = std::move(what);
}

bool PanelDriver::exchanged(std::span<const std::uint8_t> answer,
                            MonoTime asked,
                            MonoTime now) {
  const auto frame = open_panel_frame(keys_, setup_.unit_id, answer);
  const bool is_hello = needs_hello_ && hello_;
  bool is_taken = false;
  if (frame && is_hello) {
    is_taken = take_hello(*frame, now);
  } else if (frame && frame_) {
    is_taken = take_answer(*frame, asked, now);
  }
  if (!is_taken) {
    ++status_.invalid_answers;
    failed({.fault = LinkFault::kGarbled,
            .exception = ModbusException::kNone,
            .what = "no answer to that request"},
           asked,
           now);
  }
  asked_ = Asked::kNothing;
  judge_link(now);
  show(now, false);
  return is_taken;
}

bool PanelDriver::take_hello(const PanelFrame& frame, MonoTime now) {
  strongroom_panel_v1_PanelHelloAnswer answer;
  if (frame.type != PanelFrameType::kHelloAnswer || frame.session == 0 ||
      !decode_panel_hello(frame.body, answer) ||
      answer.nonce != hello_->nonce) {
    return false;
  }
  hello_.reset();
  if (answer.protocol != kProtocol) {
    invalid("it speaks protocol " + std::to_string(answer.protocol));
    hello_due_ = now + seconds(10);
    return true;
  }
  needs_hello_ = false;
  hello_failures_ = 0;
  const bool is_new = frame.session != session_;
  if (is_new) {
    begin_session(frame.session, now);
  }
  status_.config_version = answer.config_version;
  status_.list_version = answer.list_version;
  status_.board = answer.board;
  status_.firmware = answer.firmware;
  status_.tests_only = answer.tests_only;
  list_.capacity(answer.list_capacity);
  // When the panel took a later frame somebody else talks to it, and what
  // became of ours is unknown. Only an unlock is repeated after a hello.
  if (frame_ && (frame.counter > frame_->counter ||
                 !std::holds_alternative<PanelUnlock>(frame_->order))) {
    give_up_frame(now);
  }
  // No number twice, even when its frame was never answered: it may be late.
  counter_ = std::max(is_new ? 0 : counter_, frame.counter);
  if (is_new) {
    tell(PanelHeard{.hello = answer,
                    .config_version = config_.config().version,
                    .config_hash = Bytes(config_.config().hash.begin(),
                                         config_.config().hash.end())},
         now);
  }
  const auto fresh = [this] {
    std::uint32_t ring = 0;
    while (ring == 0) {
      std::array<std::uint8_t, 4> random{};
      ports_.random(random);
      for (const std::uint8_t byte : random) {
        ring = (ring << 8U) | byte;
      }
    }
    return ring;
  };
  if (const auto lost = pull_.meet(answer.ring, fresh)) {
    tell(*lost, now);
  }
  return true;
}

void PanelDriver::begin_session(std::uint64_t session, MonoTime now) {
  if (frame_) {
    give_up_frame(now);  // it is never sent again
  }
  session_ = session;
  ++status_.sessions;
  is_used_ = false;
  uptime_.reset();
  last_pin_ = 0;
  has_pin_ = false;
  status_due_ = now;
  pull_.session_began();
  config_.restart(now);
  list_.restart(now);
  is_lockdown_lost_ = lockdown_.has_value();
  lockdown_due_ = now;
}

bool PanelDriver::take_answer(const PanelFrame& frame,
                              MonoTime asked,
                              MonoTime now) {
  if (frame.type != PanelFrameType::kExchangeAnswer ||
      frame.session != session_ || frame.counter != frame_->counter) {
    return false;
  }
  const Frame request = std::move(*frame_);
  frame_.reset();
  ++status_.exchanges;
  is_used_ = true;
  exchange_time_ = now - asked;
  poll_failures_ = 0;
  poll_due_ = asked + setup_.poll_period;
  beat_due_ = asked + setup_.offline_after / 3;
  if (is_up_ != true) {
    const auto since = now - heard_.value_or(now);
    is_up_ = true;
    tell(PanelLink{.is_up = true,
                   .since_heard =
                       std::chrono::duration_cast<milliseconds>(since)},
         now);
  }
  heard_ = now;
  status_.error.clear();

  strongroom_panel_v1_PanelAnswer answer;
  const bool is_decoded = decode_panel_answer(frame.body, answer);
  if (!is_decoded) {
    invalid("its answer is no PanelAnswer");
    answer = strongroom_panel_v1_PanelAnswer_init_zero;
  } else {
    status_.config_version = answer.config_version;
    status_.list_version = answer.list_version;
  }
  end_order(request,
            answer.result,
            is_decoded && answer.order_id == request.order_id,
            asked,
            now);
  if (!is_decoded) {
    return true;
  }
  take_uptime(answer, now);
  take_events(answer, request, now);
  if (answer.has_pin) {
    take_pin(answer.pin, frame, now);
  }
  has_pin_ = false;
  if (answer.has_status) {
    take_status(answer, now);
  }
  return true;
}

void PanelDriver::take_uptime(const strongroom_panel_v1_PanelAnswer& answer,
                              MonoTime now) {
  if (answer.uptime_ms > kMaxUptime ||
      (uptime_ && answer.uptime_ms < uptime_->ms)) {
    invalid("its uptime goes back, or cannot be");
    return;
  }
  uptime_ = Uptime{.ms = answer.uptime_ms, .at = now};
}

void PanelDriver::take_events(const strongroom_panel_v1_PanelAnswer& answer,
                              const Frame& frame,
                              MonoTime now) {
  std::string error;
  auto facts = pull_.judge(answer, frame.acked, frame.wants_events, now, error);
  if (!error.empty()) {
    invalid(std::move(error));
    if (answer.ring != pull_.ring()) {
      need_hello(now + seconds(1));
    }
    return;
  }
  if (!facts) {
    return;
  }
  // A repeated frame may be answered by what was stored at the first try: the
  // answer is then as old as that try, and nothing in it younger.
  Now heard = ports_.clock();
  heard.wall -= frame.may_be_sent ? now - frame.built : MonoTime(0);
  seconds stepped{};
  for (PanelFact& fact : std::views::reverse(facts->facts)) {
    place_in_time(fact, answer, heard, stepped);
    stepped += step_of(fact.event);
  }
  const bool is_taken = waiting_.empty() && give(*facts, now);
  pull_.offered(*facts, is_taken, now);
}

void PanelDriver::take_pin(strongroom_panel_v1_PinEntry& pin,
                           const PanelFrame& frame,
                           MonoTime now) {
  std::array<std::uint8_t, 12> nonce{};
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[i] = static_cast<std::uint8_t>(frame.session >> (56 - 8 * i));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    nonce[8 + i] = static_cast<std::uint8_t>(frame.counter >> (24 - 8 * i));
  }
  const std::span<std::uint8_t> digits(pin.digits);
  chacha20(keys_.pin, nonce, digits);
  std::size_t count = 0;
  while (count < digits.size() && digits[count] <= 9) {
    ++count;
  }
  const bool is_sound = std::ranges::all_of(
      digits.subspan(count), [](std::uint8_t b) { return b == 0xff; });
  if (pin.entry == last_pin_) {
    // told already
  } else if (!is_sound || pin.entry < last_pin_) {
    invalid("its PIN cannot be");
  } else {
    PanelPin told{.reader = pin.reader,
                  .leaf = pin.leaf,
                  .entry = pin.entry,
                  .digits = {}};
    for (const std::uint8_t digit : digits.first(count)) {
      told.digits.push_back(static_cast<char>('0' + digit));
    }
    tell_pin(told, now);
  }
  wipe(digits);
}

// Never kept, and never sent a second time: when the loop has no room, or the
// answer was lost with its frame, the person enters it again.
void PanelDriver::tell_pin(PanelPin& pin, MonoTime now) {
  const std::uint32_t entry = pin.entry;
  PanelReport report{.panel = setup_.name,
                     .at = ports_.clock().wall,
                     .monotonic = now,
                     .what = std::move(pin)};
  pin.digits.resize(pin.digits.capacity());  // what the move left behind
  wipe(bytes_of(pin.digits));
  if (ports_.report(std::move(report))) {
    last_pin_ = entry;
  }
  auto& digits = std::get<PanelPin>(report.what).digits;
  digits.resize(digits.capacity());
  wipe(bytes_of(digits));
}

void PanelDriver::take_status(const strongroom_panel_v1_PanelAnswer& answer,
                              MonoTime now) {
  status_.state = answer.status;
  // Screens only: what the loop has no room for is told again in a second.
  if (waiting_.empty()) {
    give(PanelState{.status = answer.status}, now);
  }
  if (!lockdown_ || is_lockdown_lost_ ||
      std::ranges::any_of(orders_, [](const auto& order) {
        return std::holds_alternative<PanelLockdown>(order);
      })) {
    return;
  }
  for (pb_size_t i = 0; i < answer.status.leaves.size; ++i) {
    const bool is_down = (answer.status.leaves.bytes[i] & 0x80U) != 0;
    const bool is_wanted = ((*lockdown_ >> i) & 1U) != 0;
    is_lockdown_lost_ = is_lockdown_lost_ || is_down != is_wanted;
  }
}

// `is_known`: the result is this order's.
void PanelDriver::end_order(const Frame& frame,
                            Result result,
                            bool is_known,
                            MonoTime asked,
                            MonoTime now) {
  if (!is_known) {
    result = Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED;
  }
  const std::chrono::microseconds took = now - asked;
  if (const auto* const unlock = std::get_if<PanelUnlock>(&frame.order)) {
    order_ended(unlock->order, outcome_of(result), result, now);
  } else if (const auto* const down =
                 std::get_if<PanelLockdown>(&frame.order)) {
    if (down->order != 0) {
      order_ended(down->order, outcome_of(result), result, now);
    }
  } else if (std::holds_alternative<ConfigOrder>(frame.order)) {
    config_.ended(
        result, now, std::max<std::chrono::microseconds>(kConfigPace, took));
  } else if (std::holds_alternative<ListOrder>(frame.order)) {
    list_.ended(
        result,
        now,
        std::max<std::chrono::microseconds>(kListPace, kListShare * took));
  }
  if (!config_.error().empty() || !list_.error().empty()) {
    status_.error = !config_.error().empty() ? config_.error() : list_.error();
  }
}

// It is not sent again. An unlock that the panel may have seen is unknown;
// everything else is done anew.
void PanelDriver::give_up_frame(MonoTime now) {
  const Frame frame = std::move(*frame_);
  frame_.reset();
  is_hinted_ = true;
  if (const auto* const unlock = std::get_if<PanelUnlock>(&frame.order)) {
    order_ended(
        unlock->order,
        Outcome::kUnknown,
        Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED,
        now);
  } else if (const auto* const down =
                 std::get_if<PanelLockdown>(&frame.order)) {
    if (down->end_fire && frame.may_be_sent) {
      // Executed or not: the fire may have been there again since.
      is_lockdown_lost_ = true;
      order_ended(
          down->order,
          Outcome::kUnknown,
          Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED,
          now);
    } else if (down->order != 0) {
      orders_.emplace_front(*down);
    } else {
      is_lockdown_lost_ = true;
    }
  } else if (const auto* const signal =
                 std::get_if<PanelIndicate>(&frame.order)) {
    auto& place = signals_[signal->reader - 1U];
    if (!place) {
      place = Signal{.what = *signal, .taken = frame.built};
    }
  }
}

}  // namespace strongroom
