// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/telemetry.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

// Of all parts of a description as they are encoded: tells whether anything a
// reader of windows relies on has changed.
Hash hash_of(const std::vector<strongroom_v1_DeviceDescribed>& parts) {
  Bytes all;
  for (const auto& part : parts) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_device_described_tag;
    event.body.device_described = part;
    const auto bytes = encode_event(event);
    check(bytes.has_value(), "a description does not encode");
    const Hash hash = sha256(*bytes);
    append(all, hash);
  }
  return sha256(all);
}

}  // namespace

Telemetry::Device::Device(TelemetryDevice what, const WindowOptions& options)
    : line(std::move(what.line)),
      profile(std::move(what.profile)),
      window(std::move(what.name), *profile, options) {
  stats.line = line;
  stats.name = window.device();
}

Telemetry::Telemetry(std::vector<TelemetryDevice> devices,
                     WindowOptions options) {
  for (TelemetryDevice& what : devices) {
    devices_.push_back(std::make_unique<Device>(std::move(what), options));
    Device& device = *devices_.back();
    const bool is_new =
        by_name_.emplace(device.window.device(), &device).second;
    check(is_new, "two devices of one name");
  }
}

Telemetry::Device* Telemetry::find(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

void Telemetry::describe(Recorder& recorder, const Now& now) {
  for (const auto& device : devices_) {
    const std::string& name = device->window.device();
    const auto parts = describe_device(name, *device->profile);
    DescriptionRow row{name, recorder.epoch(), 0, hash_of(parts)};
    const DescriptionRow* known = recorder.description(name);
    if (known != nullptr && known->epoch == row.epoch &&
        known->hash == row.hash) {
      device->described_seq = known->seq;
      continue;
    }
    for (const auto& part : parts) {
      EventMessage& event = recorder.blank();
      event.which_body = strongroom_v1_Event_device_described_tag;
      event.body.device_described = part;
      const std::uint64_t seq = recorder.record(Stream::kRecord, event, now);
      row.seq = row.seq == 0 ? seq : row.seq;
    }
    device->described_seq = row.seq;
    recorder.describe(std::move(row));
  }
}

void Telemetry::record_closed(Device& device,
                              Recorder& recorder,
                              const Now& now) {
  for (strongroom_v1_Windows& window : closed_) {
    window.described_seq = device.described_seq;
    EventMessage& event = recorder.blank();
    event.which_body = strongroom_v1_Event_windows_tag;
    event.body.windows = window;
    recorder.record(Stream::kTelemetry, event, now);
  }
  closed_.clear();
}

bool Telemetry::take(const Poll& poll, Recorder& recorder, const Now& now) {
  Device* device = find(poll.device);
  if (device == nullptr ||
      poll.samples.size() != device->profile->points.size()) {
    return false;
  }
  device->window.add(poll.at, poll.samples, closed_);
  record_closed(*device, recorder, now);
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
  if (device == nullptr ||
      (device->shown && now.monotonic - *device->shown < kLiveInterval)) {
    return;
  }
  device->shown = now.monotonic;
  device->window.live(now.wall, live_);
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
    all.push_back(device->stats);
  }
  return all;
}

}  // namespace strongroom
