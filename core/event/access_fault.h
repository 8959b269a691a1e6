// SPDX-License-Identifier: Apache-2.0
// What the bounds of event.options cannot say of the bodies 100 to 149.
#pragma once

#include <optional>
#include <string>

#include "core/event/event.h"

namespace strongroom {

/// Nothing, or what is wrong with the body.
std::optional<std::string> access_fault(const EventMessage& event);

}  // namespace strongroom
