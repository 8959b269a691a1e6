// SPDX-License-Identifier: Apache-2.0
// Views as JSON (docs/formats/console-api.md): snake_case, 64-bit integers as
// decimal strings, bytes in base64, enumerators by their proto names.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/base/result.h"
#include "core/log/entry.h"
#include "ledger/views/views.h"

namespace strongroom {

nlohmann::json to_json(const SourceView& view);
nlohmann::json to_json(const DeviceView& view);
nlohmann::json to_json(const FindingView& view);
nlohmann::json to_json(const ConfirmationView& view);

/// An event's or a header's message, field by field, as libprotobuf prints it.
/// Faults: it does not decode; the entry is shown without.
Result<nlohmann::json> decoded_json(const EntryView& entry);

}  // namespace strongroom
