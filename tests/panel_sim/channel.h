// SPDX-License-Identifier: Apache-2.0
// The line between them, and whoever sits on it: frames that are lost, late,
// doubled, overtaken, bent, and sent again by someone who only listened.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/now.h"
#include "tests/simulation/random.h"

namespace strongroom::panel_sim {

struct ChannelFaults {
  double lost = 0;  // of frames, each way
  double late = 0;  // later than the master waits
  double doubled = 0;
  double bent = 0;      // a bit, and half of the time with a right CRC
  double replayed = 0;  // beside a frame, an old one
};

struct Delivery {
  bool is_request = false;
  Bytes adu;
};

class Channel {
 public:
  Channel(std::uint64_t seed, ChannelFaults faults)
      : random_(seed, "channel"), faults_(faults) {}

  void set(ChannelFaults faults) { faults_ = faults; }
  void cut(bool is_cut) { is_cut_ = is_cut; }
  void send(bool is_request, Bytes adu, MonoTime now);
  /// Of the attacker, on its own: one of the frames that it heard.
  void replay(MonoTime now);

  MonoTime due() const;
  /// What has arrived by now.
  std::optional<Delivery> take(MonoTime now);

 private:
  void deliver(bool is_request, Bytes adu, MonoTime at);
  void bend(Bytes& adu);

  simulation::Random random_;
  ChannelFaults faults_;
  bool is_cut_ = false;
  std::multimap<MonoTime, Delivery> under_way_;
  std::deque<Delivery> heard_;  // by the attacker; the newest 64
};

}  // namespace strongroom::panel_sim
