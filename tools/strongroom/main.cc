// SPDX-License-Identifier: Apache-2.0
// The command line of Strongroom: keys, certificates, enrolment, proofs,
// checks, Modbus lines.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "platform/crypto/keys.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/render.h"

#ifndef STRONGROOM_VERSION
#define STRONGROOM_VERSION "0.0.0"
#endif

namespace strongroom {

void report(Outcome& outcome, ExitCode code, const std::string& what) {
  std::fprintf(stderr, "strongroom: %s\n", printable(what).c_str());
  outcome.code = code;
}

void finish(Outcome& outcome,
            ExitCode code,
            const Result<void>& done,
            const std::string& said) {
  if (!done) {
    report(outcome, code, done.error().what);
    return;
  }
  std::printf("%s\n", said.c_str());
}

namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "Keys, certificates, enrolment, proofs, checks and Modbus lines of a "
      "Strongroom installation.",
      "strongroom"};
  app.set_version_flag("--version", STRONGROOM_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  app.footer(
      "Exit codes: 0 it holds; 1 it was checked and does not hold;\n"
      "2 wrong usage or file; 3 untrusted, nothing proven; 4 unreachable.");
  Outcome outcome;
  add_init(app, outcome);
  add_ca(app, outcome);
  add_keygen(app, outcome);
  add_enrol(app, outcome);
  add_rotate(app, outcome);
  add_revoke(app, outcome);
  add_confirm(app, outcome);
  add_acl(app, outcome);
  add_proof(app, outcome);
  add_verify(app, outcome);
  add_fsck(app, outcome);
  add_backup(app, outcome);
  add_restore(app, outcome);
  add_recover(app, outcome);
  add_repair(app, outcome);
  add_tail(app, outcome);
  add_doctor(app, outcome);
  add_follow(app, outcome);
  add_policy(app, outcome);
  add_panel(app, outcome);
  add_bus(app, outcome);
  add_completion(app, outcome);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(outcome.code);
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  try {
    strongroom::init_crypto();
    return strongroom::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "strongroom: %s\n", error.what());
    return static_cast<int>(strongroom::ExitCode::kUnreachable);
  }
}
