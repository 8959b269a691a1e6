// SPDX-License-Identifier: Apache-2.0
// The frames of the exchange (docs/formats/panel-link.md), the panel's side.
//
//   0  1  version, 1
//   1  1  type
//   2  2  size of the body, big-endian
//   4  8  session
//  12  4  counter
//  16  n  body
//  16+n 8 tag: SipHash-2-4 under the tag key of
//         direction (1 request, 2 answer) | unit | bytes 0 to 16+n
// padded with one zero to whole registers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

inline constexpr std::size_t kFrameHead = 16;
inline constexpr std::size_t kFrameTag = 8;
inline constexpr std::size_t kMaxRequestRegisters = 121;
inline constexpr std::size_t kMaxAnswerRegisters = 125;
inline constexpr std::size_t kMaxRequestBody =
    2 * kMaxRequestRegisters - kFrameHead - kFrameTag;  // 218
inline constexpr std::size_t kMaxAnswerBody =
    2 * kMaxAnswerRegisters - kFrameHead - kFrameTag;  // 226

enum class FrameType : std::uint8_t {
  kHello = 1,
  kExchange = 2,
  kHelloAnswer = 0x81,
  kExchangeAnswer = 0x82,
};

/// Registers that the longest answers need; fewer: refused before anything is
/// executed. Of an exchange: with neither status nor PIN nor events.
inline constexpr std::size_t kMinHelloRegisters = 73;
inline constexpr std::size_t kMinExchangeRegisters = 44;

using PanelKey = std::array<std::uint8_t, 16>;

/// Made of the panel key K by SipHash-2-4 under K of one byte each: the tag key
/// of 1, 2; the list key of 3, 4; the PIN key of 5, 6, 7, 8 (little-endian).
struct LinkKeys {
  std::array<std::uint8_t, 16> tag{};
  std::array<std::uint8_t, 16> list{};
  std::array<std::uint8_t, 32> pin{};
};
LinkKeys derive_keys(const PanelKey& key);

enum class Direction : std::uint8_t { kRequest = 1, kAnswer = 2 };
using FrameTag = std::array<std::uint8_t, kFrameTag>;

/// `frame`: head and body.
FrameTag frame_tag(const LinkKeys& keys,
                   Direction direction,
                   std::uint8_t unit,
                   std::span<const std::uint8_t> frame);
/// Takes as long whatever differs.
bool is_same(std::span<const std::uint8_t, kFrameTag> a,
             std::span<const std::uint8_t, kFrameTag> b);

}  // namespace strongroom::panel
