// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/wiegand.h"

#include <bit>

namespace strongroom::panel {
namespace {

// Both groups with their parity bit, as masks of the frame's bits.
struct Format {
  std::uint8_t length;
  std::uint64_t even;
  std::uint64_t odd;
};

constexpr std::uint64_t low_bits(unsigned count) {
  return (std::uint64_t{1} << count) - 1;
}

/// The first half of the bits is the even group, the second half the odd one;
/// of 37 bits, the one in the middle is in both.
constexpr Format halves(std::uint8_t length) {
  const unsigned half = (length + 1U) / 2;
  return {.length = length,
          .even = low_bits(half) << (length - half),
          .odd = low_bits(half)};
}

constexpr Format k26 = halves(26);
constexpr Format k34 = halves(34);
constexpr Format k37 = halves(37);

const Format* format_of(strongroom_panel_v1_ReaderKind kind) {
  if (kind == strongroom_panel_v1_ReaderKind_READER_KIND_H10301) {
    return &k26;
  }
  if (kind == strongroom_panel_v1_ReaderKind_READER_KIND_H10306) {
    return &k34;
  }
  if (kind == strongroom_panel_v1_ReaderKind_READER_KIND_H10302 ||
      kind == strongroom_panel_v1_ReaderKind_READER_KIND_H10304) {
    return &k37;
  }
  return nullptr;
}

bool passes(const Format& format, std::uint64_t bits) {
  return std::popcount(bits & format.even) % 2 == 0 &&
         std::popcount(bits & format.odd) % 2 == 1;
}

}  // namespace

std::uint8_t wiegand_length(strongroom_panel_v1_ReaderKind kind) {
  const Format* format = format_of(kind);
  return format == nullptr ? std::uint8_t{0} : format->length;
}

strongroom_panel_v1_PanelReadFault wiegand_fault(
    strongroom_panel_v1_ReaderKind kind, WiegandBits frame) {
  const Format* format = format_of(kind);
  if (format == nullptr || frame.count != format->length) {
    return strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_LENGTH;
  }
  if (passes(*format, frame.bits)) {
    return strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_UNSPECIFIED;
  }
  return passes(*format, ~frame.bits)
             ? strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_SWAPPED
             : strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_PARITY;
}

}  // namespace strongroom::panel
