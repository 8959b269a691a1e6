// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/telemetry.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

bool is_same(const DeviceProfile& a, const DeviceProfile& b) {
  return &a == &b || (a.hash == b.hash && a.name == b.name);
}

struct Description {
  std::vector<strongroom_v1_DeviceDescribed> parts;
  std::vector<strongroom_v1_StatesDescribed> states;
};

void append_hash(Bytes& all, const EventMessage& event) {
  const auto bytes = encode_event(event);
  check(bytes.has_value(), "a description does not encode");
  append(all, sha256(*bytes));
}

// Of all parts as they are encoded: tells whether anything a reader of windows
// relies on has changed.
Hash hash_of(const Description& description) {
  Bytes all;
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_device_described_tag;
  for (const auto& part : description.parts) {
    event.body.device_described = part;
    append_hash(all, event);
  }
  event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_states_described_tag;
  for (const auto& part : description.states) {
    event.body.states_described = part;
    append_hash(all, event);
  }
  return sha256(all);
}

// The sequence number of the first part.
std::uint64_t record_description(const Description& description,
                                 Recorder& recorder,
                                 const Now& now) {
  std::uint64_t first = 0;
  for (const auto& part : description.parts) {
    EventMessage& event = recorder.blank();
    event.which_body = strongroom_v1_Event_device_described_tag;
    event.body.device_described = part;
    const std::uint64_t seq = recorder.record(Stream::kRecord, event, now);
    first = first == 0 ? seq : first;
  }
  for (const auto& part : description.states) {
    EventMessage& event = recorder.blank();
    event.which_body = strongroom_v1_Event_states_described_tag;
    event.body.states_described = part;
    event.body.states_described.described_seq = first;
    recorder.record(Stream::kRecord, event, now);
  }
  return first;
}

}  // namespace

// --- which devices there are ------------------------------------------------

Telemetry::Device::Device(std::string on_line,
                          std::string name,
                          std::shared_ptr<const DeviceProfile> what,
                          const WindowOptions& options)
    : line(std::move(on_line)),
      profile(std::move(what)),
      window(std::move(name), *profile, options),
      length(options.length) {
  const bool is_limited =
      std::ranges::any_of(profile->points, [](const PointProfile& point) {
        return point.max_step_per_s.has_value();
      });
  if (is_limited) {
    guard.emplace(*profile);
  }
  stats.name = window.device();
}

Telemetry::Telemetry(const DeviceSet& set, Identities::TextOf text_of)
    : identities_(std::move(text_of)), configured_(set.windows) {
  Devices none;
  build(set, none);
}

