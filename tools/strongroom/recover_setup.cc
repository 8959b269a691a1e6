// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/recover_setup.h"

#include <chrono>
#include <cstdio>

#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

constexpr std::chrono::seconds kSayEvery{2};

}  // namespace

std::optional<LedgerSetup> load_ledger_setup(
    const std::filesystem::path& config_file, Outcome& outcome) {
  const auto config = load_ledger_config(config_file);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      report(outcome, ExitCode::kUsage, error.text());
    }
    return std::nullopt;
  }
  const auto key = public_key_of(config->log_key, KeyKind::kLog);
  if (!key) {
    report(outcome, ExitCode::kUsage, key.error().what);
    return std::nullopt;
  }
  return LedgerSetup{*config,
                     {config->store, config->guard, config->disclosures},
                     {config->ledger, {*key}}};
}

Progress progress_on_stderr() {
  using Clock = std::chrono::steady_clock;
  return [said = Clock::now()](std::string_view what,
                               std::uint64_t done,
                               std::uint64_t total) mutable {
    const auto now = Clock::now();
    if (total != 0 && now - said < kSayEvery) {
      return;
    }
    said = now;
    if (total == 0) {
      std::fprintf(
          stderr, "%.*s ...\n", static_cast<int>(what.size()), what.data());
      return;
    }
    std::fprintf(stderr,
                 "%.*s: %llu %%\n",
                 static_cast<int>(what.size()),
                 what.data(),
                 static_cast<unsigned long long>(100.0L * done / total));
  };
}

}  // namespace strongroom
