// SPDX-License-Identifier: Apache-2.0
// Topics that agents write (docs/formats/names.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/source.h"

namespace strongroom {

enum class TopicKind { kBatch, kStatus, kLive };

struct Topic {
  Source source;
  TopicKind kind = TopicKind::kBatch;
};

/// Nothing unless it is exactly `strongroom/v1/<site>/<agent>/<kind>` with
/// valid names and one of the kinds above.
std::optional<Topic> parse_topic(std::string_view topic);

/// `strongroom/v1/<site>/<agent>/ack`.
std::string ack_topic(const Source& source);

}  // namespace strongroom
