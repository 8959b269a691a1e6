// SPDX-License-Identifier: Apache-2.0
// The agent's one thread that owns all state: inputs, core, commit, effects.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/journal/journal.h"
#include "agent/loop/agent_core.h"
#include "agent/loop/inbox.h"
#include "agent/uplink/uplink.h"

namespace strongroom {

struct LoopPorts {
  AgentCore& core;
  Journal& journal;
  Uplink& uplink;
  Inbox& inbox;
  SnapshotHolder& snapshots;
  std::function<Now()> clock;
  /// Called about once a second while the loop makes progress.
  std::function<void()> alive = [] {};
  PanelOrders* panels = nullptr;  // nothing: there are none
  PinChecks* pins = nullptr;      // nothing: nobody can check any
};

struct LoopOptions {
  std::size_t max_polls = 512;  // a turn: bounds a commit and a batch's wait
  std::chrono::milliseconds retry{200};  // of a commit that failed
  /// Delivered rows stay for it.
  std::chrono::days keep_delivered{30};
};

enum class LoopEnd : std::uint8_t {
  kStopped,        // asked to; everything is committed
  kUncommitted,    // asked to, while commits failed: the last turn is lost
  kJournalBroken,  // the next start sets the file aside
};

class Loop {
 public:
  Loop(LoopPorts ports, LoopOptions options = {});

  /// Returns when told to stop, or when the journal is broken.
  LoopEnd run();
  /// One turn: waits for inputs until the core's deadline. Nothing: go on.
  std::optional<LoopEnd> turn();
  const std::string& error() const { return journal_.error; }

 private:
  void feed(Inputs& inputs);
  void follow(FollowRequest& request);
  void reply_to_follow(bool stands);
  void lock_down(LockdownRequest& request);
  void reply_to_lockdowns(bool stands);
  bool settle(Turn& turn);
  void release(Turn& turn);
  void release(DoorEffects& doors);
  void silence_panels(bool is_silent);
  void note_commit(const JournalResult<void>& result);
  void keep_house(bool idle);
  void make_room();
  std::uint64_t prune(Stream stream, WallTime before);
  void show();
  std::chrono::steady_clock::time_point steady_deadline() const;

  LoopPorts ports_;
  const LoopOptions options_;
  bool first_ = true;
  bool is_broken_ = false;
  bool is_silent_ = false;
  MonoTime monotonic_{};
  JournalSnapshot journal_;
  std::optional<MonoTime> shown_;
  std::optional<MonoTime> pruned_;
  std::optional<MonoTime> no_room_;  // when nothing could go
  std::uint64_t commits_at_checkpoint_ = 0;
  /// Of this turn's follow order, until the turn's transaction stands.
  FollowReply follow_reply_;
  std::string followed_;
  /// Likewise, each with what is ordered.
  std::vector<std::pair<LockdownReply, std::string>> lockdown_replies_;
};

}  // namespace strongroom
