// SPDX-License-Identifier: Apache-2.0
#include "core/access/decide.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

using std::chrono::minutes;

constexpr int kMinutesPerWeek = 7 * 24 * 60;
/// 1970-01-01 was a Thursday.
constexpr int kEpochMinuteOfWeek = 3 * 24 * 60;

int minute_of_week(WallTime at, minutes utc_offset) {
  const auto local = std::chrono::floor<minutes>(at + utc_offset);
  const auto since = local.time_since_epoch().count() + kEpochMinuteOfWeek;
  return static_cast<int>((since % kMinutesPerWeek + kMinutesPerWeek) %
                          kMinutesPerWeek);
}

/// One decision in the making: what was found so far, and the first reason
/// that denies.
class Judge {
 public:
  Judge(const Policy* policy,
        const Presence& presence,
        const AccessRequest& request,
        const Now& now)
      : policy_(policy), presence_(presence), request_(request), now_(now) {}

  AccessDecision judge() {
    using Step = std::optional<AccessReason> (Judge::*)();
    // Who it is is looked up first, so that a denial can name it.
    find_out();
    for (const Step step : {&Judge::policy_in_force,
                            &Judge::leaf_usable,
                            &Judge::read_in_time,
                            &Judge::credential_valid,
                            &Judge::has_right,
                            &Judge::passback,
                            &Judge::pin,
                            &Judge::second_person}) {
      if (const auto reason = (this->*step)()) {
        decision_.reason = *reason;
        return std::move(decision_);
      }
    }
    decision_.is_granted = true;
    decision_.reason = strongroom_v1_AccessReason_ACCESS_REASON_GRANT;
    return std::move(decision_);
  }

 private:
  using Denial = std::optional<AccessReason>;

  bool is_leaving() const {
    return request_.direction == strongroom_v1_Direction_DIRECTION_OUT;
  }
  bool knows_time() const { return now_.quality != ClockQuality::kUnknown; }

  void find_out() {
    if (policy_ == nullptr) {
      return;
    }
    if (const auto leaf = policy_->leaves.find(request_.leaf);
        leaf != policy_->leaves.end()) {
      leaf_ = &leaf->second;
      decision_.zone = leaf_->zone;
      const auto zone = policy_->zones.find(leaf_->zone);
      zone_ = zone == policy_->zones.end() ? nullptr : &zone->second;
    }
    const auto credential =
        policy_->credentials.find({request_.format, request_.bits});
    if (credential == policy_->credentials.end()) {
      return;
    }
    credential_ = &credential->second;
    decision_.credential = credential_->id;
    if (const auto person = policy_->persons.find(credential_->person);
        person != policy_->persons.end()) {
      person_ = &person->second;
      decision_.person = person_->id;
    }
  }

  Denial policy_in_force() {
    if (policy_ == nullptr) {
      return strongroom_v1_AccessReason_ACCESS_REASON_NO_SHARE;
    }
    if (is_leaving()) {
      return std::nullopt;
    }
    if (!policy_->valid_until && policy_->valid_from == WallTime{}) {
      return std::nullopt;
    }
    if (!knows_time()) {
      return strongroom_v1_AccessReason_ACCESS_REASON_CLOCK_UNKNOWN;
    }
    const bool is_over =
        policy_->valid_until && now_.wall >= *policy_->valid_until;
    if (is_over || now_.wall < policy_->valid_from) {
      return strongroom_v1_AccessReason_ACCESS_REASON_SHARE_TOO_OLD;
    }
    return std::nullopt;
  }

  Denial leaf_usable() {
    if (request_.leaf.empty()) {
      return strongroom_v1_AccessReason_ACCESS_REASON_NO_LEAF;
    }
    if (is_leaving()) {
      return std::nullopt;
    }
    if (leaf_ != nullptr && leaf_->is_disabled) {
      return strongroom_v1_AccessReason_ACCESS_REASON_LEAF_DISABLED;
    }
    if (request_.is_lockdown) {
      return strongroom_v1_AccessReason_ACCESS_REASON_LOCKDOWN;
    }
    return std::nullopt;
  }

  // One that lies as far in the future is of a clock that is wrong: that must
  // shut nobody in. Who has gone does not leave again.
  Denial read_in_time() {
    const auto age = now_.wall - request_.read_at;
    if (age > kLatestRead || (age < -kLatestRead && !is_leaving())) {
      return strongroom_v1_AccessReason_ACCESS_REASON_TOO_LATE;
    }
    return std::nullopt;
  }

  Denial credential_valid() {
    if (credential_ == nullptr || person_ == nullptr) {
      return strongroom_v1_AccessReason_ACCESS_REASON_UNKNOWN_CREDENTIAL;
    }
    if (credential_->is_revoked) {
      return strongroom_v1_AccessReason_ACCESS_REASON_CREDENTIAL_REVOKED;
    }
    if (is_leaving()) {
      return std::nullopt;
    }
    const bool has_times =
        credential_->valid_until || credential_->valid_from != WallTime{};
    if (has_times && !knows_time()) {
      return strongroom_v1_AccessReason_ACCESS_REASON_CLOCK_UNKNOWN;
    }
    if (now_.wall < credential_->valid_from) {
      return strongroom_v1_AccessReason_ACCESS_REASON_CREDENTIAL_NOT_YET_VALID;
    }
    if (credential_->valid_until && now_.wall >= *credential_->valid_until) {
      return strongroom_v1_AccessReason_ACCESS_REASON_CREDENTIAL_EXPIRED;
    }
    if (person_->is_suspended) {
      return strongroom_v1_AccessReason_ACCESS_REASON_PERSON_SUSPENDED;
    }
    return std::nullopt;
  }

