// SPDX-License-Identifier: Apache-2.0
// Evidence packs (proto/pack.proto, docs/formats/pack.md).
#pragma once

#include "core/event/batch.h"
#include "core/log/checkpoint.h"
#include "core/log/proof.h"

namespace strongroom {

inline constexpr std::uint32_t kPackFormat = 1;
inline constexpr std::size_t kMaxPackBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxPackEntries = 65'536;

struct PackDisclosure {
  std::uint32_t field = 0;
  Bytes salt;
  Bytes value;
};

struct PackEntry {
  std::uint64_t index = 0;
  Bytes entry;
  Path inclusion;
  Path batch_path;
  std::vector<PackDisclosure> disclosures;
};

struct PackLog {
  std::string checkpoint;
  std::vector<PackEntry> entries;
};

struct Pack {
  std::vector<PackLog> logs;

  /// Faults: not canonical: anything that encode() would not have written;
  /// logs not ascending by origin, entries not ascending by index; more than
  /// kMaxPackBytes or kMaxPackEntries. Nothing is verified.
  static Result<Pack> parse(ByteView bytes);
  /// Logs, entries and disclosures as they stand: the caller has put them in
  /// order.
  Bytes encode() const;
};

/// One event that a verified pack proves.
struct ProvenEvent {
  std::string origin;
  std::uint64_t index = 0;
  Bytes event;
  BatchHeader header;  // of the batch that its source signed
  std::uint64_t header_index = 0;
  PublicKey key{};  // the source's key that signed it
};

struct PackVerdict {
  std::vector<ProvenEvent> events;      // in the pack's order, registry too
  std::vector<Checkpoint> checkpoints;  // one per log
};

/// Verifies everything in a pack: canonical form, checkpoint signatures, every
/// inclusion, every batch root and header signature, key history (enrolled by
/// a registry entry in the pack, not revoked at the header's index), every
/// byte used: a header covers an event of the pack, an event has its header, a
/// disclosure opens a commitment. Faults name log, index and what differs.
Result<PackVerdict> verify_pack(ByteView bytes, const Trust& trust);

}  // namespace strongroom
