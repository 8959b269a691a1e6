// SPDX-License-Identifier: Apache-2.0
#include "ledger/views/device_notes.h"

#include <utility>

namespace strongroom {
namespace {

std::size_t count_states(const DeviceNote& note) {
  std::size_t count = 0;
  for (const auto& [point, states] : note.states) {
    count += states.size();
  }
  return count;
}

}  // namespace

std::string_view DeviceNote::state_of(std::size_t point,
                                      std::string_view name,
                                      std::int64_t code) const {
  if (point >= points.size() || points[point] != name) {
    return {};
  }
  const auto of_point = states.find(static_cast<std::uint32_t>(point));
  if (of_point == states.end()) {
    return {};
  }
  const auto state = of_point->second.find(code);
  return state == of_point->second.end() ? std::string_view{} : state->second;
}

NoteChange DeviceNotes::take(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_device_described_tag:
      return take_description(event);
    case strongroom_v1_Event_states_described_tag:
      return take_states(event);
    case strongroom_v1_Event_device_identified_tag:
      return take_text(event);
    default:
      return NoteChange::kNothing;
  }
}

const DeviceNote* DeviceNotes::find(const std::string& device) const {
  const auto found = notes_.find(device);
  return found == notes_.end() ? nullptr : &found->second;
}

DeviceNote* DeviceNotes::note_of(const std::string& device) {
  if (!notes_.contains(device) && notes_.size() >= kMaxDevices) {
    return nullptr;
  }
  return &notes_[device];
}

NoteChange DeviceNotes::begin_description(DeviceNote& note,
                                          const EventMessage& event) {
  points_ -= note.points.size();
  states_ -= count_states(note);
  note.epoch = event.epoch;
  note.described_seq = event.seq;
  note.profile = event.body.device_described.profile;
  note.points.clear();
  note.states.clear();
  // Another type of device has not said who it is.
  const std::size_t gone = std::erase_if(note.texts, [&](const auto& text) {
    return text.second.profile != note.profile;
  });
  return gone > 0 ? NoteChange::kAnotherProfile : NoteChange::kDescribedAnew;
}

NoteChange DeviceNotes::take_description(const EventMessage& event) {
  const auto& part = event.body.device_described;
  DeviceNote* note = note_of(part.device);
  if (note == nullptr) {
    return NoteChange::kNothing;
  }
  auto change = NoteChange::kAdded;
  if (part.first_point == 0) {
    change = begin_description(*note, event);
  } else if (note->epoch != event.epoch || event.seq < note->described_seq ||
             note->points.size() != part.first_point ||
             points_ + part.points_count > kMaxPoints) {
    return NoteChange::kNothing;
  }
  if (points_ + part.points_count <= kMaxPoints) {
    for (pb_size_t i = 0; i < part.points_count; ++i) {
      note->points.emplace_back(part.points[i].name);
    }
    points_ += part.points_count;
  }
  return change;
}

NoteChange DeviceNotes::take_states(const EventMessage& event) {
  const auto& part = event.body.states_described;
  const auto found = notes_.find(part.device);
  if (found == notes_.end()) {
    return NoteChange::kNothing;
  }
  DeviceNote& note = found->second;
  if (note.epoch != event.epoch || note.described_seq != part.described_seq ||
      part.point >= note.points.size() ||
      states_ + part.states_count > kMaxStates) {
    return NoteChange::kNothing;
  }
  auto& states = note.states[part.point];
  if (states.size() != part.first_state) {
    return NoteChange::kNothing;
  }
  for (pb_size_t i = 0; i < part.states_count; ++i) {
    const auto& state = part.states[i];
    const bool is_new = states.insert_or_assign(state.code, state.name).second;
    states_ += is_new ? 1U : 0U;
  }
  return NoteChange::kAdded;
}

NoteChange DeviceNotes::take_text(const EventMessage& event) {
  const auto& said = event.body.device_identified;
  DeviceNote* note = note_of(said.device);
  // After a description of another type: of a device that is gone.
  if (note == nullptr ||
      (note->described_seq != 0 && note->profile != said.profile) ||
      (!note->texts.contains(said.name) && note->texts.size() >= kMaxTexts)) {
    return NoteChange::kNothing;
  }
  note->texts[said.name] = {said.profile, said.text};
  return NoteChange::kAdded;
}

std::string device_part(const EventMessage& event) {
  const std::string body = std::to_string(event.which_body) + "/";
  switch (event.which_body) {
    case strongroom_v1_Event_device_described_tag:
      return body + std::to_string(event.body.device_described.first_point);
    case strongroom_v1_Event_states_described_tag:
      return body + std::to_string(event.body.states_described.point) + "/" +
             std::to_string(event.body.states_described.first_state);
    case strongroom_v1_Event_device_identified_tag:
      return body + event.body.device_identified.name;
    default:
      return {};
  }
}

std::string device_of(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_device_described_tag:
      return event.body.device_described.device;
    case strongroom_v1_Event_states_described_tag:
      return event.body.states_described.device;
    case strongroom_v1_Event_device_identified_tag:
      return event.body.device_identified.device;
    default:
      return {};
  }
}

}  // namespace strongroom
