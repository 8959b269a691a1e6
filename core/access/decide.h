// SPDX-License-Identifier: Apache-2.0
// Who may open what: a pure function of policy, presence, request and time.
// Deny overrides. Every reason maps to a BACnet AccessEvent
// (docs/formats/access.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/policy.h"
#include "core/access/presence.h"
#include "core/base/now.h"
#include "proto/event.pb.h"

namespace strongroom {

using AccessReason = strongroom_v1_AccessReason;

enum class PinCheck : std::uint8_t {
  kNotGiven,
  kRight,  // verified beforehand, on a worker
  kWrong,
  kLocked,       // too many wrong ones
  kDuress,       // the right one, under threat
  kUnavailable,  // nobody can verify it now
};

struct AccessRequest {
  std::string leaf;  // by name; empty: none was picked at a shared reader
  strongroom_v1_Direction direction{};
  CredentialFormat format{};
  CredentialBits bits;
  PinCheck pin = PinCheck::kNotGiven;
  WallTime read_at{};        // when the badge was read
  bool is_lockdown = false;  // of this leaf
};

/// What must happen besides, or before, the door opens.
struct Obligations {
  bool wants_pin = false;
  bool wants_second_person = false;  // another badge, within second_within
  bool wants_escort = false;
  bool raise_duress = false;        // silently
  bool note_passback = false;       // soft: granted, and recorded
  std::chrono::seconds within{15};  // of what is wanted
};

struct AccessDecision {
  bool is_granted = false;
  AccessReason reason{};
  Obligations obligations;
  // What the policy knows of the credential; empty: nothing.
  std::string credential;
  std::string person;
  std::string second_person;  // granted to two
  std::string zone;           // behind the leaf
};

/// A badge that was read longer ago opens nothing: its owner has gone.
inline constexpr std::chrono::seconds kLatestRead{10};
/// `read_at` of a badge that must open nothing any more, by whatever clock.
inline constexpr WallTime kReadLongAgo{-std::chrono::hours(24 * 36525)};

/// The first of these that applies denies: no policy; a policy outside its
/// time; no leaf picked; leaf disabled; lockdown; read too long ago; credential
/// not known, revoked, outside its time; person suspended; no right to the
/// zone; right but not now; passback; PIN; second person. What depends on the
/// time of day is denied while the clock is unknown. Leaving needs a policy, a
/// leaf and a known credential that is not revoked and was read just now, and
/// nothing more: nobody is shut in. Of two persons the first is judged again
/// when the second comes.
AccessDecision decide(const Policy* policy,
                      const Presence& presence,
                      const AccessRequest& request,
                      const Now& now);

/// ASHRAE 135 clause 12.33, BACnetAccessEvent, of a reason.
struct BacnetAccessEvent {
  int number = 0;
  std::string_view name;
};
BacnetAccessEvent bacnet_event(AccessReason reason);

/// "no-grant": for pages, logs and tests.
std::string_view access_reason_name(AccessReason reason);

}  // namespace strongroom
