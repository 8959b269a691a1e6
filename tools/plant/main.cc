// SPDX-License-Identifier: Apache-2.0
// plant: a building to try things on. Today it has one device.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <sys/signalfd.h>
#include <unistd.h>

#include "platform/profile/profile_file.h"
#include "platform/system/files.h"
#include "tools/plant/control.h"
#include "tools/plant/modbus_server.h"

namespace strongroom::plant {
namespace {

struct Options {
  std::string device = "xy-md02";
  std::string profiles;
  std::vector<int> units{1};
  std::vector<std::string> set;
  std::string script;
  std::string control;
  // tcp
  std::string host = "127.0.0.1";
  int port = 1502;
  // rtu
  std::string link;
};

constexpr int kExitUsage = 2;
constexpr int kExitFault = 1;

int complain(const std::string& what, int code) {
  std::cerr << "plant: " << what << "\n";
  return code;
}

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

void run(Plant& plant,
         const std::vector<std::unique_ptr<Service>>& services,
         int stop) {
  std::vector<pollfd> descriptors;
  for (;;) {
    plant.advance_script();
    descriptors.assign(1, {stop, POLLIN, 0});
    for (const auto& service : services) {
      service->watch(descriptors);
    }
    if (poll(descriptors.data(), descriptors.size(), plant.script_wait_ms()) <=
        0) {
      continue;
    }
    for (const pollfd& descriptor : descriptors) {
      if (descriptor.revents == 0) {
        continue;
      }
      if (descriptor.fd == stop) {
        return;
      }
      for (const auto& service : services) {
        service->ready(descriptor.fd);
      }
    }
  }
}

/// Nothing, or what is wrong with the options.
Result<Plant> build(const Options& options) {
  const std::filesystem::path directory =
      options.profiles.empty() ? profile_directory()
                               : std::filesystem::path(options.profiles);
  auto profile = load_profile(directory, options.device);
  if (!profile) {
    std::string all;
    for (const ConfigError& error : profile.error()) {
      all += (all.empty() ? "" : "\n") + error.text();
    }
    return fault(std::move(all));
  }
  Plant plant(SimulatedDevice(std::move(*profile)), options.units);
  for (const std::string& assignment : options.set) {
    if (auto set = plant.command("set " + assignment); !set) {
      return std::unexpected(set.error());
    }
  }
  if (!options.script.empty()) {
    const auto script = read_file(options.script);
    if (!script) {
      return std::unexpected(script.error());
    }
    if (auto loaded = plant.load_script(*script); !loaded) {
      return std::unexpected(loaded.error());
    }
  }
  return plant;
}

int start(const Options& options, bool rtu) {
  auto plant = build(options);
  if (!plant) {
    return complain(plant.error().what, kExitUsage);
  }
  const int stop = stop_signals();
  auto server = rtu ? open_rtu(options.link, options.units.front(), *plant)
                    : listen_tcp(options.host, options.port, *plant);
  if (!server) {
    return complain(server.error().what, kExitFault);
  }
  const std::string address = (*server)->address();
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(std::move(*server));
  if (!options.control.empty()) {
    auto control = open_control(options.control, *plant);
    if (!control) {
      return complain(control.error().what, kExitFault);
    }
    services.push_back(std::move(*control));
  }
  // From a terminal it would stop a plant that runs in the background.
  if (isatty(STDIN_FILENO) == 0) {
    services.push_back(read_standard_input(*plant));
  }
  std::cout << "ready " << (rtu ? "rtu " : "tcp ") << address << "\n"
            << std::flush;
  run(*plant, services, stop);
  return 0;
}

void add_common(CLI::App& command, Options& options) {
  command
      .add_option("--device",
                  options.device,
                  "profile of the device to play, a file of --profiles")
      ->capture_default_str();
  command.add_option("--profiles",
                     options.profiles,
                     "directory of device profiles (default: the installed "
                     "one)");
  command.add_option("--set",
                     options.set,
                     "POINT=VALUE: this value instead of a varying one; may "
                     "be repeated");
  command.add_option("--script",
                     options.script,
                     "file of control lines, with `wait MS` and `answers N` "
                     "between them");
  command.add_option(
      "--control", options.control, "Unix socket that takes control lines");
}

int main(int argc, char** argv) {
  CLI::App app{
      "plant plays a Modbus device with slowly varying, plausible values.\n"
      "It prints `ready tcp HOST:PORT` or `ready rtu PATH` when it answers, "
      "and ends on SIGTERM or Ctrl-C."};
  app.require_subcommand(1);
  app.footer(
      "Control lines, to the --control socket, or to standard input when "
      "that is no terminal:\n"
      "  set POINT=VALUE   exactly that from now on, plausible or not\n"
      "  vary POINT        vary again\n"
      "  dead on|off       answer nothing\n"
      "  delay MS          answer so much later\n"
      "  values            print the values of now\n"
      "  answers           print how many requests were answered\n\n"
      "Example:\n"
      "  plant tcp --port 1502 --device xy-md02 --set temperature=-20.5\n"
      "  mbpoll -m tcp -p 1502 -0 -t 3 -r 1 -c 2 127.0.0.1\n\n"
      "Exit: 0 ended as asked, 1 cannot serve, 2 wrong arguments, profile or "
      "script.");
  Options options;
  CLI::App* const tcp = app.add_subcommand("tcp", "answer over Modbus TCP");
  add_common(*tcp, options);
  tcp->add_option(
         "--unit", options.units, "unit that it answers for; may be repeated")
      ->check(CLI::Range(0, 255))
      ->capture_default_str();
  tcp->add_option("--listen", options.host, "IPv4 address to listen on")
      ->capture_default_str();
  tcp->add_option("--port", options.port, "port; 0: one that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  CLI::App* const rtu =
      app.add_subcommand("rtu", "answer over Modbus RTU on a pseudo-terminal");
  add_common(*rtu, options);
  rtu->add_option("--unit", options.units, "unit that it answers for")
      ->expected(1)
      ->check(CLI::Range(1, 247))
      ->capture_default_str();
  rtu->add_option("--link",
                  options.link,
                  "path of the symbolic link to the pseudo-terminal")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return start(options, rtu->parsed());
}

}  // namespace
}  // namespace strongroom::plant

int main(int argc, char** argv) {
  return strongroom::plant::main(argc, argv);
}
