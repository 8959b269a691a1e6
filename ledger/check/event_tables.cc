// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/event_tables.h"

#include <algorithm>
#include <set>

namespace strongroom {
namespace {

// What an agent may write in an hour and see on the list; see ledger/loop.
constexpr std::size_t kNeverLimited = 24;

std::string name_of(const DeviceRow& row) {
  return "table devices, " + row.source + " " + row.device + " " + row.part;
}

}  // namespace

void EventTables::take(const Source& source,
                       std::uint64_t index,
                       const EventMessage& event,
                       DeviceNotes& notes) {
  // What a person has confirmed stands among the findings.
  const bool confirmed =
      event.which_body == strongroom_v1_Event_epoch_confirmed_tag &&
      source.is_console();
  if (event.which_body == strongroom_v1_Event_finding_tag || confirmed) {
    findings_[index] = {source.text(), source.is_console(), event.has_salvaged};
    ++findings_of_[source.text()];
  } else if (!device_part(event).empty()) {
    take_device(source, index, event, notes);
  }
}

void EventTables::take_device(const Source& source,
                              std::uint64_t index,
                              const EventMessage& event,
                              DeviceNotes& notes) {
  const NoteChange change = notes.take(event);
  if (change == NoteChange::kNothing) {
    return;
  }
  const std::string device = device_of(event);
  const bool texts = change == NoteChange::kAnotherProfile;
  const bool description = texts || change == NoteChange::kDescribedAnew;
  std::erase_if(devices_, [&](const auto& row) {
    const auto& [of, name, part] = row.first;
    const bool is_text = part.starts_with("43/");
    return of == source.text() && name == device &&
           (is_text ? texts : description);
  });
  devices_[{source.text(), device, device_part(event)}] = index;
}

std::vector<std::string> EventTables::compare_findings(
    const std::vector<FindingRow>& stored) const {
  std::vector<std::string> wrong;
  std::set<std::uint64_t> there;
  for (const FindingRow& row : stored) {
    there.insert(row.index);
    if (!findings_.contains(row.index)) {
      wrong.push_back("table findings: index " + std::to_string(row.index) +
                      " is no finding");
    }
  }
  for (const auto& [index, found] : findings_) {
    const bool may_lack =
        found.salvaged ||
        (!found.console && findings_of_.at(found.source) > kNeverLimited);
    if (!there.contains(index) && !may_lack) {
      wrong.push_back("table findings lacks index " + std::to_string(index));
    }
  }
  return wrong;
}

std::vector<std::string> EventTables::compare_devices(
    const std::vector<DeviceRow>& stored) const {
  std::vector<std::string> wrong;
  std::set<Part> there;
  std::uint64_t first = UINT64_MAX;
  for (const DeviceRow& row : stored) {
    there.insert({row.source, row.device, row.part});
    first = std::min(first, row.index);
    const auto found = devices_.find({row.source, row.device, row.part});
    if (found == devices_.end() || found->second != row.index) {
      wrong.push_back(name_of(row) + ": is not what index " +
                      std::to_string(row.index) + " makes it");
    }
  }
  for (const auto& [part, index] : devices_) {
    if (index > first && !there.contains(part)) {
      wrong.push_back("table devices lacks what index " +
                      std::to_string(index) + " says");
    }
  }
  return wrong;
}

}  // namespace strongroom
