// SPDX-License-Identifier: Apache-2.0
// What the driver wants of its line next, and the frames for it.
#include <algorithm>
#include <utility>

#include "agent/panel/panel_driver.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = PanelOrderEnded::Outcome;

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

constexpr milliseconds kLookAgain{100};
constexpr std::size_t kMaxOrders = 32;
// A signal that was not shown by then would only confuse.
constexpr seconds kSignalLife{3};
// Repeated for longer than that, a frame would set the panel's clock back.
constexpr seconds kFrameLife{1};
constexpr seconds kStatusEvery{1};
constexpr seconds kLockdownAgain{1};

// Of an encoded answer at most: without events, status and PIN; each of them
// with its own tag and size.
constexpr std::size_t kEventRoom = 34;
constexpr std::size_t kStatusRoom = strongroom_panel_v1_PanelStatus_size + 2;
constexpr std::size_t kPinRoom = strongroom_panel_v1_PinEntry_size + 2;
constexpr std::size_t kAnswerRoom =
    strongroom_panel_v1_PanelAnswer_size -
    12 * (strongroom_panel_v1_PanelEvent_size + 2) - kStatusRoom - kPinRoom;
constexpr std::size_t kMaxRoom =
    2 * kMaxExchangeRead - kPanelFrameHead - kPanelFrameTag;

std::uint16_t registers_of(std::size_t body) {
  return static_cast<std::uint16_t>(
      (kPanelFrameHead + body + kPanelFrameTag + 1) / 2);
}

}  // namespace

PanelWish PanelDriver::wish(MonoTime now) {
  asked_ = Asked::kNothing;
  flush(now);
  take_mail(now);
  expire(now);
  judge_link(now);
  if (is_silent_) {
    return {.kind = PanelWish::Kind::kNothing,
            .due = now + kLookAgain,
            .request = {},
            .read_registers = 0};
  }
  if (needs_hello_) {
    return wish_hello(now);
  }
  const bool has_unlock =
      frame_ && std::holds_alternative<PanelUnlock>(frame_->order);
  if (is_frame_over(now)) {
    give_up_frame(now);
    expire(now);
  }
  if (frame_ && !frame_->may_be_sent && !has_unlock && has_ready_unlock()) {
    give_up_frame(now);
    --counter_;  // that number was never on the line
  }
  MonoTime due = now;
  if (!frame_) {
    due = exchange_due(now);
    if (due <= now) {
      build_exchange(now);
    }
  }
  if (frame_) {
    return wish_frame();
  }
  if (needs_hello_) {  // the counter is exhausted
    return wish_hello(now);
  }
  if (poll_due_ <= due) {
    asked_ = Asked::kPoll;
    due = poll_due_;
  }
  return {.kind = asked_ == Asked::kPoll ? PanelWish::Kind::kPoll
                                         : PanelWish::Kind::kNothing,
          .due = due,
          .request = {},
          .read_registers = 0};
}

void PanelDriver::take_mail(MonoTime now) {
  auto mail = ports_.mailbox.take();
  if (is_silent_ != mail.is_silent) {
    is_silent_ = mail.is_silent;
    // What the loop took before may not have been committed. And nobody was
    // asked meanwhile, so that nobody is lost.
    pull_.rewind();
    heard_ = now;
    show(now, true);
  }
  if (mail.held) {
    pull_.hold(*mail.held, now);
  }
  if (mail.list) {
    list_.set(*mail.list, now);
  }
  for (const PanelIndicate& signal : mail.signals) {
    signals_[signal.reader - 1U] = Signal{.what = signal, .taken = now};
  }
  for (const PanelOrder& order : mail.orders) {
    const bool has_room = orders_.size() < kMaxOrders;
    if (const auto* const unlock = std::get_if<PanelUnlock>(&order)) {
      if (has_room) {
        orders_.emplace_back(*unlock);
      } else {
        order_ended(
            unlock->order,
            Outcome::kRefused,
            Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_ROOM,
            now);
      }
    } else if (const auto* const down = std::get_if<PanelLockdown>(&order)) {
      lockdown_ = down->leaves;
      orders_.emplace_back(*down);
    }
  }
}

// An unlock is repeated until it is answered.
bool PanelDriver::is_frame_over(MonoTime now) const {
  if (!frame_ || std::holds_alternative<PanelUnlock>(frame_->order)) {
    return false;
  }
  const auto* const down = std::get_if<PanelLockdown>(&frame_->order);
  return (frame_->may_be_sent && now - frame_->built > kFrameLife) ||
         (down != nullptr && down->end_fire && down->not_after <= now);
}

