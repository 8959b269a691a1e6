// SPDX-License-Identifier: Apache-2.0
#include "ledger/views/views.h"

#include <algorithm>

namespace strongroom {

void Views::enrol(const Source& source, bool console) {
  const std::lock_guard lock(mutex_);
  SourceView& view = sources_[source];
  view.source = source;
  view.console = console;
}

void Views::set_status(const Source& source,
                       const strongroom_v1_Status& status) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found == sources_.end()) {
    return;
  }
  SourceView& view = found->second;
  view.heard = true;
  view.online = status.online;
  if (!status.online) {
    // The broker sends it for an agent that is gone: written long before.
    return;
  }
  view.version = status.version;
  view.reported_us = status.reported_us;
  view.clock = status.has_clock ? std::optional(status.clock) : std::nullopt;
  for (pb_size_t i = 0; i < status.backlog_count; ++i) {
    const auto stream = stream_from_wire(status.backlog[i].stream);
    if (stream) {
      StreamView& at = view.streams[*stream];
      at.stream = *stream;
      at.backlog = status.backlog[i].events;
      at.oldest_us = status.backlog[i].oldest_us;
    }
  }
}

bool Views::set_live(const Source& source, const strongroom_v1_Live& live) {
  const std::lock_guard lock(mutex_);
  if (!sources_.contains(source) || live.point_count > kMaxPoints ||
      live.first_point > live.point_count ||
      live.values_count > live.point_count - live.first_point) {
    return false;
  }
  LiveOfSource& all = live_[source];
  const auto known = all.devices.find(live.device);
  const std::size_t before =
      known == all.devices.end() ? 0 : known->second.values.size();
  // No further than was heard: to claim a thousand points costs nothing.
  const std::size_t now = std::min<std::size_t>(
      std::max<std::size_t>(before, live.first_point + live.values_count),
      live.point_count);
  if ((known == all.devices.end() && all.devices.size() >= kMaxDevices) ||
      all.points - before + now > kMaxPointsOfSource) {
    return false;
  }
  all.points = all.points - before + now;
  DeviceView& device = all.devices[live.device];
  device.source = source;
  device.device = live.device;
  device.at_us = live.at_us;
  device.values.resize(now);
  for (pb_size_t i = 0; i < live.values_count; ++i) {
    const auto& value = live.values[i];
    device.values[live.first_point + i] = {value.name,
                                           value.unit,
                                           value.exponent,
                                           value.quality,
                                           value.mantissa,
                                           value.measured,
                                           value.at_us};
  }
  return true;
}

NoteChange Views::note_device(const Source& source, const EventMessage& event) {
  const std::lock_guard lock(mutex_);
  return notes_[source].take(event);
}

DeviceView Views::with_notes(const Source& source,
                             const DeviceView& device) const {
  DeviceView view = device;
  const auto of_source = notes_.find(source);
  const DeviceNote* note = of_source == notes_.end()
                               ? nullptr
                               : of_source->second.find(device.device);
  if (note == nullptr) {
    return view;
  }
  for (std::size_t i = 0; i < view.values.size(); ++i) {
    LiveValueView& value = view.values[i];
    if (value.measured) {
      value.state = note->state_of(i, value.name, value.mantissa);
    }
  }
  for (const auto& [name, text] : note->texts) {
    view.identity.emplace(name, text.text);
  }
  return view;
}

void Views::set_chain(const Source& source,
                      Stream stream,
                      std::uint64_t epoch,
                      std::uint64_t last_seq,
                      std::int64_t at_us) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found == sources_.end()) {
    return;
  }
  StreamView& view = found->second.streams[stream];
  view.stream = stream;
  view.epoch = epoch;
  view.last_seq = last_seq;
  if (at_us != 0) {
    found->second.last_batch_us = at_us;
  }
}

void Views::count_refusal(const Source& source, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found != sources_.end()) {
    ++found->second.refusals[reason];
  }
}

void Views::add_finding(FindingView finding) {
  const std::lock_guard lock(mutex_);
  const auto writer = Source::parse(finding.source);
  const bool ours = writer && writer->is_console();
  const auto is_alike = [&](const FindingView& other) {
    return other.source == finding.source &&
           (!ours ||
            (other.kind == finding.kind && other.subject == finding.subject));
  };
  if (std::ranges::count_if(findings_, is_alike) >=
      static_cast<std::ptrdiff_t>(kMaxAlike)) {
    findings_.erase(std::ranges::find_if(findings_, is_alike));
  } else if (findings_.size() >= kMaxFindings) {
    findings_.pop_front();
  }
  findings_.push_back(std::move(finding));
}

void Views::add_confirmation(ConfirmationView confirmation) {
  const std::lock_guard lock(mutex_);
  if (confirmations_.size() >= kMaxConfirmations) {
    confirmations_.erase(
        std::ranges::min_element(confirmations_, {}, [](const auto& each) {
          return each.second.at_us;
        }));
  }
  const std::pair key{confirmation.source, confirmation.epoch};
  confirmations_.try_emplace(key, std::move(confirmation));
}

std::optional<ConfirmationView> Views::confirmation(const std::string& source,
                                                    std::uint64_t epoch) const {
  const std::lock_guard lock(mutex_);
  const auto found = confirmations_.find({source, epoch});
  return found == confirmations_.end() ? std::nullopt
                                       : std::optional(found->second);
}

void Views::hold_back(const Origin& origin, const std::string& why) {
  const std::lock_guard lock(mutex_);
  held_back_[origin.text()] = why;
}

std::map<std::string, std::string> Views::held_back() const {
  const std::lock_guard lock(mutex_);
  return held_back_;
}

void Views::count_damaged(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  ++damaged_[origin.text()];
}

std::map<std::string, std::size_t> Views::damaged() const {
  const std::lock_guard lock(mutex_);
  return damaged_;
}

void Views::set_scrub(ScrubView view) {
  const std::lock_guard lock(mutex_);
  scrub_ = std::move(view);
}

ScrubView Views::scrub() const {
  const std::lock_guard lock(mutex_);
  return scrub_;
}

std::vector<SourceView> Views::sources() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceView> all;
  for (const auto& [source, view] : sources_) {
    all.push_back(view);
  }
  return all;
}

std::optional<SourceView> Views::source(const Source& source) const {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  return found == sources_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<DeviceView> Views::devices() const {
  const std::lock_guard lock(mutex_);
  std::vector<DeviceView> all;
  for (const auto& [source, live] : live_) {
    for (const auto& [name, device] : live.devices) {
      all.push_back(with_notes(source, device));
    }
  }
  return all;
}

std::optional<DeviceView> Views::device(const Source& source,
                                        const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto of_source = live_.find(source);
  if (of_source == live_.end()) {
    return std::nullopt;
  }
  const auto& devices = of_source->second.devices;
  const auto found = devices.find(name);
  return found == devices.end()
             ? std::nullopt
             : std::optional(with_notes(source, found->second));
}

std::vector<FindingView> Views::findings(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<FindingView> newest;
  for (auto at = findings_.rbegin();
       at != findings_.rend() && newest.size() < limit;
       ++at) {
    newest.push_back(*at);
    if (at->kind == strongroom_v1_FindingKind_FINDING_KIND_NEW_EPOCH) {
      const auto confirmed = confirmations_.find({at->subject, at->epoch});
      if (confirmed != confirmations_.end()) {
        newest.back().confirmed = confirmed->second;
      }
    }
  }
  return newest;
}

LedgerCounters Views::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace strongroom
