// SPDX-License-Identifier: Apache-2.0
// recover: ends logs that cannot go on, begins their successors.
#include "ledger/recover/recover.h"

#include <cstdio>

#include "core/base/person.h"
#include "ledger/backup/guard_file.h"
#include "ledger/store/guard_reader.h"
#include "platform/crypto/keys.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "platform/system/random.h"
#include "tools/strongroom/recover_report.h"
#include "tools/strongroom/recover_setup.h"
#include "tools/strongroom/recover_stores.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path config;
  std::vector<std::string> persons;
  fs::path out;
  std::vector<std::string> logs;
  bool dry_run = false;
  bool from_nothing = false;
  bool as_json = false;
};

constexpr const char* kNoDatabase =
    "there is no database. Restore a backup first (strongroom restore). If "
    "there is none: --from-nothing, and every agent is enrolled again";

/// What was found, and what follows from it; nothing when that was reported.
std::optional<RecoveryPlan> plan_for(LedgerReader* reader,
                                     const std::vector<GuardEntry>& guarded,
                                     const LedgerSetup& setup,
                                     const Options& options,
                                     Outcome& outcome) {
  std::fprintf(stderr, "reading every entry ...\n");
  const auto logs = survey_logs(reader, guarded, setup.trust);
  if (!logs) {
    report(outcome, ExitCode::kUnreachable, logs.error().what);
    return std::nullopt;
  }
  auto planned = plan_recovery(*logs, options.logs);
  if (const auto* refused = std::get_if<PlanRefused>(&planned)) {
    report(outcome, ExitCode::kUsage, refused->what);
    return std::nullopt;
  }
  auto& plan = std::get<RecoveryPlan>(planned);
  for (const LeftAlone& log : plan.left_alone) {
    std::fprintf(stderr,
                 "%s is left alone: %s\n",
                 log.origin.text().c_str(),
                 printable(log.why).c_str());
  }
  if (plan.logs.empty() && plan.succeeded.empty() && !plan.left_alone.empty()) {
    report(outcome,
           ExitCode::kFailed,
           "there is nothing to recover, but something to repair (see "
           "strongroom repair); nothing was changed");
    return std::nullopt;
  }
  if (plan.logs.empty() && plan.succeeded.empty()) {
    report(outcome,
           ExitCode::kFailed,
           "every log agrees with its guard: there is nothing to recover, and "
           "nothing was changed");
    return std::nullopt;
  }
  return std::move(plan);
}

void dry_run(const LedgerSetup& setup,
             const Options& options,
             const Persons& persons,
             Outcome& outcome) {
  const auto guarded = read_guard(setup.paths.guard);
  if (!guarded) {
    report(outcome, ExitCode::kUnreachable, guarded.error().what);
    return;
  }
  std::unique_ptr<LedgerReader> reader;
  if (fs::exists(setup.paths.store)) {
    auto opened = LedgerReader::open(setup.paths.store);
    if (!opened) {
      report(outcome, ExitCode::kUnreachable, opened.error().what);
      return;
    }
    reader = *std::move(opened);
    if (auto held = reader->hold_snapshot(); !held) {
      report(outcome, ExitCode::kUnreachable, held.error().what);
      return;
    }
  } else if (!options.from_nothing) {
    report(outcome, ExitCode::kUsage, kNoDatabase);
    return;
  }
  const auto plan = plan_for(reader.get(), *guarded, setup, options, outcome);
  if (!plan) {
    return;
  }
  auto logs = preview_recovery(*plan, reader.get());
  if (!logs) {
    report(outcome, ExitCode::kUnreachable, logs.error().what);
    return;
  }
  const Recovered found{*std::move(logs), {}};
  const std::string said = options.as_json
                               ? recovery_json(setup.config.ledger,
                                               utc_text(read_clocks().wall),
                                               persons,
                                               found,
                                               false)
                                         .dump(2) +
                                     "\n"
                               : recovery_text(found, false);
  std::fputs(said.c_str(), stdout);
}

