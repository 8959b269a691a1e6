// SPDX-License-Identifier: Apache-2.0
#include "core/bus/plan.h"

#include <algorithm>
#include <array>
#include <compare>

#include "core/base/check.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;

constexpr std::uint32_t kAddresses = 65'536;
constexpr std::array kKinds{RegisterKind::kCoil,
                            RegisterKind::kDiscrete,
                            RegisterKind::kHolding,
                            RegisterKind::kInput};

/// Addresses of one kind; the end is exclusive.
struct Extent {
  std::uint32_t first = 0;
  std::uint32_t end = 0;

  friend auto operator<=>(const Extent&, const Extent&) = default;
};

/// What stands at the same addresses and is therefore read together.
struct Span {
  Extent extent;
  std::vector<std::uint16_t> points;
  std::vector<std::uint16_t> texts;
};

Extent extent_of(const PointProfile& point) {
  return {point.address,
          point.address + std::uint32_t{register_count(point.type)}};
}

Extent extent_of(const TextProfile& text) {
  return {text.address, text.address + std::uint32_t{text.registers}};
}

/// The addresses of one kind that the profile documents, adjoining ones as one.
std::vector<Extent> documented_runs(const DeviceProfile& profile,
                                    RegisterKind kind) {
  std::vector<Extent> extents;
  for (const PointProfile& point : profile.points) {
    if (point.kind == kind) {
      extents.push_back(extent_of(point));
    }
  }
  for (const TextProfile& text : profile.texts) {
    if (text.kind == kind) {
      extents.push_back(extent_of(text));
    }
  }
  std::sort(extents.begin(), extents.end());
  std::vector<Extent> runs;
  for (const Extent& extent : extents) {
    if (!runs.empty() && extent.first <= runs.back().end) {
      runs.back().end = std::max(runs.back().end, extent.end);
    } else {
      runs.push_back(extent);
    }
  }
  return runs;
}

/// How far a request of one kind may reach.
class Fence {
 public:
  Fence(const DeviceProfile& profile,
        RegisterKind kind,
        const RequestCost& cost,
        const PlanLimits& limits)
      : max_count_(
            is_bit_kind(kind)
                ? std::min(profile.max_bits, kMaxBitsPerRequest)
                : std::min(profile.max_registers, kMaxRegistersPerRequest)) {
    for (const auto* ranges : {&profile.forbidden, &limits.forbidden}) {
      for (const RegisterRange& range : *ranges) {
        if (range.kind == kind) {
          forbidden_.push_back({range.first, range.last + std::uint32_t{1}});
        }
      }
    }
    if (!profile.bridge_holes) {
      documented_ = documented_runs(profile, kind);
    }
    for (std::uint32_t count = 0; count <= max_count_; ++count) {
      const Question question{.kind = kind,
                              .count = static_cast<std::uint16_t>(count)};
      wire_times_.push_back(wire_time(cost.wire, question));
    }
    quick_count_ = max_count_;
    if (limits.longest_request > microseconds(0)) {
      // A device's own time is not shortened by splitting, so the wire is left
      // half of the limit however slow the device is.
      const microseconds on_wire = std::max(
          limits.longest_request - cost.turnaround, limits.longest_request / 2);
      while (quick_count_ > 0 && wire_times_[quick_count_] > on_wire) {
        --quick_count_;
      }
    }
  }

  /// Where a request that starts at `first` must end, whatever it reads: the
  /// device's limit, or the first address after it that may not be touched.
  std::uint32_t hard_end(std::uint32_t first) const {
    std::uint32_t end = std::min(first + max_count_, kAddresses);
    for (const Extent& closed : forbidden_) {
      if (closed.end > first) {
        end = std::min(end, std::max(closed.first, first));
      }
    }
    if (!documented_.empty()) {
      const auto after = std::upper_bound(
          documented_.begin(),
          documented_.end(),
          first,
          [](std::uint32_t a, const Extent& run) { return a < run.first; });
      check(after != documented_.begin(), "a request starts at a point");
      end = std::min(end, (after - 1)->end);
    }
    return end;
  }

  /// And to stay within the longest request, unless one point needs more.
  std::uint32_t quick_end(std::uint32_t first) const {
    return first + quick_count_;
  }

  microseconds wire_time_of(std::uint32_t count) const {
    return wire_times_[count];
  }

 private:
  std::uint32_t max_count_;
  std::uint32_t quick_count_ = 0;
  std::vector<Extent> forbidden_;
  std::vector<Extent> documented_;        // empty: holes may be bridged
  std::vector<microseconds> wire_times_;  // by count
};

