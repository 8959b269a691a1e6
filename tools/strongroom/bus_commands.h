// SPDX-License-Identifier: Apache-2.0
// The commands below `strongroom bus`.
#pragma once

#include <string>

#include "platform/profile/profile_file.h"
#include "tools/strongroom/command.h"

namespace strongroom {

void add_bus_scan(CLI::App& bus, Outcome& outcome);
void add_bus_read(CLI::App& bus, Outcome& outcome);
void add_bus_watch(CLI::App& bus, Outcome& outcome);
void add_bus_check(CLI::App& bus, Outcome& outcome);

/// One line each.
std::string errors_text(const ProfileErrors& errors);

}  // namespace strongroom
