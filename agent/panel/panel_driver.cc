// SPDX-License-Identifier: Apache-2.0
// Reports, status, and the failures of the line.
#include "agent/panel/panel_driver.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kOfferAgain{10};
constexpr milliseconds kShowEvery{100};
// Tries of one frame, polls in a row, before the session is asked for again.
constexpr int kTries = 3;
constexpr int kPollTries = 3;
// How often the panel may refuse one frame in its own session.
constexpr int kMaxRefusals = 3;
constexpr milliseconds kHelloSpacing{250};
constexpr int kQuickHellos = 3;
constexpr milliseconds kQuickHello{50};
// A panel that is not there costs its line a twentieth of its time.
constexpr int kSilentShare = 20;
constexpr milliseconds kMinSilent{500};
constexpr seconds kMaxSilent{5};
constexpr seconds kAfterNoPanel{1};

}  // namespace

PanelDriver::PanelDriver(PanelSetup setup,
                         PanelDriverPorts ports,
                         std::function<void(PanelDriverStatus)> show)
    : setup_(std::move(setup)),
      ports_(std::move(ports)),
      show_(std::move(show)),
      keys_(derive_panel_keys(setup_.key)),
      config_(make_panel_config(setup_.config)),
      list_(keys_),
      pull_(setup_.ring, setup_.held_seq) {
  status_.name = setup_.name;
  status_.unit_id = setup_.unit_id;
}

PanelDriver::~PanelDriver() {
  wipe(keys_.tag);
  wipe(keys_.list);
  wipe(keys_.pin);
  wipe(setup_.key);
}

bool PanelDriver::give(decltype(PanelReport::what) what, MonoTime now) {
  return ports_.report({.panel = setup_.name,
                        .at = ports_.clock().wall,
                        .monotonic = now,
                        .what = std::move(what)});
}

// Bounded: orders are not taken while it is not empty, and everything else is
// told at most once a session or a change of the link.
void PanelDriver::tell(decltype(PanelReport::what) what, MonoTime now) {
  if (!waiting_.empty() || !give(what, now)) {
    waiting_.push_back(std::move(what));
    flush_due_ = now + kOfferAgain;
  }
}

void PanelDriver::flush(MonoTime now) {
  if (waiting_.empty() || now < flush_due_) {
    return;
  }
  while (!waiting_.empty() && give(waiting_.front(), now)) {
    waiting_.pop_front();
  }
  flush_due_ = now + kOfferAgain;
}

void PanelDriver::order_ended(std::uint32_t order,
                              PanelOrderEnded::Outcome outcome,
                              Result result,
                              MonoTime now) {
  tell(PanelOrderEnded{.order = order, .outcome = outcome, .result = result},
       now);
}

void PanelDriver::show(MonoTime now, bool at_once) {
  if (!at_once && now < show_due_) {
    return;
  }
  show_due_ = now + kShowEvery;
  status_.is_up = is_up_.value_or(false);
  status_.is_silenced = is_silent_;
  status_.ring = pull_.ring();
  status_.held_seq = pull_.held();
  status_.newest_seq = pull_.newest();
  show_(status_);
}

void PanelDriver::need_hello(MonoTime due) {
  if (!needs_hello_) {
    needs_hello_ = true;
    hello_failures_ = 0;
    hello_due_ = std::max(due, last_hello_ + kHelloSpacing);
  }
}

void PanelDriver::polled(std::span<const std::uint16_t> cells,
                         MonoTime asked,
                         MonoTime now) {
  enum Pending : std::uint16_t {
    kPin = 2,
    kNoRing = 4,
    kNoConfig = 8,
    kNewSession = 16,
    kAlone = 32,
  };
  asked_ = Asked::kNothing;
  ++status_.polls;
  poll_failures_ = 0;
  poll_due_ = asked + setup_.poll_period;
  if (cells.size() != kPanelPollCount) {
    return;
  }
  // Anyone on the line may have said this: it only hastens an exchange.
  pull_.hint(cells[1]);
  if (needs_hello_) {
    hello_due_ = std::min(hello_due_, last_hello_ + kHelloSpacing);
  }
  has_pin_ = (cells[0] & kPin) != 0;
  const bool lacks_config =
      (cells[0] & kNoConfig) != 0 && !config_.is_wanted(status_.config_version);
  is_hinted_ = is_hinted_ || has_pin_ || lacks_config ||
               (cells[0] & (kNoRing | kAlone)) != 0;
  if ((cells[0] & kNewSession) != 0 && is_used_) {
    need_hello(now);
  }
}

void PanelDriver::failed(const LinkError& error, MonoTime asked, MonoTime now) {
  const Asked what = std::exchange(asked_, Asked::kNothing);
  if (what == Asked::kNothing) {
    return;
  }
  status_.error = error.what;
  if (what == Asked::kExchange) {
    exchange_failed(error, asked, now);
  } else {
    const bool answers = error.fault == LinkFault::kException;
    poll_due_ = answers ? now + kAfterNoPanel : asked + setup_.poll_period;
    poll_failures_ += error.fault == LinkFault::kLost ? 0 : 1;
    if (poll_failures_ >= kPollTries) {
      poll_failures_ = 0;
      need_hello(now);
    }
  }
  judge_link(now);
  show(now, false);
}

void PanelDriver::exchange_failed(const LinkError& error,
                                  MonoTime asked,
                                  MonoTime now) {
  const bool is_refused = error.fault == LinkFault::kException;
  if (needs_hello_ && hello_) {
    hello_.reset();
    if (error.fault == LinkFault::kLost) {
      return;
    }
    ++hello_failures_;
    const auto silent = std::clamp<std::chrono::microseconds>(
        (now - asked) * kSilentShare, kMinSilent, kMaxSilent);
    hello_due_ = now + (hello_failures_ < kQuickHellos ? kQuickHello : silent);
    return;
  }
  if (!frame_) {
    return;
  }
  frame_->may_be_sent = true;
  status_.repeats += error.fault == LinkFault::kLost ? 0 : 1;
  if (error.fault == LinkFault::kLost) {
    return;
  }
  frame_->tries += 1;
  frame_->refusals += is_refused ? 1 : 0;
  if (frame_->refusals >= kMaxRefusals) {
    give_up_frame(now);
  }
  if (is_refused || frame_->tries >= kTries) {
    if (frame_) {
      frame_->tries = 0;
    }
    need_hello(now);
  }
}

void PanelDriver::line_down(MonoTime now) {
  asked_ = Asked::kNothing;
  if (frame_) {
    frame_->may_be_sent = true;
  }
  hello_.reset();
  judge_link(now);
  show(now, false);
}

std::unique_ptr<PanelPort> make_panel_driver(
    PanelSetup setup,
    PanelDriverPorts ports,
    std::function<void(PanelDriverStatus)> show) {
  return std::make_unique<PanelDriver>(
      std::move(setup), std::move(ports), std::move(show));
}

}  // namespace strongroom
