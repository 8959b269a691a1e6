// SPDX-License-Identifier: Apache-2.0
// The simulated building: what it is and does now, and the words that change
// it. Pure: the caller says what time it is. Time never goes back.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/plant/device.h"
#include "tools/plant/fault.h"
#include "tools/plant/frame.h"
#include "tools/plant/panel_world.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

/// Since the plant was started, of the clock that requests run by.
using Time = std::chrono::microseconds;

/// What a line puts on its wire.
struct Transmission {
  Time at{};  // not before
  Bytes bytes;
};

/// Of a line since the start.
struct LineCounters {
  std::uint64_t requests = 0;  // whole frames, to whomever
  std::uint64_t answers = 0;
  std::uint64_t collisions = 0;  // both ends spoke at once on a paced line
  std::uint64_t hasty = 0;       // requests less than the gap after an answer
  std::uint64_t garbled = 0;     // bytes that were no request
};

class Plant {
 public:
  explicit Plant(Scene scene);

  /// What a whole request on a line brings about.
  std::vector<Transmission> ask(std::size_t line,
                                const Request& request,
                                Time now);

  /// One line of control; command_words() lists them. The reply is "ok", or
  /// what was asked for.
  Result<std::string> command(std::string_view line, Time now);
  /// What the scene states for a time until now; a fault of one of them is in
  /// the reply and does not hold up the next.
  std::vector<std::string> advance(Time now);
  /// When something is due that nobody asks for: one of these, or a door that
  /// shuts by itself.
  std::optional<Time> next_happening() const;

  /// As of the last request, command or advance().
  const Building& building() const { return scene_.building; }
  const Scene& scene() const { return scene_; }
  bool is_plugged(std::size_t line) const;
  LineCounters& counters(std::size_t line) { return lines_[line].counters; }
  /// Where clients find it, once a server knows.
  void set_address(std::size_t line, std::string address);
  const std::string& address(std::size_t line) const;
  std::uint64_t answers() const;  // of all lines
  /// As Scene::panels.
  PanelWorld& panel(std::size_t index) { return panels_[index]; }
  /// Time of the scene.
  std::chrono::microseconds elapsed(Time now) const;

 private:
  struct Line {
    FaultSet faults;
    LineCounters counters;
    Time busy_until{};  // a gateway that answers one after another
    std::string address;
  };
  struct Device {
    SimulatedDevice registers;
    FaultSet faults;
    Time busy_until{};
  };
  /// What a fault is of.
  struct Target {
    FaultSet* faults = nullptr;
    SimulatedDevice* device = nullptr;  // nothing: a line
  };

  /// The building, and what devices say of it, as of a time of the scene.
  void step_to(std::chrono::microseconds elapsed);
  void show_building();
  Result<std::string> command_at(std::string_view line,
                                 std::chrono::microseconds elapsed);
  std::optional<std::size_t> device_at(std::size_t line,
                                       std::uint8_t unit) const;
  Time ready_at(std::size_t line, std::size_t device, Time now);
  std::optional<std::size_t> find_device(std::string_view name) const;
  Result<std::size_t> only_device() const;
  Result<Target> find_target(std::string_view name);

  Result<void> set(std::string_view assignment);
  Result<void> set_building(std::string_view name, std::string_view value);
  Result<void> vary(std::string_view point);
  Result<void> add_fault(std::string_view words,
                         std::chrono::microseconds elapsed);
  Result<void> clear(std::string_view words, std::chrono::microseconds elapsed);
  static void end_fault(const Target& target,
                        const Fault& fault,
                        std::chrono::microseconds elapsed);
  void clear_all(std::chrono::microseconds elapsed);
  Result<void> put_fault(const Target& target,
                         Fault fault,
                         std::chrono::microseconds elapsed);
  Result<std::string> panel_command(std::string_view verb,
                                    std::string_view rest);
  Result<std::string> old_command(std::string_view verb,
                                  std::string_view rest,
                                  std::chrono::microseconds elapsed);
  Result<std::string> values(std::string_view device,
                             std::chrono::microseconds elapsed) const;
  std::string list(std::chrono::microseconds elapsed) const;
  std::string status(std::chrono::microseconds elapsed) const;

  Scene scene_;
  std::chrono::microseconds stepped_to_{};  // time of scene_.building
  std::vector<Line> lines_;
  std::vector<Device> devices_;
  std::vector<PanelWorld> panels_;
  std::deque<Happening> happenings_;
  Random random_;
};

/// A line per command, for a help text.
std::string command_words();

}  // namespace strongroom::plant
