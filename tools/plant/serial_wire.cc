// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/serial_wire.h"

#include <algorithm>
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
  explicit PacedWire(const LineWire& wire)
      : character_(character_time(wire)), gap_(frame_gap(wire)) {}

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
    Bytes out;
    while (is_speaking_ || begin(now)) {
      const std::size_t until = spoken_by(now);
      append(out, ByteView(speech_.bytes).subspan(spoken_, until - spoken_));
      spoken_ = until;
      if (spoken_ < speech_.bytes.size()) {
        break;
      }
      spoke_until_ = speech_.end;
      is_speaking_ = false;
    }
    return out;
  }
  std::optional<Time> due() const override {
    std::optional<Time> at;
    if (!heard_.empty()) {
      at = heard_until_ + gap_;
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
    const Time start = start_of(next.key());
    speech_ = Speech{.bytes = std::move(next.mapped()), .begin = start};
    speech_.end = start + time_of(speech_.bytes.size());
    spoken_ = 0;
    is_speaking_ = true;
    if (!heard_.empty() && start < heard_until_) {
      ++collisions_;
      garble(speech_.bytes, 0);
      is_heard_garbled_ = true;
    }
    return true;
  }

  nanoseconds character_;
  Time gap_;
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
  void hear(ByteView bytes, Time now) override {
    append(heard_, bytes);
    heard_at_ = now;
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
  Bytes heard_;
  Time heard_at_{};
  std::multimap<Time, Bytes> queue_;
};

}  // namespace

std::unique_ptr<SerialWire> paced_wire(const LineWire& wire) {
  return std::make_unique<PacedWire>(wire);
}

std::unique_ptr<SerialWire> prompt_wire() {
  return std::make_unique<PromptWire>();
}

}  // namespace strongroom::plant
