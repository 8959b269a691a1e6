// SPDX-License-Identifier: Apache-2.0
// One Modbus line: a thread that does what the line's machine (core/bus/line.h)
// says, and reports every poll. It decides nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/now.h"
#include "core/bus/line.h"
#include "core/point/sample.h"
#include "platform/modbus/modbus_link.h"

namespace strongroom {

/// One poll of one class of one device, failed ones too: then the points that
/// were not answered are bad and `error` says why.
struct PollDone {
  std::string line;
  std::string device;
  WallTime at;  // when the last answer (or the failure) was there
  MonoTime monotonic{};
  std::vector<PointSample> samples;        // one per point of the profile
  std::chrono::microseconds round_trip{};  // of all requests of the poll
  std::string error;                       // empty: every request was answered
  PollClass poll_class = PollClass::kNormal;
  std::vector<TextSample> texts;  // those that were read
  /// By which it was read: the loop drops a poll whose profile is not (any
  /// more) the device's, so that no value is taken for another point's.
  std::shared_ptr<const DeviceProfile> profile;
};

/// Called on the line's thread; may block (a full queue slows the line down).
using PollSink = std::function<void(PollDone)>;

struct BusStatus {
  LineStatus line;
  LowLatency low_latency = LowLatency::kNotApplicable;
};

/// Owns the thread and, while it runs, the link. Only that thread calls the
/// panels' drivers. start() and stop() are called
/// by one thread, once each; the destructor stops.
class BusLine {
 public:
  BusLine(std::string name,
          std::unique_ptr<ModbusLink> link,
          LineSettings settings,
          std::vector<LineDevice> devices,
          PollSink sink,
          std::vector<LinePanel> panels = {});
  ~BusLine();
  BusLine(const BusLine&) = delete;
  BusLine& operator=(const BusLine&) = delete;

  void start();
  /// Returns when the thread has ended: within about one timeout.
  void stop();

  /// Any thread, also before start() and after stop(): a panel wishes
  /// something now. The line looks at once when it waits, else before its next
  /// request. Never waits for the line.
  void wake();

  /// Any thread but the line's: no panel's driver may ask it when it is called.
  /// At most a quarter of a second old.
  BusStatus status() const;
  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
