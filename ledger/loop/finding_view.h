// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/event/event.h"
#include "ledger/views/views.h"

namespace strongroom {

/// What pages show of an event whose body is a finding.
FindingView finding_view(const std::string& origin,
                         std::uint64_t index,
                         const EventMessage& event);

}  // namespace strongroom
