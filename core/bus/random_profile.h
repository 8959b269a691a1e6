// SPDX-License-Identifier: Apache-2.0
// Random profiles, and what no request to a device may do, for property tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "core/bus/plan_fixture.h"
#include "core/point/profile.h"

namespace strongroom {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  int between(int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(engine_);
  }
  bool one_in(int n) { return between(1, n) == 1; }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return *(values.begin() + between(0, static_cast<int>(values.size()) - 1));
  }

 private:
  std::mt19937 engine_;
};

inline RegisterKind random_kind(Random& random) {
  return random.one_of({RegisterKind::kCoil,
                        RegisterKind::kDiscrete,
                        RegisterKind::kHolding,
                        RegisterKind::kInput});
}

/// Crowded around few addresses, so that holes are of every size and points
/// overlap; now and then at the end of the space.
inline std::uint16_t random_address(Random& random) {
  if (random.one_in(50)) {
    return static_cast<std::uint16_t>(random.between(65'500, 65'535));
  }
  const int base = random.one_of({0, 0, 40, 300});
  return static_cast<std::uint16_t>(
      base + random.between(0, random.one_of({12, 40, 120})));
}

inline std::vector<RegisterRange> random_ranges(Random& random, int most) {
  std::vector<RegisterRange> ranges;
  for (int i = random.between(0, most); i > 0; --i) {
    const std::uint16_t first = random_address(random);
    const int last = std::min(65'535, first + random.between(0, 12));
    ranges.push_back(
        {random_kind(random), first, static_cast<std::uint16_t>(last)});
  }
  return ranges;
}

/// Small: at most six points and a text, of one kind.
inline DeviceProfile random_profile(Random& random, bool small) {
  DeviceProfile profile;
  const RegisterKind only = random_kind(random);
  for (int i = random.between(1, small ? 6 : 60); i > 0; --i) {
    const RegisterKind kind = small ? only : random_kind(random);
    const ValueType type = is_bit_kind(kind) ? ValueType::kBit
                                             : random.one_of({ValueType::kU16,
                                                              ValueType::kI16,
                                                              ValueType::kF32,
                                                              ValueType::kU32,
                                                              ValueType::kF64});
    profile.points.push_back(point_at(kind, random_address(random), type));
  }
  const int texts = random.one_in(2) ? 0 : random.between(1, small ? 1 : 8);
  for (int i = 0; i < texts; ++i) {
    TextProfile text;
    text.kind = is_bit_kind(only) ? RegisterKind::kHolding : only;
    text.address = random_address(random);
    text.registers = static_cast<std::uint16_t>(random.between(1, 32));
    profile.texts.push_back(text);
  }
  profile.max_registers = static_cast<std::uint16_t>(
      random.one_of({125, 125, 32, 16, random.between(1, 125)}));
  profile.max_bits = static_cast<std::uint16_t>(
      random.one_of({2000, 64, random.between(1, 2000)}));
  profile.bridge_holes = !random.one_in(3);
  profile.forbidden = random_ranges(random, 3);
  return profile;
}

/// Addresses of a point, a text or a request; the end is exclusive.
struct Cells {
  RegisterKind kind = RegisterKind::kHolding;
  int first = 0;
  int end = 0;

  int count() const { return end - first; }
};

inline Cells cells_of(const PointProfile& point) {
  return {
      point.kind, point.address, point.address + register_count(point.type)};
}

inline Cells cells_of(const TextProfile& text) {
  return {text.kind, text.address, text.address + text.registers};
}

inline bool is_documented(const DeviceProfile& profile,
                          RegisterKind kind,
                          int address) {
  const auto holds = [&](const auto& item) {
    const Cells cells = cells_of(item);
    return cells.kind == kind && cells.first <= address && address < cells.end;
  };
  return std::any_of(profile.points.begin(), profile.points.end(), holds) ||
         std::any_of(profile.texts.begin(), profile.texts.end(), holds);
}

inline bool is_within(const std::vector<RegisterRange>& ranges,
                      RegisterKind kind,
                      int address) {
  return std::any_of(
      ranges.begin(), ranges.end(), [&](const RegisterRange& range) {
        return range.kind == kind && range.first <= address &&
               address <= range.last;
      });
}

/// What the device, its profile or the protocol has against this request;
/// empty: nothing.
inline std::string request_fault(const DeviceProfile& profile,
                                 const Cells& request) {
  const int most = is_bit_kind(request.kind)
                       ? std::min<int>(profile.max_bits, 2000)
                       : std::min<int>(profile.max_registers, 125);
  if (request.count() < 1 || request.count() > most || request.end > 65'536) {
    return "a limit";
  }
  for (int address = request.first; address < request.end; ++address) {
    if (is_within(profile.forbidden, request.kind, address)) {
      return "a forbidden address";
    }
    if (!profile.bridge_holes &&
        !is_documented(profile, request.kind, address)) {
      return "an address of nothing";
    }
  }
  return {};
}

}  // namespace strongroom
