// SPDX-License-Identifier: Apache-2.0
// Small files: keys, notes, configuration.
#pragma once

#include <filesystem>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

/// Faults: cannot be read (says why), larger than `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t max_bytes = 1 << 20);

enum class Overwrite { kReplace, kRefuse };
/// Durable when it returns: temporary file, fsync, rename (or link, with
/// kRefuse), fsync of the directory.
Result<void> write_file(const std::filesystem::path& path,
                        ByteView bytes,
                        unsigned mode,
                        Overwrite overwrite);

}  // namespace strongroom
