// SPDX-License-Identifier: Apache-2.0
// A stream goes on in the log that succeeds its own.
#include <algorithm>

#include "agent/loop/agent_core.h"
#include "agent/loop/names.h"
#include "core/base/check.h"

namespace strongroom {
namespace {

std::string words_of(const FollowOrder& order, const FollowPlan& plan) {
  std::string text = std::string(stream_name(order.stream)) + " follows " +
                     order.successor.text() + ": ";
  text += plan.resend_events == 0
              ? "nothing is sent again"
              : std::to_string(plan.resend_events) + " events are sent again";
  if (!plan.stops.empty()) {
    text += "; what no chain of it can take is told again in a newer epoch";
  }
  if (plan.missing != 0) {
    text += "; " + std::to_string(plan.missing) +
            " events that it lacks are not kept any more";
  }
  return text;
}

}  // namespace

Result<std::string> AgentCore::follow(const FollowOrder& order) {
  if (auto what = follow_fault(order)) {
    return fault(std::move(*what));
  }
  check(std::ranges::none_of(recorder_.pending().deliveries,
                             [&](const Delivery& delivery) {
                               return delivery.stream == order.stream;
                             }),
        "a stream follows after acks of the same turn");
  const Sender& from = sender(order.stream);
  const auto plan = plan_follow(order,
                                {ports_.journal,
                                 recorder_,
                                 losses_,
                                 from.base() - 1,
                                 outbox_.cut_end(order.stream)});
  if (!plan) {
    return std::unexpected(plan.error());
  }
  apply(order, *plan);
  return words_of(order, *plan);
}

std::optional<std::string> AgentCore::follow_fault(const FollowOrder& order) {
  const std::string successor = order.successor.text();
  if (order.stream == Stream::kRegistry ||
      order.successor.stream != order.stream ||
      order.successor.ledger != options_.trust.ledger ||
      order.successor.site != options_.source.site) {
    return successor + " is not a log of " + options_.source.text();
  }
  const Sender& from = sender(order.stream);
  const std::string followed = from.log().text();
  const bool is_followed = from.is_bound() && from.log() == order.successor;
  if (is_followed && from.held()) {
    return "nothing to follow: " + successor + " is followed already";
  }
  // Until it has proven something, another file of the same succession may be
  // the right one: the first was perhaps not this agent's own.
  if (!is_followed && from.is_bound() && from.log() != order.predecessor) {
    return "this stream follows " + followed + ", not " +
           order.predecessor.text();
  }
  if (order.successor.generation <= order.predecessor.generation) {
    return successor + " is not later than " + order.predecessor.text();
  }
  return std::nullopt;
}

void AgentCore::apply(const FollowOrder& order, const FollowPlan& plan) {
  const Stream stream = order.stream;
  const std::string predecessor = sender(stream).log().text();
  record_followed(order, plan);
  if (plan.needs_epoch) {
    open_epoch(strongroom_v1_EpochReason_EPOCH_REASON_HOLE, recorder_.heads());
    telemetry_.describe(recorder_, now_);
  }
  for (const FollowPlan::Stop& stop : plan.stops) {
    recorder_.stop_epoch(stream,
                         stop.epoch,
                         stop.at,
                         strongroom_v1_RefusalReason_REFUSAL_REASON_SUCCEEDED);
  }
  if (plan.missing != 0) {
    Suspicion suspicion;
    suspicion.kind = strongroom_v1_FindingKind_FINDING_KIND_RESUPPLY_INCOMPLETE;
    suspicion.epoch = plan.missing_epoch;
    suspicion.seq = plan.missing_seq;
    record_finding(suspicion, stream, order.successor.text(), plan.missing);
  }
  recorder_.pending().followings.push_back(
      {stream, order.successor.text(), plan.resend_from, now_.wall});
  sender(stream).follow(order.successor, plan.resend_from, now_.monotonic);
  apply_effects(stream);
  status_due_ = true;
  followed_ = FollowSnapshot{stream,
                             now_.wall,
                             predecessor,
                             order.successor.text(),
                             plan.resend_events,
                             plan.missing};
}

void AgentCore::record_followed(const FollowOrder& order,
                                const FollowPlan& plan) {
  const Stream stream = order.stream;
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_log_followed_tag;
  auto& body = event.body.log_followed;
  body.stream = static_cast<strongroom_v1_Stream>(stream);
  put_text(body.predecessor, order.predecessor.text());
  if (const auto& held = sender(stream).held()) {
    body.held_size = held->size;
    std::ranges::copy(held->root, body.held_root);
  }
  put_text(body.successor, order.successor.text());
  std::ranges::copy(order.succession, body.succession);
  body.resend_epoch = recorder_.epoch();
  const EpochRow& epoch = recorder_.epoch_at(
      stream, std::min(plan.resend_from, recorder_.tail(stream)));
  body.resend_epoch = epoch.epoch;
  body.resend_seq = plan.resend_from - epoch.first_position + 1;
  put_text(body.first_person, order.first_person);
  put_text(body.second_person, order.second_person);
  recorder_.record(Stream::kRecord, event, now_);
}

}  // namespace strongroom
