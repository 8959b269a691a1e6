// SPDX-License-Identifier: Apache-2.0
#include "tests/endurance/agent_process.h"

#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"

namespace strongroom::endurance {

AgentProcess::AgentProcess(const AgentPlan& plan) {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0,
        "no pair of sockets");
  const std::string number = std::to_string(ends[1]);
  child_ = ::fork();
  check(child_ >= 0, "no second process");
  if (child_ == 0) {
    ::close(ends[0]);
    ::execl(PLAYED_AGENT, PLAYED_AGENT, number.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  put(socket_, plan);
}

AgentProcess::~AgentProcess() {
  ::close(socket_);
  (void)::waitpid(child_, nullptr, 0);
}

AgentReport AgentProcess::answer(std::vector<Sent>& sent) {
  std::uint64_t count = 0;
  check(get(socket_, count), "the agent's process ended");
  for (std::uint64_t i = 0; i < count; ++i) {
    Sent one;
    check(get(socket_, one.is_batch), "half an answer");
    one.payload = get_bytes(socket_);
    sent.push_back(std::move(one));
  }
  AgentReport report;
  check(get(socket_, report), "half a report");
  return report;
}

AgentReport AgentProcess::live_until(MonoTime until,
                                     std::uint64_t record_events) {
  put(socket_, Order{Command::kLive, until, record_events, false});
  std::vector<Sent> nowhere;
  return answer(nowhere);
}

AgentReport AgentProcess::turn(MonoTime at,
                               bool connects,
                               const std::vector<Bytes>& acks,
                               std::vector<Sent>& sent) {
  put(socket_, Order{Command::kTurn, at, acks.size(), connects});
  for (const Bytes& ack : acks) {
    put_bytes(socket_, ack);
  }
  return answer(sent);
}

}  // namespace strongroom::endurance