Result<void> write_out(const LedgerSetup& setup,
                       const Options& options,
                       const Persons& persons,
                       const Recovered& recovered) {
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) {
    return fault(options.out.string() + ": " + error.message());
  }
  for (const FollowFile& file : recovered.files) {
    if (auto done = write_file(
            options.out / file.name(), file.pack, 0640, Overwrite::kReplace);
        !done) {
      return done;
    }
  }
  // A later run, which had nothing more to do, does not replace the report.
  const std::string when = utc_text(read_clocks().wall);
  const std::string json =
      recovery_json(setup.config.ledger, when, persons, recovered, true)
          .dump(2) +
      "\n";
  return write_file(options.out / ("report-" + when + ".json"),
                    as_bytes(json),
                    0640,
                    Overwrite::kReplace);
}

void carry_out(const LedgerSetup& setup,
               const Options& options,
               const Persons& persons,
               Outcome& outcome) {
  const auto log_key = load_signer(setup.config.log_key, KeyKind::kLog);
  const auto console_key =
      load_signer(setup.config.console_key, KeyKind::kEvent);
  if (!log_key || !console_key) {
    report(outcome,
           ExitCode::kUsage,
           log_key ? console_key.error().what : log_key.error().what);
    return;
  }
  if (!fs::exists(setup.paths.store)) {
    const auto made = options.from_nothing
                          ? make_empty_store(setup.paths.store,
                                             setup.paths.disclosures,
                                             setup.config.ledger)
                          : Result<void>(fault(kNoDatabase));
    if (!made) {
      report(outcome, ExitCode::kUsage, made.error().what);
      return;
    }
  }
  auto opened = open_ledger(setup.paths);
  if (!opened) {
    report(outcome, ExitCode::kUnreachable, opened.error().what);
    return;
  }
  const auto guarded = opened->guard->entries();
  if (!guarded) {
    report(outcome, ExitCode::kUnreachable, guarded.error().what);
    return;
  }
  const auto plan =
      plan_for(opened->reader.get(), *guarded, setup, options, outcome);
  if (!plan) {
    return;
  }
  const auto done = recover(setup.config.ledger,
                            *plan,
                            persons,
                            {*opened->store,
                             *opened->guard,
                             *opened->reader,
                             **log_key,
                             **console_key,
                             {read_clocks, random16, random64}});
  if (!done) {
    report(outcome,
           ExitCode::kUnreachable,
           done.error().what + " (run it again: it goes on where it stopped)");
    return;
  }
  if (auto written = write_out(setup, options, persons, *done); !written) {
    report(outcome, ExitCode::kUnreachable, written.error().what);
    return;
  }
  if (options.as_json) {
    std::printf("%s\n",
                recovery_json(setup.config.ledger,
                              utc_text(read_clocks().wall),
                              persons,
                              *done,
                              true)
                    .dump(2)
                    .c_str());
    return;
  }
  std::printf("%s\n%s: %zu follow files and the report.\n",
              recovery_text(*done, true).c_str(),
              printable(options.out.string()).c_str(),
              done->files.size());
}

void run(const Options& options, Outcome& outcome) {
  if (options.persons.size() != 2) {
    report(outcome,
           ExitCode::kUsage,
           "two persons decide on this: --person A --person B");
    return;
  }
  const Persons persons{options.persons[0], options.persons[1]};
  if (const std::string wrong = persons_fault(persons.first, persons.second);
      !wrong.empty()) {
    report(outcome, ExitCode::kUsage, wrong);
    return;
  }
  const auto setup = load_ledger_setup(options.config, outcome);
  if (!setup) {
    return;
  }
  if (options.dry_run) {
    dry_run(*setup, options, persons, outcome);
  } else {
    carry_out(*setup, options, persons, outcome);
  }
}

}  // namespace

void add_recover(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "recover",
      "End logs that cannot go on and begin their successors; the ledger is "
      "stopped");
  command->add_option("CONFIG", options->config, "ledger.toml")->required();
  command
      ->add_option(
          "--person", options->persons, "who decides on it; twice, two persons")
      ->required();
  command
      ->add_option("--out",
                   options->out,
                   "where follow files and report go; must be writable by this "
                   "account, as the report is written once")
      ->required();
  command->add_option(
      "--log",
      options->logs,
      "only this log (its origin), damaged entries or not; may be repeated");
  command->add_flag("--dry-run",
                    options->dry_run,
                    "say what would be done; may run beside the daemon");
  command->add_flag("--from-nothing",
                    options->from_nothing,
                    "there is no database and no backup of it");
  command->add_flag("--json", options->as_json, "the report, as JSON");
  command->callback([options, &outcome] { run(*options, outcome); });
}

}  // namespace strongroom
