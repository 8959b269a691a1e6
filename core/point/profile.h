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

/// The values are the Modbus function codes that read them. Of coils and
/// discrete inputs an address holds one bit, of the others 16.
enum class RegisterKind : std::uint8_t {
  kCoil = 1,
  kDiscrete = 2,
  kHolding = 3,
  kInput = 4,
};

/// True of coils and discrete inputs.
bool is_bit_kind(RegisterKind kind);

/// How the bits of a point, once in order, are a number. kBit: one address of a
/// bit kind. Integers are two's complement; floats IEEE 754.
enum class ValueType : std::uint8_t {
  kBit,
  kU16,
  kI16,
  kU32,
  kI32,
  kU64,
  kI64,
  kF32,
  kF64,
};

/// How far the register map is to be trusted, worst first.
enum class TrustRung : std::uint8_t {
  kDocumented,  // from the vendor's or another paper, never tried
  kInterop,     // programs of others agree with it
  kHardware,    // a real device was read with this file
};

std::string_view trust_rung_name(TrustRung rung);

/// Addresses that a value takes: registers, or 1 of a bit kind.
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
/// The same of coils and discrete inputs (6.1 and 6.2).
inline constexpr std::uint16_t kMaxBitsPerRequest = 2000;

/// How often a point is read: the period of each class is the configuration's.
enum class PollClass : std::uint8_t {
  kSafety,  // fire, leak, door: at least every 200 ms
  kNormal,
  kSlow,  // counters, identities
};
inline constexpr std::size_t kPollClasses = 3;

std::string_view poll_class_name(PollClass poll_class);

/// Addresses of one kind, both ends included.
struct RegisterRange {
  RegisterKind kind = RegisterKind::kHolding;
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  friend bool operator==(const RegisterRange&, const RegisterRange&) = default;
};

/// Bits of a value once it is in order, 0 the least significant, both included.
struct BitRange {
  std::uint8_t low = 0;
  std::uint8_t high = 0;
};

/// numerator / denominator, both 1 to 2^31 - 1 in size; the numerator may be
/// negative.
struct Ratio {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;
};

/// What a code of an enumeration or a bit means: {1, "leak"}.
struct PointState {
  std::int64_t code = 0;
  std::string name;  // 1 to 31 bytes of UTF-8
};
inline constexpr std::size_t kMaxStates = 64;

struct PointProfile {
  std::string name;  // [a-z][a-z0-9_]{0,30}
  std::string unit;  // UCUM code, at most 15 bytes
  RegisterKind kind = RegisterKind::kInput;
  std::uint16_t address = 0;  // on the wire, from 0
  ValueType type = ValueType::kU16;
  /// order[i]: which byte of the value, 0 the most significant, stands i-th on
  /// the wire; a permutation. Empty: most significant first ("ABCD").
  std::vector<std::uint8_t> order;
  /// Only these bits, after ordering, of an unsigned or signed integer; a
  /// signed one takes its sign from the highest of them.
  std::optional<BitRange> bits;
  bool inverted = false;  // of a single bit: 0 is recorded as 1, 1 as 0
  /// Value of one count. Without it an integer counts in steps of 10^exponent
  /// and a float is the value itself.
  std::optional<Ratio> scale;
  std::int64_t offset = 0;  // mantissa, added after scaling
  std::int32_t exponent = 0;
  std::int64_t min = 0;  // plausible mantissas, both ends included
  std::int64_t max = 0;
  std::vector<std::uint64_t> sentinels;  // raw bits, in order, that mean "none"
  /// No plausible value moves faster: mantissa per second.
  std::optional<std::int64_t> max_step_per_s;
  std::vector<PointState> states;  // not empty: any other code is out of range
  PollClass poll = PollClass::kNormal;
};

/// ASCII that says who the device is: model, serial number, firmware. It is
/// read with the slow points and is no point: no window holds it.
struct TextProfile {
  std::string name;  // as of a point, unique among points and texts
  RegisterKind kind = RegisterKind::kHolding;
  std::uint16_t address = 0;
  std::uint16_t registers = 1;  // 1 to 32, two characters each
  bool swapped = false;         // the low byte holds the first character
};
inline constexpr std::size_t kMaxTexts = 8;

/// A register that this type of device answers in a way that others do not.
struct ProbeRegister {
  RegisterKind kind = RegisterKind::kHolding;
  std::uint16_t address = 0;
  std::uint16_t count = 1;
  /// Of the first register; both ends included.
  std::uint16_t min = 0;
  std::uint16_t max = 0xFFFF;
};

/// How the device leaves the factory.
struct SerialDefaults {
  int baud = 9600;
  char parity = 'N';  // 'N', 'E' or 'O'
  int stop_bits = 1;
};

struct DeviceProfile {
  std::string name;  // of the file: "xy-md02"
  std::string title;
  std::string source;  // where the register map comes from
  TrustRung trust = TrustRung::kDocumented;
  Hash hash{};  // SHA-256 of the file's bytes
  std::uint16_t max_registers = kMaxRegistersPerRequest;  // of one request
  std::uint16_t max_bits = kMaxBitsPerRequest;            // of one request
  bool bridge_holes = true;  // registers between points may be read along
  std::vector<RegisterRange> forbidden;  // no request may touch them
  std::chrono::milliseconds pause{0};    // the device wants before each request
  std::optional<ProbeRegister> probe;
  std::optional<SerialDefaults> serial;
  std::vector<PointProfile> points;  // at least one
  std::vector<TextProfile> texts;
};

/// [a-z][a-z0-9_]{0,30}
bool is_valid_point_name(std::string_view name);

/// One read request, and which points and texts it answers.
struct RegisterBlock {
  RegisterKind kind = RegisterKind::kInput;
  std::uint16_t address = 0;
  std::uint16_t count = 0;            // addresses
  std::vector<std::uint16_t> points;  // indices into DeviceProfile::points
  std::vector<std::uint16_t> texts;   // indices into DeviceProfile::texts
};

/// "-20.5" at exponent -1 is -205. Nothing when it is not a decimal, has digits
/// below the exponent, or is not within kMantissaLimit.
std::optional<std::int64_t> parse_decimal(std::string_view text,
                                          std::int32_t exponent);
/// The inverse: -205 at exponent -1 is "-20.5".
std::string format_decimal(std::int64_t mantissa, std::int32_t exponent);

}  // namespace strongroom
