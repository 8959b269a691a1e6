// SPDX-License-Identifier: Apache-2.0
// Orders that were given to panels and whose end nobody has told yet.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "agent/loop/panel_io.h"
#include "agent/loop/recorder.h"

namespace strongroom {

/// An unlock that was not executed by then never is.
inline constexpr std::chrono::milliseconds kUnlockLifetime{5000};
/// The driver tells every end, unless its line was taken away.
inline constexpr std::chrono::microseconds kOrderForgotten =
    std::chrono::seconds(60);

/// How long unlocks took from the reading to the panel's word that it was done.
struct LatencyHistogram {
  static constexpr std::array<std::chrono::milliseconds, 9> kBounds{
      std::chrono::milliseconds(50),
      std::chrono::milliseconds(100),
      std::chrono::milliseconds(150),
      std::chrono::milliseconds(200),
      std::chrono::milliseconds(300),
      std::chrono::milliseconds(500),
      std::chrono::milliseconds(1000),
      std::chrono::milliseconds(2500),
      std::chrono::milliseconds(5000)};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  // the last: beyond
  std::chrono::microseconds sum{};
  std::uint64_t total = 0;

  void add(std::chrono::microseconds time);
};

struct OpenOrder {
  std::string panel;
  strongroom_v1_OrderKind kind{};
  std::string leaf;  // by name; empty: of a lockdown
  MonoTime given{};
  WallTime read{};  // trusted time of the reading; the epoch: none
  // Of a person's order:
  std::string person;
  std::uint8_t leaves = 0;  // mask
  bool end_fire = false;
};

class OpenOrders {
 public:
  /// By PanelOrderEnded::Outcome.
  using Counts = std::array<std::uint64_t, 4>;

  OpenOrders(Recorder& recorder, RandomFill random)
      : recorder_(recorder), random_(std::move(random)) {}

  /// Its id: never 0, none of those that are open.
  std::uint32_t open(OpenOrder order);
  /// Records what became of it. Of one that is not known (any more) too: the
  /// panel says that it did something.
  void end(const std::string& panel,
           const PanelOrderEnded& ended,
           WallTime at,
           const Now& now);
  /// Those that nobody will tell of any more have an unknown end.
  void tick(const Now& now);

  std::size_t count() const { return open_.size(); }
  const Counts& outcomes() const { return outcomes_; }
  const LatencyHistogram& latency() const { return latency_; }

 private:
  Recorder& recorder_;
  RandomFill random_;
  std::map<std::uint32_t, OpenOrder> open_;
  // Whose end was recorded as unknown: what is told of them later is not
  // another end. The oldest is forgotten for good.
  std::deque<std::uint32_t> given_up_;
  Counts outcomes_{};
  LatencyHistogram latency_;
};

}  // namespace strongroom
