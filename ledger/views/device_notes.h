// SPDX-License-Identifier: Apache-2.0
// What the record of one agent says of its devices: what the codes of their
// points mean, and who they say they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.h"

namespace strongroom {

struct DeviceNote {
  // Of the description in force; 0 before it has come.
  std::uint64_t epoch = 0;
  std::uint64_t described_seq = 0;
  std::string profile;
  std::vector<std::string> points;  // names, as far as they were described
  std::map<std::uint32_t, std::map<std::int64_t, std::string>> states;

  struct Text {
    std::string profile;
    std::string text;
  };
  std::map<std::string, Text> texts;  // by name: "serial_number"

  /// Of a live value at this place; empty when its codes have no names. The
  /// name tells a value of another description apart.
  std::string_view state_of(std::size_t point,
                            std::string_view name,
                            std::int64_t code) const;
};

/// What an event changed.
enum class NoteChange : std::uint8_t {
  kNothing,         // another body, of no known description, beyond a bound
  kAdded,           // a part, or another one of the same
  kDescribedAnew,   // and what was described before is void
  kAnotherProfile,  // and what the device said of itself is void too
};

/// Not thread-safe.
class DeviceNotes {
 public:
  static constexpr std::size_t kMaxDevices = 1024;
  // Of all devices together.
  static constexpr std::size_t kMaxPoints = 16 * 1024;
  static constexpr std::size_t kMaxStates = 16 * 1024;
  static constexpr std::size_t kMaxTexts = 16;  // of one device

  /// Takes device_described, states_described and device_identified, in the
  /// order of the log.
  NoteChange take(const EventMessage& event);
  /// Null when nothing was said.
  const DeviceNote* find(const std::string& device) const;

 private:
  /// Null when there would be too many.
  DeviceNote* note_of(const std::string& device);
  NoteChange begin_description(DeviceNote& note, const EventMessage& event);
  NoteChange take_description(const EventMessage& event);
  NoteChange take_states(const EventMessage& event);
  NoteChange take_text(const EventMessage& event);

  std::map<std::string, DeviceNote> notes_;
  std::size_t points_ = 0;
  std::size_t states_ = 0;
};

/// "43/serial_number": what of a device the event says, so that a later event
/// of the same part replaces it. Empty: nothing of a device.
std::string device_part(const EventMessage& event);
/// Whose device it is about; for events with a part.
std::string device_of(const EventMessage& event);

}  // namespace strongroom
