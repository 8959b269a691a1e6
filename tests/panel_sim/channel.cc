// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/channel.h"

#include <utility>

#include "tests/panel_sim/panel_node.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kHeard = 64;

}  // namespace

void Channel::send(bool is_request, Bytes adu, MonoTime now) {
  heard_.push_back({.is_request = is_request, .adu = adu});
  if (heard_.size() > kHeard) {
    heard_.pop_front();
  }
  if (random_.chance(faults_.replayed)) {
    replay(now);
  }
  if (random_.chance(faults_.lost)) {
    return;
  }
  if (random_.chance(faults_.bent)) {
    bend(adu);
  }
  const MonoTime at = now + on_wire(adu.size());
  if (random_.chance(faults_.doubled)) {
    deliver(is_request, adu, at + milliseconds(random_.between(2, 400)));
  }
  deliver(is_request,
          std::move(adu),
          random_.chance(faults_.late)
              ? at + milliseconds(random_.between(5, 3000))
              : at);
}

void Channel::replay(MonoTime now) {
  if (heard_.empty()) {
    return;
  }
  Delivery old = heard_[random_.below(heard_.size())];
  if (random_.chance(0.2)) {
    bend(old.adu);
  }
  deliver(old.is_request,
          std::move(old.adu),
          now + microseconds(random_.between(0, 60'000)));
}

void Channel::bend(Bytes& adu) {
  const std::uint64_t bit = random_.below(8 * adu.size());
  adu[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  if (random_.chance(0.5)) {
    adu.resize(adu.size() - 2);
    adu = with_crc(std::move(adu));
  }
}

void Channel::deliver(bool is_request, Bytes adu, MonoTime at) {
  under_way_.emplace(at,
                     Delivery{.is_request = is_request, .adu = std::move(adu)});
}

MonoTime Channel::due() const {
  return under_way_.empty() ? MonoTime::max() : under_way_.begin()->first;
}

std::optional<Delivery> Channel::take(MonoTime now) {
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    Delivery delivery = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    if (!is_cut_) {
      return delivery;
    }
  }
  return std::nullopt;
}

}  // namespace strongroom::panel_sim
