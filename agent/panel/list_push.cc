// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/list_push.h"

#include <algorithm>
#include <map>
#include <utility>

namespace strongroom {
namespace {

using Result = strongroom_panel_v1_OrderResult;

constexpr std::chrono::seconds kAfterRefusal{30};
constexpr std::chrono::seconds kAfterDisorder{1};
constexpr std::size_t kHashBytes = 8;

ByteView hash_of(const SealedEntry& entry) {
  return ByteView(entry).first(kHashBytes);
}

bool precedes(const SealedEntry& a, const SealedEntry& b) {
  return std::ranges::lexicographical_compare(hash_of(a), hash_of(b));
}

SealedEntry seal(const PanelList::Entry& entry,
                 std::span<const std::uint8_t, 16> key) {
  Bytes credential{entry.bit_count};
  append(credential, entry.bits);
  SealedEntry sealed{};
  std::ranges::copy(siphash24(key, credential), sealed.begin());
  sealed[8] = entry.leaves;
  sealed[9] = static_cast<std::uint8_t>(entry.expires_minutes >> 16U);
  sealed[10] = static_cast<std::uint8_t>(entry.expires_minutes >> 8U);
  sealed[11] = static_cast<std::uint8_t>(entry.expires_minutes);
  return sealed;
}

SealedEntry removal_of(SealedEntry entry) {
  std::fill(entry.begin() + kHashBytes, entry.end(), std::uint8_t{0});
  return entry;
}

}  // namespace

SealedList seal_list(const PanelList& list,
                     std::span<const std::uint8_t, 16> list_key) {
  std::map<std::array<std::uint8_t, kHashBytes>, SealedEntry> by_hash;
  for (const PanelList::Entry& entry : list.entries) {
    const SealedEntry one = seal(entry, list_key);
    std::array<std::uint8_t, kHashBytes> hash{};
    std::ranges::copy(hash_of(one), hash.begin());
    by_hash.insert_or_assign(hash, one);
  }
  SealedList sealed{.version = list.version, .entries = {}};
  for (const auto& [hash, one] : by_hash) {
    // For no leaf means on the wire that it goes: it is none.
    if (one[8] != 0) {
      sealed.entries.push_back(one);
    }
  }
  return sealed;
}

std::vector<SealedEntry> list_delta(const SealedList& from,
                                    const SealedList& to) {
  std::vector<SealedEntry> changes;
  auto old = from.entries.begin();
  for (const SealedEntry& entry : to.entries) {
    for (; old != from.entries.end() && precedes(*old, entry); ++old) {
      changes.push_back(removal_of(*old));
    }
    const bool is_known = old != from.entries.end() && !precedes(entry, *old);
    if (!is_known || *old != entry) {
      changes.push_back(entry);
    }
    old += is_known ? 1 : 0;
  }
  for (; old != from.entries.end(); ++old) {
    changes.push_back(removal_of(*old));
  }
  return changes;
}

std::uint32_t list_crc(const std::vector<SealedEntry>& entries) {
  std::uint32_t crc = 0xffffffff;
  for (const SealedEntry& entry : entries) {
    for (const std::uint8_t byte : entry) {
      crc ^= byte;
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
      }
    }
  }
  return ~crc;
}

void ListPush::set(const PanelList& list, MonoTime now) {
  list_ = seal_list(list, key_);
  crc_ = list_crc(list_.entries);
  is_whole_ = false;
  error_.clear();
  judge_size();
  restart(now);
}

void ListPush::capacity(std::uint32_t entries) {
  capacity_ = entries;
  judge_size();
}

void ListPush::judge_size() {
  is_too_long_ = capacity_ != 0 && list_.entries.size() > capacity_;
  if (is_too_long_) {
    error_ = "its offline list has " + std::to_string(list_.entries.size()) +
             " entries, and it holds " + std::to_string(capacity_);
  }
}

bool ListPush::is_wanted(std::uint32_t version) const {
  return list_.version != 0 && version != list_.version && !is_too_long_;
}

strongroom_panel_v1_ListPart ListPush::part(std::uint32_t version) {
  if (!is_begun_ || (from_ != 0 && from_ != version)) {
    begin(version);
  }
  strongroom_panel_v1_ListPart part = strongroom_panel_v1_ListPart_init_zero;
  const std::size_t count = std::max<std::size_t>(
      (changes_.size() + kListEntriesInPart - 1) / kListEntriesInPart, 1);
  part.from_version = from_;
  part.version = list_.version;
  part.index = static_cast<std::uint16_t>(next_);
  part.count = static_cast<std::uint16_t>(count);
  const std::size_t first = next_ * kListEntriesInPart;
  const std::size_t last =
      std::min(first + kListEntriesInPart, changes_.size());
  for (std::size_t i = first; i < last; ++i) {
    std::ranges::copy(changes_[i], part.entries.bytes + part.entries.size);
    part.entries.size =
        static_cast<pb_size_t>(part.entries.size + changes_[i].size());
  }
  part.crc = next_ + 1 == count ? crc_ : 0;
  return part;
}

void ListPush::begin(std::uint32_t version) {
  is_begun_ = true;
  next_ = 0;
  from_ = 0;
  changes_ = list_.entries;
  if (is_whole_ || !held_ || held_->version != version || version == 0) {
    return;
  }
  auto delta = list_delta(*held_, list_);
  if (delta.size() < changes_.size() || changes_.empty()) {
    from_ = version;
    changes_ = std::move(delta);
  }
}

void ListPush::ended(strongroom_panel_v1_OrderResult result,
                     MonoTime now,
                     std::chrono::microseconds pace) {
  if (result == Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE) {
    ++next_;
    due_ = now + pace;
    if (next_ * kListEntriesInPart >= changes_.size()) {
      held_ = list_;
      is_whole_ = false;
      restart(now + kAfterRefusal);  // should it be wanted after all
      error_.clear();
    }
    return;
  }
  is_whole_ = true;
  const bool is_disorder =
      result ==
          Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER ||
      result ==
          Result::strongroom_panel_v1_OrderResult_ORDER_RESULT_WRONG_VERSION;
  if (!is_disorder) {
    error_ =
        "it refuses its offline list (result " + std::to_string(result) + ")";
  }
  restart(now + (is_disorder ? kAfterDisorder : kAfterRefusal));
}

void ListPush::restart(MonoTime now) {
  is_begun_ = false;
  next_ = 0;
  due_ = now;
}

}  // namespace strongroom
