// SPDX-License-Identifier: Apache-2.0
// What a reader puts on its wires when a badge is held before it or a key is
// pressed (docs/formats/readers.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

/// Pulses of D0 and D1, the first bit first.
using WiegandBits = std::vector<bool>;

/// Of one presentation: bytes of a serial reader, or bits.
struct Reading {
  Bytes bytes;
  WiegandBits bits;
};

/// A badge before a reader of `kind`. `format` is what the badge is: "em4100"
/// and a decimal number or ten hexadecimal digits (0x before them); "h10301",
/// "h10306", "h10304" and FACILITY/NUMBER, "h10302" and NUMBER; "bits" and the
/// bits as they are sent; "bytes" and hexadecimal digits as they are sent. A
/// fault says what this reader reads.
Result<Reading> read_badge(ReaderScene kind,
                           std::string_view format,
                           std::string_view number);

/// 0 to 9, * and #; a reading a key.
Result<std::vector<WiegandBits>> press_keys(KeypadScene keypad,
                                            std::string_view keys);

/// Bit 0 first, as the papers print it.
std::string bits_text(const WiegandBits& bits);
/// The bits as a number, hexadecimal, one digit for every four bits begun.
std::string bits_hex(const WiegandBits& bits);

std::string_view reader_name(ReaderScene kind);

}  // namespace strongroom::plant
