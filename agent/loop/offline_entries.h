// SPDX-License-Identifier: Apache-2.0
// Who may pass while a panel is alone: what a policy says of it. Pure.
#pragma once

#include "agent/loop/panel_io.h"
#include "agent/loop/panel_set.h"
#include "core/access/policy.h"
#include "core/crypto/hash.h"

namespace strongroom {

/// Of each leaf that uses the list: every credential of a person who has a
/// right to its zone without a schedule, where the zone asks for neither PIN
/// nor second person. Ascending by bits; without version. A panel cannot know
/// of hours, PINs or a second badge, so such rights are not for it.
std::vector<PanelList::Entry> offline_entries(const PanelShape& panel,
                                              const Policy* policy,
                                              WallTime now);

/// Of what a list holds.
Hash list_hash(const std::vector<PanelList::Entry>& entries);

}  // namespace strongroom
