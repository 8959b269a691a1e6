// SPDX-License-Identifier: Apache-2.0
// The end of a run: faults cease, and everything that is owed must arrive.
#include <fmt/format.h>

#include "tests/simulation/world.h"

namespace strongroom::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A refused epoch waits up to ten minutes for the next one, more than once
// when several were refused; resends wait a minute.
constexpr MonoTime kPatience = minutes(60);

}  // namespace

void World::calm() {
  calm_ = true;
  trace_.line("person", "calms everything");
  network_.calm();
  LedgerDisk& disk = ledger_->disk();
  disk.steps_until_fault = -1;
  disk.store_full = disk.guard_full = disk.alters_next = false;
  for (const auto& clone : clones_) {
    clone->kill(MonoTime{-1});
  }
  for (const auto& agent : agents_) {
    AgentDisk& own = agent->disk();
    own.full = false;
    own.errors_after = own.read_errors = 0;
    own.crash = AgentDisk::Crash::kNone;
    // Who has nothing to say shows nobody what he holds.
    clockwork_.in(seconds(15), [&agent] {
      agent->poll(1);
      agent->change();
    });
  }
}

bool World::is_settled(std::string* why) {
  if (!ledger_->is_up()) {
    *why = "the ledger does not run";
    return false;
  }
  for (const auto& agent : agents_) {
    if (!agent->is_up()) {
      *why = agent->name() + " does not run";
      return false;
    }
    const AgentSnapshot now = agent->snapshot();
    for (const Stream stream : kAgentStreams) {
      const StreamSnapshot& at = now.streams[slot_of(stream)];
      if (at.backlog == 0 ||
          ledger_->is_frozen(agent->source().site, stream)) {
        continue;
      }
      *why = fmt::format("{} owes {} of {}: {} {}",
                         agent->name(),
                         at.backlog,
                         at.name,
                         at.state,
                         at.blocked_by);
      return false;
    }
  }
  return true;
}

void World::settle() {
  const MonoTime end = clockwork_.now() + kPatience;
  std::string why = "nothing was tried";
  MonoTime look = clockwork_.now() + seconds(20);
  while (trace_.failures().empty() && clockwork_.now() < end) {
    if (clockwork_.step(look)) {
      continue;
    }
    if (is_settled(&why)) {
      return;
    }
    look += seconds(5);
  }
  if (trace_.failures().empty()) {
    trace_.fail("delivery stands still: " + why);
  }
}

void World::check_bounds() {
  if (ledger_->most_queued > LedgerNode::inbox_bound()) {
    trace_.fail("the ledger's inbox grew beyond its bound");
  }
  for (const auto& agent : agents_) {
    if (agent->most_in_flight > SenderOptions{}.window) {
      trace_.fail(agent->name() + " has more in flight than its window");
    }
  }
}

}  // namespace strongroom::simulation
