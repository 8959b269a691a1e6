// SPDX-License-Identifier: Apache-2.0
// The program that is a panel, and the ways between it and its world.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "tools/plant/panel_program.h"
#include "tools/plant/plant.h"
#include "tools/plant/service.h"

namespace strongroom::plant {

/// Starts the program of the plant's panel `index`, does to it what the words
/// want, commissions it when it has no key, and offers its local port under
/// PanelScene::local. A program that ends stays ended, and is told to standard
/// error and in `status`, until `power PANEL on`. `plant` outlives it.
Result<std::unique_ptr<Service>> open_panel(Plant& plant,
                                            std::size_t index,
                                            const PanelPrograms& programs);

}  // namespace strongroom::plant
