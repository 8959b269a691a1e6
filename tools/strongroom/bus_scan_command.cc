// SPDX-License-Identifier: Apache-2.0
// bus scan: who is on a line.
#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "platform/system/clock.h"
#include "tools/strongroom/bus_commands.h"
#include "tools/strongroom/bus_scan.h"
#include "tools/strongroom/bus_session.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kScanTimeout{200};

struct ScanCommand {
  LineOrder line;
  std::string units = "1-247";
  bool is_thorough = false;
};

/// Every profile of the directory that can be used; of the others, a word.
Profiles load_profiles(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".toml") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  Profiles profiles;
  for (const fs::path& file : files) {
    if (auto profile = load_profile(file)) {
      profiles.push_back(*std::move(profile));
    } else {
      std::fprintf(stderr,
                   "left out, see `strongroom bus check-profile`: %s\n",
                   printable(errors_text(profile.error())).c_str());
    }
  }
  return profiles;
}

/// On a terminal, one line that is written over.
class ProgressLine {
 public:
  explicit ProgressLine(std::size_t of)
      : of_(of), start_(read_clocks().monotonic) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::size_t done, std::size_t found) {
    if (isatty(STDERR_FILENO) != 0) {
      const auto elapsed =
          std::chrono::duration_cast<std::chrono::milliseconds>(
              read_clocks().monotonic - start_);
      std::fprintf(stderr,
                   "\r\x1b[K%s",
                   progress_text(done, of_, found, elapsed).c_str());
      is_shown_ = true;
    }
  }
  void clear() {
    if (std::exchange(is_shown_, false)) {
      std::fprintf(stderr, "\r\x1b[K");
    }
  }

 private:
  std::size_t of_;
  MonoTime start_;
  bool is_shown_ = false;
};

/// How many devices were found, or a fault.
Result<std::size_t> scan_one(const BusLine& line,
                             const Profiles& profiles,
                             const ScanOrder& order) {
  auto session = open_session(line);
  if (!session) {
    return std::unexpected(session.error());
  }
  ProgressLine progress(order.units.size());
  const auto finds =
      scan_line(*session->asker,
                session->wire,
                profiles,
                order,
                [&progress](std::size_t done, std::size_t found) {
                  progress.show(done, found);
                });
  progress.clear();
  if (!finds) {
    return std::unexpected(finds.error());
  }
  std::printf("%s: %zu of %zu units answer\n",
              text_of(line).c_str(),
              finds->size(),
              order.units.size());
  if (!finds->empty()) {
    std::printf("%s\n# For agent.toml:\n\n%s\n",
                scan_table(*finds, screen_of_output()).c_str(),
                printable(proposed_config(line, *finds)).c_str());
  }
  return finds->size();
}

void scan(const ScanCommand& command, Outcome& outcome) {
  const auto units = parse_units(command.units);
  const auto lines = lines_of(command.line, kScanTimeout);
  if (!units || !lines) {
    report(outcome,
           ExitCode::kUsage,
           !units ? units.error().what : lines.error().what);
    return;
  }
  const fs::path directory = profiles_of(command.line);
  const Profiles profiles = load_profiles(directory);
  if (profiles.empty()) {
    report(outcome,
           ExitCode::kUsage,
           "no device profiles in \"" + directory.string() +
               "\"; name their directory with --profiles");
    return;
  }
  std::size_t found = 0;
  for (const BusLine& line : *lines) {
    const auto of_line =
        scan_one(line, profiles, {*units, command.is_thorough});
    if (!of_line) {
      report(outcome, ExitCode::kUnreachable, of_line.error().what);
      return;
    }
    found += *of_line;
  }
  if (found == 0) {
    report(outcome,
           ExitCode::kUnreachable,
           "nobody answers. Check A and B (swapped?), power, baud and parity "
           "(--baud 9600,19200,4800, --parity even); devices that keep silent "
           "about what they do not know are found with --thorough");
  }
}

}  // namespace

void add_bus_scan(CLI::App& bus, Outcome& outcome) {
  auto command = std::make_shared<ScanCommand>();
  auto* scan_app = bus.add_subcommand(
      "scan", "Find the devices on a line and propose configuration");
  add_line_options(*scan_app, command->line, true);
  scan_app->add_option("--units", command->units, "Which units to ask")
      ->capture_default_str();
  scan_app->add_flag("--thorough",
                     command->is_thorough,
                     "Ask silent units everything, which takes several times "
                     "as long");
  scan_app->footer(
      "Asks each unit the probe registers of all profiles; every match is "
      "confirmed\nby a second, different question. It only reads. A serial "
      "port "
      "that the agent holds:\ntake the line out of its agent.toml and reload "
      "it; the other lines go on.\n\n"
      "Examples:\n"
      "  strongroom bus scan --serial /dev/ttyUSB0 --baud 9600,19200\n"
      "  strongroom bus scan --tcp 192.0.2.10 --units 1-10");
  scan_app->callback([command, &outcome] { scan(*command, outcome); });
}

}  // namespace strongroom
