// SPDX-License-Identifier: Apache-2.0
// What the signatures in registry events are over (docs/formats/registry.md).
// Agent's tools sign it, the ledger and every verifier check it.
#pragma once

#include "core/base/source.h"
#include "core/crypto/signature.h"

namespace strongroom {

/// "strongroom/enrol/v1\n", source, "\n", event_key, sealing_key (empty for a
/// console).
Bytes possession_input(const Source& source,
                       const PublicKey& event_key,
                       ByteView sealing_key);

/// "strongroom/rotate/v1\n", source, "\n", old_key, new_key, new_sealing_key.
Bytes rotation_input(const Source& source,
                     const PublicKey& old_key,
                     const PublicKey& new_key,
                     ByteView new_sealing_key);

}  // namespace strongroom
