// SPDX-License-Identifier: Apache-2.0
// Non-volatile slots as files of a folder; without a folder nothing is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "firmware/hal/hal.h"

namespace strongroom::panel::native {

/// Makes the folder if it is missing. False with an error when it cannot be
/// used: told at the start, not when somebody saves.
bool make_slots(const std::string& folder, std::string& error);

std::size_t read_slot(const std::string& folder,
                      hal::Slot slot,
                      std::span<std::uint8_t> to);
bool write_slot(const std::string& folder,
                hal::Slot slot,
                std::span<const std::uint8_t> from);

}  // namespace strongroom::panel::native
