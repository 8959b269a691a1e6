// SPDX-License-Identifier: Apache-2.0
// A profile of any bytes: errors with lines, or a profile that keeps its
// promises to the planner and the decoder.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/point/sample.h"
#include "core/point/unit.h"
#include "platform/profile/profile_file.h"

namespace {

using strongroom::DeviceProfile;
using strongroom::PointProfile;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void expect_point(const DeviceProfile& profile, const PointProfile& point) {
  const int count = register_count(point.type);
  expect(strongroom::is_valid_point_name(point.name));
  expect(strongroom::is_known_unit(point.unit));
  expect(point.min <= point.max);
  expect(is_bit_kind(point.kind) ==
         (point.type == strongroom::ValueType::kBit));
  expect(point.address + count <= 0x10000);
  expect(is_bit_kind(point.kind) || count <= profile.max_registers);
  for (const strongroom::RegisterRange& range : profile.forbidden) {
    expect(range.kind != point.kind || range.last < point.address ||
           range.first >= point.address + count);
  }
  // Strictly: no code twice.
  expect(std::ranges::is_sorted(
      point.states, std::ranges::less_equal{}, &strongroom::PointState::code));
}

/// Registers that nobody thought of: they follow from the file's hash.
void decode_some(const DeviceProfile& profile, const PointProfile& point) {
  std::vector<std::uint16_t> cells(register_count(point.type));
  for (std::size_t start = 0; start + 8 <= profile.hash.size(); ++start) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = static_cast<std::uint16_t>(profile.hash[start + 2 * i] << 8 |
                                            profile.hash[start + 2 * i + 1]);
      if (is_bit_kind(point.kind)) {
        cells[i] &= 1;
      }
    }
    const auto sample = decode_point(point, cells);
    expect(sample.quality == strongroom::PointQuality::kGood
               ? sample.mantissa >= point.min && sample.mantissa <= point.max
               : sample.mantissa == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  // Locating a line is linear in the text, so reading is quadratic.
  if (size > 4096) {
    return 0;
  }
  const auto profile = strongroom::parse_profile(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!profile) {
    expect(!profile.error().empty());
    return 0;
  }
  expect(!profile->points.empty());
  for (const PointProfile& point : profile->points) {
    expect_point(*profile, point);
    decode_some(*profile, point);
  }
  return 0;
}
