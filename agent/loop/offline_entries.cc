// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/offline_entries.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace strongroom {
namespace {

using std::chrono::minutes;

// docs/formats/panel-link.md: minutes since then, in 24 bits.
constexpr WallTime kListEpoch =
    std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr std::uint32_t kNever = 0xffffff;

std::uint32_t expiry_of(const std::optional<WallTime>& one,
                        const std::optional<WallTime>& other) {
  if (!one && !other) {
    return kNever;
  }
  const WallTime until =
      std::min(one.value_or(WallTime::max()), other.value_or(WallTime::max()));
  const auto since = std::chrono::floor<minutes>(until - kListEpoch).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(since, 0, kNever - 1));
}

bool has_standing_right(const Policy& policy,
                        const PolicyPerson& person,
                        const PanelLeaf& leaf) {
  const auto known = policy.leaves.find(leaf.name);
  if (known == policy.leaves.end() || known->second.is_disabled) {
    return false;
  }
  const auto zone = policy.zones.find(known->second.zone);
  if (zone == policy.zones.end() || zone->second.wants_pin ||
      zone->second.wants_two_persons) {
    return false;
  }
  return std::ranges::any_of(policy.grants, [&](const PolicyGrant& grant) {
    return grant.person == person.id && grant.zone == zone->second.name &&
           grant.schedule.empty();
  });
}

std::uint8_t leaves_for(const Policy& policy,
                        const PolicyPerson& person,
                        const PanelShape& panel) {
  std::uint8_t mask = 0;
  for (std::size_t at = 0; at < panel.leaves.size(); ++at) {
    const PanelLeaf& leaf = panel.leaves[at];
    if (leaf.uses_list && has_standing_right(policy, person, leaf)) {
      mask |= static_cast<std::uint8_t>(1U << at);
    }
  }
  return mask;
}

bool reads(const PanelShape& panel, CredentialFormat format) {
  return std::ranges::any_of(panel.readers, [&](const auto& reader) {
    return reader.format == format;
  });
}

}  // namespace

std::vector<PanelList::Entry> offline_entries(const PanelShape& panel,
                                              const Policy* policy,
                                              WallTime now) {
  std::vector<PanelList::Entry> entries;
  if (policy == nullptr || policy->valid_from > now ||
      std::ranges::none_of(panel.leaves, &PanelLeaf::uses_list)) {
    return entries;
  }
  std::map<std::string, std::uint8_t> masks;  // by person
  for (const auto& [id, person] : policy->persons) {
    masks[id] = person.is_suspended ? 0 : leaves_for(*policy, person, panel);
  }
  for (const auto& [key, credential] : policy->credentials) {
    const auto mask = masks.find(credential.person);
    if (credential.is_revoked || credential.valid_from > now ||
        mask == masks.end() || mask->second == 0 || !reads(panel, key.first)) {
      continue;
    }
    const CredentialBits& bits = key.second;
    const std::size_t bytes = (bits.count + 7U) / 8U;
    entries.push_back(
        {bits.count,
         Bytes(bits.bits.begin(),
               bits.bits.begin() + static_cast<std::ptrdiff_t>(bytes)),
         mask->second,
         expiry_of(credential.valid_until, policy->valid_until)});
  }
  // The panel's key is of the bits alone: the same bits in two formats are one
  // entry, which must not give more than either.
  std::ranges::sort(entries, {}, [](const auto& entry) {
    return std::tie(entry.bit_count, entry.bits);
  });
  std::vector<PanelList::Entry> single;
  for (PanelList::Entry& entry : entries) {
    if (!single.empty() && single.back().bit_count == entry.bit_count &&
        single.back().bits == entry.bits) {
      single.back().leaves &= entry.leaves;
      single.back().expires_minutes =
          std::min(single.back().expires_minutes, entry.expires_minutes);
    } else {
      single.push_back(std::move(entry));
    }
  }
  std::erase_if(single, [](const auto& entry) { return entry.leaves == 0; });
  return single;
}

Hash list_hash(const std::vector<PanelList::Entry>& entries) {
  Bytes bytes;
  for (const PanelList::Entry& entry : entries) {
    bytes.push_back(entry.bit_count);
    append(bytes, entry.bits);
    bytes.push_back(entry.leaves);
    for (int shift = 16; shift >= 0; shift -= 8) {
      bytes.push_back(
          static_cast<std::uint8_t>(entry.expires_minutes >> shift));
    }
  }
  return sha256(bytes);
}

}  // namespace strongroom
