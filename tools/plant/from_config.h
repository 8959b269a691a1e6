// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace strongroom::plant {

/// `plant from-config`; `code` becomes the exit code when it was called.
void add_from_config(CLI::App& app, int& code);

}  // namespace strongroom::plant
