// SPDX-License-Identifier: Apache-2.0
// Scenes for tests.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tools/plant/scene.h"

namespace strongroom::plant {

inline std::shared_ptr<const DeviceProfile> sensor_profile() {
  DeviceProfile profile;
  profile.name = "sensor";
  profile.points = {{.name = "temperature",
                     .unit = "Cel",
                     .address = 1,
                     .type = ValueType::kI16,
                     .exponent = -1,
                     .min = -400,
                     .max = 800},
                    {.name = "humidity",
                     .unit = "%",
                     .address = 2,
                     .exponent = -1,
                     .min = 0,
                     .max = 1000,
                     .sentinels = {500}}};
  return std::make_shared<const DeviceProfile>(std::move(profile));
}

/// "sensor-1" on "line-1".
inline Scene one_device(std::vector<std::uint8_t> units = {1}) {
  Scene scene;
  scene.lines = {{.name = "line-1"}};
  scene.devices = {{.name = "sensor-1",
                    .units = std::move(units),
                    .profile = sensor_profile()}};
  return scene;
}

/// "a1" and "a2" on "line-a", RTU; "b1" on "line-b", RTU.
inline Scene two_lines() {
  Scene scene;
  scene.lines = {{.name = "line-a", .kind = LineKind::kRtu},
                 {.name = "line-b", .kind = LineKind::kRtu}};
  const auto profile = sensor_profile();
  scene.devices = {{.name = "a1", .line = 0, .units = {1}, .profile = profile},
                   {.name = "a2", .line = 0, .units = {2}, .profile = profile},
                   {.name = "b1", .line = 1, .units = {1}, .profile = profile}};
  return scene;
}

}  // namespace strongroom::plant
