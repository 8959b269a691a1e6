// SPDX-License-Identifier: Apache-2.0
// fsck: a journal's chain, a ledger's entries up to its roots. Reads only.
#include <cstdio>

#include "agent/config/config.h"
#include "agent/journal/check_journal.h"
#include "core/log/checkpoint.h"
#include "platform/crypto/keys.h"
#include "platform/system/files.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/fsck_ledger.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

/// The current event key, and the one before the last rotation.
std::vector<PublicKey> keys_of(const fs::path& event_key) {
  std::vector<PublicKey> keys;
  for (const fs::path& file :
       {event_key, fs::path(event_key.string() + ".old")}) {
    if (const auto key = public_key_of(file, KeyKind::kEvent)) {
      keys.push_back(*key);
    }
  }
  return keys;
}

void fsck_journal(const fs::path& config_file, Outcome& outcome) {
  const auto config = load_agent_config(config_file);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      report(outcome, ExitCode::kUsage, error.text());
    }
    return;
  }
  JournalCheckOptions options;
  const std::vector<PublicKey> keys = keys_of(config->event_key);
  options.keys = keys;
  if (const auto text = read_file(config->trust)) {
    if (const auto trust = Trust::parse(*text)) {
      options.trust = *trust;
    }
  }
  const auto found = check_journal(config->journal, options);
  if (!found) {
    report(outcome, ExitCode::kUnreachable, found.error().what);
    return;
  }
  if (found->flaw) {
    report(outcome,
           ExitCode::kFailed,
           "DAMAGED " + config->journal.string() + ": " + *found->flaw);
    return;
  }
  std::printf(
      "%s: sound. %s, %llu record and %llu telemetry events, %llu batches, "
      "%llu events undelivered; %s.\n",
      config->journal.c_str(),
      found->source.c_str(),
      static_cast<unsigned long long>(found->record_events),
      static_cast<unsigned long long>(found->telemetry_events),
      static_cast<unsigned long long>(found->batches),
      static_cast<unsigned long long>(found->undelivered),
      found->signatures_checked ? "signatures checked"
                                : "signatures NOT checked: no key");
}

}  // namespace

void add_fsck(CLI::App& app, Outcome& outcome) {
  auto* fsck = app.add_subcommand(
      "fsck", "Check every stored byte of a ledger or a journal");
  fsck->require_subcommand(1);
  auto config = std::make_shared<fs::path>();
  auto* ledger = fsck->add_subcommand(
      "ledger", "Entries, tiles, chains and guard; names the first bad index");
  ledger->add_option("CONFIG", *config, "ledger.toml")->required();
  ledger->callback([config, &outcome] { fsck_ledger(*config, outcome); });
  auto* journal = fsck->add_subcommand(
      "journal", "Chain, batches and rows; names the first bad event");
  journal->add_option("CONFIG", *config, "agent.toml")->required();
  journal->callback([config, &outcome] { fsck_journal(*config, outcome); });
}

}  // namespace strongroom
