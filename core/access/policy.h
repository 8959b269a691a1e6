// SPDX-License-Identifier: Apache-2.0
// What an agent knows of rights: its share of the registry, or the static file
// that stands in for it (docs/formats/policy.md). Immutable once made.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/now.h"
#include "core/crypto/hash.h"
#include "proto/event.pb.h"

namespace strongroom {

using CredentialFormat = strongroom_v1_CredentialFormat;

struct CredentialBits {
  std::uint8_t count = 0;
  std::array<std::uint8_t, 6> bits{};  // left-justified, zeros behind

  friend auto operator<=>(const CredentialBits&,
                          const CredentialBits&) = default;
};

struct PolicyCredential {
  std::string id;
  std::string person;  // id
  WallTime valid_from{};
  std::optional<WallTime> valid_until;
  bool is_revoked = false;
};

struct PolicyPerson {
  std::string id;
  bool is_suspended = false;
  std::string pin_verifier;  // libsodium's Argon2id string; empty: has no PIN
};

/// Minutes of the week, Monday 00:00 of the site's zone is 0; empty: always.
struct PolicySchedule {
  struct Span {
    std::uint16_t from = 0;
    std::uint16_t to = 0;  // not included
  };
  std::vector<Span> spans;
};

struct PolicyGrant {
  std::string person;
  std::string zone;
  std::string schedule;  // empty: always
};

enum class PassbackMode : std::uint8_t { kOff, kSoft, kHard };

struct PolicyZone {
  std::string name;
  bool wants_pin = false;
  bool wants_two_persons = false;
  PassbackMode passback = PassbackMode::kOff;
};

struct PolicyLeaf {
  std::string name;
  std::string zone;  // behind it
  bool is_disabled = false;
};

struct Policy {
  std::uint64_t version = 0;
  Hash hash{};  // of the file's bytes
  WallTime valid_from{};
  std::optional<WallTime> valid_until;
  std::chrono::minutes utc_offset{8 * 60};  // of the site
  std::map<std::pair<CredentialFormat, CredentialBits>, PolicyCredential>
      credentials;
  std::map<std::string, PolicyPerson> persons;
  std::map<std::string, PolicySchedule> schedules;
  std::map<std::string, PolicyZone> zones;
  std::map<std::string, PolicyLeaf> leaves;
  std::vector<PolicyGrant> grants;  // sorted by person, zone
};

}  // namespace strongroom
