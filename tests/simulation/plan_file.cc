// SPDX-License-Identifier: Apache-2.0
// Plans as files: a failure is kept as one, so that it stays the same run
// when the generator learns new faults.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sstream>

#include "tests/simulation/fault.h"

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;

struct SabotageRow {
  Sabotage sabotage;
  std::string_view name;
};
constexpr std::array<SabotageRow, 3> kSabotages = {{
    {Sabotage::kNone, "none"},
    {Sabotage::kActFirst, "act_first"},
    {Sabotage::kGuardForgets, "guard_forgets"},
}};

std::int64_t in_ms(MonoTime time) {
  return std::chrono::duration_cast<milliseconds>(time).count();
}

bool read_fault(std::istringstream& words, Fault& fault) {
  std::string name;
  std::int64_t at = 0;
  std::int64_t lasts = 0;
  words >> name >> at >> lasts >> fault.who >> fault.amount >> fault.seed;
  const auto kind = fault_from_name(name);
  fault.kind = kind.value_or(FaultKind::kCount);
  fault.at = milliseconds(at);
  fault.lasts = milliseconds(lasts);
  return kind && !words.fail();
}

bool read_line(const std::string& line, Plan& plan) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  if (word == "fault") {
    return read_fault(words, plan.faults.emplace_back());
  }
  if (word == "sabotage") {
    std::string name;
    words >> name;
    const auto sabotage = sabotage_from_name(name);
    plan.sabotage = sabotage.value_or(Sabotage::kNone);
    return sabotage.has_value();
  }
  std::uint64_t value = 0;
  words >> value;
  const auto time = milliseconds(static_cast<std::int64_t>(value));
  if (word == "seed") {
    plan.seed = value;
  } else if (word == "agents") {
    plan.agents = value;
  } else if (word == "sites") {
    plan.sites = value;
  } else if (word == "duration_ms") {
    plan.duration = time;
  } else if (word == "poll_every_ms") {
    plan.poll_every = time;
  } else if (word == "change_every_ms") {
    plan.change_every = time;
  } else if (word == "quota_kib") {
    plan.quota_kib = value;
  } else {
    return false;
  }
  return !words.fail();
}

}  // namespace

std::string_view sabotage_name(Sabotage sabotage) {
  return std::ranges::find(kSabotages, sabotage, &SabotageRow::sabotage)->name;
}

std::optional<Sabotage> sabotage_from_name(std::string_view name) {
  const auto found = std::ranges::find(kSabotages, name, &SabotageRow::name);
  return found == kSabotages.end() ? std::nullopt
                                   : std::optional(found->sabotage);
}

std::string Plan::file() const {
  std::string out = fmt::format(
      "seed {}\nagents {}\nsites {}\nduration_ms {}\npoll_every_ms {}\n"
      "change_every_ms {}\nquota_kib {}\nsabotage {}\n",
      seed,
      agents,
      sites,
      in_ms(duration),
      in_ms(poll_every),
      in_ms(change_every),
      quota_kib,
      sabotage_name(sabotage));
  for (const Fault& fault : faults) {
    out += fmt::format("fault {} {} {} {} {} {}\n",
                       fault_name(fault.kind),
                       in_ms(fault.at),
                       in_ms(fault.lasts),
                       fault.who,
                       fault.amount,
                       fault.seed);
  }
  return out;
}

Result<Plan> parse_plan(std::string_view file) {
  Plan plan;
  std::istringstream lines{std::string(file)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (!read_line(line, plan)) {
      return fault(fmt::format("line {}: {}", number, line));
    }
  }
  const auto has_agent = [&plan](const Fault& each) {
    return each.who < plan.agents;
  };
  if (plan.agents == 0 || plan.sites == 0 ||
      !std::ranges::all_of(plan.faults, has_agent)) {
    return fault("a plan without agents or sites, or of an agent too many");
  }
  return plan;
}

}  // namespace strongroom::simulation
