// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/play.h"

#include <csignal>
#include <iostream>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include "platform/system/files.h"
#include "tools/plant/control.h"
#include "tools/plant/line_server.h"
#include "tools/plant/panel_station.h"
#include "tools/plant/script.h"

namespace strongroom::plant {
namespace {

/// A descriptor that is readable once the program is asked to stop.
int stop_signals() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

Result<Script> prepare(const Play& what, Plant& plant, Time now) {
  for (const std::string& assignment : what.set) {
    if (auto set = plant.command("set " + assignment, now); !set) {
      return std::unexpected(set.error());
    }
  }
  if (what.script.empty()) {
    return Script();
  }
  const auto text = read_file(what.script);
  if (!text) {
    return std::unexpected(text.error());
  }
  return Script::load(*text, plant, now);
}

Result<std::vector<std::unique_ptr<Service>>> open_services(
    Plant& plant, const std::string& control) {
  std::vector<std::unique_ptr<Service>> services;
  for (std::size_t line = 0; line < plant.scene().lines.size(); ++line) {
    auto server = open_line(plant, line);
    if (!server) {
      return std::unexpected(server.error());
    }
    services.push_back(std::move(*server));
  }
  const PanelPrograms programs = panel_programs();
  for (std::size_t panel = 0; panel < plant.scene().panels.size(); ++panel) {
    auto station = open_panel(plant, panel, programs);
    if (!station) {
      return std::unexpected(station.error());
    }
    services.push_back(std::move(*station));
  }
  const auto commander = [&plant](std::string_view line, Time now) {
    return plant.command(line, now);
  };
  if (!control.empty()) {
    auto opened = open_control(control, commander);
    if (!opened) {
      return std::unexpected(opened.error());
    }
    services.push_back(std::move(*opened));
  }
  // From a terminal it would stop a plant that runs in the background.
  if (isatty(STDIN_FILENO) == 0) {
    services.push_back(read_standard_input(commander));
  }
  return services;
}

}  // namespace

int complain(const std::string& what, int code) {
  std::cerr << "plant: " << what << "\n";
  return code;
}

int play(Play what) {
  const PlantClock clock;
  Plant plant(std::move(what.scene));
  auto script = prepare(what, plant, clock.now());
  if (!script) {
    return complain(script.error().what, kExitUsage);
  }
  const int stop = stop_signals();
  const auto services = open_services(plant, what.control);
  if (!services) {
    return complain(services.error().what, kExitFault);
  }
  std::cout << what.announcement(plant) << std::flush;
  serve(clock, *services, stop, [&](Time now) -> std::optional<Time> {
    for (const std::string& complaint : plant.advance(now)) {
      complain(complaint, 0);
    }
    script->advance(plant, now);
    const auto next = plant.next_happening();
    const auto due = script->due();
    return next && due ? std::min(*next, *due) : next ? next : due;
  });
  return 0;
}

}  // namespace strongroom::plant
