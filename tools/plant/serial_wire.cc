// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/serial_wire.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace strongroom::plant {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

/// Bytes of one frame come closer together than this from any program.
constexpr Time kPromptSilence{5000};
/// A paced wire need not be looked at more often, except for a frame's end.
constexpr nanoseconds kLook{1'000'000};

std::optional<Time> sooner(std::optional<Time> one, Time other) {
  return one ? std::min(*one, other) : other;
}

/// A wrong byte, so that the CRC tells.
void garble(Bytes& bytes, std::size_t from) {
  if (from < bytes.size()) {
    bytes[from] = static_cast<std::uint8_t>(bytes[from] ^ 0xA5);
  }
}

class PacedWire final : public SerialWire {
 public:
  PacedWire(const LineWire& wire, bool has_stations)
      : character_(character_time(wire)),
        gap_(frame_gap(wire)),
        has_stations_(has_stations) {}

  void hear(ByteView bytes, Time now) override {
    if (is_speaking_ && now < speech_.end) {
      ++collisions_;
      garble(speech_.bytes, spoken_by(now));
      is_heard_garbled_ = true;
    } else if (heard_.empty() && spoke_until_ && now < *spoke_until_ + gap_) {
      ++hasty_;
    }
    heard_until_ = std::max(now, heard_until_) + time_of(bytes.size());
    append(heard_, bytes);
    if (has_stations_) {
      append(carried_, bytes);
    }
  }
  void say(std::size_t station, ByteView bytes, Time now) override {
    unread_ = speak(now);  // a speech that has ended by now is none of this
    Bytes said(bytes.begin(), bytes.end());
    if (!carried_.empty() && now < heard_until_) {
      ++collisions_;
      garble(said, 0);
      is_heard_garbled_ = true;
    }
    if (!is_speaking_) {
      start(std::move(said), now, station);
      return;
    }
    if (speech_.station != station) {
      ++collisions_;
      garble(speech_.bytes, spoken_by(now));
      garble(said, 0);
    }
    append(speech_.bytes, said);
    speech_.end = speech_.begin + time_of(speech_.bytes.size());
  }
  std::optional<Heard> take_heard(Time now) override {
    if (!carried_.empty() && now >= heard_until_) {
      if (is_heard_garbled_) {
        garble(carried_, 0);
      }
      through_.push_back({std::exchange(carried_, {}), std::nullopt});
    }
    if (through_.empty()) {
      return std::nullopt;
    }
    Heard first = std::move(through_.front());
    through_.pop_front();
    return first;
  }
  std::optional<Bytes> take_frame(Time now) override {
    if (heard_.empty() || now < heard_until_ + gap_) {
      return std::nullopt;
    }
    if (std::exchange(is_heard_garbled_, false)) {
      garble(heard_, 0);
    }
    return std::exchange(heard_, {});
  }
  void queue(Transmission transmission) override {
    queue_.emplace(transmission.at, std::move(transmission.bytes));
  }
  Bytes speak(Time now) override {
    Bytes out = std::exchange(unread_, {});
    while (is_speaking_ || begin(now)) {
      const std::size_t until = spoken_by(now);
      append(out, ByteView(speech_.bytes).subspan(spoken_, until - spoken_));
      spoken_ = until;
      if (spoken_ < speech_.bytes.size()) {
        break;
      }
      spoke_until_ = speech_.end;
      is_speaking_ = false;
      if (has_stations_) {
        through_.push_back({std::move(speech_.bytes), speech_.station});
      }
    }
    return out;
  }
  std::optional<Time> due() const override {
    std::optional<Time> at;
    if (!unread_.empty()) {
      return Time{0};
    }
    if (!heard_.empty()) {
      at = heard_until_ + gap_;
    }
    if (!carried_.empty()) {
      at = sooner(at, heard_until_);
    }
    if (is_speaking_) {
      const auto look = static_cast<std::size_t>(
          std::max<std::int64_t>(1, kLook / character_));
      at = sooner(
          at, std::min(speech_.end, speech_.begin + time_of(spoken_ + look)));
    } else if (!queue_.empty()) {
      at = sooner(at, start_of(queue_.begin()->first));
    }
    return at;
  }

 private:
  struct Speech {
    Bytes bytes;
    Time begin{};
    Time end{};
    std::optional<std::size_t> station;
  };

