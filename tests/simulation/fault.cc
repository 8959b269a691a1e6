// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/fault.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "tests/simulation/random.h"

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;

struct KindRow {
  FaultKind kind;
  std::string_view name;
  int weight;
  std::int64_t lasts_ms;    // at most; 0: an instant
  std::int64_t amount_low;  // of its amount
  std::int64_t amount_high;
};

constexpr std::array<KindRow, kFaultKinds> kKinds = {{
    {FaultKind::kLoss, "loss", 6, 60'000, 5, 60},
    {FaultKind::kDuplicate, "duplicate", 4, 60'000, 5, 60},
    {FaultKind::kReorder, "reorder", 4, 60'000, 5, 60},
    {FaultKind::kDelay, "delay", 3, 60'000, 50, 15'000},
    {FaultKind::kPartition, "partition", 5, 90'000, 0, 0},
    {FaultKind::kLedgerPartition, "ledger_partition", 3, 60'000, 0, 0},
    {FaultKind::kBrokerCrash, "broker_crash", 5, 30'000, 0, 0},
    {FaultKind::kBrokerOverflow, "broker_overflow", 3, 60'000, 0, 3},
    {FaultKind::kAgentCrash, "agent_crash", 24, 8'000, 0, 3},
    {FaultKind::kAgentStop, "agent_stop", 3, 8'000, 0, 0},
    {FaultKind::kAgentReboot, "agent_reboot", 3, 20'000, 0, 0},
    {FaultKind::kJournalFull, "journal_full", 4, 40'000, 0, 0},
    {FaultKind::kJournalError, "journal_error", 4, 0, 1, 3},
    {FaultKind::kJournalReadError, "journal_read_error", 2, 0, 1, 2},
    {FaultKind::kJournalRot, "journal_rot", 2, 0, 0, 7},
    {FaultKind::kJournalRollBack, "journal_roll_back", 3, 0, 1, 90'000},
    {FaultKind::kJournalLost, "journal_lost", 1, 0, 0, 0},
    {FaultKind::kClone, "clone", 2, 60'000, 1, 30'000},
    {FaultKind::kClockStep, "clock_step", 4, 0, -400'000, 400'000},
    {FaultKind::kLedgerCrash, "ledger_crash", 24, 6'000, 1, 12},
    {FaultKind::kLedgerError, "ledger_error", 6, 6'000, 1, 12},
    {FaultKind::kLedgerFull, "ledger_full", 3, 30'000, 0, 0},
    {FaultKind::kGuardFull, "guard_full", 3, 30'000, 0, 0},
    {FaultKind::kLedgerClockStep,
     "ledger_clock_step",
     2,
     0,
     -4'000'000,
     4'000'000},
    {FaultKind::kWriteLost, "write_lost", 1, 0, 0, 0},
    {FaultKind::kWriteRot, "write_rot", 1, 0, 0, 0},
    {FaultKind::kEntryRot, "entry_rot", 1, 0, 0, 0},
    {FaultKind::kTileRot, "tile_rot", 1, 0, 0, 0},
    {FaultKind::kLedgerRollBack, "ledger_roll_back", 1, 0, 1, 90'000},
    {FaultKind::kBothRollBack, "both_roll_back", 1, 0, 1, 90'000},
    {FaultKind::kRefusals, "refusals", 4, 30'000, 1, 8},
    {FaultKind::kReplay, "replay", 3, 30'000, 1, 20},
    {FaultKind::kNoise, "noise", 3, 30'000, 1, 20},
    {FaultKind::kFlood, "flood", 2, 10'000, 50, 400},
}};

const KindRow& row_of(FaultKind kind) {
  return *std::ranges::find(kKinds, kind, &KindRow::kind);
}

FaultKind draw_kind(Random& random, const FaultSet& allowed) {
  int total = 0;
  for (const KindRow& row : kKinds) {
    total += allowed.has(row.kind) ? row.weight : 0;
  }
  auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
  for (const KindRow& row : kKinds) {
    if (!allowed.has(row.kind)) {
      continue;
    }
    left -= row.weight;
    if (left < 0) {
      return row.kind;
    }
  }
  return FaultKind::kLoss;
}

Fault draw_fault(Random& random, const FaultSet& allowed, const Plan& plan) {
  Fault fault;
  fault.kind = draw_kind(random, allowed);
  const KindRow& row = row_of(fault.kind);
  fault.at = milliseconds(random.between(0, plan.duration.count() / 1000));
  fault.lasts =
      milliseconds(row.lasts_ms == 0 ? 0 : random.between(100, row.lasts_ms));
  fault.who = random.below(plan.agents);
  fault.amount = random.between(row.amount_low, row.amount_high);
  fault.seed = random.next();
  return fault;
}

std::string seconds(MonoTime time) {
  return fmt::format("{:.3f} s", static_cast<double>(time.count()) / 1e6);
}

}  // namespace

std::string_view fault_name(FaultKind kind) {
  return row_of(kind).name;
}

std::optional<FaultKind> fault_from_name(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &KindRow::name);
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

std::string Fault::text() const {
  std::string out = fmt::format("at {:>10} {}", seconds(at), fault_name(kind));
  if (kind >= FaultKind::kAgentCrash && kind <= FaultKind::kClockStep) {
    out += fmt::format(" of agent {}", who);
  }
  if (kind == FaultKind::kPartition) {
    out += fmt::format(" of agent {}", who);
  }
  if (lasts.count() != 0) {
    out += " for " + seconds(lasts);
  }
  if (amount != 0) {
    out += fmt::format(" ({})", amount);
  }
  return out;
}

bool Plan::has(FaultKind kind) const {
  return std::ranges::find(faults, kind, &Fault::kind) != faults.end();
}

std::string Plan::text() const {
  std::string out = fmt::format(
      "seed {}: {} agents at {} sites, {} of trouble, a poll every {}, a "
      "change every {}\n",
      seed,
      agents,
      sites,
      seconds(duration),
      seconds(poll_every),
      seconds(change_every));
  if (quota_kib != 0) {
    out += fmt::format("  journals may take {} KiB\n", quota_kib);
  }
  for (const Fault& fault : faults) {
    out += "  " + fault.text() + "\n";
  }
  return out;
}

bool Plan::is_honest() const {
  return std::ranges::all_of(faults, [](const Fault& fault) {
    return fault.kind < FaultKind::kJournalRot ||
           (fault.kind >= FaultKind::kClockStep &&
            fault.kind < FaultKind::kWriteLost);
  });
}

Plan make_plan(std::uint64_t seed, const FaultSet& allowed) {
  Random random(seed, "plan");
  Plan plan;
  plan.seed = seed;
  plan.agents = random.chance(0.55) ? 1 : 2 + random.below(3);
  plan.sites = plan.agents > 1 && random.chance(0.3) ? 2 : 1;
  plan.duration = milliseconds(random.between(20'000, 150'000));
  plan.poll_every = milliseconds(random.between(1'500, 9'000));
  plan.change_every = milliseconds(random.between(4'000, 25'000));
  if (random.chance(0.25)) {
    plan.quota_kib = static_cast<std::uint64_t>(random.between(3, 20));
  }
  const std::size_t count = 1 + random.below(10);
  while (plan.faults.size() < count && allowed.bits != 0) {
    plan.faults.push_back(draw_fault(random, allowed, plan));
  }
  std::ranges::sort(plan.faults, {}, &Fault::at);
  return plan;
}

}  // namespace strongroom::simulation
