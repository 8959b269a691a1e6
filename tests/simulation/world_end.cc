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
constexpr MonoTime kPatience = minutes(90);
constexpr MonoTime kBeforeRecovery = minutes(12);
constexpr std::uint64_t kMostRecoveries = 4;

}  // namespace

void World::calm() {
  calm_ = true;
  trace_.line("person", "calms everything");
  network_.calm();
  LedgerDisk& disk = ledger_->disk();
  disk.steps_until_fault = -1;
  disk.store_full = disk.guard_full = disk.alters_next = disk.loses_next =
      false;
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
      if ((at.backlog == 0 && at.salvage_pending == 0) ||
          ledger_->is_frozen(agent->source().site, stream)) {
        continue;
      }
      *why = fmt::format("{} owes {} + {} of {}: {} {}",
                         agent->name(),
                         at.backlog,
                         at.salvage_pending,
                         at.name,
                         at.state,
                         at.blocked_by);
      return false;
    }
  }
  return true;
}

// False: there is nothing to recover.
bool World::recover() {
  if (!ledger_->needs_recovery()) {
    return false;
  }
  if (ledger_->recoveries >= kMostRecoveries) {
    trace_.fail("the ledger needs one recovery after the other");
    return false;
  }
  const auto packs = ledger_->recover_logs();
  // A registry may have lost its newest entries: a person enrols again.
  for (std::size_t i = 0; i < agents_.size() && ledger_->is_up(); ++i) {
    ledger_->enrol(agents_[i]->source(), *signers_[i]);
  }
  clockwork_.in(seconds(3), [this, packs] { bring(packs); });
  // Everybody says something afterwards, as life does.
  clockwork_.in(seconds(30), [this] {
    for (const auto& agent : agents_) {
      agent->poll(2);
      agent->change();
    }
  });
  return true;
}

// To each agent its own, or what is for all others.
void World::bring(const std::vector<FollowPack>& packs) {
  for (const auto& agent : agents_) {
    const Source& source = agent->source();
    const auto is_for = [&](const FollowPack& pack, std::string_view name) {
      return pack.successor.site == source.site && pack.agent == name;
    };
    for (const Stream stream : kAgentStreams) {
      const FollowPack* found = nullptr;
      for (const FollowPack& pack : packs) {
        if (pack.successor.stream == stream &&
            (is_for(pack, source.text()) ||
             (found == nullptr && is_for(pack, "_others@" + source.site)))) {
          found = &pack;
        }
      }
      if (found != nullptr && !agent->follow(*found)) {
        clockwork_.in(seconds(5), [this, packs] { bring(packs); });
        return;
      }
    }
  }
}

void World::settle() {
  const MonoTime begun = clockwork_.now();
  const MonoTime end = begun + kPatience;
  std::string why = "nothing was tried";
  MonoTime look = clockwork_.now() + seconds(30);
  while (trace_.failures().empty() && clockwork_.now() < end) {
    if (clockwork_.step(look)) {
      continue;
    }
    const bool settled = is_settled(&why);
    // Who waits for a frozen log would wait for ever.
    const bool stuck = clockwork_.now() - begun > kBeforeRecovery;
    if ((settled || stuck) && !recover() && settled) {
      return;
    }
    look = clockwork_.now() + (ledger_->is_up() ? seconds(5) : seconds(40));
  }
  if (trace_.failures().empty()) {
    trace_.fail("delivery stands still: " + why);
  }
}

void World::check_bounds() {
  if (ledger_->queue_overflowed) {
    trace_.fail("the ledger's inbox grew beyond its bound");
  }
  for (const auto& agent : agents_) {
    if (agent->most_in_flight > SenderOptions{}.window) {
      trace_.fail(agent->name() + " has more in flight than its window");
    }
  }
}

}  // namespace strongroom::simulation
