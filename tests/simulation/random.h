// SPDX-License-Identifier: Apache-2.0
// All chance of a run, from one number. Not the standard library's
// distributions: the same seed must give the same run everywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace strongroom::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// A stream of its own for `label`: what one part of the world draws does
  /// not move what another one gets, so that a fault can be taken out of a run
  /// and the rest stays as alike as it can.
  Random(std::uint64_t seed, std::string_view label) : state_(seed) {
    for (const char letter : label) {
      state_ = (state_ ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    }
    (void)next();
  }

  /// splitmix64.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
    return z ^ (z >> 31U);
  }
  /// In [0, bound); 0 when bound is 0.
  std::uint64_t below(std::uint64_t bound) {
    return bound == 0 ? 0 : next() % bound;
  }
  /// In [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>(high - low) + 1));
  }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }
  void fill(std::span<std::uint8_t> out) {
    std::ranges::generate(out,
                          [this] { return static_cast<std::uint8_t>(next()); });
  }

 private:
  std::uint64_t state_;
};

}  // namespace strongroom::simulation
