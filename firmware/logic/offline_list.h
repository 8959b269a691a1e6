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
#include "proto/panel.pb.h"

#ifndef STRONGROOM_LIST_CAPACITY
#define STRONGROOM_LIST_CAPACITY 256
#endif

namespace strongroom::panel {

inline constexpr std::size_t kListCapacity = STRONGROOM_LIST_CAPACITY;
inline constexpr std::size_t kListEntryBytes = 12;

struct ListBank {
  std::uint32_t version;  // 0: empty
  std::uint32_t count;
  std::array<std::array<std::uint8_t, kListEntryBytes>, kListCapacity> entries;
  std::uint32_t crc;
};

struct ListMemory {
  std::array<ListBank, 2> banks;
  std::uint32_t active;  // 0 or 1
  std::uint32_t crc;     // of `active`
};

using ListKey = std::array<std::uint8_t, 16>;

class OfflineList {
 public:
  /// An unsound bank is empty.
  OfflineList(ListMemory& memory, const ListKey& key);

  std::uint32_t version() const;  // 0: there is none
  /// The parts of one version in order; the last one makes it the list, when
  /// its CRC is right.
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
  ListMemory& memory_;
  ListKey key_;
  std::uint32_t next_index_ = 0;  // of the version that is being taken
  std::uint32_t next_version_ = 0;
};

}  // namespace strongroom::panel
