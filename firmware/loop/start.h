// SPDX-License-Identifier: Apache-2.0
// What a start of the panel has to find out before anything runs: how many
// there were, the session's number, and what survived.
#pragma once

#include <cstdint>

#include "firmware/hal/hal.h"
#include "firmware/local/commissioning.h"

namespace strongroom::panel {

struct Start {
  std::uint16_t boot = 1;  // never 0
  /// Never the same again for this panel. 0: that cannot be promised (its slot
  /// takes nothing), so the panel must not answer its agent.
  std::uint64_t session = 0;
  Commissioning commissioning;
};

/// Clears survivors that another firmware wrote, takes the configuration's copy
/// when none survived, counts.
[[gnu::noinline]] Start begin();  // its buffers: not on main()'s stack

/// Of the next session, under the same promise.
[[gnu::noinline]] std::uint64_t new_session();

/// Keeps the configuration's copy.
[[gnu::noinline]] bool save_config(const ConfigMemory& config);

}  // namespace strongroom::panel
