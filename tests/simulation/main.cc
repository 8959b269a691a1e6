// SPDX-License-Identifier: Apache-2.0
// Runs the simulation: many seeds, or one again.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <spdlog/spdlog.h>
#include <sstream>
#include <unistd.h>

#include "platform/crypto/keys.h"
#include "tests/simulation/minimise.h"

namespace strongroom::simulation {
namespace {

struct CommandLine {
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  std::uint64_t runs = 1000;
  double seconds = 0;
  bool minimise = false;
  bool trace = false;
  bool go_on = false;
  std::vector<std::string> faults;
  std::string plan;
  std::string save;
  std::string sabotage;
};

// The seed of the run that a check() stops.
volatile std::uint64_t running_seed = 0;

void say_seed(int) {
  std::array<char, 96> text{};
  const int length =
      std::snprintf(text.data(),
                    text.size(),
                    "stopped in seed %llu\n",
                    static_cast<unsigned long long>(running_seed));
  (void)!::write(2, text.data(), static_cast<std::size_t>(length));
}

FaultSet faults_of(const CommandLine& command) {
  FaultSet set;
  if (command.faults.empty()) {
    return set;
  }
  const bool without = command.faults.front().starts_with('-');
  set.bits = without ? set.bits : 0;
  for (const std::string& word : command.faults) {
    const auto kind = fault_from_name(without ? word.substr(1) : word);
    if (!kind) {
      throw CLI::ValidationError("--faults", "no fault is named " + word);
    }
    without ? set.remove(*kind) : set.add(*kind);
  }
  return set;
}

void show_failure(Plan plan, const CommandLine& command) {
  fmt::print("{}\n", report_of(plan, run_apart(plan)));
  if (command.minimise) {
    plan = minimised(plan);
    if (!command.save.empty()) {
      std::ofstream(command.save) << plan.file();
    }
    fmt::print("--- with the fewest faults:\n{}\n",
               report_of(plan, run_apart(plan)));
  }
  fmt::print("again: simulation --seed {} --trace\n", plan.seed);
}

Plan plan_of(std::uint64_t seed, const CommandLine& command) {
  Plan plan = make_plan(seed, faults_of(command));
  if (const auto sabotage = sabotage_from_name(command.sabotage)) {
    plan.sabotage = *sabotage;
  }
  return plan;
}

Plan plan_from_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  auto plan = parse_plan(text.str());
  if (!plan) {
    throw CLI::ValidationError("--plan", path + ": " + plan.error().what);
  }
  return *std::move(plan);
}

int run_one(const CommandLine& command) {
  const Plan plan = command.plan.empty() ? plan_of(*command.seed, command)
                                         : plan_from_file(command.plan);
  running_seed = plan.seed;
  if (!command.save.empty()) {
    std::ofstream(command.save) << plan.file();
  }
  if (command.minimise) {
    show_failure(plan, command);
    return 0;
  }
  const Outcome outcome = run_plan(plan, command.trace ? stdout : nullptr);
  fmt::print("{}hash {:016x}, {} lines, {} events, {} entries, {} crashes\n",
             report_of(plan, outcome),
             outcome.hash,
             outcome.lines,
             outcome.events,
             outcome.entries,
             outcome.crashes);
  return outcome.failures.empty() ? 0 : 1;
}

int run_many(const CommandLine& command) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  Outcome sum;
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  double elapsed = 0;
  for (; runs < command.runs &&
         (command.seconds == 0 || elapsed < command.seconds);
       ++runs) {
    const Plan plan = plan_of(command.first + runs, command);
    running_seed = plan.seed;
    const Outcome one = run_plan(plan);
    sum.crashes += one.crashes;
    sum.events += one.events;
    sum.entries += one.entries;
    sum.signatures += one.signatures;
    sum.messages_lost += one.messages_lost;
    sum.frozen += one.frozen;
    sum.losses += one.losses;
    sum.recoveries += one.recoveries;
    sum.salvaged += one.salvaged;
    sum.new_journals += one.new_journals;
    sum.simulated += one.simulated;
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    if (!one.failures.empty()) {
      ++failed;
      fmt::print("seed {}: {}\n", plan.seed, one.failures.front());
      if (!command.go_on) {
        show_failure(plan, command);
        break;
      }
    }
  }
  fmt::print(
      "{} runs, {} failed; {:.0f} a minute\n"
      "{} crashes, {} events, {} entries, {} checkpoints, {} messages lost, "
      "{} recoveries, {} logs frozen, {} journals begun anew, {} events told "
      "again, {} given "
      "up, {:.1f} hours simulated\n",
      runs,
      failed,
      static_cast<double>(runs) * 60 / std::max(elapsed, 1e-9),
      sum.crashes,
      sum.events,
      sum.entries,
      sum.signatures,
      sum.messages_lost,
      sum.recoveries,
      sum.frozen,
      sum.new_journals,
      sum.salvaged,
      sum.losses,
      static_cast<double>(sum.simulated.count()) / 3.6e9);
  return failed == 0 ? 0 : 1;
}

int start(int argc, char** argv) {
  CommandLine command;
  CLI::App app{"Agents, broker and ledger in simulated time under every fault.",
               "simulation"};
  app.add_option("--first", command.first, "seed of the first run")
      ->capture_default_str();
  app.add_option("--runs", command.runs, "at most")->capture_default_str();
  app.add_option("--seconds", command.seconds, "of real time; 0: no limit");
  app.add_option("--seed", command.seed, "this run alone");
  app.add_flag("--trace", command.trace, "print everything that happens in it");
  app.add_flag("--minimise", command.minimise, "find the fewest faults");
  app.add_flag("--go-on", command.go_on, "do not end at the first failure");
  app.add_option("--plan", command.plan, "run what this file says");
  app.add_option("--save",
                 command.save,
                 "write the plan there; with --minimise, the fewest faults");
  app.add_option("--sabotage",
                 command.sabotage,
                 "leave a part of the product out: act_first, guard_forgets");
  app.add_option("--faults",
                 command.faults,
                 "only these, or, each with a minus before it, all but these")
      ->delimiter(',');
  std::string names = "Faults:";
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    names += fmt::format(" {}", fault_name(static_cast<FaultKind>(i)));
  }
  app.footer(names);
  try {
    app.parse(argc, argv);
    init_crypto();
    spdlog::set_level(spdlog::level::off);
    std::signal(SIGABRT, say_seed);
    return command.seed || !command.plan.empty() ? run_one(command)
                                                 : run_many(command);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}

}  // namespace
}  // namespace strongroom::simulation

int main(int argc, char** argv) {
  return strongroom::simulation::start(argc, argv);
}
