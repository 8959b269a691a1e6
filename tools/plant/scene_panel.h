// SPDX-License-Identifier: Apache-2.0
// Reads [[panel]] of a scene.
#pragma once

#include <filesystem>

#include "platform/config/config.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

/// One panel; the lines and devices of `scene` are read already. Its name is
/// looked at by the caller. Links are in `links`.
PanelScene read_panel(ConfigTable& table,
                      const Scene& scene,
                      std::string name,
                      const std::filesystem::path& links);

}  // namespace strongroom::plant
