// SPDX-License-Identifier: Apache-2.0
// What the played agent and the test tell each other, over a pair of sockets.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <type_traits>

#include "core/base/bytes.h"
#include "core/base/now.h"

namespace strongroom::endurance {

/// What is played; first on the wire. The agent is edge-1@bj1, its key of a
/// seed.
struct AgentPlan {
  std::array<char, 256> journal{};
  std::uint8_t key_seed = 1;
  std::array<char, 64> ledger{};
  std::array<std::uint8_t, 32> log_key{};
  std::uint64_t devices = 5;
  std::uint64_t points = 100;  // of each
  std::chrono::milliseconds window{60'000};
  std::chrono::seconds poll_period{60};
  std::uint64_t quota_bytes = 1024ULL << 20U;
  std::uint64_t record_reserve_bytes = 256ULL << 20U;
  std::chrono::microseconds start = std::chrono::seconds(1'800'000'000);
};

enum class Command : std::uint8_t {
  kLive,  // polls every device each period until then
  kTurn,  // one turn of the loop, with the polls that are due by then
};
struct Order {
  Command command{};
  MonoTime at{};
  /// Of kLive: events of the record, evenly: a device's profile changes. Of
  /// kTurn: acks that follow.
  std::uint64_t number = 0;
  bool connects = false;
};

/// After every order, behind what the agent published.
struct AgentReport {
  MonoTime at{};
  MonoTime due{};                   // of its next turn without input
  std::chrono::microseconds cpu{};  // of the order's turns
  std::uint64_t commits = 0;
  std::array<std::uint64_t, 2> tail{};  // record, telemetry
  std::array<std::uint64_t, 2> delivered{};
  std::uint64_t losses = 0;
  std::uint64_t lost_events = 0;
  std::uint64_t window_level = 0;
  std::uint64_t peak_used_bytes = 0;  // of the quota, at the end of any turn
  std::uint64_t peak_memory_bytes = 0;
  std::uint64_t dropped_polls = 0;
};

// All stop the program when the other end is gone, get() says so at a border.
void put(int socket, const void* from, std::size_t size);
bool get(int socket, void* into, std::size_t size);
void put_bytes(int socket, const Bytes& bytes);
Bytes get_bytes(int socket);

template <typename T>
void put(int socket, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  put(socket, &value, sizeof value);
}
template <typename T>
bool get(int socket, T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return get(socket, &value, sizeof value);
}

}  // namespace strongroom::endurance
