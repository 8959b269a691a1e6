// SPDX-License-Identifier: Apache-2.0
// backup, restore: a ledger's databases, copied and put back.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "ledger/backup/restore.h"
#include "platform/system/clock.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/recover_setup.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Options {
  fs::path config;
  fs::path directory;
  bool without_guard = false;
  bool as_json = false;
};

ExitCode code_of(BackupRefused::Why why) {
  return why == BackupRefused::Why::kUsage ? ExitCode::kUsage
                                           : ExitCode::kFailed;
}

json json_of(const BackupManifest& manifest) {
  json logs = json::array();
  for (const BackupLog& log : manifest.logs) {
    logs.push_back({{"origin", log.origin},
                    {"entries", log.entries},
                    {"checkpoint", log.note}});
  }
  json files = json::array();
  for (const BackupFile& file : {manifest.disclosures, manifest.store}) {
    files.push_back({{"name", file.name},
                     {"bytes", file.bytes},
                     {"sha256", to_hex(file.sha256)}});
  }
  return {{"ledger", manifest.ledger},
          {"taken", utc_text(manifest.taken)},
          {"files", files},
          {"logs", logs}};
}

void print(const json& value) {
  std::printf("%s\n", value.dump(2).c_str());
}

void run_backup(const Options& options, Outcome& outcome) {
  const auto setup = load_ledger_setup(options.config, outcome);
  if (!setup) {
    return;
  }
  const auto made = make_backup(setup->paths,
                                options.directory,
                                {.trust = setup->trust,
                                 .now = read_clocks().wall,
                                 .progress = progress_on_stderr(),
                                 .room = room_in});
  if (!made) {
    report(outcome, ExitCode::kUnreachable, made.error().what);
    return;
  }
  if (const auto* refused = std::get_if<BackupRefused>(&*made)) {
    report(
        outcome, code_of(refused->why), "no backup was made: " + refused->what);
    return;
  }
  const auto& manifest = std::get<BackupManifest>(*made);
  if (options.as_json) {
    json said = json_of(manifest);
    said["directory"] = options.directory.string();
    print(said);
    return;
  }
  for (const BackupLog& log : manifest.logs) {
    std::printf("%s: %llu entries\n",
                log.origin.c_str(),
                static_cast<unsigned long long>(log.entries));
  }
  std::printf(
      "%s: verified against the signed checkpoints. Keys, configuration, guard "
      "and trust.txt are not in it.\n",
      printable(options.directory.string()).c_str());
}

/// What is to be said of a log beside its sizes; of one that an earlier
/// recovery closed nothing is missing.
std::string remark_on(const RestoredLog& log) {
  const auto origin = Origin::parse(log.origin);
  if (log.closed_at && origin) {
    return ", " + closed_text(*log.closed_at, *origin);
  }
  return log.signed_size > log.entries ? ": BEHIND ITS GUARD" : "";
}

void print(const Restored& restored) {
  for (const RestoredLog& log : restored.logs) {
    std::printf("%s: %llu entries, %llu signed%s\n",
                log.origin.c_str(),
                static_cast<unsigned long long>(log.entries),
                static_cast<unsigned long long>(log.signed_size),
                remark_on(log).c_str());
  }
  if (restored.made_guard) {
    std::printf(
        "A guard was made of the backup's checkpoints. What the ledger signed "
        "after\n%s is not known here: agents that hold a later checkpoint will "
        "show it,\nthat log then freezes (finding log_rolled_back), and "
        "strongroom recover is the way out.\nOf the registry no agent holds "
        "any: enrol, rotate and revoke again what was done\nsince, before the "
        "broker is started.\n",
        utc_text(restored.manifest.taken).c_str());
  }
  std::printf(restored.needs_recovery
                  ? "Restored; older than what was signed. Do not start the "
                    "ledger: strongroom recover is next.\n"
                  : "Restored. Check with strongroom fsck ledger, then start "
                    "the ledger.\n");
}

void run_restore(const Options& options, Outcome& outcome) {
  const auto setup = load_ledger_setup(options.config, outcome);
  if (!setup) {
    return;
  }
  const auto done = restore_backup(options.directory,
                                   setup->paths,
                                   {.trust = setup->trust,
                                    .without_guard = options.without_guard,
                                    .progress = progress_on_stderr(),
                                    .room = room_in});
  if (!done) {
    report(outcome, ExitCode::kUnreachable, done.error().what);
    return;
  }
  if (const auto* refused = std::get_if<BackupRefused>(&*done)) {
    report(outcome,
           code_of(refused->why),
           "nothing was restored: " + refused->what);
    return;
  }
  const auto& restored = std::get<Restored>(*done);
  if (!options.as_json) {
    print(restored);
    return;
  }
  json logs = json::array();
  for (const RestoredLog& log : restored.logs) {
    logs.push_back({{"origin", log.origin},
                    {"entries", log.entries},
                    {"signed_size", log.signed_size}});
    if (log.closed_at) {
      logs.back()["closed_at"] = *log.closed_at;
    }
  }
  print({{"ledger", restored.manifest.ledger},
         {"taken", utc_text(restored.manifest.taken)},
         {"logs", logs},
         {"made_guard", restored.made_guard},
         {"needs_recovery", restored.needs_recovery}});
}

}  // namespace

void add_backup(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<Options>();
  auto* backup = app.add_subcommand(
      "backup", "Copy a ledger's databases, beside the running daemon");
  backup->add_option("CONFIG", options->config, "ledger.toml")->required();
  backup->add_option("DIR", options->directory, "made; must not be there")
      ->required();
  backup->add_flag("--json", options->as_json, "what was copied, as JSON");
  backup->callback([options, &outcome] { run_backup(*options, outcome); });
}

void add_restore(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<Options>();
  auto* restore = app.add_subcommand(
      "restore", "Verify a backup and put it in the place of a lost ledger");
  restore->add_option("DIR", options->directory, "what `backup` made")
      ->required();
  restore->add_option("CONFIG", options->config, "ledger.toml")->required();
  restore->add_flag("--without-guard",
                    options->without_guard,
                    "the guard is lost for good: make one of the backup's "
                    "checkpoints");
  restore->add_flag("--json", options->as_json, "what was restored, as JSON");
  restore->callback([options, &outcome] { run_restore(*options, outcome); });
}

}  // namespace strongroom
