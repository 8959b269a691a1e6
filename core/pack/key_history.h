// SPDX-License-Identifier: Apache-2.0
// Which keys a source had, as the registry's entries say
// (docs/formats/registry.md).
#pragma once

#include <map>
#include <span>
#include <vector>

#include "core/crypto/signature.h"
#include "core/event/event.h"

namespace strongroom {

/// Grows with the registry, entry by entry. Valid keys of a source are the
/// enrolled and rotated-in ones, minus revoked ones from the index that the
/// revocation names.
class KeyHistory {
 public:
  struct Key {
    PublicKey key{};
    bool rotated_in = false;  // else enrolled
  };

  /// Takes the next event of the registry. Bodies that say nothing of keys
  /// are passed over, and so is a rotation from a key that is not in the
  /// history: its new key is vouched for by nobody. Faults: a source, proof of
  /// possession or rotation signature in it is wrong.
  Result<void> apply(const EventMessage& event);

  /// Enrolled and rotated in, oldest first, revoked ones included.
  std::span<const Key> keys_of(const Source& source) const;

  /// Whether a header at `index` of the log `origin` is void under `key`. A
  /// revocation says nothing of a log that it does not name, unless that log
  /// succeeds one that it names: there the key is void from index 0.
  bool is_revoked(const Source& source,
                  const PublicKey& key,
                  std::string_view origin,
                  std::uint64_t index) const;

 private:
  struct Revocation {
    PublicKey key{};
    std::map<Origin, std::uint64_t> invalid_from;

    bool voids(const Origin& origin, std::uint64_t index) const;
  };
  struct Keys {
    std::vector<Key> keys;
    std::vector<Revocation> revocations;
  };

  Result<void> enrol(const strongroom_v1_SourceEnrolled& body);
  Result<void> rotate(const strongroom_v1_KeyRotated& body);
  Result<void> revoke(const strongroom_v1_KeyRevoked& body);
  void add(Keys& keys, const Key& key);

  std::map<Source, Keys> sources_;
};

}  // namespace strongroom
