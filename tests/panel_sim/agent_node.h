// SPDX-License-Identifier: Apache-2.0
// The real driver of a panel, under a model of the loop: an inbox that can be
// full, a journal whose commits take time, fail, or are forgotten by a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/panel/driver.h"
#include "tests/simulation/random.h"

namespace strongroom::panel_sim {

/// What one journal says of one ring.
struct RingRecord {
  bool is_adopted = false;   // what came before its first event is not known
  std::uint32_t cursor = 0;  // everything up to it is here, or lost
  std::map<std::uint32_t, strongroom_panel_v1_PanelEvent> events;
  std::uint64_t lost = 0;  // numbers that are missing, those not known apart
  std::uint64_t not_known = 0;
};

/// Only what was committed.
struct Journal {
  std::uint32_t ring = 0;
  std::map<std::uint32_t, RingRecord> rings;
  std::vector<std::string> faults;  // what no journal may be told
};

struct OrderRecord {
  MonoTime not_after{};
  MonoTime pushed{};
  std::optional<PanelOrderEnded> ended;
  MonoTime ended_at{};
};

struct AgentFaults {
  std::chrono::milliseconds commit_takes{5};
  std::size_t inbox = 64;
  double commit_fails = 0;  // of commits
};

class AgentNode {
 public:
  AgentNode(const PanelKey& key, std::uint64_t seed, AgentFaults faults);

  /// As it is started: with what the journal says, and nothing else.
  void restart(MonoTime now);
  /// The file was set aside: a new one, which knows nothing.
  void lose_journal(MonoTime now);
  /// Until then nothing is committed.
  void stall_until(MonoTime until) { stalled_until_ = until; }
  void silence(bool is_silent);
  void lock_down(std::uint8_t leaves);
  void send_list(std::uint32_t version, std::size_t entries);

  /// The loop's turn, when it is due.
  void turn(MonoTime now);
  MonoTime turn_due() const;
  /// Another one after every restart.
  const std::shared_ptr<PanelPort>& driver() const { return driver_; }
  /// Whether the mailbox woke the line since the last call.
  bool take_wake() { return std::exchange(is_woken_, false); }
  bool is_silent() const { return is_silent_; }

  const Journal& journal() const { return journals_.back(); }
  const std::deque<Journal>& journals() const { return journals_; }
  const std::map<std::uint32_t, OrderRecord>& orders() const { return orders_; }
  const PanelDriverStatus& status() const { return status_; }
  std::uint32_t list_version() const { return list_.version; }
  std::uint32_t config_version() const { return config_version_; }
  const std::optional<std::uint8_t>& lockdown() const { return lockdown_; }
  /// Everything that was decided, for badges.
  std::uint64_t decided() const { return decided_; }

 private:
  void commit(MonoTime now);
  void record(const PanelReport& report, MonoTime now);
  void record(const PanelFacts& facts, MonoTime now);
  void unlock(MonoTime now);
  PanelSetup setup() const;

  simulation::Random random_;
  PanelKey key_;
  AgentFaults faults_;
  std::unique_ptr<PanelMailbox> mailbox_;
  std::shared_ptr<PanelPort> driver_;
  bool is_woken_ = false;
  PanelDriverStatus status_;
  MonoTime now_{};
  bool is_silent_ = false;
  std::deque<PanelReport> inbox_;
  std::deque<PanelReport> turn_;  // being committed
  std::optional<MonoTime> commits_at_;
  MonoTime stalled_until_{};
  std::deque<Journal> journals_;
  std::map<std::uint32_t, OrderRecord> orders_;
  std::uint32_t heard_ring_ = 0;  // of the newest hello
  std::optional<bool> is_up_;
  PanelList list_;
  std::optional<std::uint8_t> lockdown_;
  std::uint32_t config_version_ = 0;
  std::uint64_t decided_ = 0;
};

}  // namespace strongroom::panel_sim
