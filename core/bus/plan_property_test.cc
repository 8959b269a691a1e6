// SPDX-License-Identifier: Apache-2.0
// Plans of random profiles against what no plan may do, and against all plans
// that there are.
#include <algorithm>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>

#include "core/bus/plan.h"
#include "core/bus/plan_fixture.h"
#include "core/bus/random_profile.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Case {
  DeviceProfile profile;
  std::vector<std::uint16_t> points;
  bool with_texts = false;
  RequestCost cost;
  PlanLimits limits;
};

/// Even seeds are small enough for every plan to be tried.
bool is_small(std::uint32_t seed) {
  return seed % 2 == 0;
}

Case random_case(std::uint32_t seed) {
  Random random(seed);
  Case c;
  c.profile = random_profile(random, is_small(seed));
  c.limits.forbidden = random_ranges(random, 2);
  if (random.one_in(3)) {
    c.limits.longest_request = milliseconds(random.between(20, 300));
  }
  c.cost.wire = random.one_of({kTcp, kRtu9600, kRtu115200});
  c.cost.turnaround = microseconds(
      random.one_of({0, 2'000, 20'000, random.between(0, 100'000)}));
  c.with_texts = random.one_in(2);
  for (std::size_t i = 0; i < c.profile.points.size(); ++i) {
    if (random.between(0, 9) > 0) {  // the others are of another class
      c.points.push_back(static_cast<std::uint16_t>(i));
    }
  }
  return c;
}

microseconds time_of(const Case& c, const Cells& cells) {
  const Question question{.kind = cells.kind,
                          .count = static_cast<std::uint16_t>(cells.count())};
  return wire_time(c.cost.wire, question) + c.cost.turnaround;
}

/// What is wrong with this request; empty: nothing. `longest_item`: of what it
/// reads.
std::string fault_of(const Case& c, const Cells& request, int longest_item) {
  std::string fault = request_fault(c.profile, request);
  for (int address = request.first; address < request.end; ++address) {
    if (fault.empty() && is_within(c.limits.forbidden, request.kind, address)) {
      fault = "a learned address";
    }
  }
  if (!fault.empty()) {
    return fault;
  }
  const microseconds longest = c.limits.longest_request;
  const microseconds allowed =
      std::max(longest, c.cost.turnaround + longest / 2);
  if (longest.count() > 0 && request.count() > longest_item &&
      time_of(c, request) > allowed) {
    return "the longest request";
  }
  return {};
}

/// What is asked for and can be read at all.
std::vector<Cells> readable_items(const Case& c) {
  std::vector<Cells> items;
  items.reserve(c.points.size() + c.profile.texts.size());
  for (const std::uint16_t point : c.points) {
    items.push_back(cells_of(c.profile.points[point]));
  }
  for (const TextProfile& text : c.profile.texts) {
    if (c.with_texts) {
      items.push_back(cells_of(text));
    }
  }
  std::erase_if(items, [&](const Cells& item) {
    return !fault_of(c, item, item.count()).empty();
  });
  return items;
}

/// The least time of all ways to share the items among requests.
microseconds best_by_trying_all(const Case& c,
                                const std::vector<Cells>& items) {
  struct Request {
    Cells cells;
    int longest_item = 0;
  };
  std::vector<Request> requests;
  microseconds best = microseconds::max();
  const std::function<void(std::size_t)> place = [&](std::size_t i) {
    if (i == items.size()) {
      microseconds time{};
      for (const Request& request : requests) {
        if (!fault_of(c, request.cells, request.longest_item).empty()) {
          return;
        }
        time += time_of(c, request.cells);
      }
      best = std::min(best, time);
      return;
    }
    for (std::size_t r = 0; r < requests.size(); ++r) {
      if (requests[r].cells.kind != items[i].kind) {
        continue;
      }
      const Request before = requests[r];
      requests[r].cells.first = std::min(before.cells.first, items[i].first);
      requests[r].cells.end = std::max(before.cells.end, items[i].end);
      requests[r].longest_item =
          std::max(before.longest_item, items[i].count());
      place(i + 1);
      requests[r] = before;
    }
    requests.push_back({items[i], items[i].count()});
    place(i + 1);
    requests.pop_back();
  };
  place(0);
  return best;
}

/// Adjacent and overlapping ones together, as far as allowed: what others do.
microseconds greedy_time(const Case& c, std::vector<Cells> items) {
  std::sort(items.begin(), items.end(), [](const Cells& a, const Cells& b) {
    return std::tuple(a.kind, a.first, a.end) <
           std::tuple(b.kind, b.first, b.end);
  });
  microseconds time{};
  std::optional<Cells> request;
  int longest_item = 0;
  for (const Cells& item : items) {
    if (request && request->kind == item.kind && item.first <= request->end) {
      Cells longer = *request;
      longer.end = std::max(longer.end, item.end);
      const int longest = std::max(longest_item, item.count());
      if (fault_of(c, longer, longest).empty()) {
        request = longer;
        longest_item = longest;
        continue;
      }
    }
    time += request ? time_of(c, *request) : microseconds(0);
    request = item;
    longest_item = item.count();
  }
  return time + (request ? time_of(c, *request) : microseconds(0));
}

microseconds one_each_time(const Case& c, const std::vector<Cells>& items) {
  microseconds time{};
  for (const Cells& item : items) {
    time += time_of(c, item);
  }
  return time;
}

void expect_block_is_right(const Case& c,
                           const RegisterBlock& block,
                           std::vector<int>& point_reads,
                           std::vector<int>& text_reads) {
  const Cells request{block.kind, block.address, block.address + block.count};
  int longest_item = 0;
  const auto expect_inside = [&](const Cells& item) {
    EXPECT_EQ(item.kind, block.kind);
    EXPECT_GE(item.first, request.first);
    EXPECT_LE(item.end, request.end);
    longest_item = std::max(longest_item, item.count());
  };
  for (const std::uint16_t point : block.points) {
    ++point_reads.at(point);
    expect_inside(cells_of(c.profile.points.at(point)));
  }
  for (const std::uint16_t text : block.texts) {
    ++text_reads.at(text);
    expect_inside(cells_of(c.profile.texts.at(text)));
  }
  EXPECT_EQ(fault_of(c, request, longest_item), "");
}

TEST(PlanProperty, EveryPointOnceWithinAllLimitsAndNoPlanIsCheaper) {
  for (std::uint32_t seed = 0; seed < 10'000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case c = random_case(seed);
    const std::vector<RegisterBlock> blocks =
        plan_reads(c.profile, c.points, c.with_texts, c.cost, c.limits);
    SCOPED_TRACE(text_of(blocks));

    std::vector<int> point_reads(c.profile.points.size());
    std::vector<int> text_reads(c.profile.texts.size());
    for (const RegisterBlock& block : blocks) {
      expect_block_is_right(c, block, point_reads, text_reads);
    }
    const auto expected_reads = [&](const auto& item) {
      return fault_of(c, cells_of(item), cells_of(item).count()).empty() ? 1
                                                                         : 0;
    };
    std::vector<int> expected(c.profile.points.size());
    for (const std::uint16_t point : c.points) {
      expected[point] = expected_reads(c.profile.points[point]);
    }
    EXPECT_EQ(point_reads, expected);
    for (std::size_t i = 0; i < c.profile.texts.size(); ++i) {
      EXPECT_EQ(text_reads[i],
                c.with_texts ? expected_reads(c.profile.texts[i]) : 0);
    }

    const std::vector<Cells> items = readable_items(c);
    const microseconds time = estimated_time(blocks, c.cost);
    EXPECT_LE(time, one_each_time(c, items));
    EXPECT_LE(time, greedy_time(c, items));
    if (is_small(seed)) {
      EXPECT_EQ(time, best_by_trying_all(c, items));
    }
  }
}

TEST(PlanProperty, BlocksAreInOrder) {
  for (std::uint32_t seed = 0; seed < 500 && !HasFailure(); ++seed) {
    const Case c = random_case(seed);
    const auto blocks =
        plan_reads(c.profile, c.points, c.with_texts, c.cost, c.limits);
    EXPECT_TRUE(std::is_sorted(
        blocks.begin(),
        blocks.end(),
        [](const RegisterBlock& a, const RegisterBlock& b) {
          return std::pair(a.kind, a.address) < std::pair(b.kind, b.address);
        }))
        << "seed " << seed << ": " << text_of(blocks);
  }
}

}  // namespace
}  // namespace strongroom
