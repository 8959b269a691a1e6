// SPDX-License-Identifier: Apache-2.0
// Everything a Modbus line decides: what to ask, whom to believe, when to give
// up and when to try again. Pure: a thread (agent/bus) or a simulation does
// what next() says, one action at a time, and reports what became of it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/now.h"
#include "core/bus/guard.h"
#include "core/bus/panel_port.h"
#include "core/bus/question.h"
#include "core/point/profile.h"
#include "core/point/sample.h"

namespace strongroom {

struct LineDevice {
  std::string name;
  std::shared_ptr<const DeviceProfile> profile;
  std::uint8_t unit_id = 1;
  /// By PollClass; 0: as fast as the line goes.
  std::array<std::chrono::milliseconds, kPollClasses> periods{
      std::chrono::milliseconds(200),
      std::chrono::seconds(1),
      std::chrono::minutes(1)};
};

/// A panel, served beside the devices: its urgent exchanges go before
/// everything else.
struct LinePanel {
  std::string name;
  std::uint8_t unit_id = 1;
  std::shared_ptr<PanelPort> port;
};

struct LineSettings {
  LineWire wire;
  /// The longest wait for an answer; the line waits less where a device's
  /// answers have shown that less is enough.
  std::chrono::milliseconds timeout{500};
  /// An answer may come this long after its question, whoever waited for it. 0:
  /// four timeouts. Raised by what is observed.
  std::chrono::milliseconds late_answer{0};
};

// What the line's thread does next.
struct LineOpen {};
struct LineClose {};
/// Of a device, or the poll of a panel.
struct LineAsk {
  std::uint16_t device = 0;  // index; of a panel's poll: among the panels
  bool is_of_panel = false;
  Question question;
  std::chrono::microseconds timeout{};
};
/// FC23 with a panel: writes `request` and reads `read_registers`, both from
/// kPanelExchangeAddress on.
struct LineExchange {
  std::uint16_t panel = 0;  // index
  std::uint8_t unit = 1;
  std::span<const std::uint8_t> request;  // valid until it is answered
  std::uint16_t read_registers = 0;
  std::chrono::microseconds timeout{};
};
/// Throw away what arrives, until nothing came for `quiet` or `at_most` passed.
struct LineDiscard {
  std::chrono::microseconds quiet{};
  std::chrono::microseconds at_most{};
};
struct LineWait {
  MonoTime until{};
};
using LineAction = std::
    variant<LineOpen, LineClose, LineAsk, LineExchange, LineDiscard, LineWait>;

/// One poll of one class of one device, failed ones too: then the points that
/// were not answered are bad and `error` says why.
struct PollReport {
  std::uint16_t device = 0;
  PollClass poll_class = PollClass::kNormal;
  MonoTime at{};                     // of the last answer, or of the failure
  std::vector<PointSample> samples;  // one per point of the profile
  std::vector<TextSample> texts;     // those that were read
  std::chrono::microseconds round_trip{};  // of all requests of the poll
  std::string error;                       // empty: every request was answered
};

/// Since the start of the line, as LineCounters.
struct LinePanelCounters {
  std::uint64_t polls = 0;      // answered
  std::uint64_t exchanges = 0;  // answered, and the panel's driver took it
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t garbled = 0;     // also: not the answer to that exchange
  std::uint64_t late_bytes = 0;  // arrived when nothing was awaited
  std::uint64_t varied = 0;      // polls asked in another shape, for safety
};

/// Since the start of the line; a new line of the same name goes on counting.
struct LineCounters {
  std::uint64_t polls = 0;         // reports given
  std::uint64_t failed_polls = 0;  // of these, with an error
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t garbled = 0;
  std::uint64_t late_bytes = 0;     // arrived when nothing was awaited
  std::uint64_t varied = 0;         // asked in another shape, for safety
  std::uint64_t missed_cycles = 0;  // due, but the line was still busy
};

/// Whether the device is asked at all.
enum class DeviceState : std::uint8_t {
  kUnknown,  // not asked yet, or its line is down
  kAnswering,
  kSilent,  // only probed, now and then
};

std::string_view device_state_name(DeviceState state);

struct LineDeviceStatus {
  std::string name;
  std::uint8_t unit_id = 1;
  DeviceState state = DeviceState::kUnknown;
  LineCounters counters;
  // Of its recent answers; 0 before the first.
  std::chrono::microseconds round_trip_p50{};
  std::chrono::microseconds round_trip_p99{};
  std::chrono::microseconds timeout{};                          // in force
  std::array<std::uint16_t, kPollClasses> requests_per_poll{};  // planned
  std::vector<RegisterRange> refused;  // learned from exceptions
};

struct LinePanelStatus {
  std::string name;
  std::uint8_t unit_id = 1;
  DeviceState state = DeviceState::kUnknown;
  LinePanelCounters counters;
  // Of its recent answers, polls and exchanges; 0 before the first.
  std::chrono::microseconds round_trip_p50{};
  std::chrono::microseconds round_trip_p99{};
  // From an exchange that is wished to its request on the wire.
  std::chrono::microseconds wait_p50{};
  std::chrono::microseconds wait_p99{};
  std::chrono::microseconds timeout{};  // in force, of a poll
};

struct LineStatus {
  bool is_open = false;
  std::string error;        // of the last failed opening; empty while open
  std::uint64_t lost = 0;   // the port or the connection broke
  std::uint64_t opens = 0;  // successful
  std::uint64_t failed_opens = 0;
  std::chrono::microseconds busy{};  // asking, in all
  std::vector<LineDeviceStatus> devices;
  std::vector<LinePanelStatus> panels;
};

/// Not thread-safe. Every action but LineWait and LineClose is answered by
/// exactly one of the calls below before next() is called again.
class LineMachine {
 public:
  /// At least one device or panel.
  LineMachine(LineSettings settings,
              std::vector<LineDevice> devices,
              MonoTime now,
              std::vector<LinePanel> panels = {});
  /// For tests of the guard: with another one.
  LineMachine(LineSettings settings,
              std::vector<LineDevice> devices,
              MonoTime now,
              std::unique_ptr<ReplyGuard> guard,
              std::vector<LinePanel> panels = {});
  ~LineMachine();
  LineMachine(const LineMachine&) = delete;
  LineMachine& operator=(const LineMachine&) = delete;

