// SPDX-License-Identifier: Apache-2.0
// Signed notes (C2SP signed-note v1.0.0): Ed25519 (0x01) and cosignature/v1
// (0x04).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/signature.h"

namespace strongroom {

/// A public key by which notes are verified: `name+hash+base64`.
struct NoteKey {
  std::string name;
  std::uint8_t type = 0x01;
  PublicKey key{};

  /// A vkey. Faults: bad form, bad name, unknown type, hash that is not its
  /// key's.
  static Result<NoteKey> parse(std::string_view vkey);
  std::string text() const;
  /// First four bytes, big endian, of SHA-256(name LF type key).
  std::uint32_t id() const;
};

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // without the key id
};

/// A note taken apart; nothing in it is verified.
struct Note {
  std::string text;  // with its final LF
  std::vector<NoteSignature> signatures;

  /// Faults: not UTF-8, control characters, no blank line, no or malformed
  /// signature line, > 64 signatures, > 64 KiB.
  static Result<Note> parse(std::string_view note);
  std::string encode() const;
};

/// The signature of `text` by `signer` under `name`.
NoteSignature sign_note(std::string_view text,
                        std::string name,
                        const Signer& signer);

/// True when a signature says that it is of `key`, right or wrong.
bool has_claim_of(const Note& note, const NoteKey& key);

/// True when a signature of `key` is there and right, and no other claim of
/// that (name, id) is wrong. For type 0x04 the cosigned time is not returned.
bool is_signed_by(const Note& note, const NoteKey& key);

}  // namespace strongroom
