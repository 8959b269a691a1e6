// SPDX-License-Identifier: Apache-2.0
// What a recovery found and did, for people and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ledger/recover/recover.h"

namespace strongroom {

/// `when` as in "2026-11-20T14:03:05Z"; `done` false: a dry run.
nlohmann::json recovery_json(const std::string& ledger,
                             const std::string& when,
                             const Persons& persons,
                             const Recovered& recovered,
                             bool done);

std::string recovery_text(const Recovered& recovered, bool done);

}  // namespace strongroom