  LineAction next(MonoTime now);

  // LineOpen
  void opened(MonoTime now);
  void open_failed(std::string what, MonoTime now);
  // LineAsk. `cells`: question.count of them; a bit kind has 0 or 1 in each.
  void answered(std::span<const std::uint16_t> cells, MonoTime now);
  // LineExchange. Two bytes for each register read.
  void exchanged(std::span<const std::uint8_t> answer, MonoTime now);
  // LineAsk, LineExchange
  void failed(const LinkError& error, MonoTime now);
  // LineDiscard
  void discarded(std::size_t bytes, MonoTime now);

  /// What was completed since the last call, in order.
  std::vector<PollReport> take_reports();

  LineStatus status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Share of the line's time that its devices need when all of them answer, 1.0
/// is all of it. For checking a configuration before it runs.
double line_load(const LineSettings& settings,
                 std::span<const LineDevice> devices,
                 std::chrono::microseconds turnaround);

/// What one panel asks of its line while nothing happens at its doors.
struct PanelLoad {
  std::chrono::milliseconds poll_period{40};
  /// From one exchange to the next, so that the panel knows its master.
  std::chrono::milliseconds exchange_period{1000};
  std::size_t exchange_written = 64;      // bytes
  std::uint16_t exchange_registers = 32;  // read
};

/// The same share, of one panel.
double panel_load(const LineSettings& settings,
                  const PanelLoad& panel,
                  std::chrono::microseconds turnaround);

}  // namespace strongroom
