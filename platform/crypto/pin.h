// SPDX-License-Identifier: Apache-2.0
// PINs are kept as Argon2id verifiers, libsodium's crypto_pwhash strings.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace strongroom {

/// 4 to 12 digits. Takes about 0.1 s and 64 MiB (libsodium's "interactive"
/// limits). Faults: not digits, too few or many, no memory.
Result<std::string> make_pin_verifier(std::string_view digits);
/// As long and as much memory: call it on a worker.
bool verify_pin(const std::string& verifier, std::string_view digits);

}  // namespace strongroom
