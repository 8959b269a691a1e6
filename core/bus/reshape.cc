// SPDX-License-Identifier: Apache-2.0
#include "core/bus/reshape.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr std::uint32_t kAddresses = 65'536;
constexpr std::uint32_t kBitsPerByte = 8;
/// How many other lengths are tried; each unanswered question takes one.
constexpr std::uint32_t kMostSteps = 8;
/// The same beyond all that the profile knows: it may be refused, and what is
/// refused while something is owed says nothing.
constexpr std::uint32_t kMostStepsBeyond = 2;
constexpr std::array kKinds{RegisterKind::kInput,
                            RegisterKind::kHolding,
                            RegisterKind::kDiscrete,
                            RegisterKind::kCoil};

/// Addresses of one kind; the end is exclusive.
struct Extent {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

/// A point or a text of a block.
struct Item {
  Extent extent;
  std::uint16_t index = 0;
  bool is_text = false;
};

Extent extent_of(const PointProfile& point) {
  return {point.address,
          point.address + std::uint32_t{register_count(point.type)}};
}

Extent extent_of(const TextProfile& text) {
  return {text.address, text.address + std::uint32_t{text.registers}};
}

/// Calls `visit` with the extent of every point and text of the kind.
template <typename Visit>
void visit_known(const DeviceProfile& profile, RegisterKind kind, Visit visit) {
  for (const PointProfile& point : profile.points) {
    if (point.kind == kind) {
      visit(extent_of(point));
    }
  }
  for (const TextProfile& text : profile.texts) {
    if (text.kind == kind) {
      visit(extent_of(text));
    }
  }
}

bool touches(std::span<const RegisterRange> ranges,
             RegisterKind kind,
             const Extent& extent) {
  return std::ranges::any_of(ranges, [&](const RegisterRange& range) {
    return range.kind == kind && range.first < extent.end &&
           extent.first <= range.last;
  });
}

/// Every address of the extent stands in a point or a text.
bool is_documented(const DeviceProfile& profile,
                   RegisterKind kind,
                   const Extent& extent) {
  std::vector<bool> is_known(extent.end - extent.first);
  visit_known(profile, kind, [&](const Extent& known) {
    const std::uint32_t end = std::min(known.end, extent.end);
    for (std::uint32_t address = std::max(known.first, extent.first);
         address < end;
         ++address) {
      is_known[address - extent.first] = true;
    }
  });
  return std::ranges::find(is_known, false) == is_known.end();
}

/// Some devices refuse to give half of a value.
bool cuts_a_value(const DeviceProfile& profile,
                  RegisterKind kind,
                  const Extent& extent) {
  bool cuts = false;
  visit_known(profile, kind, [&](const Extent& known) {
    const bool overlaps = known.first < extent.end && extent.first < known.end;
    const bool is_inside =
        extent.first <= known.first && known.end <= extent.end;
    cuts = cuts || (overlaps && !is_inside);
  });
  return cuts;
}

std::uint32_t most_addresses(const DeviceProfile& profile, RegisterKind kind) {
  return is_bit_kind(kind)
             ? std::min(profile.max_bits, kMaxBitsPerRequest)
             : std::min(profile.max_registers, kMaxRegistersPerRequest);
}

bool is_allowed(const AskedDevice& device,
                RegisterKind kind,
                const Extent& extent) {
  return extent.first < extent.end && extent.end <= kAddresses &&
         extent.end - extent.first <= most_addresses(device.profile, kind) &&
         !touches(device.profile.forbidden, kind, extent) &&
         !touches(device.refused, kind, extent);
}

bool may_hold_values(const AskedDevice& device,
                     RegisterKind kind,
                     const Extent& extent) {
  return is_allowed(device, kind, extent) &&
         (device.profile.bridge_holes ||
          is_documented(device.profile, kind, extent));
}

Extent extent_of(const ProbeRegister& probe) {
  return {probe.address, probe.address + std::uint32_t{probe.count}};
}

Question question_at(std::uint8_t unit,
                     RegisterKind kind,
                     const Extent& extent) {
  return {.unit = unit,
          .kind = kind,
          .address = static_cast<std::uint16_t>(extent.first),
          .count = static_cast<std::uint16_t>(extent.end - extent.first)};
}

/// Addresses more that make the answer `step` lengths longer.
std::uint32_t extra_addresses(RegisterKind kind,
                              std::uint32_t count,
                              std::uint32_t step) {
  if (!is_bit_kind(kind)) {
    return step;
  }
  const std::uint32_t bytes = (count + kBitsPerByte - 1) / kBitsPerByte;
  return (bytes + step - 1) * kBitsPerByte + 1 - count;
}

/// What the profile knows of a kind, from the first address to the last.
Extent known_span(const DeviceProfile& profile, RegisterKind kind) {
  Extent span{kAddresses, 0};
  visit_known(profile, kind, [&](const Extent& known) {
    span.first = std::min(span.first, known.first);
    span.end = std::max(span.end, known.end);
  });
  return span;
}

/// The block with some addresses more behind or before it, within `within`.
std::optional<RegisterBlock> grown(const AskedDevice& device,
                                   const RegisterBlock& block,
                                   const Extent& within,
                                   std::uint32_t most_steps,
                                   const AskFilter& may_ask) {
  const std::uint32_t end = block.address + std::uint32_t{block.count};
  for (std::uint32_t step = 1; step <= most_steps; ++step) {
    const auto extra = extra_addresses(block.kind, block.count, step);
    const Extent behind{block.address, end + extra};
    const Extent before{block.address - extra, end};
    for (const Extent& extent : {behind, before}) {
      if (extent.first > block.address ||  // below address 0
          extent.first < within.first || extent.end > within.end ||
          extent.end > kAddresses ||
          !may_ask(question_at(device.unit, block.kind, extent)) ||
          !may_hold_values(device, block.kind, extent) ||
          cuts_a_value(device.profile, block.kind, extent)) {
        continue;
      }
      RegisterBlock larger = block;
      larger.address = static_cast<std::uint16_t>(extent.first);
      larger.count = static_cast<std::uint16_t>(extent.end - extent.first);
      return larger;
    }
  }
  return std::nullopt;
}

std::vector<Item> items_of(const DeviceProfile& profile,
                           const RegisterBlock& block) {
  std::vector<Item> items;
  items.reserve(block.points.size() + block.texts.size());
  for (const std::uint16_t index : block.points) {
    items.push_back({extent_of(profile.points[index]), index, false});
  }
  for (const std::uint16_t index : block.texts) {
    items.push_back({extent_of(profile.texts[index]), index, true});
  }
  std::ranges::sort(items, {}, [](const Item& item) {
    return std::pair(item.extent.first, item.extent.end);
  });
  return items;
}

RegisterBlock block_of(RegisterKind kind, std::span<const Item> items) {
  RegisterBlock block;
  block.kind = kind;
  Extent extent = items.front().extent;
  for (const Item& item : items) {
    extent.end = std::max(extent.end, item.extent.end);
    (item.is_text ? block.texts : block.points).push_back(item.index);
  }
  block.address = static_cast<std::uint16_t>(extent.first);
  block.count = static_cast<std::uint16_t>(extent.end - extent.first);
  return block;
}

/// Of those that may be asked; null when there is none.
const PointProfile* smallest_point(const AskedDevice& device) {
  const PointProfile* smallest = nullptr;
  for (const PointProfile& point : device.profile.points) {
    if (is_allowed(device, point.kind, extent_of(point)) &&
        (smallest == nullptr ||
         register_count(point.type) < register_count(smallest->type))) {
      smallest = &point;
    }
  }
  return smallest;
}

std::optional<std::vector<RegisterBlock>> parted(const AskedDevice& device,
                                                 const RegisterBlock& block,
                                                 const AskFilter& may_ask) {
  std::vector<BlockPair> parts = parts_of(device.profile, block);
  // The largest first part: what follows is then the cheapest.
  std::ranges::reverse(parts);
  for (BlockPair& pair : parts) {
    if (may_ask(question_of(device.unit, pair.first))) {
      return std::vector{std::move(pair.first), std::move(pair.second)};
    }
    if (may_ask(question_of(device.unit, pair.second))) {
      return std::vector{std::move(pair.second), std::move(pair.first)};
    }
  }
  return std::nullopt;
}

}  // namespace

