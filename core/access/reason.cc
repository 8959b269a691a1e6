// SPDX-License-Identifier: Apache-2.0
// What each reason is called, here and in BACnet.
#include <array>

#include "core/access/decide.h"

namespace strongroom {
namespace {

struct ReasonRow {
  AccessReason reason{};
  std::string_view name;
  BacnetAccessEvent bacnet;
};

#define REASON(word) strongroom_v1_AccessReason_ACCESS_REASON_##word
constexpr std::array kReasons = {
    ReasonRow{REASON(UNSPECIFIED), "unspecified", {0, "none"}},
    ReasonRow{REASON(GRANT), "grant", {1, "granted"}},
    ReasonRow{REASON(PERMIT), "permit", {1, "granted"}},
    ReasonRow{REASON(OFFLINE_LIST), "offline-list", {1, "granted"}},
    ReasonRow{REASON(REMOTE_RELEASE), "remote-release", {1, "granted"}},
    ReasonRow{REASON(UNKNOWN_CREDENTIAL),
              "unknown-credential",
              {129, "denied-unknown-credential"}},
    ReasonRow{REASON(CREDENTIAL_REVOKED),
              "credential-revoked",
              {153, "denied-credential-manual-disable"}},
    ReasonRow{REASON(CREDENTIAL_NOT_YET_VALID),
              "credential-not-yet-valid",
              {151, "denied-credential-not-yet-active"}},
    ReasonRow{REASON(CREDENTIAL_EXPIRED),
              "credential-expired",
              {152, "denied-credential-expired"}},
    ReasonRow{REASON(PERSON_SUSPENDED),
              "person-suspended",
              {158, "denied-credential-disabled"}},
    ReasonRow{
        REASON(OFF_ROSTER), "off-roster", {135, "denied-no-access-rights"}},
    ReasonRow{
        REASON(NO_GRANT), "no-grant", {133, "denied-zone-no-access-rights"}},
    ReasonRow{REASON(OUT_OF_SCHEDULE),
              "out-of-schedule",
              {136, "denied-out-of-time-range"}},
    ReasonRow{REASON(OUTSIDE_PERMIT),
              "outside-permit",
              {135, "denied-no-access-rights"}},
    ReasonRow{REASON(PIN_WANTED), "pin-wanted", {15, "verification-required"}},
    ReasonRow{REASON(PIN_WRONG),
              "pin-wrong",
              {132, "denied-incorrect-authentication-factor"}},
    ReasonRow{REASON(PIN_LOCKED), "pin-locked", {140, "denied-max-attempts"}},
    ReasonRow{REASON(SECOND_PERSON_WANTED),
              "second-person-wanted",
              {14, "authorization-delayed"}},
    ReasonRow{REASON(SECOND_PERSON_TIMEOUT),
              "second-person-timeout",
              {159, "denied-no-accompaniment"}},
    ReasonRow{REASON(SAME_PERSON),
              "same-person",
              {160, "denied-incorrect-accompaniment"}},
    ReasonRow{REASON(ESCORT_WANTED),
              "escort-wanted",
              {159, "denied-no-accompaniment"}},
    ReasonRow{REASON(PASSBACK), "passback", {138, "denied-passback"}},
    ReasonRow{REASON(LOCKDOWN), "lockdown", {137, "denied-threat-level"}},
    ReasonRow{REASON(DURESS), "duress", {4, "duress"}},
    ReasonRow{REASON(SHARE_TOO_OLD),
              "share-too-old",
              {130, "denied-authentication-unavailable"}},
    ReasonRow{REASON(NO_SHARE),
              "no-share",
              {130, "denied-authentication-unavailable"}},
    ReasonRow{REASON(CLOCK_UNKNOWN),
              "clock-unknown",
              {130, "denied-authentication-unavailable"}},
    ReasonRow{REASON(NO_LEAF), "no-leaf", {164, "denied-other"}},
    ReasonRow{REASON(LEAF_DISABLED), "leaf-disabled", {128, "denied-deny-all"}},
    ReasonRow{REASON(TOO_LATE), "too-late", {164, "denied-other"}},
    ReasonRow{REASON(UNREADABLE),
              "unreadable",
              {148, "denied-authentication-factor-error"}},
    ReasonRow{REASON(PANEL_DENIED), "panel-denied", {164, "denied-other"}},
    ReasonRow{REASON(AUTHENTICATION_UNAVAILABLE),
              "authentication-unavailable",
              {130, "denied-authentication-unavailable"}},
};
#undef REASON

const ReasonRow& row_of(AccessReason reason) {
  for (const ReasonRow& row : kReasons) {
    if (row.reason == reason) {
      return row;
    }
  }
  return kReasons.front();  // a number between two blocks: nobody writes it
}

}  // namespace

BacnetAccessEvent bacnet_event(AccessReason reason) {
  return row_of(reason).bacnet;
}

std::string_view access_reason_name(AccessReason reason) {
  return row_of(reason).name;
}

}  // namespace strongroom
