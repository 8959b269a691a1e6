// SPDX-License-Identifier: Apache-2.0
// Events of a log as pages show them in their lists.
#pragma once

#include "core/event/event.h"
#include "ledger/views/views.h"

namespace strongroom {

/// What pages show of an event whose body is a finding.
FindingView finding_view(const std::string& origin,
                         std::uint64_t index,
                         const EventMessage& event);
/// What pages show of an `epoch confirmed`.
ConfirmationView confirmation_view(const std::string& origin,
                                   std::uint64_t index,
                                   const EventMessage& event);

}  // namespace strongroom
