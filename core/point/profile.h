// SPDX-License-Identifier: Apache-2.0
// What a device type measures and how its registers say it
// (docs/formats/device-profile.md). Pure data; platform/profile reads the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/hash.h"

namespace strongroom {

/// The values are the Modbus function codes that read them.
enum class RegisterKind : std::uint8_t { kHolding = 3, kInput = 4 };

enum class ValueType : std::uint8_t { kU16, kI16 };

/// How far the register map is to be trusted, worst first.
enum class TrustRung : std::uint8_t {
  kDocumented,  // from the vendor's or another paper, never tried
  kInterop,     // programs of others agree with it
  kHardware,    // a real device was read with this file
};

std::string_view trust_rung_name(TrustRung rung);

/// Registers that a value takes.
std::uint16_t register_count(ValueType type);

/// A value is mantissa * 10^exponent unit, so no float stands anywhere.
inline constexpr std::int32_t kMinExponent = -9;
inline constexpr std::int32_t kMaxExponent = 9;
/// |mantissa| stays below it: exact in the numbers of a browser.
inline constexpr std::int64_t kMantissaLimit = std::int64_t{1} << 53;
/// Of one device; the parts of its description and windows stay few.
inline constexpr std::size_t kMaxPoints = 1024;
/// Of one read request (Modbus application protocol 1.1b3, 6.3 and 6.4).
inline constexpr std::uint16_t kMaxRegistersPerRequest = 125;

struct PointProfile {
  std::string name;  // [a-z][a-z0-9_]{0,30}
  std::string unit;  // UCUM code, at most 15 bytes
  RegisterKind kind = RegisterKind::kInput;
  std::uint16_t address = 0;  // on the wire, from 0
  ValueType type = ValueType::kU16;
  std::int32_t exponent = 0;
  std::int64_t min = 0;  // plausible mantissas, both ends included
  std::int64_t max = 0;
  std::vector<std::uint64_t> sentinels;  // raw register bits that mean "none"
};

struct DeviceProfile {
  std::string name;  // of the file: "xy-md02"
  std::string title;
  std::string source;  // where the register map comes from
  TrustRung trust = TrustRung::kDocumented;
  Hash hash{};  // SHA-256 of the file's bytes
  std::uint16_t max_registers = kMaxRegistersPerRequest;  // of one request
  std::vector<PointProfile> points;                       // at least one
};

/// [a-z][a-z0-9_]{0,30}
bool is_valid_point_name(std::string_view name);

/// One read request, and which points it answers.
struct RegisterBlock {
  RegisterKind kind = RegisterKind::kInput;
  std::uint16_t address = 0;
  std::uint16_t count = 0;
  std::vector<std::uint16_t> points;  // indices into DeviceProfile::points
};

/// Points in as few requests as adjacent registers allow, within
/// max_registers; a hole between registers always costs a request. Blocks are
/// in order of kind, then address.
std::vector<RegisterBlock> plan_reads(const DeviceProfile& profile);

/// "-20.5" at exponent -1 is -205. Nothing when it is not a decimal, has digits
/// below the exponent, or is not within kMantissaLimit.
std::optional<std::int64_t> parse_decimal(std::string_view text,
                                          std::int32_t exponent);
/// The inverse: -205 at exponent -1 is "-20.5".
std::string format_decimal(std::int64_t mantissa, std::int32_t exponent);

}  // namespace strongroom