/// What is to be read of one kind, without what cannot be read at all, in order
/// of first address, then end.
std::vector<Span> spans_of(const DeviceProfile& profile,
                           std::span<const std::uint16_t> points,
                           bool with_texts,
                           RegisterKind kind,
                           const Fence& fence) {
  struct Item {
    Extent extent;
    bool is_text = false;
    std::uint16_t index = 0;

    auto operator<=>(const Item&) const = default;
  };
  std::vector<Item> items;
  for (const std::uint16_t point : points) {
    check(point < profile.points.size(), "a point of the profile");
    if (profile.points[point].kind == kind) {
      items.push_back({extent_of(profile.points[point]), false, point});
    }
  }
  for (std::uint16_t text = 0; with_texts && text < profile.texts.size();
       ++text) {
    if (profile.texts[text].kind == kind) {
      items.push_back({extent_of(profile.texts[text]), true, text});
    }
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());

  std::vector<Span> spans;
  for (const Item& item : items) {
    if (item.extent.end > fence.hard_end(item.extent.first)) {
      continue;
    }
    if (spans.empty() || spans.back().extent != item.extent) {
      spans.push_back({.extent = item.extent, .points = {}, .texts = {}});
    }
    auto& list = item.is_text ? spans.back().texts : spans.back().points;
    list.push_back(item.index);
  }
  return spans;
}

/// Time decides; equal times are decided by the number of requests, then by the
/// number of addresses: over TCP every request takes the same time.
struct Cost {
  microseconds time{};
  std::uint32_t requests = 0;
  std::uint32_t addresses = 0;

  friend auto operator<=>(const Cost&, const Cost&) = default;
};

/// The cheapest way to read the first so many spans ends with a request that
/// reads those from `from` on.
struct Step {
  Cost cost;
  std::size_t from = 0;
};

/// Some best plan reads, with each request, neighbours in the order of the
/// spans (docs/decisions/0053): so the best plan of the first n spans is the
/// best of the first m with one request for the rest, for some m.
std::vector<Step> best_steps(const std::vector<Span>& spans,
                             const Fence& fence,
                             microseconds turnaround) {
  std::vector<Step> best(spans.size() + 1,
                         {.cost = {.time = microseconds::max()}});
  best[0] = {};
  for (std::size_t from = 0; from < spans.size(); ++from) {
    check(best[from].cost.time < microseconds::max(),
          "each span can be read alone");
    const std::uint32_t first = spans[from].extent.first;
    // The spans that start here: the last of them is the longest point that
    // may stand alone in a request longer than others.
    std::uint32_t quick_end = fence.quick_end(first);
    for (std::size_t i = from;
         i < spans.size() && spans[i].extent.first == first;
         ++i) {
      quick_end = std::max(quick_end, spans[i].extent.end);
    }
    const std::uint32_t limit = std::min(fence.hard_end(first), quick_end);
    std::uint32_t end = first;
    for (std::size_t last = from; last < spans.size(); ++last) {
      end = std::max(end, spans[last].extent.end);
      if (end > limit) {
        break;
      }
      Cost cost = best[from].cost;
      cost.time += fence.wire_time_of(end - first) + turnaround;
      cost.requests += 1;
      cost.addresses += end - first;
      if (cost < best[last + 1].cost) {
        best[last + 1] = {.cost = cost, .from = from};
      }
    }
  }
  return best;
}

RegisterBlock block_of(std::span<const Span> spans, RegisterKind kind) {
  RegisterBlock block{.kind = kind, .points = {}, .texts = {}};
  std::uint32_t end = 0;
  for (const Span& span : spans) {
    end = std::max(end, span.extent.end);
    block.points.insert(
        block.points.end(), span.points.begin(), span.points.end());
    block.texts.insert(block.texts.end(), span.texts.begin(), span.texts.end());
  }
  const std::uint32_t first = spans.front().extent.first;
  block.address = static_cast<std::uint16_t>(first);
  block.count = static_cast<std::uint16_t>(end - first);
  return block;
}

}  // namespace

std::vector<RegisterBlock> plan_reads(const DeviceProfile& profile,
                                      std::span<const std::uint16_t> points,
                                      bool with_texts,
                                      const RequestCost& cost,
                                      const PlanLimits& limits) {
  std::vector<RegisterBlock> blocks;
  for (const RegisterKind kind : kKinds) {
    const Fence fence(profile, kind, cost, limits);
    const std::vector<Span> spans =
        spans_of(profile, points, with_texts, kind, fence);
    const std::vector<Step> steps = best_steps(spans, fence, cost.turnaround);
    std::vector<RegisterBlock> backwards;
    for (std::size_t end = spans.size(); end > 0; end = steps[end].from) {
      const std::size_t from = steps[end].from;
      backwards.push_back(
          block_of(std::span(spans).subspan(from, end - from), kind));
    }
    blocks.insert(blocks.end(), backwards.rbegin(), backwards.rend());
  }
  return blocks;
}

std::vector<std::uint16_t> points_of(const DeviceProfile& profile,
                                     PollClass poll_class) {
  std::vector<std::uint16_t> points;
  for (std::size_t i = 0; i < profile.points.size(); ++i) {
    if (profile.points[i].poll == poll_class) {
      points.push_back(static_cast<std::uint16_t>(i));
    }
  }
  return points;
}

microseconds estimated_time(std::span<const RegisterBlock> blocks,
                            const RequestCost& cost) {
  microseconds time{};
  for (const RegisterBlock& block : blocks) {
    const Question question{
        .kind = block.kind, .address = block.address, .count = block.count};
    time += wire_time(cost.wire, question) + cost.turnaround;
  }
  return time;
}

}  // namespace strongroom
