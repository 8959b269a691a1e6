// SPDX-License-Identifier: Apache-2.0
// Who may write, and with which key: the state that the registry log's events
// add up to (docs/formats/registry.md). Pure; the ledger's loop owns one.
#pragma once

#include <map>
#include <vector>

#include "core/base/result.h"
#include "core/base/source.h"
#include "core/crypto/signature.h"
#include "core/event/event.h"

namespace strongroom {

struct SourceKey {
  PublicKey key{};
  Bytes sealing_key;  // X25519; empty for a console
  bool revoked = false;
  std::uint64_t since = 0;  // index of the registry entry that brought it
};

struct RegisteredSource {
  Source source;
  strongroom_v1_SourceKind kind{};
  std::vector<SourceKey> keys;  // oldest first; rank = position
  bool has_valid_key() const;
};

class KeyRegistry {
 public:
  /// Whether this event may be appended to the registry now. Faults say which
  /// rule it breaks: names, signatures, a source that is enrolled already or
  /// not at all, a key that is known or unknown. Events that are not about
  /// keys break no rule.
  Result<void> judge(const EventMessage& event) const;
  /// Judges and applies the event that stands at `index`.
  Result<void> apply(const EventMessage& event, std::uint64_t index);

  /// Null when it was never enrolled.
  const RegisteredSource* find(const Source& source) const;
  const std::map<Source, RegisteredSource>& sources() const { return sources_; }

 private:
  Result<void> judge_enrolment(const strongroom_v1_SourceEnrolled& body) const;
  Result<void> judge_rotation(const strongroom_v1_KeyRotated& body) const;
  Result<void> judge_revocation(const strongroom_v1_KeyRevoked& body) const;

  std::map<Source, RegisteredSource> sources_;
};

}  // namespace strongroom
