// SPDX-License-Identifier: Apache-2.0
// How a damaged journal makes room for a new one: no byte of it is written, and
// a crash at any point is finished by the next start.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/now.h"
#include "core/base/result.h"
#include "core/base/source.h"
#include "proto/event.pb.h"

namespace strongroom {

/// Whether something lies there that is no empty file.
bool is_filled(const std::filesystem::path& path);
/// Whether it does at `path`, or as its WAL, shared memory or rollback journal.
bool has_bytes(const std::filesystem::path& path);

/// Removes a file that never held anything.
void discard(const std::filesystem::path& path);

/// A free name for what lies at `path`: `<path>.set-aside-<time>`, `-2`, ….
std::filesystem::path set_aside_name(const std::filesystem::path& path,
                                     WallTime now);

/// Puts an empty journal at `path`. What lies there, its WAL and its shared
/// memory get the name `aside` (may be empty when there is nothing). The new
/// file is whole on the disk before the first of them is renamed; it says why
/// it was begun. Faults: the disk is full, the directory cannot be written;
/// then the old file is still there, or a later begin_anew() or finish() goes
/// on.
Result<void> replace_journal(const std::filesystem::path& path,
                             const std::filesystem::path& aside,
                             const Source& source,
                             strongroom_v1_EpochReason because);

/// Goes on with a replacement that was cut off half way, if one was.
Result<void> finish_replacement(const std::filesystem::path& path);

}  // namespace strongroom
