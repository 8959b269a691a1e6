// SPDX-License-Identifier: Apache-2.0
// The admin socket: what a person orders, posted to the loop and waited for.
#pragma once

#include <string>

#include "ledger/loop/ledger.h"
#include "platform/http/server.h"

namespace strongroom {

struct AdminApi {
  LedgerInbox& inbox;
  const Publication& publication;
  std::string ledger;
  PublicKey log_key{};
  PublicKey disclosure_key{};
  std::string actor;  // "local:<uid>"
};

/// POST /admin/enrol, rotate, revoke, confirm; GET /admin/state. `api`
/// outlives the server.
void add_admin_routes(HttpServer& server, const AdminApi& api);

}  // namespace strongroom
