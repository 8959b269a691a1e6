// SPDX-License-Identifier: Apache-2.0
// What the agent's telemetry and doors are about: given at the start, and again
// whenever the configuration is read anew.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/loop/panel_set.h"
#include "core/access/policy.h"
#include "core/point/computed.h"
#include "core/point/profile.h"
#include "core/point/window.h"

namespace strongroom {

struct TelemetryDevice {
  std::string line;
  std::string name;  // unique in the agent, computed ones included
  std::shared_ptr<const DeviceProfile> profile;
};

struct TelemetryComputed {
  ComputedDevice device;
  std::shared_ptr<const DeviceProfile> profile;  // computed_profile() of it
  /// How old a sample of another input may be.
  std::chrono::microseconds fresh = std::chrono::seconds(3);
};

struct DeviceSet {
  std::vector<TelemetryDevice> devices;
  std::vector<TelemetryComputed> computed;
  WindowOptions windows;
  std::vector<PanelShape> panels;
  /// Nothing: nobody is let in.
  std::shared_ptr<const Policy> policy;
};

}  // namespace strongroom
