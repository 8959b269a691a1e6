// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/offline_list.h"

#include <algorithm>

#include "firmware/logic/crc.h"
#include "firmware/logic/store.h"

namespace strongroom::panel {
namespace {

using Result = strongroom_panel_v1_OrderResult;
using Denial = strongroom_panel_v1_PanelDenial;
using EntryView = std::span<const std::uint8_t, kListEntryBytes>;
using HashView = std::span<const std::uint8_t, 8>;

constexpr Result kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
constexpr Result kNoRoom = strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_ROOM;

constexpr std::uint32_t kActive = 0x4c535400;  // or 1 more
constexpr std::size_t kLeavesAt = 8;
constexpr std::size_t kExpiryAt = 9;
constexpr std::uint32_t kNeverExpires = 0xffffff;
constexpr std::uint64_t kFirstMinuteMs = 1'577'836'800'000;  // 2020-01-01 UTC
constexpr std::uint64_t kMinuteMs = 60'000;

HashView hash_of(EntryView entry) {
  return entry.first<8>();
}

bool is_before(HashView a, HashView b) {
  return std::ranges::lexicographical_compare(a, b);
}

std::uint32_t expiry_of(const ListEntry& entry) {
  return std::uint32_t{entry[kExpiryAt]} << 16U |
         std::uint32_t{entry[kExpiryAt + 1]} << 8U |
         std::uint32_t{entry[kExpiryAt + 2]};
}

std::uint32_t crc_of(std::span<const ListEntry> entries) {
  std::uint32_t crc = 0;
  for (const ListEntry& entry : entries) {
    crc = crc32(entry, crc);
  }
  return crc;
}

std::uint32_t sealed(std::uint32_t crc,
                     std::uint32_t version,
                     std::uint32_t count) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(version >> (8 * i));
    bytes[4 + i] = static_cast<std::uint8_t>(count >> (8 * i));
  }
  return crc32(bytes, crc);
}

bool is_sound(const ListBank& bank) {
  return bank.version != 0 && bank.count <= kListCapacity &&
         bank.crc == sealed(crc_of(std::span(bank.entries).first(bank.count)),
                            bank.version,
                            bank.count);
}

void make_empty(ListBank& bank) {
  store_value(bank.version, std::uint32_t{0});
  store_value(bank.count, std::uint32_t{0});
}

}  // namespace

OfflineList::OfflineList(ListMemory& memory, const ListKey& key)
    : memory_(memory), key_(key) {
  if (memory_.active == kActive || memory_.active == kActive + 1) {
    active_ = memory_.active - kActive;
    if (!is_sound(current())) {
      make_empty(memory_.banks[active_]);
    }
    make_empty(spare());
    return;
  }
  for (ListBank& bank : memory_.banks) {
    make_empty(bank);
  }
  store_value(memory_.active, kActive);
}

Result OfflineList::take(const strongroom_panel_v1_ListPart& part) {
  if (part.version == 0 || part.index >= part.count ||
      part.entries.size % kListEntryBytes != 0) {
    intake_ = {};
    return kInvalid;
  }
  if (part.index == 0) {
    const Result result = begin(part);
    if (result != kDone) {
      return result;
    }
  }
  if (part.version != intake_.version || part.index != intake_.next_index ||
      part.count != intake_.count ||
      part.from_version != intake_.from_version) {
    intake_ = {};
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER;
  }
  const std::span<const std::uint8_t> entries(part.entries.bytes,
                                              part.entries.size);
  for (std::size_t at = 0; at < entries.size(); at += kListEntryBytes) {
    const Result result =
        take_entry(entries.subspan(at).first<kListEntryBytes>());
    if (result != kDone) {
      intake_ = {};
      return result;
    }
  }
  ++intake_.next_index;
  return intake_.next_index == intake_.count ? finish(part.crc) : kDone;
}

