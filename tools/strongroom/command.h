// SPDX-License-Identifier: Apache-2.0
// What every command of `strongroom` shares: exit codes and how it reports.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/base/result.h"

namespace strongroom {

/// Documented in docs/operations.md and in `strongroom --help`.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,       // it was checked, and it does not hold
  kUsage = 2,        // the command line or a file given is wrong
  kUntrusted = 3,    // nothing was proven: no key to trust was given
  kUnreachable = 4,  // a ledger, file or socket does not answer
};

/// Set by the command that ran; main returns it.
struct Outcome {
  ExitCode code = ExitCode::kOk;
};

/// Prints "strongroom: <what>" to stderr and sets the code.
void report(Outcome& outcome, ExitCode code, const std::string& what);

/// Prints what was done, or reports the fault with `code`.
void finish(Outcome& outcome,
            ExitCode code,
            const Result<void>& done,
            const std::string& said);

void add_init(CLI::App& app, Outcome& outcome);
void add_ca(CLI::App& app, Outcome& outcome);
void add_keygen(CLI::App& app, Outcome& outcome);
void add_enrol(CLI::App& app, Outcome& outcome);
void add_rotate(CLI::App& app, Outcome& outcome);
void add_revoke(CLI::App& app, Outcome& outcome);
void add_confirm(CLI::App& app, Outcome& outcome);
void add_acl(CLI::App& app, Outcome& outcome);
void add_proof(CLI::App& app, Outcome& outcome);
void add_verify(CLI::App& app, Outcome& outcome);
void add_fsck(CLI::App& app, Outcome& outcome);
void add_backup(CLI::App& app, Outcome& outcome);
void add_restore(CLI::App& app, Outcome& outcome);
void add_recover(CLI::App& app, Outcome& outcome);
void add_repair(CLI::App& app, Outcome& outcome);
void add_tail(CLI::App& app, Outcome& outcome);
void add_doctor(CLI::App& app, Outcome& outcome);
void add_follow(CLI::App& app, Outcome& outcome);
void add_policy(CLI::App& app, Outcome& outcome);
void add_panel(CLI::App& app, Outcome& outcome);
void add_bus(CLI::App& app, Outcome& outcome);
void add_completion(CLI::App& app, Outcome& outcome);

}  // namespace strongroom