Telemetry::Device* Telemetry::find(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

// Takes out of `old` what goes on.
void Telemetry::build(const DeviceSet& set, Devices& old) {
  devices_.clear();
  by_name_.clear();
  for (const TelemetryDevice& what : set.devices) {
    Device& device =
        add(what.line, what.name, what.profile, options_now(), old);
    device.line = device.stats.line = what.line;
  }
  for (const TelemetryComputed& what : set.computed) {
    const std::string& name = what.device.name;
    Device& device = add("", name, what.profile, options_now(), old);
    if (device.computed) {
      device.computed->set_fresh(what.fresh);
    } else {
      device.computed.emplace(
          what.device,
          *device.profile,
          [this](std::string_view input) -> const DeviceProfile* {
            const Device* found = find(input);
            return found == nullptr ? nullptr : found->profile.get();
          },
          what.fresh);
    }
    for (const ComputedPoint& point : what.device.points) {
      for (const PointRef& input : point.of) {
        std::vector<Device*>& feeds = find(input.device)->feeds;
        if (std::ranges::find(feeds, &device) == feeds.end()) {
          feeds.push_back(&device);
        }
      }
    }
  }
}

Telemetry::Device& Telemetry::add(
    const std::string& line,
    const std::string& name,
    const std::shared_ptr<const DeviceProfile>& profile,
    const WindowOptions& options,
    Devices& old) {
  const auto kept = std::ranges::find_if(old, [&](const auto& device) {
    return device != nullptr && device->window.device() == name &&
           device->line.empty() == line.empty() &&
           is_same(*device->profile, *profile);
  });
  if (kept != old.end()) {
    devices_.push_back(std::move(*kept));
    devices_.back()->feeds.clear();
  } else {
    devices_.push_back(std::make_unique<Device>(line, name, profile, options));
  }
  Device& device = *devices_.back();
  const bool is_new = by_name_.emplace(device.window.device(), &device).second;
  check(is_new, "two devices of one name");
  return device;
}

void Telemetry::change(const DeviceSet& set,
                       Recorder& recorder,
                       const Now& now) {
  const bool other_length = set.windows.length != configured_.length;
  configured_ = set.windows;
  Devices old = std::exchange(devices_, {});
  build(set, old);
  for (const auto& gone : old) {
    if (gone != nullptr) {
      gone->window.flush(now.wall, closed_);
      record_closed(*gone, recorder, now);
    }
  }
  for (const auto& device : devices_) {
    // Another length counts at once; one that pressure asks for, at a border.
    WindowOptions options = options_now();
    if (!other_length) {
      options.length = device->length;
    }
    device->length = options.length;
    device->window.set_options(options, now.wall, closed_);
    record_closed(*device, recorder, now);
  }
  describe(recorder, now);
}

void Telemetry::describe(Recorder& recorder, const Now& now) {
  for (const auto& device : devices_) {
    const std::string& name = device->window.device();
    const Description description{describe_device(name, *device->profile),
                                  describe_states(name, *device->profile)};
    DescriptionRow row{name, recorder.epoch(), 0, hash_of(description)};
    const DescriptionRow* known = recorder.description(name);
    if (known != nullptr && known->epoch == row.epoch &&
        known->hash == row.hash) {
      device->described_seq = known->seq;
      continue;
    }
    row.seq = record_description(description, recorder, now);
    device->described_seq = row.seq;
    recorder.describe(std::move(row));
  }
}

// --- polls ------------------------------------------------------------------

std::chrono::milliseconds Telemetry::window_length() const {
  return stretched(configured_.length, level_);
}

WindowOptions Telemetry::options_now() const {
  WindowOptions options = configured_;
  options.length = window_length();
  return options;
}

// No window is open: the next one may be of another length where it would begin
// at or after the end of the last.
void Telemetry::fit_length(Device& device, WallTime at) {
  const WindowOptions options = options_now();
  if (device.length == options.length || device.window.ends()) {
    return;
  }
  WallTime begin = at;
  if (const MonoTime length = options.length; length.count() > 0) {
    const MonoTime past = at.time_since_epoch() % length;
    begin -= past.count() < 0 ? past + length : past;
  }
  if (begin < device.closed_until) {
    return;
  }
  device.length = options.length;
  device.window.set_options(options, at, closed_);
}

void Telemetry::add_poll(Device& device,
                         WallTime at,
                         std::span<const PointSample> samples,
                         Recorder& recorder,
                         const Now& now) {
  if (device.length != window_length()) {
    device.window.close_ended(at, closed_);
    record_closed(device, recorder, now);
    fit_length(device, at);
  }
  device.window.add(at, samples, closed_);
  record_closed(device, recorder, now);
}

void Telemetry::record_closed(Device& device,
                              Recorder& recorder,
                              const Now& now) {
  for (strongroom_v1_Windows& window : closed_) {
    device.closed_until = WallTime(std::chrono::microseconds(window.start_us)) +
                          std::chrono::milliseconds(window.duration_ms);
    window.described_seq = device.described_seq;
    EventMessage& event = recorder.blank();
    event.which_body = strongroom_v1_Event_windows_tag;
    event.body.windows = window;
    recorder.record(Stream::kTelemetry, event, now);
  }
  closed_.clear();
}

bool Telemetry::take(const PollDone& poll,
                     WallTime at,
                     Recorder& recorder,
                     const Now& now) {
  Device* device = find(poll.device);
  if (device == nullptr || device->computed || poll.profile == nullptr ||
      !is_same(*device->profile, *poll.profile) ||
      poll.samples.size() != device->profile->points.size()) {
    return false;
  }
  std::span<const PointSample> samples = poll.samples;
  if (device->guard) {
    judged_ = poll.samples;
    device->guard->judge(poll.monotonic, judged_);
    samples = judged_;
  }
  device->has_news = true;
  add_poll(*device, at, samples, recorder, now);
  if (!poll.texts.empty()) {
    identities_.take(
        poll.device, *device->profile, poll.texts, at, recorder, now);
  }
  for (Device* computed : device->feeds) {
    std::optional<ComputedPoints>& points = computed->computed;
    if (points && points->take(poll.device, poll.monotonic, samples)) {
      computed->has_news = true;
      add_poll(*computed, at, points->samples(), recorder, now);
    }
  }
  DeviceSnapshot& stats = device->stats;
  ++stats.polls;
  stats.round_trip = poll.round_trip;
  if (poll.error.empty()) {
    stats.last_good = poll.at;
    stats.error.clear();
  } else {
    ++stats.failed_polls;
    stats.error = poll.error;
  }
  return true;
}

void Telemetry::close_ended(Recorder& recorder, const Now& now) {
  for (const auto& device : devices_) {
    const auto end = device->window.ends();
    if (end && *end <= now.wall) {
      device->window.close_ended(now.wall, closed_);
      record_closed(*device, recorder, now);
    }
  }
}

void Telemetry::flush(Recorder& recorder, const Now& now) {
  for (const auto& device : devices_) {
    device->window.flush(now.wall, closed_);
    record_closed(*device, recorder, now);
  }
}

std::optional<WallTime> Telemetry::next_end() const {
  std::optional<WallTime> earliest;
  for (const auto& device : devices_) {
    const auto end = device->window.ends();
    if (end && (!earliest || *end < *earliest)) {
      earliest = end;
    }
  }
  return earliest;
}

void Telemetry::live(std::string_view name,
                     const Now& now,
                     std::vector<Bytes>& messages) {
  Device* device = find(name);
  if (device == nullptr) {
    return;
  }
  show(*device, now, messages);
  for (Device* computed : device->feeds) {
    show(*computed, now, messages);
  }
}

void Telemetry::show(Device& device,
                     const Now& now,
                     std::vector<Bytes>& messages) {
  if (!device.has_news ||
      (device.shown && now.monotonic - *device.shown < kLiveInterval)) {
    return;
  }
  device.has_news = false;
  device.shown = now.monotonic;
  device.window.live(now.wall, live_);
  for (const strongroom_v1_Live& part : live_) {
    messages.push_back(encode_live(part));
  }
  live_.clear();
}

void Telemetry::show_soon() {
  for (const auto& device : devices_) {
    device->shown.reset();
  }
}

std::vector<DeviceSnapshot> Telemetry::snapshot() const {
  std::vector<DeviceSnapshot> all;
  all.reserve(devices_.size());
  for (const auto& device : devices_) {
    if (!device->computed) {
      all.push_back(device->stats);
    }
  }
  return all;
}

}  // namespace strongroom
