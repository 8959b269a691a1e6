// SPDX-License-Identifier: Apache-2.0
// One Modbus line: a thread that polls its devices and reports every poll.
// It decides nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/bus/modbus_link.h"
#include "core/base/now.h"
#include "core/base/result.h"
#include "core/point/profile.h"
#include "core/point/sample.h"

namespace strongroom {

/// One poll of one device, failed ones too: then the points that were not
/// answered are bad and `error` says why.
struct PollDone {
  std::string line;
  std::string device;
  WallTime at;  // when the last answer (or the failure) was there
  MonoTime monotonic{};
  std::vector<PointSample> samples;        // one per point of the profile
  std::chrono::microseconds round_trip{};  // of all requests of the poll
  std::string error;                       // empty: every request was answered
};

/// Called on the line's thread; may block (a full queue slows the line down).
using PollSink = std::function<void(PollDone)>;

struct BusDevice {
  std::string name;
  std::shared_ptr<const DeviceProfile> profile;
  std::uint8_t unit_id = 1;
  /// 0: as fast as the line goes.
  std::chrono::milliseconds period{1000};
};

/// Since start; any thread may read them.
struct BusCounters {
  bool connected = false;
  std::uint64_t polls = 0;         // PollDone given
  std::uint64_t failed_polls = 0;  // of these, with an error
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t garbled = 0;
  std::uint64_t lost = 0;   // the port or the connection broke
  std::uint64_t opens = 0;  // successful
  std::uint64_t failed_opens = 0;
  std::uint64_t missed_cycles = 0;  // due, but the line was still busy
};

/// Owns the thread and, while it runs, the link. start() and stop() are called
/// by one thread, once each; the destructor stops.
class BusLine {
 public:
  BusLine(std::string name,
          std::unique_ptr<ModbusLink> link,
          std::vector<BusDevice> devices,
          PollSink sink);
  ~BusLine();
  BusLine(const BusLine&) = delete;
  BusLine& operator=(const BusLine&) = delete;

  void start();
  /// Returns when the thread has ended: within about one timeout.
  void stop();

  BusCounters counters() const;
  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