Question question_of(std::uint8_t unit, const RegisterBlock& block) {
  return {.unit = unit,
          .kind = block.kind,
          .address = block.address,
          .count = block.count};
}

std::optional<std::vector<RegisterBlock>> reshape(const AskedDevice& device,
                                                  const RegisterBlock& block,
                                                  Reach reach,
                                                  const AskFilter& may_ask) {
  const Extent known = known_span(device.profile, block.kind);
  if (auto larger = grown(device, block, known, kMostSteps, may_ask)) {
    return std::vector{std::move(*larger)};
  }
  if (auto parts = parted(device, block, may_ask)) {
    return parts;
  }
  const Extent anywhere{0, kAddresses};
  if (reach == Reach::kBeyond) {
    if (auto larger =
            grown(device, block, anywhere, kMostStepsBeyond, may_ask)) {
      return std::vector{std::move(*larger)};
    }
  }
  return std::nullopt;
}

bool reaches_beyond(const DeviceProfile& profile, const Question& question) {
  const Extent known = known_span(profile, question.kind);
  return question.address < known.first ||
         question.address + std::uint32_t{question.count} > known.end;
}

std::optional<Question> find_question(const AskedDevice& device,
                                      const AskFilter& may_ask) {
  const DeviceProfile& profile = device.profile;
  std::optional<Question> found;
  const auto passes = [&](RegisterKind kind, const Extent& extent) {
    if (!found && is_allowed(device, kind, extent)) {
      const Question question = question_at(device.unit, kind, extent);
      if (may_ask(question)) {
        found = question;
      }
    }
    return found.has_value();
  };
  if (profile.probe) {
    passes(profile.probe->kind, extent_of(*profile.probe));
  }
  for (const RegisterKind kind : kKinds) {
    visit_known(
        profile, kind, [&](const Extent& known) { passes(kind, known); });
    visit_known(profile, kind, [&](const Extent& known) {
      for (std::uint32_t end = known.first + 1; end < known.end; ++end) {
        passes(kind, {known.first, end});
      }
    });
  }
  // Another function's answer or exception cannot be taken for what is owed.
  for (const RegisterKind kind : kKinds) {
    passes(kind, {profile.points[0].address, profile.points[0].address + 1U});
  }
  return found;
}

