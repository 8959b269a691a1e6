// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/mailbox.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

constexpr std::size_t kMaxOrders = 16;

}  // namespace

PanelMailbox::PanelMailbox(std::function<void()> wake)
    : wake_(std::move(wake)) {}

bool PanelMailbox::push(PanelOrder order) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (!put(std::move(order))) {
      return false;
    }
    wake = wake_;
  }
  wake();
  return true;
}

// Under the lock.
bool PanelMailbox::put(PanelOrder order) {
  if (auto* const held = std::get_if<PanelHeld>(&order)) {
    held_ = *held;
    return true;
  }
  if (auto* const list = std::get_if<PanelList>(&order)) {
    list_ = std::move(*list);
    return true;
  }
  if (auto* const signal = std::get_if<PanelIndicate>(&order)) {
    if (signal->reader == 0 || signal->reader > signals_.size()) {
      return false;
    }
    signals_[signal->reader - 1U] = *signal;
    return true;
  }
  if (orders_.size() == kMaxOrders) {
    return false;
  }
  orders_.push_back(std::move(order));
  return true;
}

void PanelMailbox::silence(bool is_silent) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    is_silent_ = is_silent;
    wake = wake_;
  }
  wake();
}

void PanelMailbox::on_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

PanelMailbox::Contents PanelMailbox::take() {
  const std::lock_guard lock(mutex_);
  Contents contents{.held = std::exchange(held_, std::nullopt),
                    .orders = {},
                    .signals = {},
                    .list = std::exchange(list_, std::nullopt),
                    .is_silent = is_silent_};
  contents.orders.assign(std::move_iterator(orders_.begin()),
                         std::move_iterator(orders_.end()));
  orders_.clear();
  for (auto& signal : signals_) {
    if (signal) {
      contents.signals.push_back(*signal);
      signal.reset();
    }
  }
  return contents;
}

bool PanelMailbox::has_mail() const {
  const std::lock_guard lock(mutex_);
  return held_ || list_ || !orders_.empty() ||
         std::ranges::any_of(signals_, [](const auto& s) { return !!s; });
}

}  // namespace strongroom
