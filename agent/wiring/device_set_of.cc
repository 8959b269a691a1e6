// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/device_set_of.h"

namespace strongroom {

DeviceSet device_set_of(const AgentConfig& config) {
  DeviceSet set;
  set.windows.length = config.window_length;
  for (const LineConfig& line : config.lines) {
    for (const DeviceConfig& device : line.devices) {
      set.devices.push_back({line.name, device.name, device.profile});
    }
  }
  for (const ComputedConfig& computed : config.computed) {
    set.computed.push_back({computed.device, computed.profile, computed.fresh});
  }
  return set;
}

}  // namespace strongroom
