// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_table.h"

#include <algorithm>
#include <string>

namespace strongroom {

bool ProfileTable::has_new(std::string_view key) const {
  if (table.has(key) && format < 2) {
    table.error(key, "needs format = 2");
  }
  return table.has(key);
}

RegisterKind ProfileTable::read_kind() const {
  const std::int64_t function = table.required_int("function", 1, 4);
  if (format < 2 && table.has("function") && function < 3) {
    table.error("function", std::to_string(function) + " needs format = 2");
  }
  return static_cast<RegisterKind>(function);
}

std::uint16_t ProfileTable::read_address(std::int64_t addresses) const {
  return static_cast<std::uint16_t>(
      table.required_int("address", 0, 0x10000 - addresses));
}

void check_readable(const ProfileTable& file,
                    const DeviceProfile& profile,
                    const RegisterRange& addresses) {
  const int count = addresses.last - addresses.first + 1;
  const int most =
      is_bit_kind(addresses.kind) ? profile.max_bits : profile.max_registers;
  if (count > most) {
    file.table.error("address",
                     "begins " + std::to_string(count) +
                         " addresses, and one request reads at most " +
                         std::to_string(most));
  }
  const bool is_forbidden =
      std::ranges::any_of(profile.forbidden, [&](const RegisterRange& range) {
        return range.kind == addresses.kind && range.first <= addresses.last &&
               addresses.first <= range.last;
      });
  if (is_forbidden) {
    file.table.error("address", "is in a forbidden range");
  }
}

}  // namespace strongroom
