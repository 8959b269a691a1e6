// SPDX-License-Identifier: Apache-2.0
// Every reason that a policy can lead to, what overrides what, and that nobody
// is shut in.
#include "core/access/decide.h"

#include <functional>
#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

#define REASON(word) strongroom_v1_AccessReason_ACCESS_REASON_##word

constexpr auto kFormat =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100;
constexpr CredentialBits kAnna{40, {0x3C, 0x00, 0xCE, 0x75, 0x4C}};
constexpr CredentialBits kBoris{40, {0x1F, 0x00, 0x64, 0x4B, 0xB6}};
constexpr CredentialBits kNobody{40, {0x0D, 0x00, 0x31, 0x9C, 0xD0}};
// Monday 2026-11-16 10:00 in a zone of +08:00.
constexpr WallTime kMonday{seconds(1'794'794'400)};

struct World {
  Policy policy;
  bool has_policy = true;
  Presence presence;
  AccessRequest request;
  Now now;

  World() {
    policy.version = 7;
    policy.leaves = {{"door", {"door", "vault"}}, {"gate", {"gate", "yard"}}};
    policy.zones = {{"vault", {"vault"}}, {"yard", {"yard"}}};
    policy.persons = {{"p-anna", {"p-anna", false, "$argon2id$"}},
                      {"p-boris", {"p-boris", false, "$argon2id$"}}};
    policy.credentials = {{{kFormat, kAnna}, {"c-1", "p-anna"}},
                          {{kFormat, kBoris}, {"c-2", "p-boris"}}};
    policy.schedules = {{"office", {{{480, 1080}}}}};  // Monday 08-18
    policy.grants = {{"p-anna", "vault", ""}, {"p-boris", "vault", "office"}};
    request.leaf = "door";
    request.direction = strongroom_v1_Direction_DIRECTION_IN;
    request.format = kFormat;
    request.bits = kAnna;
    request.read_at = kMonday;
    now.wall = kMonday;
    now.quality = ClockQuality::kGood;
  }
  AccessDecision decision() const {
    return decide(has_policy ? &policy : nullptr, presence, request, now);
  }
  PolicyZone& vault() { return policy.zones.at("vault"); }
  PolicyCredential& anna() { return policy.credentials.at({kFormat, kAnna}); }
  void each_person(const std::function<void(PolicyPerson&)>& change) {
    for (auto& [id, person] : policy.persons) {
      change(person);
    }
  }
  void later(std::chrono::microseconds by) {
    now.wall += by;
    request.read_at += by;
  }
};

TEST(Decide, AStandingRightOpens_AndNamesWhom) {
  const auto decision = World().decision();
  EXPECT_TRUE(decision.is_granted);
  EXPECT_EQ(decision.reason, REASON(GRANT));
  EXPECT_EQ(decision.credential, "c-1");
  EXPECT_EQ(decision.person, "p-anna");
  EXPECT_EQ(decision.zone, "vault");
}

struct Case {
  const char* name;
  AccessReason reason;
  std::function<void(World&)> change;
};

// In the order of the header: each also holds with everything before it in
// order and everything after it wrong.
const Case kDenials[] = {
    {"no policy", REASON(NO_SHARE), [](World& w) { w.has_policy = false; }},
    {"policy over",
     REASON(SHARE_TOO_OLD),
     [](World& w) { w.policy.valid_until = w.now.wall; }},
    {"policy not yet",
     REASON(SHARE_TOO_OLD),
     [](World& w) { w.policy.valid_from = w.now.wall + seconds(1); }},
    {"no leaf", REASON(NO_LEAF), [](World& w) { w.request.leaf = ""; }},
    {"leaf disabled",
     REASON(LEAF_DISABLED),
     [](World& w) { w.policy.leaves.at("door").is_disabled = true; }},
    {"lockdown",
     REASON(LOCKDOWN),
     [](World& w) { w.request.is_lockdown = true; }},
    {"read long ago",
     REASON(TOO_LATE),
     [](World& w) {
       w.request.read_at = w.now.wall - kLatestRead - seconds(1);
     }},
    {"read in the future",
     REASON(TOO_LATE),
     [](World& w) {
       w.request.read_at = w.now.wall + kLatestRead + seconds(1);
     }},
    {"nobody's",
     REASON(UNKNOWN_CREDENTIAL),
     [](World& w) { w.request.bits = kNobody; }},
    {"other format",
     REASON(UNKNOWN_CREDENTIAL),
     [](World& w) {
       w.request.format =
           strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10302;
     }},
    {"of no person",
     REASON(UNKNOWN_CREDENTIAL),
     [](World& w) { w.policy.persons.erase("p-anna"); }},
    {"revoked",
     REASON(CREDENTIAL_REVOKED),
     [](World& w) { w.anna().is_revoked = true; }},
    {"not yet valid",
     REASON(CREDENTIAL_NOT_YET_VALID),
     [](World& w) { w.anna().valid_from = w.now.wall + seconds(1); }},
    {"expired",
     REASON(CREDENTIAL_EXPIRED),
     [](World& w) { w.anna().valid_until = w.now.wall; }},
    {"suspended",
     REASON(PERSON_SUSPENDED),
     [](World& w) { w.each_person([](auto& p) { p.is_suspended = true; }); }},
    {"other zone", REASON(NO_GRANT), [](World& w) { w.request.leaf = "gate"; }},
    {"unknown leaf",
     REASON(NO_GRANT),
     [](World& w) { w.request.leaf = "nowhere"; }},
    {"out of hours",
     REASON(OUT_OF_SCHEDULE),
     [](World& w) {
       w.policy.grants = {{"p-anna", "vault", "office"}};
       w.policy.schedules = {{"office", {{{0, 480}}}}};
     }},
    {"schedule unknown",
     REASON(NO_GRANT),
     [](World& w) { w.policy.grants = {{"p-anna", "vault", "gone"}}; }},
    {"twice in",
     REASON(PASSBACK),
     [](World& w) {
       w.vault().passback = PassbackMode::kHard;
       w.presence.zone_of["p-anna"] = "vault";
     }},
    {"PIN", REASON(PIN_WANTED), [](World& w) { w.vault().wants_pin = true; }},
    {"wrong PIN",
     REASON(PIN_WRONG),
     [](World& w) { w.request.pin = PinCheck::kWrong; }},
    {"locked PIN",
     REASON(PIN_LOCKED),
     [](World& w) { w.request.pin = PinCheck::kLocked; }},
    {"nobody can check",
     REASON(AUTHENTICATION_UNAVAILABLE),
     [](World& w) { w.request.pin = PinCheck::kUnavailable; }},
    {"has no PIN",
     REASON(AUTHENTICATION_UNAVAILABLE),
     [](World& w) {
       w.vault().wants_pin = true;
       w.each_person([](auto& p) { p.pin_verifier.clear(); });
     }},
    {"alone",
     REASON(SECOND_PERSON_WANTED),
     [](World& w) { w.vault().wants_two_persons = true; }},
    {"twice the same",
     REASON(SAME_PERSON),
     [](World& w) {
       w.vault().wants_two_persons = true;
       w.presence.second_at["door"] = {
           "p-anna", w.now.wall + seconds(1), kFormat, kAnna};
     }},
};

TEST(Decide, EachReasonDenies) {
  for (const Case& each : kDenials) {
    World world;
    each.change(world);
    const auto decision = world.decision();
    EXPECT_FALSE(decision.is_granted) << each.name;
    EXPECT_EQ(decision.reason, each.reason) << each.name;
  }
}

TEST(Decide, OfTwoReasonsADenialIsAlwaysOne) {
  for (const Case& one : kDenials) {
    for (const Case& other : kDenials) {
      World world;
      one.change(world);
      other.change(world);
      const auto decision = world.decision();
      EXPECT_FALSE(decision.is_granted) << one.name << " and " << other.name;
    }
  }
}

TEST(Decide, TheEarlierReasonIsTold) {
  World world;
  world.vault().wants_pin = true;
  world.request.is_lockdown = true;
  EXPECT_EQ(world.decision().reason, REASON(LOCKDOWN));
  EXPECT_FALSE(world.decision().obligations.wants_pin);
  world.anna().is_revoked = true;
  world.request.is_lockdown = false;
  EXPECT_EQ(world.decision().reason, REASON(CREDENTIAL_REVOKED));
}

TEST(Decide, ADenialNamesWhoWasDenied) {
  World world;
  world.anna().is_revoked = true;
  const auto decision = world.decision();
  EXPECT_EQ(decision.credential, "c-1");
  EXPECT_EQ(decision.person, "p-anna");
}

TEST(Decide, HoursAreThoseOfTheSite) {
  World world;
  world.request.bits = kBoris;
  EXPECT_TRUE(world.decision().is_granted);
  world.later(hours(7) + minutes(59));  // 17:59
  EXPECT_TRUE(world.decision().is_granted);
  world.later(minutes(1));
  EXPECT_EQ(world.decision().reason, REASON(OUT_OF_SCHEDULE));
  world.later(hours(7 * 24 - 10));  // Monday 08:00
  EXPECT_TRUE(world.decision().is_granted);
  world.later(-minutes(1));
  EXPECT_FALSE(world.decision().is_granted);
  world.later(hours(24) + minutes(1));  // Tuesday 08:00
  EXPECT_FALSE(world.decision().is_granted);
}

TEST(Decide, OneOfSeveralRightsIsEnough) {
  World world;
  world.request.bits = kBoris;
  world.later(hours(12));
  EXPECT_FALSE(world.decision().is_granted);
  world.policy.grants.push_back({"p-boris", "vault", ""});
  EXPECT_TRUE(world.decision().is_granted);
}

TEST(Decide, UnknownTimeDeniesWhatDependsOnIt_AndNothingElse) {
  World world;
  world.now.quality = ClockQuality::kUnknown;
  EXPECT_TRUE(world.decision().is_granted);
  world.request.bits = kBoris;
  EXPECT_EQ(world.decision().reason, REASON(CLOCK_UNKNOWN));
  world.request.bits = kAnna;
  world.anna().valid_until = kMonday + hours(1);
  EXPECT_EQ(world.decision().reason, REASON(CLOCK_UNKNOWN));
  world.anna().valid_until.reset();
  world.policy.valid_until = kMonday + hours(1);
  EXPECT_EQ(world.decision().reason, REASON(CLOCK_UNKNOWN));
}

TEST(Decide, ThePinOpens_TheOneUnderThreatToo) {
  World world;
  world.vault().wants_pin = true;
  EXPECT_TRUE(world.decision().obligations.wants_pin);
  world.request.pin = PinCheck::kRight;
  EXPECT_TRUE(world.decision().is_granted);
  EXPECT_FALSE(world.decision().obligations.raise_duress);
  world.request.pin = PinCheck::kDuress;
  EXPECT_TRUE(world.decision().is_granted);
  EXPECT_TRUE(world.decision().obligations.raise_duress);
}

TEST(Decide, TwoPersonsOpenTogether_WithinTheirTime) {
  World world;
  world.vault().wants_two_persons = true;
  EXPECT_TRUE(world.decision().obligations.wants_second_person);
  world.presence.second_at["door"] = {
      "p-boris", kMonday + seconds(15), kFormat, kBoris};
  EXPECT_TRUE(world.decision().is_granted);
  EXPECT_EQ(world.decision().second_person, "p-boris");
  world.later(seconds(16));
  EXPECT_EQ(world.decision().reason, REASON(SECOND_PERSON_WANTED));
}

TEST(Decide, TheFirstOfTwoIsJudgedAgain) {
  const std::function<void(World&)> changes[] = {
      [](World& w) { w.policy.persons.at("p-boris").is_suspended = true; },
      [](World& w) {
        w.policy.credentials.at({kFormat, kBoris}).is_revoked = true;
      },
      [](World& w) { w.policy.credentials.erase({kFormat, kBoris}); },
      [](World& w) {
        w.policy.credentials.at({kFormat, kBoris}).person = "p-anna";
      },
      [](World& w) { w.policy.schedules["office"] = {}; },
      [](World& w) { w.policy.grants = {{"p-anna", "vault", ""}}; }};
  for (const auto& change : changes) {
    World world;
    world.vault().wants_two_persons = true;
    world.presence.second_at["door"] = {
        "p-boris", kMonday + seconds(15), kFormat, kBoris};
    EXPECT_TRUE(world.decision().is_granted);
    change(world);
    EXPECT_EQ(world.decision().reason, REASON(SECOND_PERSON_WANTED));
    EXPECT_EQ(world.decision().second_person, "");
  }
}

TEST(Decide, SoftPassbackOpensAndIsNoted) {
  World world;
  world.vault().passback = PassbackMode::kSoft;
  EXPECT_FALSE(world.decision().obligations.note_passback);
  world.presence.zone_of["p-anna"] = "vault";
  EXPECT_TRUE(world.decision().is_granted);
  EXPECT_TRUE(world.decision().obligations.note_passback);
}

TEST(Decide, WhoIsInsideGetsOut) {
  for (const Case& each : kDenials) {
    World world;
    each.change(world);
    world.request.direction = strongroom_v1_Direction_DIRECTION_OUT;
    const AccessReason reason = each.reason;
    const bool may_leave =
        reason == REASON(SHARE_TOO_OLD) || reason == REASON(LEAF_DISABLED) ||
        reason == REASON(LOCKDOWN) ||
        std::string_view(each.name) == "read in the future" ||
        reason == REASON(CREDENTIAL_NOT_YET_VALID) ||
        reason == REASON(CREDENTIAL_EXPIRED) ||
        reason == REASON(PERSON_SUSPENDED) || reason == REASON(NO_GRANT) ||
        reason == REASON(OUT_OF_SCHEDULE) || reason == REASON(PASSBACK) ||
        reason == REASON(PIN_WANTED) || reason == REASON(PIN_WRONG) ||
        reason == REASON(PIN_LOCKED) ||
        reason == REASON(AUTHENTICATION_UNAVAILABLE) ||
        reason == REASON(SECOND_PERSON_WANTED) || reason == REASON(SAME_PERSON);
    EXPECT_EQ(world.decision().is_granted, may_leave) << each.name;
  }
}

TEST(Decide, LeavingNeedsNoTime) {
  World world;
  world.request.direction = strongroom_v1_Direction_DIRECTION_OUT;
  world.now.quality = ClockQuality::kUnknown;
  world.policy.valid_until = kMonday + hours(1);
  world.anna().valid_until = kMonday + hours(1);
  EXPECT_TRUE(world.decision().is_granted);
  world.request.read_at = kReadLongAgo;
  EXPECT_EQ(world.decision().reason, REASON(TOO_LATE));
  world.now.wall = WallTime{};  // a clock that begins at its epoch
  EXPECT_EQ(world.decision().reason, REASON(TOO_LATE));
}

TEST(Decide, LeavingWhereNobodyEnteredIsNoted_NeverStopped) {
  World world;
  world.vault().passback = PassbackMode::kHard;
  world.request.direction = strongroom_v1_Direction_DIRECTION_OUT;
  EXPECT_TRUE(world.decision().is_granted);
  EXPECT_TRUE(world.decision().obligations.note_passback);
  world.presence.zone_of["p-anna"] = "vault";
  EXPECT_FALSE(world.decision().obligations.note_passback);
}

}  // namespace
}  // namespace strongroom
