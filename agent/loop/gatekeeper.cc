// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/gatekeeper.h"

#include <algorithm>

#include "agent/loop/names.h"
#include "agent/loop/panel_bodies.h"

namespace strongroom {
namespace {

constexpr auto kDenied = strongroom_panel_v1_Signal_SIGNAL_DENIED;
constexpr auto kGranted = strongroom_panel_v1_Signal_SIGNAL_GRANTED;
// Longer than a leaf may take to be opened after its release.
constexpr std::chrono::microseconds kPassageForgotten = std::chrono::hours(2);
// The panel's own clock runs beside ours: digits that were keyed in at the last
// moment still count.
constexpr std::chrono::microseconds kPinSlack = std::chrono::seconds(2);

// docs/formats/event.md: of bits that the policy does not know, nobody learns
// more than that they were the same as those of a disclosure.
void put_commitment(strongroom_v1_BadgeRead& body,
                    const CredentialBits& bits,
                    const RandomFill& random) {
  std::array<std::uint8_t, 32> salt{};
  random(salt);
  Bytes bytes(salt.begin(), salt.end());
  bytes.push_back(bits.count);
  append(bytes, ByteView(bits.bits).first((bits.count + 7U) / 8U));
  const Hash hash = sha256(bytes);
  body.commitment.size = static_cast<pb_size_t>(hash.size());
  std::ranges::copy(hash, body.commitment.bytes);
}

}  // namespace

Gatekeeper::Gatekeeper(Recorder& recorder,
                       RandomFill random,
                       OpenOrders& orders,
                       DoorEffects& effects,
                       LookAtLeaf look_at_leaf,
                       std::shared_ptr<const Policy> policy)
    : recorder_(recorder),
      random_(std::move(random)),
      orders_(orders),
      effects_(effects),
      look_at_leaf_(std::move(look_at_leaf)),
      policy_(std::move(policy)) {}

// --- readings ---------------------------------------------------------------

Gatekeeper::LastRead Gatekeeper::known(CredentialFormat format,
                                       const CredentialBits& bits) const {
  LastRead last;
  if (policy_ == nullptr) {
    return last;
  }
  const auto found = policy_->credentials.find({format, bits});
  if (found != policy_->credentials.end()) {
    last.credential = found->second.id;
    last.person = found->second.person;
  }
  return last;
}

void Gatekeeper::record(const Reading& reading, const Now& now) {
  const AccessRequest& request = reading.request;
  LastRead last = known(request.format, request.bits);
  last.leaf = request.leaf;
  last.direction = request.direction;
  EventMessage& event = recorder_.blank();
  event.occurred_us = reading.occurred.time_since_epoch().count();
  event.which_body = strongroom_v1_Event_badge_read_tag;
  auto& body = event.body.badge_read;
  body.has_origin = true;
  body.origin = reading.origin;
  put_text(body.leaf, request.leaf);
  put_text(body.reader, reading.reader_name);
  body.direction = request.direction;
  body.format = request.format;
  body.bit_count = request.bits.count;
  if (last.credential.empty()) {
    put_commitment(body, request.bits, random_);
  } else {
    put_text(body.credential, last.credential);
  }
  recorder_.record(Stream::kRecord, event, now);
  last_reads_[{reading.panel, reading.reader}] = std::move(last);
}

void Gatekeeper::decide(const Reading& reading, const Now& now) {
  // Another badge at this reader: the PIN that was awaited is not his.
  const auto wait = pins_.find({reading.panel, reading.reader});
  if (wait != pins_.end()) {
    drop_pin(wait);
  }
  judge(reading, now);
}

void Gatekeeper::judge(Reading reading, const Now& now) {
  look_at_leaf_(reading);
  AccessDecision decision;
  if (reading.is_readable) {
    decision =
        strongroom::decide(policy_.get(), presence_, reading.request, now);
  } else {
    decision.reason = strongroom_v1_AccessReason_ACCESS_REASON_UNREADABLE;
  }
  strongroom_v1_AccessDecision body = body_of(reading, decision);
  if (decision.is_granted) {
    body.order = unlock(reading, decision, now);
    body.lifetime_ms = static_cast<std::uint32_t>(kUnlockLifetime.count());
  }
  record_decision(body, decision.is_granted, {}, now);
  follow_up(reading, decision, body, now);
}

strongroom_v1_AccessDecision Gatekeeper::body_of(
    const Reading& reading, const AccessDecision& decision) const {
  strongroom_v1_AccessDecision body = strongroom_v1_AccessDecision_init_zero;
  body.has_origin = true;
  body.origin = reading.origin;
  put_text(body.leaf, reading.request.leaf);
  put_text(body.zone, decision.zone.empty() ? reading.zone : decision.zone);
  body.direction = reading.request.direction;
  body.reason = decision.reason;
  body.decided_by = strongroom_v1_DecidedBy_DECIDED_BY_AGENT;
  put_text(body.credential, decision.credential);
  put_text(body.person, decision.person);
  put_text(body.second_person, decision.second_person);
  if (policy_ != nullptr) {
    body.policy_version = policy_->version;
    std::ranges::copy(policy_->hash, body.policy_hash);
  }
  body.passback_violated = decision.obligations.note_passback;
  body.under_fire = reading.is_under_fire;
  return body;
}

void Gatekeeper::record_decision(const strongroom_v1_AccessDecision& body,
                                 bool is_granted,
                                 WallTime occurred,
                                 const Now& now) {
  ++decisions_[body.reason];
  EventMessage& event = recorder_.blank();
  event.occurred_us = occurred.time_since_epoch().count();
  if (is_granted) {
    event.which_body = strongroom_v1_Event_access_granted_tag;
    event.body.access_granted = body;
  } else {
    event.which_body = strongroom_v1_Event_access_denied_tag;
    event.body.access_denied = body;
  }
  recorder_.record(Stream::kRecord, event, now);
}

std::uint32_t Gatekeeper::unlock(const Reading& reading,
                                 const AccessDecision& decision,
                                 const Now& now) {
  const std::uint32_t order =
      orders_.open({reading.panel,
                    strongroom_v1_OrderKind_ORDER_KIND_UNLOCK,
                    reading.request.leaf,
                    now.monotonic,
                    reading.request.read_at});
  effects_.orders.push_back(
      {reading.panel,
       PanelUnlock{order, reading.leaf, {}, now.monotonic + kUnlockLifetime}});
  Passage passage{{decision.person},
                  decision.zone,
                  reading.request.direction,
                  now.monotonic};
  if (!decision.second_person.empty()) {
    passage.persons.push_back(decision.second_person);
  }
  passages_[order] = std::move(passage);
  return order;
}

// What happens besides the record: lights, and what is waited for.
void Gatekeeper::follow_up(const Reading& reading,
                           const AccessDecision& decision,
                           const strongroom_v1_AccessDecision& body,
                           const Now& now) {
  const std::string& leaf = reading.request.leaf;
  const std::chrono::microseconds within = decision.obligations.within;
  if (decision.is_granted) {
    if (reading.request.direction != strongroom_v1_Direction_DIRECTION_OUT) {
      presence_.second_at.erase(leaf);
      seconds_.erase(leaf);
    }
    show(reading, kGranted);
  } else if (decision.obligations.wants_pin) {
    pins_[{reading.panel, reading.reader}] = {
        reading, decision.person, now.monotonic + within + kPinSlack, 0, {}};
    show(reading,
         strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED,
         decision.obligations.within);
  } else if (decision.obligations.wants_second_person) {
    if (const auto first = seconds_.find(leaf); first != seconds_.end()) {
      give_up_second(first, now);  // he does not count any more
    }
    presence_.second_at[leaf] = {decision.person,
                                 now.wall + within,
                                 reading.request.format,
                                 reading.request.bits};
    seconds_[leaf] = {body, now.monotonic + within};
    show(reading,
         strongroom_panel_v1_Signal_SIGNAL_SECOND_WANTED,
         decision.obligations.within);
  } else if (decision.reason !=
             strongroom_v1_AccessReason_ACCESS_REASON_TOO_LATE) {
    show(reading, kDenied);  // who was too late is not there any more
  }
}

void Gatekeeper::show(const Reading& reading,
                      strongroom_panel_v1_Signal signal,
                      std::chrono::milliseconds duration) {
  effects_.orders.push_back(
      {reading.panel, PanelIndicate{reading.reader, signal, duration}});
}

// --- PINs -------------------------------------------------------------------

void Gatekeeper::pin_came(const std::string& panel,
                          PanelPin& pin,
                          WallTime at,
                          const Now& now) {
  const auto wait = pins_.find({panel, pin.reader});
  if (wait == pins_.end() || wait->second.ticket != 0 ||
      now.monotonic > wait->second.until) {
    wipe(pin.digits);  // nobody asked for them
    return;
  }
  // He stood there a moment ago: the time of the badge counts no more.
  wait->second.reading.request.read_at = at;
  std::string verifier = verifier_of(wait->second.person);
  if (verifier.empty()) {
    wipe(pin.digits);
    settle_pin(wait, PinCheck::kUnavailable, now);
    return;
  }
  if (is_pin_locked(wait->second.person, now)) {
    wipe(pin.digits);
    settle_pin(wait, PinCheck::kLocked, now);
    return;
  }
  wait->second.ticket = ++last_ticket_;
  effects_.pins.push_back({last_ticket_, verifier, pin.digits});
  wait->second.verifier = std::move(verifier);
  wipe(pin.digits);
}

void Gatekeeper::pin_answered(const PinAnswer& answer, const Now& now) {
  const auto wait = std::ranges::find_if(pins_, [&](const auto& each) {
    return each.second.ticket == answer.ticket;
  });
  if (wait == pins_.end()) {
    // Another badge came meanwhile: it opens nothing, and a wrong one counts.
    auto overtaken = overtaken_pins_.extract(answer.ticket);
    if (!overtaken.empty() && !answer.is_right) {
      PinWait& tried = overtaken.mapped();
      count_pin(tried, false, now);
      tried.reading.request.pin = PinCheck::kWrong;
      const AccessDecision decision = strongroom::decide(
          policy_.get(), presence_, tried.reading.request, now);
      record_decision(body_of(tried.reading, decision), false, {}, now);
    }
    return;
  }
  if (wait->second.verifier != verifier_of(wait->second.person)) {
    // Another policy came meanwhile: by it nobody has compared them.
    settle_pin(wait, PinCheck::kUnavailable, now);
    return;
  }
  count_pin(wait->second, answer.is_right, now);
  settle_pin(wait, answer.is_right ? PinCheck::kRight : PinCheck::kWrong, now);
}

std::string Gatekeeper::verifier_of(const std::string& person) const {
  if (policy_ == nullptr) {
    return {};
  }
  const auto found = policy_->persons.find(person);
  return found == policy_->persons.end() ? "" : found->second.pin_verifier;
}

void Gatekeeper::count_pin(const PinWait& wait, bool is_right, const Now& now) {
  if (is_right) {
    wrong_pins_.erase(wait.person);
    return;
  }
  WrongPins& wrong = wrong_pins_[wait.person];
  wrong = {is_pin_locked(wait.person, now) ? wrong.count : wrong.count + 1,
           now.monotonic};
}

void Gatekeeper::drop_pin(std::map<ReaderKey, PinWait>::iterator wait) {
  if (wait->second.ticket != 0) {
    overtaken_pins_[wait->second.ticket] = std::move(wait->second);
  }
  pins_.erase(wait);
}

void Gatekeeper::pin_refused(std::uint64_t ticket, const Now& now) {
  overtaken_pins_.erase(ticket);
  const auto wait = std::ranges::find_if(
      pins_, [&](const auto& each) { return each.second.ticket == ticket; });
  if (wait != pins_.end()) {
    settle_pin(wait, PinCheck::kUnavailable, now);
  }
}

void Gatekeeper::settle_pin(std::map<ReaderKey, PinWait>::iterator wait,
                            PinCheck check,
                            const Now& now) {
  Reading reading = std::move(wait->second.reading);
  pins_.erase(wait);
  reading.request.pin = check;
  judge(std::move(reading), now);
}

bool Gatekeeper::is_pin_locked(const std::string& person,
                               const Now& now) const {
  const auto wrong = wrong_pins_.find(person);
  return wrong != wrong_pins_.end() && wrong->second.count >= kMaxWrongPins &&
         now.monotonic - wrong->second.last < kPinLock;
}

// --- presence ---------------------------------------------------------------

void Gatekeeper::passed(std::uint32_t order) {
  const auto found = passages_.find(order);
  if (found == passages_.end()) {
    return;
  }
  const Passage& passage = found->second;
  for (const std::string& person : passage.persons) {
    if (passage.direction == strongroom_v1_Direction_DIRECTION_IN) {
      presence_.zone_of[person] = passage.zone;
    } else if (passage.direction == strongroom_v1_Direction_DIRECTION_OUT) {
      presence_.zone_of.erase(person);
    }
  }
  passages_.erase(found);
}

void Gatekeeper::give_up_second(
    std::map<std::string, SecondWait>::iterator wait, const Now& now) {
  strongroom_v1_AccessDecision body = wait->second.body;
  body.reason = strongroom_v1_AccessReason_ACCESS_REASON_SECOND_PERSON_TIMEOUT;
  presence_.second_at.erase(wait->first);
  seconds_.erase(wait);
  record_decision(body, false, {}, now);
}

void Gatekeeper::tick(const Now& now) {
  forget_kept(now);
  for (auto at = pins_.begin(); at != pins_.end();) {
    const auto wait = at++;
    if (now.monotonic > wait->second.until) {
      drop_pin(wait);
    }
  }
  std::erase_if(wrong_pins_, [&](const auto& each) {
    return now.monotonic - each.second.last >= kPinLock;
  });
  std::erase_if(passages_, [&](const auto& each) {
    return now.monotonic - each.second.given >= kPassageForgotten;
  });
  for (auto at = seconds_.begin(); at != seconds_.end();) {
    const auto wait = at++;
    if (now.monotonic >= wait->second.until) {
      give_up_second(wait, now);
    }
  }
}

}  // namespace strongroom
