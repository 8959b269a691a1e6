// SPDX-License-Identifier: Apache-2.0
// The way up, as the loop sees it. The role; MqttUplink fills it.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace strongroom {

/// docs/formats: batch (QoS 1), status (QoS 1, retained), live (QoS 0).
enum class UplinkTopic : std::uint8_t { kBatch, kStatus, kLive };

/// Used by the loop's thread; never blocks for long.
class Uplink {
 public:
  virtual ~Uplink() = default;
  /// False when it was not handed over. Nothing depends on it: batches are sent
  /// again until proven, the rest may be lost.
  virtual bool publish(UplinkTopic topic, Bytes payload) = 0;
};

}  // namespace strongroom