Denial OfflineList::judge(const Credential& credential,
                          std::uint8_t leaf,
                          std::uint64_t unix_ms) const {
  if (leaf == 0 || leaf > 8) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NO_LEAF;
  }
  const ListEntry* entry = find(credential);
  if (entry == nullptr) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_LISTED;
  }
  if (((*entry)[kLeavesAt] >> (leaf - 1) & 1) == 0) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_THIS_LEAF;
  }
  const std::uint32_t expiry = expiry_of(*entry);
  if (expiry == kNeverExpires) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_UNSPECIFIED;
  }
  // A clock before 2020 is one that was never set right.
  if (unix_ms < kFirstMinuteMs) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_CLOCK_UNKNOWN;
  }
  return (unix_ms - kFirstMinuteMs) / kMinuteMs >= expiry
             ? strongroom_panel_v1_PanelDenial_PANEL_DENIAL_EXPIRED
             : strongroom_panel_v1_PanelDenial_PANEL_DENIAL_UNSPECIFIED;
}

std::uint8_t OfflineList::leaves_of(const Credential& credential) const {
  const ListEntry* entry = find(credential);
  return entry == nullptr ? std::uint8_t{0} : (*entry)[kLeavesAt];
}

const ListEntry* OfflineList::find(const Credential& credential) const {
  if (version() == 0 || credential.bit_count == 0 ||
      credential.bit_count > kMaxCredentialBits) {
    return nullptr;
  }
  SipHash hash(key_);
  hash.update({&credential.bit_count, 1});
  hash.update(std::span(credential.bits).first(credential.byte_count()));
  const SipBytes wanted = sip_bytes(hash.finish());
  const auto entries = std::span(current().entries).first(current().count);
  const auto found = std::ranges::lower_bound(
      entries, HashView(wanted), is_before, [](const ListEntry& entry) {
        return hash_of(entry);
      });
  if (found == entries.end() || !std::ranges::equal(hash_of(*found), wanted)) {
    return nullptr;
  }
  return &*found;
}

Result OfflineList::begin(const strongroom_panel_v1_ListPart& part) {
  intake_ = {};
  if (part.from_version != 0 && part.from_version != version()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_WRONG_VERSION;
  }
  if (part.from_version == part.version) {
    return kInvalid;
  }
  intake_.from_version = part.from_version;
  intake_.version = part.version;
  intake_.count = part.count;
  // Of a whole list nothing old remains.
  intake_.read = part.from_version == 0 ? size() : 0;
  return kDone;
}

Result OfflineList::take_entry(EntryView entry) {
  const HashView hash = hash_of(entry);
  if (intake_.has_last && !is_before(intake_.last, hash)) {
    return kInvalid;
  }
  std::ranges::copy(hash, intake_.last.begin());
  intake_.has_last = true;
  if (!take_old_before(hash)) {
    return kNoRoom;
  }
  if (intake_.read < size() &&
      std::ranges::equal(hash_of(current().entries[intake_.read]), hash)) {
    ++intake_.read;  // replaced, or removed
  }
  const bool is_removal = entry[kLeavesAt] == 0;
  return is_removal || append(entry) ? kDone : kNoRoom;
}

bool OfflineList::take_old_before(HashView hash) {
  while (intake_.read < size() &&
         is_before(hash_of(current().entries[intake_.read]), hash)) {
    if (!take_old()) {
      return false;
    }
  }
  return true;
}

bool OfflineList::take_old() {
  return append(current().entries[intake_.read++]);
}

bool OfflineList::append(EntryView entry) {
  if (intake_.size == kListCapacity) {
    return false;
  }
  store(&spare().entries[intake_.size++], entry.data(), entry.size());
  intake_.crc = crc32(entry, intake_.crc);
  return true;
}

Result OfflineList::finish(std::uint32_t crc) {
  while (intake_.read < size()) {
    if (!take_old()) {
      intake_ = {};
      return kNoRoom;
    }
  }
  const Intake done = intake_;
  intake_ = {};
  if (done.crc != crc) {
    return kInvalid;
  }
  ListBank& bank = spare();
  const auto count = static_cast<std::uint32_t>(done.size);
  store_value(bank.count, count);
  store_value(bank.crc, sealed(done.crc, done.version, count));
  store_value(bank.version, done.version);
  active_ = 1 - active_;
  store_value(memory_.active, kActive + static_cast<std::uint32_t>(active_));
  // Whoever was revoked since stands in it: no bit that flips brings it back.
  make_empty(spare());
  return kDone;
}

}  // namespace strongroom::panel