  bool is_open(const PolicySchedule& schedule) const {
    const int minute = minute_of_week(now_.wall, policy_->utc_offset);
    return std::ranges::any_of(schedule.spans, [minute](const auto& span) {
      return minute >= span.from && minute < span.to;
    });
  }

  Denial has_right() {
    if (is_leaving()) {
      return std::nullopt;
    }
    if (zone_ == nullptr) {
      return strongroom_v1_AccessReason_ACCESS_REASON_NO_GRANT;
    }
    Denial denial = strongroom_v1_AccessReason_ACCESS_REASON_NO_GRANT;
    const auto key =
        std::pair(std::string_view(person_->id), std::string_view(zone_->name));
    const auto grants = std::ranges::equal_range(
        policy_->grants, key, {}, [](const PolicyGrant& grant) {
          return std::pair(std::string_view(grant.person),
                           std::string_view(grant.zone));
        });
    for (const PolicyGrant& grant : grants) {
      if (grant.schedule.empty()) {
        return std::nullopt;
      }
      const auto schedule = policy_->schedules.find(grant.schedule);
      if (schedule == policy_->schedules.end()) {
        continue;  // a right whose hours nobody knows is none
      }
      if (!knows_time()) {
        denial = strongroom_v1_AccessReason_ACCESS_REASON_CLOCK_UNKNOWN;
      } else if (is_open(schedule->second)) {
        return std::nullopt;
      } else {
        denial = strongroom_v1_AccessReason_ACCESS_REASON_OUT_OF_SCHEDULE;
      }
    }
    return denial;
  }

  Denial passback() {
    if (zone_ == nullptr || zone_->passback == PassbackMode::kOff ||
        request_.direction == strongroom_v1_Direction_DIRECTION_UNSPECIFIED) {
      return std::nullopt;
    }
    const auto at = presence_.zone_of.find(person_->id);
    const bool is_inside =
        at != presence_.zone_of.end() && at->second == zone_->name;
    if (is_inside == is_leaving()) {
      return std::nullopt;
    }
    if (!is_leaving() && zone_->passback == PassbackMode::kHard) {
      return strongroom_v1_AccessReason_ACCESS_REASON_PASSBACK;
    }
    decision_.obligations.note_passback = true;
    return std::nullopt;
  }

  Denial pin() {
    if (is_leaving()) {
      return std::nullopt;
    }
    switch (request_.pin) {
      case PinCheck::kRight:
        return std::nullopt;
      case PinCheck::kDuress:
        decision_.obligations.raise_duress = true;
        return std::nullopt;
      case PinCheck::kWrong:
        return strongroom_v1_AccessReason_ACCESS_REASON_PIN_WRONG;
      case PinCheck::kLocked:
        return strongroom_v1_AccessReason_ACCESS_REASON_PIN_LOCKED;
      case PinCheck::kUnavailable:
        return strongroom_v1_AccessReason_ACCESS_REASON_AUTHENTICATION_UNAVAILABLE;
      case PinCheck::kNotGiven:
        break;
    }
    if (!zone_->wants_pin) {
      return std::nullopt;
    }
    if (person_->pin_verifier.empty()) {
      return strongroom_v1_AccessReason_ACCESS_REASON_AUTHENTICATION_UNAVAILABLE;
    }
    decision_.obligations.wants_pin = true;
    return strongroom_v1_AccessReason_ACCESS_REASON_PIN_WANTED;
  }

  // What was right of him then may be wrong by now: another policy, another
  // hour.
  bool still_may_enter(const PendingSecond& first) const {
    AccessRequest request = request_;
    request.format = first.format;
    request.bits = first.bits;
    Judge judge(policy_, presence_, request, now_);
    judge.find_out();
    return judge.decision_.person == first.person &&
           !judge.credential_valid() && !judge.has_right();
  }

  Denial second_person() {
    if (is_leaving() || !zone_->wants_two_persons) {
      return std::nullopt;
    }
    const auto first = presence_.second_at.find(request_.leaf);
    if (first == presence_.second_at.end() || first->second.until < now_.wall ||
        !still_may_enter(first->second)) {
      decision_.obligations.wants_second_person = true;
      return strongroom_v1_AccessReason_ACCESS_REASON_SECOND_PERSON_WANTED;
    }
    if (first->second.person == person_->id) {
      return strongroom_v1_AccessReason_ACCESS_REASON_SAME_PERSON;
    }
    decision_.second_person = first->second.person;
    return std::nullopt;
  }

  const Policy* policy_;
  const Presence& presence_;
  const AccessRequest& request_;
  const Now& now_;
  const PolicyLeaf* leaf_ = nullptr;
  const PolicyZone* zone_ = nullptr;
  const PolicyCredential* credential_ = nullptr;
  const PolicyPerson* person_ = nullptr;
  AccessDecision decision_;
};

}  // namespace

AccessDecision decide(const Policy* policy,
                      const Presence& presence,
                      const AccessRequest& request,
                      const Now& now) {
  return Judge(policy, presence, request, now).judge();
}

}  // namespace strongroom
