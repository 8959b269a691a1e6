// SPDX-License-Identifier: Apache-2.0
// repair: damaged entries that a backup still has whole.
#include "ledger/log/repair.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "ledger/check/check_ledger.h"
#include "ledger/store/ledger_reader.h"
#include "tools/strongroom/recover_setup.h"
#include "tools/strongroom/recover_stores.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path config;
  fs::path backup;
};

/// The batches of the copy that hold these indices, as rows of `log_id`.
Result<std::vector<BatchRow>> batches_of(LedgerReader& copy,
                                         const Origin& origin,
                                         LogId log_id,
                                         const std::set<std::uint64_t>& bad) {
  const auto logs = copy.logs();
  if (!logs) {
    return std::unexpected(logs.error());
  }
  const auto log = std::ranges::find(*logs, origin, &LogRow::origin);
  std::map<std::uint64_t, BatchRow> found;
  for (const std::uint64_t index : bad) {
    const auto row = log == logs->end()
                         ? Result<std::optional<BatchRow>>(std::nullopt)
                         : copy.batch_at(log->log_id, index);
    if (!row) {
      return std::unexpected(row.error());
    }
    if (*row) {
      found[(*row)->first_index] = **row;
      found[(*row)->first_index].log_id = log_id;
    }
  }
  std::vector<BatchRow> rows;
  for (auto& [first, row] : found) {
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What fsck names, log by log.
Result<std::map<std::string, std::set<std::uint64_t>>> damaged(
    const LedgerSetup& setup) {
  const auto check =
      check_ledger(setup.paths.store, setup.paths.guard, setup.trust);
  if (!check) {
    return std::unexpected(check.error());
  }
  std::map<std::string, std::set<std::uint64_t>> bad;
  for (const LedgerFlaw& flaw : check->flaws) {
    if (flaw.index) {
      bad[flaw.origin].insert(*flaw.index);
    }
  }
  return bad;
}

Result<Repair> repair_log(OpenedLedger& ledger,
                          LedgerReader& copy,
                          const LogRow& log,
                          const Checkpoint& signed_tree,
                          const std::set<std::uint64_t>& bad) {
  const auto rows = batches_of(copy, log.origin, log.log_id, bad);
  return rows
             ? repair_batches(*ledger.store, *ledger.reader, signed_tree, *rows)
             : std::unexpected(rows.error());
}

/// How many batches were put back.
std::size_t say(const LogRow& log, const Repair& repair, Outcome& outcome) {
  const std::string origin = log.origin.text();
  for (const std::uint64_t first : repair.replaced) {
    std::printf("%s: the batch at index %llu was put back\n",
                origin.c_str(),
                static_cast<unsigned long long>(first));
  }
  for (const RepairRefusal& refusal : repair.refused) {
    report(outcome,
           ExitCode::kFailed,
           origin + ", the batch at index " +
               std::to_string(refusal.first_index) + ": " + refusal.why);
  }
  return repair.replaced.size();
}

/// One round: nothing when a fault was reported.
std::optional<std::size_t> repair_once(const LedgerSetup& setup,
                                       OpenedLedger& ledger,
                                       LedgerReader& copy,
                                       Outcome& outcome) {
  const auto bad = damaged(setup);
  const auto logs = ledger.reader->logs();
  const auto guarded = ledger.guard->entries();
  if (!bad || !logs || !guarded) {
    report(outcome,
           ExitCode::kUnreachable,
           !bad    ? bad.error().what
           : !logs ? logs.error().what
                   : guarded.error().what);
    return std::nullopt;
  }
  std::size_t replaced = 0;
  for (const LogRow& log : *logs) {
    const auto of_log = bad->find(log.origin.text());
    const auto entry =
        std::ranges::find(*guarded, log.origin.text(), &GuardEntry::origin);
    if (of_log == bad->end() || entry == guarded->end()) {
      continue;
    }
    const auto held = open_checkpoint(entry->note, setup.trust);
    const auto done = held
                          ? repair_log(ledger, copy, log, *held, of_log->second)
                          : Result<Repair>(std::unexpected(held.error()));
    if (!done) {
      report(outcome,
             ExitCode::kUnreachable,
             log.origin.text() + ": " + done.error().what);
      return std::nullopt;
    }
    replaced += say(log, *done, outcome);
  }
  return replaced;
}

void run(const Options& options, Outcome& outcome) {
  const auto setup = load_ledger_setup(options.config, outcome);
  if (!setup) {
    return;
  }
  auto ledger = open_ledger(setup->paths);
  auto copy = LedgerReader::open(options.backup / kBackupStore);
  if (!ledger || !copy) {
    report(outcome,
           ExitCode::kUnreachable,
           ledger ? copy.error().what : ledger.error().what);
    return;
  }
  // fsck names no more than a few flaws a log: again, until it finds no more
  // that the copy can mend.
  std::size_t total = 0;
  for (;;) {
    outcome.code = ExitCode::kOk;
    const auto replaced = repair_once(*setup, *ledger, **copy, outcome);
    if (!replaced) {
      return;
    }
    total += *replaced;
    if (*replaced == 0) {
      break;
    }
  }
  const auto check =
      check_ledger(setup->paths.store, setup->paths.guard, setup->trust);
  if (!check) {
    report(outcome, ExitCode::kUnreachable, check.error().what);
    return;
  }
  for (const LedgerFlaw& flaw : check->flaws) {
    report(outcome, ExitCode::kFailed, "still DAMAGED " + flaw.text());
  }
  std::printf("%zu batches were put back.%s\n",
              total,
              check->flaws.empty() ? " The ledger is sound." : "");
}

}  // namespace

void add_repair(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<Options>();
  auto* repair = app.add_subcommand(
      "repair",
      "Put damaged entries back from a backup, if the tree says that they are "
      "the right ones; the ledger is stopped");
  repair->add_option("CONFIG", options->config, "ledger.toml")->required();
  repair->add_option("--from", options->backup, "what `backup` made")
      ->required();
  repair->callback([options, &outcome] { run(*options, outcome); });
}

}  // namespace strongroom
