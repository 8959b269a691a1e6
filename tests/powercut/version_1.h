// SPDX-License-Identifier: Apache-2.0
// A journal's file as the program before wrote it.
#pragma once

#include <filesystem>

namespace strongroom::powercut {

/// Rewrites a closed journal of this version as one of version 1. It must hold
/// nothing that version 1 could not say: no loss, no salvage, no successor, no
/// panel.
void write_as_version_1(const std::filesystem::path& journal);

}  // namespace strongroom::powercut
