// SPDX-License-Identifier: Apache-2.0
// repair: damaged tiles are made again from the entries; damaged entries come
// from a backup that still has them whole.
#include "ledger/log/repair.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "ledger/check/check_ledger.h"
#include "ledger/log/repair_tiles.h"
#include "ledger/store/ledger_reader.h"
#include "tools/strongroom/recover_setup.h"
#include "tools/strongroom/recover_stores.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path config;
  fs::path backup;  // empty: tiles alone
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

/// What a backup has of this log.
Result<std::optional<TileCopy>> copy_of(LedgerReader* copy,
                                        const Origin& origin) {
  if (copy == nullptr) {
    return std::optional<TileCopy>();
  }
  const auto logs = copy->logs();
  if (!logs) {
    return std::unexpected(logs.error());
  }
  const auto log = std::ranges::find(*logs, origin, &LogRow::origin);
  return log == logs->end()
             ? std::optional<TileCopy>()
             : std::optional<TileCopy>(TileCopy{*copy, log->log_id});
}

void say(const LogRow& log, const TileRepair& repair) {
  for (const std::string& path : repair.replaced) {
    std::printf(
        "%s: %s was made again\n", log.origin.text().c_str(), path.c_str());
  }
  if (repair.unfrozen) {
    std::printf("%s: the whole tree is proven, it signs again\n",
                log.origin.text().c_str());
  }
}

/// Whether what cannot be mended is said: not before the entries were.
enum class Refusals { kUnsaid, kSaid };

/// The tiles of one log. False: a fault was reported.
bool mend_tiles(const LedgerSetup& setup,
                OpenedLedger& ledger,
                LedgerReader* copy,
                const LogRow& log,
                const std::string& guard_note,
                Refusals refusals,
                Outcome& outcome) {
  const std::string origin = log.origin.text();
  const auto from = copy_of(copy, log.origin);
  const auto size = ledger.reader->log_size(log.log_id);
  if (!from || !size) {
    report(outcome,
           ExitCode::kUnreachable,
           origin + ": " + (from ? size.error().what : from.error().what));
    return false;
  }
  const auto trees =
      trees_to_prove(*ledger.reader, log, guard_note, setup.trust);
  // Nothing is proven of an empty log, or of a closed one without a note.
  const bool unsaid = refusals == Refusals::kUnsaid;
  if (!trees && (unsaid || *size == 0 || log.closed_at)) {
    return true;
  }
  if (!trees) {
    report(outcome, ExitCode::kFailed, origin + ": " + trees.error().what);
    return true;
  }
  const auto done =
      repair_tiles(*ledger.store, *ledger.reader, log, *trees, *from);
  if (!done) {
    report(outcome, ExitCode::kUnreachable, origin + ": " + done.error().what);
    return false;
  }
  say(log, *done);
  if (unsaid) {
    return true;
  }
  if (!done->refused.empty()) {
    report(outcome,
           ExitCode::kFailed,
           origin + ": the tiles cannot all be proven: " + done->refused);
  }
  if (!log.closed_at && !log.frozen.empty() && !done->unfrozen) {
    report(outcome,
           ExitCode::kFailed,
           origin + " stays frozen: " + printable(log.frozen));
  }
  return true;
}

bool mend_all_tiles(const LedgerSetup& setup,
                    OpenedLedger& ledger,
                    LedgerReader* copy,
                    Refusals refusals,
                    Outcome& outcome) {
  const auto logs = ledger.reader->logs();
  const auto guarded = ledger.guard->entries();
  if (!logs || !guarded) {
    report(outcome,
           ExitCode::kUnreachable,
           logs ? guarded.error().what : logs.error().what);
    return false;
  }
  for (const LogRow& log : *logs) {
    const auto entry =
        std::ranges::find(*guarded, log.origin.text(), &GuardEntry::origin);
    if (!mend_tiles(setup,
                    ledger,
                    copy,
                    log,
                    entry == guarded->end() ? "" : entry->note,
                    refusals,
                    outcome)) {
      return false;
    }
  }
  return true;
}

/// Everything that the copy has. Nothing when a fault was reported.
std::optional<std::size_t> mend_entries(const LedgerSetup& setup,
                                        OpenedLedger& ledger,
                                        LedgerReader& copy,
                                        Outcome& outcome) {
  // fsck names no more than a few flaws a log: again, until it finds no more
  // that the copy can mend.
  std::size_t total = 0;
  for (;;) {
    outcome.code = ExitCode::kOk;
    const auto replaced = repair_once(setup, ledger, copy, outcome);
    if (!replaced || *replaced == 0) {
      return replaced ? std::optional(total) : std::nullopt;
    }
    total += *replaced;
  }
}

void run(const Options& options, Outcome& outcome) {
  const auto setup = load_ledger_setup(options.config, outcome);
  if (!setup) {
    return;
  }
  auto ledger = open_ledger(setup->paths);
  std::unique_ptr<LedgerReader> copy;
  if (ledger && !options.backup.empty()) {
    auto opened = LedgerReader::open(options.backup / kBackupStore);
    if (!opened) {
      report(outcome, ExitCode::kUnreachable, opened.error().what);
      return;
    }
    copy = *std::move(opened);
  }
  if (!ledger) {
    report(outcome, ExitCode::kUnreachable, ledger.error().what);
    return;
  }
  // Tiles first: entries are held against them. Where both are damaged, tiles
  // need the entries, so again.
  std::fprintf(stderr, "reading every entry ...\n");
  std::size_t batches = 0;
  if (copy != nullptr) {
    if (!mend_all_tiles(
            *setup, *ledger, copy.get(), Refusals::kUnsaid, outcome)) {
      return;
    }
    const auto replaced = mend_entries(*setup, *ledger, *copy, outcome);
    if (!replaced) {
      return;
    }
    batches = *replaced;
  }
  if (!mend_all_tiles(*setup, *ledger, copy.get(), Refusals::kSaid, outcome)) {
    return;
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
              batches,
              check->flaws.empty() ? " The ledger is sound." : "");
}

}  // namespace

void add_repair(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<Options>();
  auto* repair = app.add_subcommand(
      "repair",
      "Make damaged hash tiles again from the entries, and put damaged entries "
      "back from a backup, if the signed tree says that they are the right "
      "ones; the ledger is stopped");
  repair->add_option("CONFIG", options->config, "ledger.toml")->required();
  repair->add_option("--from",
                     options->backup,
                     "what `backup` made: for damaged entries, and for tiles "
                     "of pruned ones");
  repair->callback([options, &outcome] { run(*options, outcome); });
}

}  // namespace strongroom
