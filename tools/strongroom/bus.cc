// SPDX-License-Identifier: Apache-2.0
// bus: who is on a Modbus line, what it says, and how the agent's lines do.
#include <cstdio>
#include <filesystem>

#include "tools/strongroom/bus_commands.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

void check_profiles(const std::vector<fs::path>& files, Outcome& outcome) {
  for (const fs::path& file : files) {
    if (!fs::exists(file)) {
      report(outcome, ExitCode::kUsage, file.string() + " is not there");
      return;
    }
    const auto profile = load_profile(file);
    if (!profile) {
      for (ConfigError error : profile.error()) {
        error.file = file.string();  // a path that an editor can open
        std::fprintf(stderr, "%s\n", printable(error.text()).c_str());
      }
      outcome.code = ExitCode::kFailed;
      continue;
    }
    std::printf("%s: %s, %zu points, %zu texts\n",
                file.c_str(),
                std::string(trust_rung_name(profile->trust)).c_str(),
                profile->points.size(),
                profile->texts.size());
  }
}

}  // namespace

std::string errors_text(const ProfileErrors& errors) {
  std::string all;
  for (const ConfigError& error : errors) {
    all += (all.empty() ? "" : "\n") + error.text();
  }
  return all;
}

void add_bus_check(CLI::App& bus, Outcome& outcome) {
  auto files = std::make_shared<std::vector<fs::path>>();
  auto* check_app = bus.add_subcommand(
      "check-profile", "Say what is wrong with device profiles, by line");
  check_app->add_option("FILE", *files, "Profiles to check")->required();
  check_app->footer(
      "Example:\n  strongroom bus check-profile boards/devices/*.toml");
  check_app->callback([files, &outcome] { check_profiles(*files, outcome); });
}

void add_bus(CLI::App& app, Outcome& outcome) {
  auto* bus =
      app.add_subcommand("bus", "Find, read and watch devices on Modbus lines");
  bus->require_subcommand(1);
  add_bus_scan(*bus, outcome);
  add_bus_read(*bus, outcome);
  add_bus_watch(*bus, outcome);
  add_bus_check(*bus, outcome);
}

}  // namespace strongroom