Question smallest_question(const AskedDevice& device) {
  const DeviceProfile& profile = device.profile;
  if (profile.probe) {
    const Extent extent = extent_of(*profile.probe);
    if (is_allowed(device, profile.probe->kind, extent)) {
      return question_at(device.unit, profile.probe->kind, extent);
    }
  }
  check(!profile.points.empty(), "a device has points");
  // Of a device that refused all of its points: a refusal is an answer, too.
  const AskedDevice unheard{profile, device.unit, {}};
  for (const AskedDevice& each : {device, unheard}) {
    if (const PointProfile* const smallest = smallest_point(each)) {
      return question_at(device.unit, smallest->kind, extent_of(*smallest));
    }
  }
  // Nothing of it may be asked, and nobody does.
  const PointProfile& first = profile.points[0];
  return question_at(device.unit, first.kind, extent_of(first));
}

std::vector<BlockPair> parts_of(const DeviceProfile& profile,
                                const RegisterBlock& block) {
  const std::vector<Item> items = items_of(profile, block);
  const std::span<const Item> all = items;
  std::vector<BlockPair> parts;
  std::uint32_t end = 0;
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    end = std::max(end, items[i].extent.end);
    if (items[i + 1].extent.first >= end) {
      parts.emplace_back(block_of(block.kind, all.first(i + 1)),
                         block_of(block.kind, all.subspan(i + 1)));
    }
  }
  return parts;
}

RegisterBlock without_extras(const DeviceProfile& profile,
                             const RegisterBlock& block) {
  return block_of(block.kind, items_of(profile, block));
}

std::optional<BlockPair> halves(const DeviceProfile& profile,
                                const RegisterBlock& block) {
  std::vector<BlockPair> parts = parts_of(profile, block);
  if (parts.empty()) {
    return std::nullopt;
  }
  const auto nearest =
      std::ranges::min_element(parts, {}, [](const BlockPair& pair) {
        return std::max(pair.first.count, pair.second.count);
      });
  return std::move(*nearest);
}

}  // namespace strongroom
