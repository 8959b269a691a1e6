// SPDX-License-Identifier: Apache-2.0
// Paho reports every TLS fault as "TCP connect completion failure"; this tries
// the files beforehand, so that the fault names the file.
#pragma once

#include <filesystem>

#include "core/base/result.h"

namespace strongroom {

/// Faults: a file cannot be read or parsed, the key is not the certificate's.
/// `certificate` and `key` may both be empty.
Result<void> check_tls_files(const std::filesystem::path& ca,
                             const std::filesystem::path& certificate,
                             const std::filesystem::path& key);

}  // namespace strongroom
