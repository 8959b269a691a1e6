// SPDX-License-Identifier: Apache-2.0
// Entries in words: what `verify` and `tail` print.
#pragma once

#include <string>

#include "core/base/bytes.h"
#include "core/base/now.h"
#include "core/base/source.h"

namespace strongroom {

/// What others wrote, fit for a terminal: what would command it (control and
/// direction characters, line feed and tab apart) and what is no UTF-8 become
/// U+FFFD.
std::string printable(std::string_view text);

/// The event as one line of JSON, fields named as in proto/event.proto. Bytes
/// that are no event give {"undecodable": "<hex>"}.
std::string event_json(ByteView event);

/// "2026-11-20T07:35:36.123456Z".
std::string utc_text(std::int64_t unix_us);

/// "2026-11-20T07:35:36Z edge-1@bj1 telemetry 12 windows": time, source,
/// stream, seq and body's name, or "undecodable".
std::string event_line(ByteView event);

/// "closed at 62; a.example/bj1/record/2 goes on", of a log that a recovery
/// ended.
std::string closed_text(std::uint64_t closed_at, Origin origin);

}  // namespace strongroom
