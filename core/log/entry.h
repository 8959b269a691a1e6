// SPDX-License-Identifier: Apache-2.0
// Log entries (docs/formats/entry.md): a type byte and the bytes as written.
#pragma once

#include "core/base/result.h"
#include "core/crypto/signature.h"
#include "core/log/merkle.h"

namespace strongroom {

enum class EntryType : std::uint8_t { kEvent = 1, kHeader = 2 };

/// 0x01 and the event's bytes.
Bytes event_entry(ByteView event);
/// 0x02, the 64 bytes of the signature, and the header's bytes.
Bytes header_entry(const Signature& signature, ByteView header);
/// Leaf hash of an event's entry, without building it.
Hash event_leaf(ByteView event);

struct EntryView {
  EntryType type = EntryType::kEvent;
  Signature signature{};  // headers only
  ByteView body;          // event or header bytes
};

/// Faults: empty, unknown type, header shorter than its signature.
Result<EntryView> parse_entry(ByteView entry);

}  // namespace strongroom
