// SPDX-License-Identifier: Apache-2.0
#include "core/access/credential_bits.h"

#include <algorithm>
#include <array>
#include <bit>

namespace strongroom {
namespace {

struct FormatRow {
  CredentialFormat format{};
  std::string_view name;
  std::uint8_t bits = 0;
  std::uint8_t facility_bits = 0;
  std::uint8_t card_bits = 0;
  // Data bits under each parity, counted from the first data bit; of an odd
  // number of them the middle one is under both.
  std::uint8_t parity_span = 0;
};

// docs/formats/readers.md
constexpr std::array kFormats = {
    FormatRow{
        strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100, "em4100", 40},
    FormatRow{strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10301,
              "h10301",
              26,
              8,
              16,
              12},
    FormatRow{strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10306,
              "h10306",
              34,
              16,
              16,
              16},
    FormatRow{strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10302,
              "h10302",
              37,
              0,
              35,
              18},
    FormatRow{strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10304,
              "h10304",
              37,
              16,
              19,
              18},
};

const FormatRow* row_of(CredentialFormat format) {
  const auto* row = std::ranges::find(kFormats, format, &FormatRow::format);
  return row == kFormats.end() ? nullptr : row;
}

bool fits(std::uint64_t value, std::uint8_t bits) {
  return value >> bits == 0;
}

/// The first bit that was sent is the highest of the first byte.
CredentialBits left_justified(std::uint64_t value, std::uint8_t count) {
  CredentialBits result;
  result.count = count;
  const std::uint64_t shifted = value << (48 - count);
  for (std::size_t i = 0; i < result.bits.size(); ++i) {
    result.bits[i] = static_cast<std::uint8_t>(shifted >> (40 - 8 * i));
  }
  return result;
}

}  // namespace

std::optional<CredentialFormat> credential_format(std::string_view name) {
  const auto* row = std::ranges::find(kFormats, name, &FormatRow::name);
  return row == kFormats.end() ? std::nullopt : std::optional(row->format);
}

std::string_view credential_format_name(CredentialFormat format) {
  const FormatRow* row = row_of(format);
  return row == nullptr ? "unspecified" : row->name;
}

std::uint8_t credential_bit_count(CredentialFormat format) {
  const FormatRow* row = row_of(format);
  return row == nullptr ? 0 : row->bits;
}

std::optional<CredentialBits> em4100_bits(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes || bytes->size() != 5) {
    return std::nullopt;
  }
  CredentialBits bits;
  bits.count = 40;
  std::ranges::copy(*bytes, bits.bits.begin());
  return bits;
}

std::optional<CredentialBits> wiegand_bits(CredentialFormat format,
                                           std::uint32_t facility,
                                           std::uint64_t card) {
  const FormatRow* row = row_of(format);
  if (row == nullptr || row->card_bits == 0 ||
      !fits(facility, row->facility_bits) || !fits(card, row->card_bits)) {
    return std::nullopt;
  }
  const std::uint64_t data = (std::uint64_t{facility} << row->card_bits) | card;
  const int data_bits = row->bits - 2;
  const std::uint64_t high = data >> (data_bits - row->parity_span);
  const std::uint64_t low = data & ((std::uint64_t{1} << row->parity_span) - 1);
  const std::uint64_t even = std::popcount(high) % 2 == 1 ? 1 : 0;
  const std::uint64_t odd = std::popcount(low) % 2 == 0 ? 1 : 0;
  return left_justified((even << (row->bits - 1)) | (data << 1) | odd,
                        row->bits);
}

}  // namespace strongroom
