// SPDX-License-Identifier: Apache-2.0
// One run: a panel, its agent and the line between them, in simulated time, all
// of it from one seed. First everything goes wrong that the plan says, then
// nothing does, and all must be well.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/panel_sim/agent_node.h"
#include "tests/panel_sim/channel.h"
#include "tests/panel_sim/master.h"
#include "tests/panel_sim/panel_node.h"

namespace strongroom::panel_sim {

/// How often things happen: mean times between them; 0: never.
struct Plan {
  std::chrono::seconds length{30};
  bool is_real_line = true;  // its machine is core/bus, not a plain one
  ChannelFaults channel;
  AgentFaults agent;
  std::chrono::milliseconds events{1000};  // leaves move
  std::chrono::milliseconds badges{2000};
  std::chrono::seconds resets{};
  std::chrono::seconds power_cuts{};
  std::chrono::seconds restarts{};
  std::chrono::seconds lost_journals{};
  std::chrono::seconds stalls{};
  std::chrono::seconds silences{};
  std::chrono::seconds replays{};
  std::chrono::seconds lockdowns{};
  std::chrono::seconds lists{};
  std::chrono::seconds outages{};
  std::chrono::seconds outage_length{10};
};

/// What this seed does.
Plan plan_of(std::uint64_t seed);

struct Tally {
  std::uint64_t events = 0;    // that happened
  std::uint64_t recorded = 0;  // in a journal
  std::uint64_t lost = 0;      // counted as lost
  std::uint64_t unknown = 0;   // gone with the memory, or before a new journal
  std::uint64_t unlocks = 0;   // decided
  std::uint64_t executed = 0;
  std::uint64_t undecided = 0;  // outcome unknown
  std::uint64_t refused = 0;    // frames, by the panel
  std::uint64_t sessions = 0;
  /// From the last badge to an unlock, each.
  std::vector<std::chrono::microseconds> waits;
};

class World {
 public:
  World(std::uint64_t seed, Plan plan);

  /// What is wrong; empty: nothing.
  std::vector<std::string> run();
  const Tally& tally() const { return tally_; }

 private:
  struct Chance {
    std::chrono::microseconds every{};
    MonoTime due = MonoTime::max();
    void (World::*what)() = nullptr;
  };
  void add(std::chrono::microseconds every, void (World::*what)());
  void schedule(Chance& chance);
  void step();
  void serve();
  void follow_driver();
  void ask();
  void check_always();
  void heal();
  void check_end();
  void check_ring(const Journal& journal,
                  std::uint32_t ring,
                  const RingRecord& record);
  void check_complete();
  void check_orders();
  void fault(std::string what);
  bool is_calm() const;

  void move_leaf();
  void badge();
  void reset();
  void cut_power();
  void restart();
  void lose_journal();
  void stall();
  void silence();
  void replay();
  void lock_down();
  void send_list();
  void outage();

  simulation::Random random_;
  Plan plan_;
  PanelNode panel_;
  AgentNode agent_;
  Channel channel_;
  MonoTime now_;
  MonoTime tick_due_{};
  MonoTime silent_until_ = MonoTime::max();
  MonoTime cut_until_ = MonoTime::max();
  std::unique_ptr<Master> master_;
  std::shared_ptr<PanelPort> driver_;  // that the master has
  std::vector<Chance> chances_;
  std::size_t executions_seen_ = 0;
  std::uint32_t list_version_ = 0;
  MonoTime badge_at_{};
  std::vector<std::string> faults_;
  Tally tally_;
};

}  // namespace strongroom::panel_sim