  Time time_of(std::size_t bytes) const {
    // Up to a whole microsecond, so that no byte is early.
    const auto ns = character_ * static_cast<std::int64_t>(bytes);
    return std::chrono::ceil<Time>(ns);
  }
  std::size_t spoken_by(Time now) const {
    const auto whole = std::max<std::int64_t>(
        0, duration_cast<nanoseconds>(now - speech_.begin) / character_);
    return now >= speech_.end ? speech_.bytes.size()
                              : std::min(static_cast<std::size_t>(whole),
                                         speech_.bytes.size() - 1);
  }
  /// Not in the same breath as the answer before.
  Time start_of(Time ready) const {
    return spoke_until_ ? std::max(ready, *spoke_until_ + gap_) : ready;
  }
  /// Starts with what is ready; false: nothing is.
  bool begin(Time now) {
    if (queue_.empty() || start_of(queue_.begin()->first) > now) {
      return false;
    }
    auto next = queue_.extract(queue_.begin());
    if (next.mapped().empty()) {
      return begin(now);
    }
    const Time begin = start_of(next.key());
    start(std::move(next.mapped()), begin, std::nullopt);
    if (!heard_.empty() && begin < heard_until_) {
      ++collisions_;
      garble(speech_.bytes, 0);
      is_heard_garbled_ = true;
    }
    return true;
  }

  void start(Bytes bytes, Time begin, std::optional<std::size_t> station) {
    speech_ = Speech{.bytes = std::move(bytes),
                     .begin = begin,
                     .end = {},
                     .station = station};
    speech_.end = begin + time_of(speech_.bytes.size());
    spoken_ = 0;
    is_speaking_ = true;
  }

  nanoseconds character_;
  Time gap_;
  bool has_stations_;
  Bytes unread_;   // spoken, and not yet asked for
  Bytes carried_;  // of heard_, on its way to the stations
  std::deque<Heard> through_;
  Bytes heard_;
  Time heard_until_{};
  bool is_heard_garbled_ = false;
  std::multimap<Time, Bytes> queue_;
  Speech speech_;
  bool is_speaking_ = false;
  std::size_t spoken_ = 0;
  std::optional<Time> spoke_until_;
};

class PromptWire final : public SerialWire {
 public:
  explicit PromptWire(bool has_stations) : has_stations_(has_stations) {}

  void hear(ByteView bytes, Time now) override {
    append(heard_, bytes);
    heard_at_ = now;
    pass(bytes, std::nullopt);
  }
  void say(std::size_t station, ByteView bytes, Time now) override {
    queue({now, Bytes(bytes.begin(), bytes.end())});
    pass(bytes, station);
  }
  std::optional<Heard> take_heard(Time /*now*/) override {
    if (through_.empty()) {
      return std::nullopt;
    }
    Heard first = std::move(through_.front());
    through_.pop_front();
    return first;
  }
  std::optional<Bytes> take_frame(Time now) override {
    const auto size = rtu_request_size(heard_);
    if (size && *size <= heard_.size() &&
        parse_rtu(ByteView(heard_).first(*size))) {
      const auto end = heard_.begin() + static_cast<std::ptrdiff_t>(*size);
      Bytes frame(heard_.begin(), end);
      heard_.erase(heard_.begin(), end);
      return frame;
    }
    if (heard_.empty() || now < heard_at_ + kPromptSilence) {
      return std::nullopt;
    }
    return std::exchange(heard_, {});
  }
  void queue(Transmission transmission) override {
    queue_.emplace(transmission.at, std::move(transmission.bytes));
  }
  Bytes speak(Time now) override {
    Bytes out;
    while (!queue_.empty() && queue_.begin()->first <= now) {
      append(out, queue_.extract(queue_.begin()).mapped());
    }
    return out;
  }
  std::optional<Time> due() const override {
    std::optional<Time> at;
    if (!heard_.empty()) {
      at = heard_at_ + kPromptSilence;
    }
    return queue_.empty() ? at : sooner(at, queue_.begin()->first);
  }

 private:
  void pass(ByteView bytes, std::optional<std::size_t> by) {
    if (has_stations_) {
      through_.push_back({Bytes(bytes.begin(), bytes.end()), by});
    }
  }

  bool has_stations_;
  std::deque<Heard> through_;
  Bytes heard_;
  Time heard_at_{};
  std::multimap<Time, Bytes> queue_;
};

}  // namespace

std::unique_ptr<SerialWire> paced_wire(const LineWire& wire,
                                       bool has_stations) {
  return std::make_unique<PacedWire>(wire, has_stations);
}

std::unique_ptr<SerialWire> prompt_wire(bool has_stations) {
  return std::make_unique<PromptWire>(has_stations);
}

}  // namespace strongroom::plant
