// SPDX-License-Identifier: Apache-2.0
// Keys on disk (docs/formats/keys.md) and what libsodium does with them.
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/result.h"
#include "core/crypto/panel_cipher.h"
#include "core/crypto/signature.h"

namespace strongroom {

/// libsodium's start; stops the program when it fails. Call first in main.
void init_crypto();

/// What a key file holds, as its first line says.
enum class KeyKind { kEvent, kLog, kShare, kCommand, kSealing, kDisclosure };
std::string_view key_kind_name(KeyKind kind);

/// Writes a fresh secret key, mode 0600. Faults: the file exists, cannot be
/// written. Returns its public key (Ed25519, or X25519 for sealing and
/// disclosure).
Result<PublicKey> create_key(const std::filesystem::path& path, KeyKind kind);
/// The public key of a key file. Faults as load_signer.
Result<PublicKey> public_key_of(const std::filesystem::path& path,
                                KeyKind kind);
/// Faults: missing, readable by others (mode beyond 0600), another kind, not a
/// key file.
Result<std::unique_ptr<Signer>> load_signer(const std::filesystem::path& path,
                                            KeyKind kind);
/// libsodium sealed box. Faults: the recipient's key is weak.
Result<Bytes> seal(const PublicKey& recipient, ByteView plain);
/// Faults: not sealed to this key, altered.
Result<Bytes> open_sealed(const std::filesystem::path& key_file,
                          KeyKind kind,
                          ByteView sealed);

// A panel's key is no pair: the panel holds the same 16 bytes.

/// Writes a fresh one, as create_key.
Result<PanelKey> create_panel_key(const std::filesystem::path& path);
/// Faults as load_signer; a key of all zeros is none.
Result<PanelKey> load_panel_key(const std::filesystem::path& path);

}  // namespace strongroom
