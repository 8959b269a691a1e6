// SPDX-License-Identifier: Apache-2.0
// The broker's access control list, from the registry: one identity per
// connection, each bound to its own topics (DESIGN sections 6 and 10).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/source.h"

namespace strongroom {

/// mosquitto's acl_file. The ledger's user is `central/ledger`; an agent's is
/// `<site>/<agent>`.
std::string make_acl(const std::vector<Source>& agents);

/// From the JSON of `GET /admin/state`: agents with a key that is not revoked.
/// Faults: not that JSON.
Result<std::string> acl_from_state(std::string_view state_json);

}  // namespace strongroom
