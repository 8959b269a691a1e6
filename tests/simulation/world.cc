// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/simulation/end_check.h"

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;

}  // namespace

World::World(const Plan& plan, std::filesystem::path folder, std::FILE* print)
    : plan_(plan),
      folder_(std::move(folder)),
      trace_(clockwork_, print),
      logs_(trace_),
      truth_(logs_, trace_),
      network_(clockwork_, Random(plan.seed, "network"), trace_),
      random_(plan.seed, "world") {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  ledger_ = std::make_unique<LedgerNode>(surroundings(), folder_ / "ledger");
  make_agents();
}

Surroundings World::surroundings() {
  return {clockwork_, network_, logs_, trace_, plan_.seed, plan_.sabotage};
}

World::~World() {
  clones_.clear();
  agents_.clear();
  ledger_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void World::make_agents() {
  for (std::size_t i = 0; i < plan_.agents; ++i) {
    const Source source{fmt::format("edge-{}", i + 1),
                        fmt::format("site-{}", 1 + i % plan_.sites)};
    signers_.push_back(signer_from(random_));
    ledger_->enrol(source, *signers_.back());
    agents_.push_back(std::make_unique<AgentNode>(
        surroundings(),
        truth_,
        fmt::format("agent {}", i),
        AgentNode::Identity{
            source, signers_.back(), ledger_->trust(), plan_.quota_kib},
        folder_ / fmt::format("agent-{}", i)));
  }
}

// What happens in the buildings: the reason for it all.
void World::schedule_life() {
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    clockwork_.in(milliseconds(random_.between(0, 2'000)),
                  [this, i] { agents_[i]->start(); });
    poll_again(i);
    change_again(i);
  }
}

void World::poll_again(std::size_t agent) {
  clockwork_.in(plan_.poll_every * random_.between(50, 150) / 100,
                [this, agent] {
                  if (!calm_) {
                    agents_[agent]->poll(random_.between(-400, 900));
                    poll_again(agent);
                  }
                });
}

void World::change_again(std::size_t agent) {
  clockwork_.in(plan_.change_every * random_.between(20, 180) / 100,
                [this, agent] {
                  if (!calm_) {
                    agents_[agent]->change();
                    change_again(agent);
                  }
                });
}

Outcome World::run() {
  ledger_->start();
  schedule_life();
  for (const Fault& fault : plan_.faults) {
    schedule(fault);
  }
  while (trace_.failures().empty()) {
    if (!clockwork_.step(plan_.duration)) {
      break;
    }
  }
  calm();
  settle();
  check_bounds();
  if (trace_.failures().empty()) {
    EndCheck check(truth_, logs_, trace_, *ledger_, plan_);
    for (const auto& agent : agents_) {
      check.add(*agent);
    }
    check.run();
  }
  Outcome out;
  out.failures = trace_.failures();
  out.tail.assign(trace_.tail().begin(), trace_.tail().end());
  out.hash = trace_.hash();
  out.lines = trace_.lines();
  out.crashes = ledger_->crashes;
  out.signatures = logs_.signatures();
  out.messages_lost = network_.lost();
  out.recoveries = ledger_->recoveries;
  out.frozen = ledger_->frozen().size();
  out.simulated = clockwork_.now();
  out.entries = logs_.entries();
  out.losses = truth_.losses();
  for (const auto& agent : agents_) {
    out.crashes += agent->crashes;
    out.new_journals += agent->set_aside;
    for (const auto& rows : agent->life().rows) {
      out.events += rows.size();
      out.salvaged += static_cast<std::uint64_t>(std::ranges::count_if(
          rows, [](const Fact& fact) { return fact.salvaged.has_value(); }));
    }
  }
  return out;
}

Outcome run_plan(const Plan& plan, std::FILE* print) {
  const std::filesystem::path memory = "/dev/shm";
  const std::filesystem::path folder =
      (std::filesystem::exists(memory)
           ? memory
           : std::filesystem::temp_directory_path()) /
      fmt::format("strongroom-simulation-{}", ::getpid());
  return World(plan, folder, print).run();
}

}  // namespace strongroom::simulation
