// SPDX-License-Identifier: Apache-2.0
// What the readers of a profile's tables share.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/point/profile.h"
#include "platform/config/config.h"

namespace strongroom {

inline constexpr std::int64_t kNewestProfileFormat = 2;

/// A table of a profile in a given format. Keys of a newer format are errors.
struct ProfileTable {
  ConfigTable& table;
  std::int64_t format = kNewestProfileFormat;

  /// True when the key is there; in an older file that is an error first.
  bool has_new(std::string_view key) const;
  /// "function", 1 to 4.
  RegisterKind read_kind() const;
  /// "address", with so many addresses from there to the end of the map.
  std::uint16_t read_address(std::int64_t addresses) const;
};

/// An error at `address` when so many addresses touch a forbidden range or are
/// more than one request of this device may read.
void check_readable(const ProfileTable& table,
                    const DeviceProfile& profile,
                    const RegisterRange& addresses);

}  // namespace strongroom
