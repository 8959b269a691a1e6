// SPDX-License-Identifier: Apache-2.0
// Read device identification (2Bh/0Eh): basic and regular, as a stream and one
// by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/link/exchange.h"
#include "firmware/link/identity.h"

namespace strongroom::panel {

/// `request`: at least unit, function and MEI type. Unit and function of the
/// answer are the caller's.
Reply device_identification(const LinkIdentity& identity,
                            std::span<const std::uint8_t> request,
                            std::span<std::uint8_t, kMaxAdu> buffer);

}  // namespace strongroom::panel
