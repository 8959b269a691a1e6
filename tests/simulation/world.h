// SPDX-License-Identifier: Apache-2.0
// One run: a plan, the programs that it happens to, and what must hold.
#pragma once

#include <filesystem>
#include <memory>

#include "tests/simulation/agent_node.h"
#include "tests/simulation/fault.h"

namespace strongroom::simulation {

/// What came of a run.
struct Outcome {
  std::vector<std::string> failures;  // empty: everything held
  std::vector<std::string> tail;      // of the trace
  std::uint64_t hash = 0;             // of the trace
  std::uint64_t lines = 0;
  std::uint64_t crashes = 0;
  std::uint64_t events = 0;      // journalled
  std::uint64_t entries = 0;     // in the logs
  std::uint64_t signatures = 0;  // of checkpoints
  std::uint64_t messages_lost = 0;
  std::uint64_t losses = 0;    // events of telemetry that were given up
  std::uint64_t salvaged = 0;  // events told again
  std::uint64_t recoveries = 0;
  std::uint64_t frozen = 0;  // logs at the end
  std::uint64_t new_journals = 0;
  MonoTime simulated{};
};

class World {
 public:
  /// `folder` is made anew, and removed at the end.
  World(const Plan& plan, std::filesystem::path folder, std::FILE* print);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run();

 private:
  Surroundings surroundings();
  void make_agents();
  void schedule_life();
  void poll_again(std::size_t agent);
  void change_again(std::size_t agent);

  // world_faults.cc
  void schedule(const Fault& fault);
  void begin(const Fault& fault);
  void begin_weather(const Fault& fault, const Weather& weather);
  void crash_agent(const Fault& fault);
  void arm_ledger(const Fault& fault);
  void clone(const Fault& fault);
  void bother(const Fault& fault, std::int64_t times);
  void bother_once(const Fault& fault, Random& random);
  Bytes forged_refusal(const AgentNode& agent, Random& random);
  void calm();

  // world_end.cc
  bool is_settled(std::string* why);
  void settle();
  bool recover();
  void bring(const std::vector<FollowPack>& packs);
  void check_bounds();

  const Plan plan_;
  std::filesystem::path folder_;
  Clockwork clockwork_;
  Trace trace_;
  LogTruth logs_;
  Truth truth_;
  Network network_;
  Random random_;
  std::unique_ptr<LedgerNode> ledger_;
  std::vector<std::unique_ptr<AgentNode>> agents_;
  std::vector<std::unique_ptr<AgentNode>> clones_;
  std::vector<std::shared_ptr<Signer>> signers_;
  bool calm_ = false;
};

/// Runs it in a folder of its own in memory.
Outcome run_plan(const Plan& plan, std::FILE* print = nullptr);

}  // namespace strongroom::simulation
