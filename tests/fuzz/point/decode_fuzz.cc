// SPDX-License-Identifier: Apache-2.0
// Registers of any content, decoded by any point that a profile can hold.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "core/point/sample.h"

namespace {

using strongroom::PointProfile;
using strongroom::PointQuality;
using strongroom::PointSample;
using strongroom::ValueType;

/// Takes numbers off the input; zeros when it has ended.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(size) {}
  std::uint64_t take(int bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0; --bytes) {
      value = value << 8 | (size_ > 0 ? *data_ : 0);
      if (size_ > 0) {
        ++data_;
        --size_;
      }
    }
    return value;
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto count = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(take(8) % count);
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

PointProfile take_point(Input& input) {
  constexpr std::int64_t kLimit = strongroom::kMantissaLimit - 1;
  constexpr std::int64_t kPart = (std::int64_t{1} << 31) - 1;
  PointProfile point;
  point.type = static_cast<ValueType>(input.take(1) % 9);
  const std::uint64_t with = input.take(1);
  const auto bits = static_cast<std::uint8_t>(
      point.type == ValueType::kBit ? 1 : 16 * register_count(point.type));
  if ((with & 1) != 0 && point.type != ValueType::kBit) {
    point.order.resize(bits / 8U);
    std::iota(point.order.begin(), point.order.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < point.order.size(); ++i) {
      std::swap(point.order[i], point.order[input.take(1) % (i + 1)]);
    }
  }
  if ((with & 2) != 0 && point.type < ValueType::kF32) {
    const std::int64_t low = input.between(0, bits - 1);
    point.bits = strongroom::BitRange{
        static_cast<std::uint8_t>(low),
        static_cast<std::uint8_t>(input.between(low, bits - 1))};
  }
  if ((with & 4) != 0) {
    point.scale = strongroom::Ratio{
        (with & 8) != 0 ? input.between(1, kPart) : input.between(-kPart, -1),
        input.between(1, kPart)};
  }
  point.inverted = (with & 16) != 0 && point.type == ValueType::kBit;
  if ((with & 32) != 0) {
    point.offset = input.between(-kLimit, kLimit);
  }
  point.exponent = static_cast<std::int32_t>(input.between(-9, 9));
  point.min = (with & 64) != 0 ? input.between(-kLimit, 0) : -kLimit;
  point.max = (with & 64) != 0 ? input.between(0, kLimit) : kLimit;
  if ((with & 128) != 0) {
    point.states = {{0, "a"}, {input.between(1, 9), "b"}};
  }
  return point;
}

void try_point(const PointProfile& point,
               const std::vector<std::uint16_t>& cells) {
  const PointSample sample = decode_point(point, cells);
  if (sample.quality == PointQuality::kGood) {
    expect(sample.mantissa >= point.min && sample.mantissa <= point.max);
    expect(point.states.empty() ||
           std::ranges::count(point.states,
                              sample.mantissa,
                              &strongroom::PointState::code) == 1);
  } else {
    expect(sample.mantissa == 0);
    expect(sample.quality == PointQuality::kBad ||
           sample.quality == PointQuality::kOutOfRange);
  }
  const bool is_float =
      point.type == ValueType::kF32 || point.type == ValueType::kF64;
  expect(is_float || sample.quality != PointQuality::kBad);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  Input input(data, size);
  const PointProfile point = take_point(input);
  std::vector<std::uint16_t> cells;
  for (int i = 0; i < register_count(point.type); ++i) {
    const auto cell = static_cast<std::uint16_t>(input.take(2));
    cells.push_back(point.type == ValueType::kBit ? cell & 1 : cell);
  }
  try_point(point, cells);

  strongroom::TextProfile text;
  text.registers = static_cast<std::uint16_t>(input.between(1, 32));
  text.swapped = input.take(1) % 2 == 1;
  cells.clear();
  for (int i = 0; i < text.registers; ++i) {
    cells.push_back(static_cast<std::uint16_t>(input.take(2)));
  }
  if (const auto value = decode_text(text, cells)) {
    expect(!value->empty() && value->size() <= 2U * text.registers);
    expect(value->front() != ' ' && value->back() != ' ');
    expect(std::ranges::all_of(*value,
                               [](char c) { return c >= ' ' && c <= '~'; }));
  }
  return 0;
}
