// SPDX-License-Identifier: Apache-2.0
// Reads the [[point]] and [[text]] tables of a profile, for profile_file.cc.
#pragma once

#include "core/point/profile.h"
#include "platform/profile/profile_table.h"

namespace strongroom {

PointProfile read_point(const ProfileTable& table);
TextProfile read_text(const ProfileTable& table);

}  // namespace strongroom
