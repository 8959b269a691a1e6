// SPDX-License-Identifier: Apache-2.0
// The parts of `strongroom panel` that live in files of their own.
#pragma once

#include "tools/strongroom/command.h"

namespace strongroom {

void add_panel_lockdown(CLI::App& panel, Outcome& outcome);

}  // namespace strongroom
