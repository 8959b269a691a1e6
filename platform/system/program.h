// SPDX-License-Identifier: Apache-2.0
// The command line and the frame of a daemon: what agent and ledger share.
#pragma once

#include <functional>
#include <string>

namespace strongroom {

struct Program {
  std::string name;  // "strongroom-agent"
  std::string does;  // one sentence
  std::string version;
  std::string config;      // default path; its file name is the file's kind
  std::string check_help;  // of --check-config
  std::string footer;      // exit codes
};

struct ProgramArguments {
  std::string config;
  bool check_config = false;
};

/// Exit codes that every daemon has; `run` may return others.
inline constexpr int kProgramFailed = 1;
inline constexpr int kProgramUsage = 2;

/// All of main(): reads the command line, blocks signals, starts the log, and
/// returns what `run` does. 0 after --help and --version, 2 for a command line
/// that is wrong, 1 when `run` throws; each is said on stderr.
int run_program(const Program& program,
                int argc,
                const char* const* argv,
                const std::function<int(const ProgramArguments&)>& run);

}  // namespace strongroom
