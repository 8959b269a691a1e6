// SPDX-License-Identifier: Apache-2.0
// Reads the building of a scene: [[room]], [[cooling]], [[mains]], [[ups]],
// [[meter]], [[contact]].
#pragma once

#include "platform/config/config.h"
#include "tools/plant/building.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

/// `table`: of a scene, or a table in it. Outside the range is an error, and
/// the fallback is returned.
double read_number(ConfigTable& table,
                   std::string_view key,
                   double fallback,
                   double min,
                   double max);

/// Errors stand in `root`.
Building read_building(ConfigTable& root);

/// "room:vault.temperature", "meter:rack-1.power_kw * 1000",
/// "ups:ups-1.state -> off online battery". Nothing, and an error at `key`,
/// when it is none of these or the building has no such variable.
std::optional<Binding> read_binding(ConfigTable& table,
                                    const DeviceProfile& profile,
                                    std::size_t point,
                                    const Building& building);

}  // namespace strongroom::plant
