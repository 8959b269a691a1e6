// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/follow_order.h"

#include <algorithm>
#include <optional>

#include "core/base/person.h"
#include "core/event/event.h"
#include "core/pack/pack.h"

namespace strongroom {
namespace {

// After `epoch opened`, in the successor's first batch.
constexpr std::uint64_t kSuccessionIndex = 1;

template <std::size_t N>
Hash hash_of(const std::uint8_t (&bytes)[N]) {
  static_assert(N == sizeof(Hash));
  Hash hash{};
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

bool is_by_console(const ProvenEvent& proven, const Source& source) {
  return proven.header.source.is_console() &&
         proven.header.source.site == source.site;
}

std::optional<std::string> take_succession(
    const ProvenEvent& proven,
    const strongroom_v1_LogSucceeded& body,
    const Source& source,
    FollowOrder& order) {
  const auto successor = Origin::parse(proven.origin);
  const auto predecessor = Origin::parse(body.predecessor);
  if (!successor || !predecessor) {
    return "the succession does not name two logs";
  }
  if (successor->site != source.site || !is_by_console(proven, source)) {
    return "the succession is of " + proven.origin + " by " +
           proven.header.source.text() + ", not of a log of " + source.site +
           " by its console";
  }
  if (successor->stream == Stream::kRegistry) {
    return "an agent has no part in a registry";
  }
  Origin same = *predecessor;
  same.generation = successor->generation;
  if (same != *successor || successor->generation <= predecessor->generation) {
    return successor->text() + " cannot succeed " + predecessor->text();
  }
  if (proven.index != kSuccessionIndex) {
    return "the succession is not at the beginning of " + proven.origin;
  }
  order.stream = successor->stream;
  order.predecessor = *predecessor;
  order.successor = *successor;
  order.frozen_size = body.frozen_size;
  order.frozen_root = hash_of(body.frozen_root);
  order.signed_size = body.signed_size;
  order.signed_root = hash_of(body.signed_root);
  order.succession = sha256(proven.event);
  return std::nullopt;
}

std::optional<std::string> take_chain(const strongroom_v1_ChainResumed& body,
                                      FollowOrder& order) {
  if (body.next_seq == 0) {
    return "a chain goes on at seq 0";
  }
  if (std::ranges::find(order.chains, body.epoch, &ResumedChain::epoch) !=
      order.chains.end()) {
    return "a chain goes on twice";
  }
  order.chains.push_back(
      {body.epoch, body.next_seq, hash_of(body.head), body.closed});
  return std::nullopt;
}

}  // namespace

Result<FollowOrder> read_follow_order(ByteView pack,
                                      const Source& source,
                                      const Trust& trust,
                                      std::string first_person,
                                      std::string second_person) {
  FollowOrder order;
  order.first_person = std::move(first_person);
  order.second_person = std::move(second_person);
  if (auto what = persons_fault(order.first_person, order.second_person);
      !what.empty()) {
    return fault(std::move(what));
  }
  const auto verdict = verify_pack(pack, trust);
  if (!verdict) {
    return fault("the file does not verify: " + verdict.error().what);
  }
  std::size_t successions = 0;
  for (const ProvenEvent& proven : verdict->events) {
    const auto event = decode_event(proven.event);
    if (!event || event->which_body != strongroom_v1_Event_log_succeeded_tag) {
      continue;
    }
    ++successions;
    if (auto what =
            take_succession(proven, event->body.log_succeeded, source, order)) {
      return fault(std::move(*what));
    }
  }
  if (successions != 1) {
    return fault("the file says of " + std::to_string(successions) +
                 " logs that they have a successor, not of one");
  }
  const std::string origin = order.successor.text();
  for (const ProvenEvent& proven : verdict->events) {
    const auto event = decode_event(proven.event);
    if (!event || event->which_body != strongroom_v1_Event_chain_resumed_tag ||
        proven.origin != origin || !is_by_console(proven, source) ||
        event->body.chain_resumed.source != source.text()) {
      continue;
    }
    if (auto what = take_chain(event->body.chain_resumed, order)) {
      return fault(std::move(*what));
    }
  }
  return order;
}

}  // namespace strongroom
