// SPDX-License-Identifier: Apache-2.0
#include "platform/system/program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "platform/system/service.h"

namespace strongroom {
namespace {

int parse_and_run(const Program& program,
                  int argc,
                  const char* const* argv,
                  const std::function<int(const ProgramArguments&)>& run) {
  ProgramArguments arguments{.config = program.config};
  std::string log_level = "info";
  CLI::App app{program.does, program.name};
  app.set_version_flag("--version", program.version);
  app.add_option("--config",
                 arguments.config,
                 std::filesystem::path(program.config).filename().string())
      ->capture_default_str();
  app.add_flag("--check-config", arguments.check_config, program.check_help);
  app.add_option(
         "--log-level", log_level, "trace, debug, info, warning or error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.footer(program.footer);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kProgramUsage;
  }
  block_signals();
  init_logging(program.name, log_level);
  return run(arguments);
}

}  // namespace

int run_program(const Program& program,
                int argc,
                const char* const* argv,
                const std::function<int(const ProgramArguments&)>& run) {
  try {
    return parse_and_run(program, argc, argv, run);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), error.what());
    return kProgramFailed;
  }
}

}  // namespace strongroom
