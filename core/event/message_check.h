// SPDX-License-Identifier: Apache-2.0
// What nanopb's decoder lets pass and a frozen format must not: text that is
// not text, fields twice or out of order, and which field a fault is about.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <pb.h>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

/// UTF-8 without U+0000.
bool is_text(std::string_view text);

enum class UnknownFields { kSkipped, kRefused };

/// The first fault of an encoded message, by the path of its field numbers:
/// "field 26.2: not UTF-8". Fields stand in ascending order, singular ones
/// once; varints are minimal; strings and bytes are within their bounds.
std::optional<std::string> find_wire_fault(const pb_msgdesc_t& type,
                                           ByteView bytes,
                                           UnknownFields unknown);

/// The first bound that a message in memory breaks, by path as above.
std::optional<std::string> find_struct_fault(const pb_msgdesc_t& type,
                                             const void* message);

/// Faults: a bound is broken, or more than `max_size` bytes.
Result<Bytes> encode_message(const pb_msgdesc_t& type,
                             const void* message,
                             std::size_t max_size);

/// Strict by find_wire_fault. Faults: as that, or as nanopb's decoder.
Result<void> decode_message(const pb_msgdesc_t& type,
                            ByteView bytes,
                            UnknownFields unknown,
                            void* message);

/// Whether an enum that came from outside has one of its values; reads it as
/// the number that it is, because a load as the enum would be undefined.
template <typename Enum>
bool is_enum_value(const Enum& value, Enum greatest) {
  static_assert(sizeof(Enum) == sizeof(std::uint32_t));
  std::uint32_t number = 0;
  std::memcpy(&number, &value, sizeof(number));
  return number <= static_cast<std::uint32_t>(greatest);
}

}  // namespace strongroom