void PanelDriver::expire(MonoTime now) {
  std::erase_if(orders_, [&](const auto& order) {
    const auto* const unlock = std::get_if<PanelUnlock>(&order);
    const auto* const down = std::get_if<PanelLockdown>(&order);
    const bool is_over = unlock != nullptr
                             ? unlock->not_after <= now
                             : down->end_fire && down->not_after <= now;
    if (!is_over) {
      return false;
    }
    if (down != nullptr) {
      is_lockdown_lost_ = true;  // what is locked down is wanted still
    }
    order_ended(unlock != nullptr ? unlock->order : down->order,
                Outcome::kExpired,
                Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED,
                now);
    return true;
  });
  for (auto& signal : signals_) {
    if (signal && now - signal->taken > kSignalLife) {
      signal.reset();
    }
  }
}

void PanelDriver::judge_link(MonoTime now) {
  if (!heard_) {
    heard_ = now;
  }
  const auto since = now - *heard_;
  if (is_silent_ || is_up_ == false || since <= setup_.offline_after) {
    return;
  }
  is_up_ = false;
  tell(
      PanelLink{.is_up = false,
                .since_heard = std::chrono::duration_cast<milliseconds>(since)},
      now);
  show(now, true);
}

PanelWish PanelDriver::wish_hello(MonoTime now) {
  // Not nothing: the line may look whether the panel is there, and tells.
  if (!hello_ && now < hello_due_) {
    return {.kind = PanelWish::Kind::kExchange,
            .due = hello_due_,
            .request = {},
            .read_registers = 0};
  }
  if (!hello_) {
    build_hello(now);
  }
  asked_ = Asked::kExchange;
  return {.kind = PanelWish::Kind::kExchange,
          .due = now,
          .request = hello_->bytes,
          .read_registers = hello_->registers};
}

PanelWish PanelDriver::wish_frame() {
  asked_ = Asked::kExchange;
  return {.kind = PanelWish::Kind::kExchange,
          .due = frame_->built,
          .request = frame_->bytes,
          .read_registers = frame_->registers};
}

void PanelDriver::build_hello(MonoTime now) {
  std::array<std::uint8_t, 8> random{};
  ports_.random(random);
  std::uint64_t nonce = 0;
  for (const std::uint8_t byte : random) {
    nonce = (nonce << 8U) | byte;
  }
  const strongroom_panel_v1_PanelHello hello{.nonce = nonce};
  last_hello_ = now;
  hello_ = Frame{};
  hello_->bytes = seal_panel_frame(keys_,
                                   setup_.unit_id,
                                   {.type = PanelFrameType::kHello,
                                    .session = 0,
                                    .counter = 0,
                                    .body = encode_panel_hello(hello)});
  hello_->registers = registers_of(strongroom_panel_v1_PanelHelloAnswer_size);
  hello_->nonce = nonce;
}

bool PanelDriver::has_ready_unlock() const {
  return uptime_ && !orders_.empty() &&
         std::holds_alternative<PanelUnlock>(orders_.front());
}

MonoTime PanelDriver::exchange_due(MonoTime now) {
  const bool has_order =
      !orders_.empty() &&
      (has_ready_unlock() ||
       std::holds_alternative<PanelLockdown>(orders_.front()));
  if (!is_used_ || is_hinted_ || has_order ||
      std::ranges::any_of(signals_, [](const auto& s) { return !!s; })) {
    return now;
  }
  MonoTime due = beat_due_;
  if (waiting_.empty()) {
    due = std::min(due, pull_.due(now).value_or(due));
  }
  if (is_lockdown_lost_) {
    due = std::min(due, lockdown_due_);
  }
  if (config_.is_wanted(status_.config_version)) {
    due = std::min(due, config_.due());
  } else if (list_.is_wanted(status_.list_version)) {
    due = std::min(due, list_.due());
  }
  return due;
}

PanelDriver::Order PanelDriver::next_order(MonoTime now) {
  if (has_ready_unlock()) {
    const auto unlock = std::get<PanelUnlock>(orders_.front());
    orders_.pop_front();
    return unlock;
  }
  if (!orders_.empty() &&
      std::holds_alternative<PanelLockdown>(orders_.front())) {
    const auto down = std::get<PanelLockdown>(orders_.front());
    orders_.pop_front();
    return down;
  }
  for (auto& signal : signals_) {
    if (signal) {
      return std::exchange(signal, std::nullopt)->what;
    }
  }
  if (is_lockdown_lost_ && lockdown_due_ <= now) {
    is_lockdown_lost_ = false;
    lockdown_due_ = now + kLockdownAgain;
    return PanelLockdown{.order = 0, .leaves = *lockdown_};  // ends no fire
  }
  if (config_.is_wanted(status_.config_version)) {
    return config_.due() <= now ? Order(ConfigOrder{}) : Order(NoOrder{});
  }
  if (list_.is_wanted(status_.list_version) && list_.due() <= now) {
    return ListOrder{};
  }
  return NoOrder{};
}

