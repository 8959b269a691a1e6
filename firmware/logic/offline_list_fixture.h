// SPDX-License-Identifier: Apache-2.0
// Lists as an agent keeps and sends them.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "firmware/logic/crc.h"
#include "firmware/logic/offline_list.h"

namespace strongroom::panel {

namespace list_words {

using Result = strongroom_panel_v1_OrderResult;
using Denial = strongroom_panel_v1_PanelDenial;
using Part = strongroom_panel_v1_ListPart;

inline constexpr Result kDone =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
inline constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
inline constexpr Result kNoRoom =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_ROOM;
inline constexpr Result kOutOfOrder =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER;
inline constexpr Result kWrongVersion =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_WRONG_VERSION;
inline constexpr Denial kOpens =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_UNSPECIFIED;
inline constexpr Denial kNotListed =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_LISTED;
inline constexpr Denial kNotThisLeaf =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_THIS_LEAF;
inline constexpr Denial kExpired =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_EXPIRED;
inline constexpr Denial kClockUnknown =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_CLOCK_UNKNOWN;
inline constexpr Denial kNoLeaf =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NO_LEAF;

inline constexpr std::uint32_t kNever = 0xffffff;
inline constexpr std::uint64_t k2020 = 1'577'836'800'000;
inline constexpr ListKey kKey{1, 2, 3};

inline Credential badge(std::uint32_t number) {
  return credential_of(number, 26);
}

/// What a list holds, as the agent keeps it: leaves and expiry by hash.
using Wanted = std::map<SipBytes, std::array<std::uint8_t, 4>>;

inline void put(Wanted& wanted,
                std::uint32_t number,
                std::uint8_t leaves,
                std::uint32_t expiry = kNever) {
  const Credential credential = badge(number);
  std::vector<std::uint8_t> bytes{credential.bit_count};
  bytes.insert(bytes.end(),
               credential.bits.begin(),
               credential.bits.begin() + credential.byte_count());
  wanted[sip_bytes(siphash(kKey, bytes))] = {
      leaves,
      static_cast<std::uint8_t>(expiry >> 16),
      static_cast<std::uint8_t>(expiry >> 8),
      static_cast<std::uint8_t>(expiry)};
}

inline std::vector<std::uint8_t> bytes_of(const Wanted& wanted) {
  std::vector<std::uint8_t> bytes;
  for (const auto& [hash, rest] : wanted) {
    bytes.insert(bytes.end(), hash.begin(), hash.end());
    bytes.insert(bytes.end(), rest.begin(), rest.end());
  }
  return bytes;
}

/// The parts that make of a list at `from` (0: of nothing) the list `result`.
inline std::vector<Part> parts_of(std::uint32_t from,
                                  std::uint32_t version,
                                  const Wanted& changes,
                                  const Wanted& result) {
  const std::vector<std::uint8_t> entries = bytes_of(changes);
  constexpr std::size_t kPerPart = 12 * kListEntryBytes;
  const std::size_t count =
      std::max<std::size_t>(1, (entries.size() + kPerPart - 1) / kPerPart);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < count; ++i) {
    Part part{};
    part.from_version = from;
    part.version = version;
    part.index = static_cast<std::uint16_t>(i);
    part.count = static_cast<std::uint16_t>(count);
    const std::size_t size = std::min(
        kPerPart, entries.size() - std::min(entries.size(), i * kPerPart));
    part.entries.size = static_cast<pb_size_t>(size);
    std::copy_n(entries.begin() + static_cast<std::ptrdiff_t>(i * kPerPart),
                size,
                part.entries.bytes);
    part.crc = i + 1 == count ? crc32(bytes_of(result)) : 0;
    parts.push_back(part);
  }
  return parts;
}

}  // namespace list_words

/// Memory as a power cut leaves it, and the agent's side of a list.
class ListFixture {
 protected:
  ListFixture() : memory(std::make_unique<ListMemory>()) {
    std::memset(memory.get(), 0x5a, sizeof *memory);
  }

  using Result = list_words::Result;
  using Part = list_words::Part;
  using Wanted = list_words::Wanted;

  Result take_all(OfflineList& list, const std::vector<Part>& parts) {
    for (const Part& part : parts) {
      const Result result = list.take(part);
      if (result != list_words::kDone) {
        return result;
      }
    }
    return list_words::kDone;
  }
  Result replace(OfflineList& list,
                 std::uint32_t version,
                 const Wanted& wanted) {
    return take_all(list, list_words::parts_of(0, version, wanted, wanted));
  }
  /// Whatever is listed in `list`, in order.
  static std::vector<std::uint8_t> entries(const ListMemory& memory) {
    const ListBank& bank = memory.banks[memory.active % 2];
    std::vector<std::uint8_t> bytes;
    for (std::uint32_t i = 0; bank.version != 0 && i < bank.count; ++i) {
      bytes.insert(bytes.end(), bank.entries[i].begin(), bank.entries[i].end());
    }
    return bytes;
  }

  std::unique_ptr<ListMemory> memory;
};

}  // namespace strongroom::panel
