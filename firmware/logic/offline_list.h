// SPDX-License-Identifier: Apache-2.0
// Who may pass while the agent is away. Two banks: one decides, the other one
// takes the next version. Lies in memory that survives a reset, with CRC
// (docs/formats/panel-memory.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/logic/credential.h"
#include "firmware/logic/siphash.h"
#include "proto/panel.pb.h"

#ifndef STRONGROOM_LIST_CAPACITY
#define STRONGROOM_LIST_CAPACITY 256
#endif

namespace strongroom::panel {

inline constexpr std::size_t kListCapacity = STRONGROOM_LIST_CAPACITY;
inline constexpr std::size_t kListEntryBytes = 12;

/// Hash (8), mask of leaves, minute of expiry (3), as a ListPart carries it.
using ListEntry = std::array<std::uint8_t, kListEntryBytes>;

struct ListBank {
  std::uint32_t version;  // 0: empty, or being filled
  std::uint32_t count;
  std::uint32_t crc;  // CRC-32 of the entries, the version and the count
  std::array<ListEntry, kListCapacity> entries;  // ascending by hash
};

struct ListMemory {
  // Which bank decides: one of two words that differ in one byte, so that a
  // reset finds the one or the other. Any other: neither.
  std::uint32_t active;
  std::array<ListBank, 2> banks;
};

using ListKey = SipKey;

class OfflineList {
 public:
  /// An unsound bank is empty.
  OfflineList(ListMemory& memory, const ListKey& key);

  std::uint32_t version() const { return current().version; }  // 0: none
  std::size_t size() const { return current().count; }
  /// The parts of one version in order; the last one makes it the list, when
  /// its CRC is right. Whatever is refused begins anew from part 0; the list
  /// stays as it was.
  strongroom_panel_v1_OrderResult take(
      const strongroom_panel_v1_ListPart& part);
  /// Whether the credential opens the leaf now. unix_ms 0: no time, then what
  /// expires is denied. UNSPECIFIED: it does.
  strongroom_panel_v1_PanelDenial judge(const Credential& credential,
                                        std::uint8_t leaf,
                                        std::uint64_t unix_ms) const;
  /// The leaves that it opens at all; 0: not listed.
  std::uint8_t leaves_of(const Credential& credential) const;

 private:
  // The version that is being taken.
  struct Intake {
    std::uint32_t from_version = 0;
    std::uint32_t version = 0;  // 0: none is
    std::uint16_t next_index = 0;
    std::uint16_t count = 0;
    std::size_t read = 0;   // entries of the old version that were dealt with
    std::size_t size = 0;   // entries that the new one has
    std::uint32_t crc = 0;  // of these
    SipBytes last{};        // hash of the last entry that a part held
    bool has_last = false;
  };

  const ListBank& current() const { return memory_.banks[active_]; }
  ListBank& spare() { return memory_.banks[1 - active_]; }
  const ListEntry* find(const Credential& credential) const;
  strongroom_panel_v1_OrderResult begin(
      const strongroom_panel_v1_ListPart& part);
  strongroom_panel_v1_OrderResult take_entry(
      std::span<const std::uint8_t, kListEntryBytes> entry);
  bool take_old_before(std::span<const std::uint8_t, 8> hash);
  bool take_old();
  bool append(std::span<const std::uint8_t, kListEntryBytes> entry);
  strongroom_panel_v1_OrderResult finish(std::uint32_t crc);

  ListMemory& memory_;
  ListKey key_;
  std::size_t active_ = 0;
  Intake intake_;
};

}  // namespace strongroom::panel
