// SPDX-License-Identifier: Apache-2.0
// What a person does about a ledger with logs that sign nothing more: what
// `strongroom recover` does, over disks that may fail in it.
#include <algorithm>
#include <fmt/format.h>

#include "core/base/check.h"
#include "ledger/log/repair_tiles.h"
#include "ledger/recover/recover.h"
#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"
#include "tests/simulation/ledger_node.h"

namespace strongroom::simulation {

bool LedgerNode::needs_recovery() const {
  return !frozen().empty() || misses_logs();
}

// There is no backup in this world: damaged tiles are made again, and a log
// whose entries are damaged is given up where it is damaged.
Result<std::vector<std::string>> LedgerNode::mend_and_choose(
    const std::vector<SurveyedLog>& surveyed,
    LedgerStore& store,
    LedgerReader& reader,
    const std::vector<GuardEntry>& guarded) {
  const auto plan = plan_recovery(surveyed, {});
  const auto* found = std::get_if<RecoveryPlan>(&plan);
  const auto rows = reader.logs();
  if (found == nullptr || !rows) {
    return std::vector<std::string>{};
  }
  std::vector<std::string> chosen;
  for (const LogPlan& each : found->logs) {
    chosen.push_back(each.predecessor.text());
  }
  const std::size_t needed = chosen.size();
  for (const LeftAlone& each : found->left_alone) {
    const auto log =
        std::ranges::find(surveyed, each.origin, &SurveyedLog::origin);
    if (mending_of(*log) == Mending::kBytes) {
      chosen.push_back(each.origin.text());
      continue;
    }
    const auto row = std::ranges::find(*rows, each.origin, &LogRow::origin);
    const auto note =
        std::ranges::find(guarded, each.origin.text(), &GuardEntry::origin);
    const auto trees = trees_to_prove(
        reader, *row, note == guarded.end() ? "" : note->note, trust());
    const auto done = trees ? repair_tiles(store, reader, *row, *trees, {})
                            : Result<TileRepair>(fault(trees.error().what));
    if (!done) {
      return std::unexpected(done.error());
    }
  }
  return chosen.size() == needed ? std::vector<std::string>{} : chosen;
}

// One attempt: a crash in it leaves whatever was done until then.
Result<std::vector<FollowPack>> LedgerNode::try_to_recover() {
  auto store =
      open_sqlite_ledger_store(store_path(), folder_ / "disclosures.db");
  auto guard = open_sqlite_guard(guard_path());
  auto reader = LedgerReader::open(store_path());
  if (!store || !guard || !reader) {
    return fault("the databases do not open");
  }
  disk_.crashed = false;
  SimStore sim_store(*std::move(store), disk_, around_.logs, random_);
  SimGuard sim_guard(*std::move(guard), disk_, around_.logs);
  const std::unique_ptr<LedgerReader> own = *std::move(reader);
  const auto guarded = sim_guard.entries();
  if (!guarded) {
    return std::unexpected(guarded.error());
  }
  const auto surveyed = survey_logs(own.get(), *guarded, trust());
  if (!surveyed) {
    return std::unexpected(surveyed.error());
  }
  const auto chosen = mend_and_choose(*surveyed, sim_store, *own, *guarded);
  if (!chosen) {
    return std::unexpected(chosen.error());
  }
  const auto plan = plan_recovery(*surveyed, *chosen);
  if (const auto* refused = std::get_if<PlanRefused>(&plan)) {
    return fault("no plan: " + refused->what);
  }
  auto done =
      recover(kLedgerName,
              std::get<RecoveryPlan>(plan),
              {"person-1", "person-2"},
              {.store = sim_store,
               .guard = sim_guard,
               .reader = *own,
               .log_signer = *log_signer_,
               .console_signer = *console_signer_,
               .from = {.now = [this] { return now(); },
                        .random16 =
                            [this] {
                              std::array<std::uint8_t, 16> bytes{};
                              random_.fill(bytes);
                              return bytes;
                            },
                        .random64 = [this] { return random_.next(); }}});
  if (!done) {
    return std::unexpected(done.error());
  }
  std::vector<FollowPack> packs;
  for (FollowFile& file : done->files) {
    packs.push_back({std::move(file.agent),
                     std::move(file.successor),
                     std::move(file.pack)});
  }
  return packs;
}

std::vector<FollowPack> LedgerNode::recover_logs() {
  kill(MonoTime{-1});
  ++recoveries;
  disk_.steps_until_fault = static_cast<int>(random_.below(12));
  disk_.after_doing_it = random_.chance(0.5);
  disk_.is_crash = true;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    auto packs = try_to_recover();
    around_.trace.line(
        "person",
        fmt::format(
            "recovers the ledger, attempt {}: {}",
            attempt,
            packs ? fmt::format("{} packs", packs->size()) : "not yet"));
    for (std::size_t i = 0; packs && i < packs->size(); ++i) {
      around_.trace.line("person",
                         "has a pack for " + (*packs)[i].agent + " to " +
                             (*packs)[i].successor.text());
    }
    if (packs) {
      disk_.steps_until_fault = -1;
      // A crash that came with the last step of all.
      disk_.crashed = false;
      start();
      return *std::move(packs);
    }
    if (!disk_.crashed) {
      around_.trace.fail("recovery is not possible: " + packs.error().what);
      return {};
    }
    ++crashes;
  }
  around_.trace.fail("recovery never ends");
  return {};
}

}  // namespace strongroom::simulation
