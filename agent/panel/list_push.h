// SPDX-License-Identifier: Apache-2.0
// Brings a panel its offline list: all of it, or what changed since the one
// that it holds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/loop/panel_io.h"
#include "core/crypto/panel_cipher.h"

namespace strongroom {

inline constexpr std::size_t kListEntriesInPart = 12;

/// As the panel holds it (proto ListPart).
using SealedEntry = std::array<std::uint8_t, 12>;

struct SealedList {
  std::uint32_t version = 0;
  std::vector<SealedEntry> entries;  // ascending, each hash once
};

/// The credentials as hashes under the list key. Of one credential twice, the
/// later entry counts.
SealedList seal_list(const PanelList& list,
                     std::span<const std::uint8_t, 16> list_key);

/// What turns `from` into `to`: entries of `to` that `from` lacks or holds
/// otherwise, and those that go, with no leaves.
std::vector<SealedEntry> list_delta(const SealedList& from,
                                    const SealedList& to);
/// IEEE, over all entries in order.
std::uint32_t list_crc(const std::vector<SealedEntry>& entries);

class ListPush {
 public:
  explicit ListPush(const PanelLinkKeys& keys) : key_(keys.list) {}

  /// The newest list of the loop; replaces one that is being brought.
  void set(const PanelList& list, MonoTime now);
  /// How many entries the panel holds; 0: not known.
  void capacity(std::uint32_t entries);
  /// Whether the panel, that holds `version`, lacks it.
  bool is_wanted(std::uint32_t version) const;
  MonoTime due() const { return due_; }
  /// The next part for a panel that holds `version`.
  strongroom_panel_v1_ListPart part(std::uint32_t version);
  void ended(strongroom_panel_v1_OrderResult result,
             MonoTime now,
             std::chrono::microseconds pace);
  void restart(MonoTime now);
  const std::string& error() const { return error_; }

 private:
  void begin(std::uint32_t version);
  void judge_size();

  std::array<std::uint8_t, 16> key_;
  SealedList list_;                 // wanted; version 0: none
  std::optional<SealedList> held_;  // what the panel took whole
  std::vector<SealedEntry> changes_;
  std::uint32_t from_ = 0;
  std::uint32_t crc_ = 0;
  std::size_t next_ = 0;
  bool is_begun_ = false;
  bool is_whole_ = false;  // a delta was refused
  bool is_too_long_ = false;
  std::uint32_t capacity_ = 0;
  MonoTime due_{};
  std::string error_;
};

}  // namespace strongroom
