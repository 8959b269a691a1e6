// SPDX-License-Identifier: Apache-2.0
#include "core/point/profile.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits with at most one point between them; `fraction` counts those after.
std::optional<std::int64_t> parse_digits(std::string_view text, int& fraction) {
  // 18 digits always fit.
  if (text.empty() || text.size() > 19 || !is_digit(text.front()) ||
      !is_digit(text.back())) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  int digits = 0;
  bool after_point = false;
  for (const char c : text) {
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!is_digit(c) || ++digits > 18) {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
    fraction += after_point ? 1 : 0;
  }
  return value;
}

}  // namespace

std::string_view trust_rung_name(TrustRung rung) {
  switch (rung) {
    case TrustRung::kDocumented:
      return "documented";
    case TrustRung::kInterop:
      return "interop";
    case TrustRung::kHardware:
      return "hardware";
  }
  check(false, "a trust rung outside its enumeration");
  return {};
}

bool is_bit_kind(RegisterKind kind) {
  return kind == RegisterKind::kCoil || kind == RegisterKind::kDiscrete;
}

std::uint16_t register_count(ValueType type) {
  switch (type) {
    case ValueType::kBit:
    case ValueType::kU16:
    case ValueType::kI16:
      return 1;
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kF32:
      return 2;
    case ValueType::kU64:
    case ValueType::kI64:
    case ValueType::kF64:
      return 4;
  }
  check(false, "a value type outside its enumeration");
  return 0;
}

std::string_view poll_class_name(PollClass poll_class) {
  switch (poll_class) {
    case PollClass::kSafety:
      return "safety";
    case PollClass::kNormal:
      return "normal";
    case PollClass::kSlow:
      return "slow";
  }
  check(false, "a poll class outside its enumeration");
  return {};
}

bool is_valid_point_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= 31 && is_lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_lower(c) || is_digit(c) || c == '_';
         });
}

std::optional<std::int64_t> parse_decimal(std::string_view text,
                                          std::int32_t exponent) {
  const bool negative = text.starts_with('-');
  int fraction = 0;
  auto value = parse_digits(text.substr(negative ? 1 : 0), fraction);
  if (!value) {
    return std::nullopt;
  }
  for (int at = -fraction; at < exponent && *value != 0; ++at) {
    if (*value % 10 != 0) {
      return std::nullopt;
    }
    *value /= 10;
  }
  for (int at = -fraction; at > exponent; --at) {
    if (*value >= kMantissaLimit) {
      return std::nullopt;
    }
    *value *= 10;
  }
  if (*value >= kMantissaLimit) {
    return std::nullopt;
  }
  return negative ? -*value : *value;
}

std::string format_decimal(std::int64_t mantissa, std::int32_t exponent) {
  const bool negative = mantissa < 0;
  const auto bits = static_cast<std::uint64_t>(mantissa);
  std::string digits = std::to_string(negative ? 0 - bits : bits);
  if (exponent > 0 && mantissa != 0) {
    digits.append(static_cast<std::size_t>(exponent), '0');
  }
  if (exponent < 0) {
    const auto fraction = static_cast<std::size_t>(-exponent);
    if (digits.size() <= fraction) {
      digits.insert(0, fraction + 1 - digits.size(), '0');
    }
    digits.insert(digits.size() - fraction, ".");
  }
  return negative ? "-" + digits : digits;
}

}  // namespace strongroom
