// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/open_orders.h"

#include <algorithm>
#include <bit>

#include "agent/loop/names.h"

namespace strongroom {
namespace {

constexpr std::size_t kGivenUp = 256;

strongroom_v1_OrderOutcome outcome_of(PanelOrderEnded::Outcome outcome) {
  switch (outcome) {
    case PanelOrderEnded::Outcome::kDone:
      return strongroom_v1_OrderOutcome_ORDER_OUTCOME_DONE;
    case PanelOrderEnded::Outcome::kExpired:
      return strongroom_v1_OrderOutcome_ORDER_OUTCOME_EXPIRED;
    case PanelOrderEnded::Outcome::kRefused:
      return strongroom_v1_OrderOutcome_ORDER_OUTCOME_REFUSED;
    case PanelOrderEnded::Outcome::kUnknown:
      break;
  }
  return strongroom_v1_OrderOutcome_ORDER_OUTCOME_UNKNOWN;
}

}  // namespace

void LatencyHistogram::add(std::chrono::microseconds time) {
  const auto bound = std::ranges::lower_bound(kBounds, time);
  ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
  sum += time;
  ++total;
}

std::uint32_t OpenOrders::open(OpenOrder order) {
  std::uint32_t id = 0;
  while (id == 0 || open_.contains(id)) {
    std::array<std::uint8_t, 4> bytes{};
    random_(bytes);
    id = std::bit_cast<std::uint32_t>(bytes);
  }
  open_.emplace(id, std::move(order));
  return id;
}

void OpenOrders::end(const std::string& panel,
                     const PanelOrderEnded& ended,
                     WallTime at,
                     const Now& now) {
  if (std::erase(given_up_, ended.order) != 0) {
    return;
  }
  OpenOrder order;
  order.panel = panel;
  if (const auto found = open_.find(ended.order);
      found != open_.end() && found->second.panel == panel) {
    order = std::move(found->second);
    open_.erase(found);
  }
  ++outcomes_[static_cast<std::size_t>(ended.outcome)];
  if (ended.outcome == PanelOrderEnded::Outcome::kDone &&
      order.read != WallTime{}) {
    latency_.add(std::max(at - order.read, std::chrono::microseconds(0)));
  }
  EventMessage& event = recorder_.blank();
  event.occurred_us = at.time_since_epoch().count();
  event.which_body = strongroom_v1_Event_order_ended_tag;
  auto& body = event.body.order_ended;
  put_text(body.panel, panel);
  body.order = ended.order;
  body.kind = order.kind;
  body.outcome = outcome_of(ended.outcome);
  body.result = static_cast<std::uint32_t>(ended.result);
  put_text(body.leaf, order.leaf);
  put_text(body.person, order.person);
  body.leaves = order.leaves;
  body.end_fire = order.end_fire;
  recorder_.record(Stream::kRecord, event, now);
}

void OpenOrders::tick(const Now& now) {
  std::vector<std::pair<std::uint32_t, std::string>> forgotten;
  for (const auto& [id, order] : open_) {
    if (now.monotonic - order.given >= kOrderForgotten) {
      forgotten.emplace_back(id, order.panel);
    }
  }
  for (const auto& [id, panel] : forgotten) {
    end(panel, {id, PanelOrderEnded::Outcome::kUnknown, {}}, now.wall, now);
    given_up_.push_back(id);
    if (given_up_.size() > kGivenUp) {
      given_up_.pop_front();
    }
  }
}

}  // namespace strongroom
