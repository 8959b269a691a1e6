// SPDX-License-Identifier: Apache-2.0
// A serial line in time: when bytes are heard, when they may be spoken. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "core/bus/question.h"
#include "tools/plant/plant.h"

namespace strongroom::plant {

/// What the stations of a line hear: who speaks does not hear itself.
struct Heard {
  Bytes bytes;
  std::optional<std::size_t> by;  // a station; else client or simulated device
};

class SerialWire {
 public:
  virtual ~SerialWire() = default;

  /// Bytes that the client wrote, just now.
  virtual void hear(ByteView bytes, Time now) = 0;
  /// What is to be taken for a frame by now, maybe garbled.
  virtual std::optional<Bytes> take_frame(Time now) = 0;
  virtual void queue(Transmission transmission) = 0;
  /// What the client may read by now.
  virtual Bytes speak(Time now) = 0;

  /// A station, which is a program of its own, puts bytes on the line, now.
  virtual void say(std::size_t station, ByteView bytes, Time now) = 0;
  /// What went over the line and is through, for the stations.
  virtual std::optional<Heard> take_heard(Time now) = 0;

  /// When take_frame(), speak() or take_heard() may have something new.
  virtual std::optional<Time> due() const = 0;

  /// Since the wire was made.
  std::uint64_t collisions() const { return collisions_; }
  std::uint64_t hasty() const { return hasty_; }

 protected:
  std::uint64_t collisions_ = 0;
  std::uint64_t hasty_ = 0;
};

/// Half duplex at the line's pace: a byte is heard and spoken when its last bit
/// is through; silence of frame_gap() ends a frame. Who speaks while the other
/// does spoils both. Stations get what the client wrote in one piece, when its
/// last bit is through; nothing is kept for them when there are none.
std::unique_ptr<SerialWire> paced_wire(const LineWire& wire,
                                       bool has_stations = false);

/// Everything at once, both ways at the same time; a frame ends where its
/// length says.
std::unique_ptr<SerialWire> prompt_wire(bool has_stations = false);

}  // namespace strongroom::plant
