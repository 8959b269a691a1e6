// SPDX-License-Identifier: Apache-2.0
// Checkpoints (C2SP tlog-checkpoint v1.0.0) and the trust file.
#pragma once

#include "core/base/source.h"
#include "core/log/merkle.h"
#include "core/log/note.h"

namespace strongroom {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};

  /// The text of a note. Faults: fewer than three lines, leading zeros, root
  /// not 32 bytes, empty root wrong for size 0. Extension lines are refused:
  /// we never write one.
  static Result<Checkpoint> parse(std::string_view text);
  std::string text() const;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The checkpoint as a note, signed under its origin as key name.
std::string sign_checkpoint(const Checkpoint& checkpoint, const Signer& signer);

/// Whom a verifier believes: a ledger's name and log keys (old and new while
/// rotating). docs/formats/trust.md. Every log of the ledger is signed with
/// the same key, under the log's origin as key name.
struct Trust {
  std::string ledger;
  std::vector<PublicKey> log_keys;

  /// Faults name the line.
  static Result<Trust> parse(std::string_view file);
  std::string text() const;
  /// The verification key of one log.
  static NoteKey note_key(std::string_view origin, const PublicKey& key);
};

/// Verifies a checkpoint note. Faults: not a note, origin not of the trusted
/// ledger, not signed by a trusted key, and, unless `allow_cosignatures`, any
/// signature beside exactly one of the log key (its bytes would be
/// unauthenticated).
Result<Checkpoint> open_checkpoint(std::string_view note,
                                   const Trust& trust,
                                   bool allow_cosignatures = false);

}  // namespace strongroom
