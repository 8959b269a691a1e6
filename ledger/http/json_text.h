// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace strongroom {

/// JSON on one line. Bytes that are no UTF-8 become U+FFFD: what is shown must
/// not fail over what someone wrote.
inline std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace strongroom