std::optional<std::uint64_t> PanelDriver::not_after(MonoTime deadline) const {
  if (!uptime_ || deadline <= uptime_->at) {
    return std::nullopt;
  }
  // A thousandth less: the panel's clock may be that much slower than ours.
  const auto left = std::chrono::floor<milliseconds>(deadline - uptime_->at);
  return uptime_->ms +
         static_cast<std::uint64_t>(left.count() - left.count() / 1000 - 1);
}

// False: it cannot be sent any more.
bool PanelDriver::put_order(strongroom_panel_v1_PanelRequest& request,
                            const Order& order) {
  return std::visit(
      Overloaded{
          [](const NoOrder&) { return true; },
          [&](const PanelUnlock& unlock) {
            const auto last = not_after(unlock.not_after);
            request.order_id = unlock.order;
            request.which_order = strongroom_panel_v1_PanelRequest_unlock_tag;
            request.order.unlock = {
                .leaf = unlock.leaf,
                .pulse_ms = static_cast<std::uint32_t>(unlock.pulse.count()),
                .not_after_uptime_ms = last.value_or(0)};
            return last.has_value();
          },
          [&](const PanelLockdown& down) {
            request.which_order = strongroom_panel_v1_PanelRequest_lockdown_tag;
            request.order.lockdown = {.leaves = down.leaves,
                                      .end_fire = down.end_fire};
            return true;
          },
          [&](const PanelIndicate& signal) {
            request.which_order = strongroom_panel_v1_PanelRequest_indicate_tag;
            request.order.indicate = {.reader = signal.reader,
                                      .signal = signal.signal,
                                      .duration_ms = static_cast<std::uint32_t>(
                                          signal.duration.count())};
            return true;
          },
          [&](const ConfigOrder&) {
            request.which_order = strongroom_panel_v1_PanelRequest_config_tag;
            request.order.config = config_.part();
            return true;
          },
          [&](const ListOrder&) {
            request.which_order = strongroom_panel_v1_PanelRequest_list_tag;
            request.order.list = list_.part(status_.list_version);
            return true;
          }},
      order);
}

std::uint16_t PanelDriver::room_for(
    const strongroom_panel_v1_PanelRequest& request, bool has_unlock) const {
  std::size_t room = kAnswerRoom + (request.wants_status ? kStatusRoom : 0) +
                     (has_pin_ ? kPinRoom : 0);
  if (request.wants_events) {
    // What an unlock leads to is told with its answer.
    const std::size_t events =
        std::max<std::size_t>(pull_.expected() + (has_unlock ? 1U : 0U), 1);
    room += std::min(kEventRoom * events, kMaxRoom - room);
  }
  return registers_of(std::min(room, kMaxRoom));
}

void PanelDriver::build_exchange(MonoTime now) {
  if (counter_ == 0xffffffff) {
    need_hello(now);
    return;
  }
  Frame frame;
  frame.order = next_order(now);
  const bool has_unlock = std::holds_alternative<PanelUnlock>(frame.order);
  strongroom_panel_v1_PanelRequest request =
      strongroom_panel_v1_PanelRequest_init_zero;
  request.ring = pull_.ring();
  request.ack_seq = pull_.held();
  request.wants_events = waiting_.empty();
  request.wants_status = !has_unlock && status_due_ <= now;
  if (const Now clock = ports_.clock();
      !has_unlock && clock.quality != ClockQuality::kUnknown) {
    request.unix_ms = static_cast<std::uint64_t>(
        std::chrono::floor<milliseconds>(clock.wall.time_since_epoch())
            .count());
  }
  ++counter_;
  if (!put_order(request, frame.order)) {
    const auto& unlock = std::get<PanelUnlock>(frame.order);
    order_ended(unlock.order,
                Outcome::kExpired,
                Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED,
                now);
    frame.order = NoOrder{};
    request.order_id = 0;
    request.which_order = 0;
  } else if (request.which_order != 0 && request.order_id == 0) {
    request.order_id = counter_;  // only echoed
  }
  if (request.wants_status) {
    status_due_ = now + kStatusEvery;
  }
  frame.counter = counter_;
  frame.acked = request.ack_seq;
  frame.wants_events = request.wants_events;
  frame.order_id = request.order_id;
  frame.built = now;
  frame.registers = room_for(request, has_unlock);
  frame.bytes = seal_panel_frame(keys_,
                                 setup_.unit_id,
                                 {.type = PanelFrameType::kExchange,
                                  .session = session_,
                                  .counter = counter_,
                                  .body = encode_panel_request(request)});
  is_hinted_ = false;
  frame_ = std::move(frame);
}

}  // namespace strongroom
