// SPDX-License-Identifier: Apache-2.0
// The played agent (played_agent.cc), as the test sees it.
#pragma once

#include <vector>

#include "tests/endurance/pipe.h"

namespace strongroom::endurance {

/// What the agent published.
struct Sent {
  bool is_batch = false;  // else a status or live values
  Bytes payload;
};

class AgentProcess {
 public:
  /// Started at monotonic time 0, not connected.
  explicit AgentProcess(const AgentPlan& plan);
  ~AgentProcess();
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  AgentReport live_until(MonoTime until, std::uint64_t record_events);
  AgentReport turn(MonoTime at,
                   bool connects,
                   const std::vector<Bytes>& acks,
                   std::vector<Sent>& sent);

 private:
  AgentReport answer(std::vector<Sent>& sent);

  int socket_ = -1;
  int child_ = -1;
};

}  // namespace strongroom::endurance
