// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/fsck_ledger.h"

#include <cstdio>

#include "ledger/check/check_ledger.h"
#include "ledger/config/config.h"
#include "platform/crypto/keys.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

void print(const LedgerCheck& check, Outcome& outcome) {
  for (const CheckedLog& log : check.logs) {
    const auto origin = Origin::parse(log.origin);
    std::printf("%s: %llu entries in %llu batches, %llu tiles, %llu signed%s\n",
                log.origin.c_str(),
                static_cast<unsigned long long>(log.entries),
                static_cast<unsigned long long>(log.batches),
                static_cast<unsigned long long>(log.tiles),
                static_cast<unsigned long long>(log.signed_size),
                log.closed_at && origin
                    ? (", " + closed_text(*log.closed_at, *origin)).c_str()
                    : "");
  }
  for (const LedgerFlaw& flaw : check.flaws) {
    report(outcome, ExitCode::kFailed, "DAMAGED " + flaw.text());
  }
  if (check.flaws.empty()) {
    std::printf("%s: sound.\n", check.ledger.c_str());
  }
}

}  // namespace

void fsck_ledger(const std::filesystem::path& config_file, Outcome& outcome) {
  const auto config = load_ledger_config(config_file);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      report(outcome, ExitCode::kUsage, error.text());
    }
    return;
  }
  const auto key = public_key_of(config->log_key, KeyKind::kLog);
  if (!key) {
    report(outcome, ExitCode::kUsage, key.error().what);
    return;
  }
  const auto check =
      check_ledger(config->store, config->guard, {config->ledger, {*key}});
  if (!check) {
    report(outcome, ExitCode::kUnreachable, check.error().what);
    return;
  }
  print(*check, outcome);
}

}  // namespace strongroom
