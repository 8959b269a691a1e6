// SPDX-License-Identifier: Apache-2.0
// The tables findings and devices as the entries of a record log make them.
// Inside ledger/check only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/event/event.h"
#include "ledger/store/rows.h"
#include "ledger/views/device_notes.h"

namespace strongroom {

class EventTables {
 public:
  /// Takes every event of the log, in its order. `notes`: of its source, over
  /// all logs before this one too.
  void take(const Source& source,
            std::uint64_t index,
            const EventMessage& event,
            DeviceNotes& notes);

  /// What of the stored rows is not so: texts for a person. The ledger leaves
  /// out findings that an agent writes beyond a limit by the hour, which cannot
  /// be told from here: of an agent that has never reached it all must be
  /// there.
  std::vector<std::string> compare_findings(
      const std::vector<FindingRow>& stored) const;
  /// Rows of this log. Those of a log that was begun under schema version 1
  /// begin late: what stands before the first of them may be missing.
  std::vector<std::string> compare_devices(
      const std::vector<DeviceRow>& stored) const;

 private:
  struct Found {
    std::string source;
    bool console = false;
    bool salvaged = false;
  };
  // source, device, part
  using Part = std::tuple<std::string, std::string, std::string>;

  void take_device(const Source& source,
                   std::uint64_t index,
                   const EventMessage& event,
                   DeviceNotes& notes);

  std::map<std::uint64_t, Found> findings_;
  std::map<std::string, std::size_t> findings_of_;
  std::map<Part, std::uint64_t> devices_;
};

}  // namespace strongroom
