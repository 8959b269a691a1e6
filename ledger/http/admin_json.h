// SPDX-License-Identifier: Apache-2.0
// Orders of the admin socket as JSON (docs/formats/http-api.md). Pure.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "ledger/loop/ledger.h"

namespace strongroom {

enum class OrderKind { kEnrol, kRotate, kRevoke, kConfirm };

/// Faults name the member that is missing, unknown or not of its form. Bytes
/// are hex or base64.
Result<Order> parse_order(OrderKind kind, std::string_view body);

}  // namespace strongroom
