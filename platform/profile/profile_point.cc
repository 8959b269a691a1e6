// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_point.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "core/base/utf8.h"
#include "core/point/unit.h"
#include "platform/profile/profile_number.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxStateNameBytes = 31;

using TypeName = std::pair<std::string_view, ValueType>;

// Format 1 has the first two.
constexpr auto kTypeNames = std::to_array<TypeName>({
    {"u16", ValueType::kU16},
    {"i16", ValueType::kI16},
    {"bit", ValueType::kBit},
    {"u32", ValueType::kU32},
    {"i32", ValueType::kI32},
    {"u64", ValueType::kU64},
    {"i64", ValueType::kI64},
    {"f32", ValueType::kF32},
    {"f64", ValueType::kF64},
});

bool is_float(ValueType type) {
  return type == ValueType::kF32 || type == ValueType::kF64;
}

bool is_signed(ValueType type) {
  return type == ValueType::kI16 || type == ValueType::kI32 ||
         type == ValueType::kI64;
}

int bits_of(ValueType type) {
  return type == ValueType::kBit ? 1 : 16 * register_count(type);
}

bool is_single_bit(const PointProfile& point) {
  return point.type == ValueType::kBit ||
         (point.bits && point.bits->low == point.bits->high);
}

void read_name(ConfigTable& table, std::string& name) {
  name = table.required_string("name");
  if (table.has("name") && !is_valid_point_name(name)) {
    table.error("name",
                "is a lower-case letter, then letters, digits or _; at most "
                "31 characters");
  }
}

void read_unit(ConfigTable& table, PointProfile& point) {
  point.unit = table.required_string("unit");
  if (point.unit.empty() || is_known_unit(point.unit)) {
    return;
  }
  const std::string_view instead = ucum_instead_of(point.unit);
  table.error("unit",
              instead.empty()
                  ? "\"" + point.unit +
                        "\" is no UCUM code that is known here; \"1\" is a "
                        "number without unit, and a line in core/point/unit.cc "
                        "adds a code"
                  : "\"" + point.unit + "\" is written \"" +
                        std::string(instead) + "\" in UCUM");
}

void read_type(const ProfileTable& file, PointProfile& point) {
  std::vector<std::string> names;
  names.reserve(kTypeNames.size());
  for (const TypeName& type : kTypeNames) {
    names.emplace_back(type.first);
  }
  const std::string name = file.table.required_choice("type", names);
  const auto* const found =
      std::ranges::find(kTypeNames, name, &TypeName::first);
  if (found == kTypeNames.end()) {
    return;
  }
  point.type = found->second;
  if (file.format < 2 && found - kTypeNames.begin() >= 2) {
    file.table.error("type", "\"" + name + "\" needs format = 2");
  }
  if (is_bit_kind(point.kind) != (point.type == ValueType::kBit) &&
      file.table.has("function")) {
    file.table.error("type",
                     is_bit_kind(point.kind)
                         ? "is \"bit\" where function is 1 or 2"
                         : "\"bit\" is for function 1 or 2; one bit of a "
                           "register is bit = 0 to 15");
  }
}

/// "CDAB" is {2, 3, 0, 1}.
void read_order(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("order")) {
    return;
  }
  const std::string text = file.table.optional_string("order", "");
  const auto letters = static_cast<std::size_t>(
      point.type == ValueType::kBit ? 0 : 2 * register_count(point.type));
  std::string plain(letters, 'A');
  std::iota(plain.begin(), plain.end(), 'A');
  if (letters == 0 || !std::ranges::is_permutation(text, plain)) {
    file.table.error("order",
                     letters == 0
                         ? "is for values of more than one bit"
                         : "has each of the letters " + plain +
                               " once, A for the most significant byte, in the "
                               "order of the wire");
    return;
  }
  for (const char letter : text) {
    point.order.push_back(static_cast<std::uint8_t>(letter - 'A'));
  }
}

void read_bits(const ProfileTable& file, PointProfile& point) {
  const bool one = file.has_new("bit");
  const bool several = file.has_new("bits");
  if (!one && !several) {
    return;
  }
  const std::string_view key = one ? "bit" : "bits";
  std::vector<std::int64_t> ends;
  if (one) {
    const std::int64_t bit = file.table.optional_int("bit", 0, 0, 63);
    ends = {bit, bit};
  }
  if (several) {
    const auto listed = file.table.optional_int_list("bits");
    ends = one ? ends : listed;
  }
  if (one && several) {
    file.table.error("bits", "and bit exclude each other");
  } else if (is_float(point.type) || point.type == ValueType::kBit) {
    file.table.error(key, "is for whole numbers in registers");
  } else if (ends.size() != 2 || ends[0] < 0 || ends[0] > ends[1] ||
             ends[1] >= bits_of(point.type)) {
    file.table.error(key,
                     one ? "is from 0, the least significant, to " +
                               std::to_string(bits_of(point.type) - 1)
                         : "is [lowest, highest], both from 0 to " +
                               std::to_string(bits_of(point.type) - 1));
  } else if (ends[0] == ends[1] && is_signed(point.type)) {
    file.table.error(key,
                     "of a signed type would be 0 or -1: use u16, u32 or "
                     "u64");
  } else {
    point.bits = BitRange{static_cast<std::uint8_t>(ends[0]),
                          static_cast<std::uint8_t>(ends[1])};
  }
}

void read_inverted(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("inverted")) {
    return;
  }
  point.inverted = file.table.optional_bool("inverted", false);
  if (point.inverted && !is_single_bit(point)) {
    file.table.error("inverted", "is for a single bit");
    point.inverted = false;
  }
}

void read_scale(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("scale")) {
    return;
  }
  const std::string text = file.table.optional_string("scale", "1");
  point.scale = parse_ratio(text);
  if (!point.scale) {
    file.table.error("scale",
                     "is what one count is worth, as \"1/128\" or \"0.1\"; "
                     "parts below 2^31 and not 0");
  }
}

/// A decimal in quotes at the point's exponent, as a mantissa.
std::int64_t read_decimal(ConfigTable& table,
                          std::string_view key,
                          const PointProfile& point) {
  const std::string text = table.required_string(key);
  const auto mantissa = parse_decimal(text, point.exponent);
  // Empty: that it is missing or no text was said.
  if (!mantissa && !text.empty()) {
    table.error(key,
                "\"" + text + "\" is not a decimal like \"-40.0\" with " +
                    "exponent " + std::to_string(point.exponent));
  }
  return mantissa.value_or(0);
}

/// Least and largest number that the bits can say, within int64.
std::pair<std::int64_t, std::int64_t> codes_of(const PointProfile& point) {
  const int width =
      point.bits ? point.bits->high - point.bits->low + 1 : bits_of(point.type);
  if (is_signed(point.type)) {
    const std::int64_t half =
        width == 64 ? INT64_MIN : -(std::int64_t{1} << (width - 1));
    return {half, -(half + 1)};
  }
  return {0, width >= 63 ? INT64_MAX : (std::int64_t{1} << width) - 1};
}

void read_state(ConfigTable& table,
                const std::string& key,
                PointProfile& point) {
  const std::string name = table.required_string(key);
  const auto code = parse_decimal(key, 0);
  const auto [least, largest] = codes_of(point);
  if (!code || format_decimal(*code, 0) != key || *code < least ||
      *code > largest) {
    table.error(key,
                "is no code of this point: a whole number from " +
                    std::to_string(least) + " to " + std::to_string(largest));
  } else if (name.size() > kMaxStateNameBytes || !is_utf8(name)) {
    table.error(key, "has a name of at most 31 bytes");
  } else {
    point.states.push_back({*code, name});
  }
}

void read_states(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("states")) {
    return;
  }
  ConfigTable states = file.table.required_table("states");
  const std::vector<std::string> keys = states.keys();
  if (keys.empty() || keys.size() > kMaxStates) {
    file.table.error("states",
                     "has 1 to " + std::to_string(kMaxStates) + " states");
  }
  if (is_float(point.type)) {
    file.table.error("states", "are codes, which a float is not");
  }
  for (const std::string& key : keys) {
    read_state(states, key, point);
  }
  std::ranges::sort(point.states, {}, &PointState::code);
}

/// A code is what the bits say, in the unit "1".
void check_code(const ProfileTable& file, const PointProfile& point) {
  const std::string_view what =
      point.states.empty() ? "a single bit" : "a point with states";
  for (const char* key : {"scale", "offset", "max_step_per_s", "exponent"}) {
    if (file.table.has(key)) {
      file.table.error(key, "is not for " + std::string(what));
    }
  }
  if (point.unit != "1" && is_known_unit(point.unit)) {
    file.table.error("unit", "of " + std::string(what) + " is \"1\"");
  }
}

void read_limits(const ProfileTable& file, PointProfile& point) {
  const bool has_any = file.table.has("min") || file.table.has("max");
  if (!has_any && !point.states.empty()) {
    point.min = point.states.front().code;
    point.max = point.states.back().code;
  } else if (!has_any && is_single_bit(point)) {
    point.max = 1;
  } else if (!has_any && (file.table.has("states") || file.table.has("bit"))) {
    return;  // there is an error about these already
  } else {
    point.min = read_decimal(file.table, "min", point);
    point.max = read_decimal(file.table, "max", point);
    if (point.min > point.max) {
      file.table.error("max", "is below min");
    }
  }
}

/// A number of TOML has 63 bits, so those of 64 bits stand in quotes.
void read_wide_sentinels(ConfigTable& table, PointProfile& point) {
  for (const std::string& text : table.required_string_list("sentinels")) {
    const auto raw = parse_hexadecimal(text);
    if (!raw) {
      table.error("sentinels",
                  "of 64 bits are texts like \"0xFFFFFFFFFFFFFFFF\"");
      continue;
    }
    point.sentinels.push_back(*raw);
  }
}

void read_sentinels(ConfigTable& table, PointProfile& point) {
  if (!table.has("sentinels")) {
    return;
  }
  if (bits_of(point.type) == 64) {
    read_wide_sentinels(table, point);
    return;
  }
  const std::int64_t largest = (std::int64_t{1} << bits_of(point.type)) - 1;
  for (const std::int64_t raw : table.optional_int_list("sentinels")) {
    if (raw < 0 || raw > largest || point.type == ValueType::kBit) {
      table.error("sentinels",
                  point.type == ValueType::kBit
                      ? "are for registers; a bit has no value to spare"
                      : "are bits in the plain order: from 0 to " +
                            std::to_string(largest));
      continue;
    }
    point.sentinels.push_back(static_cast<std::uint64_t>(raw));
  }
}

void read_max_step(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("max_step_per_s")) {
    return;
  }
  point.max_step_per_s = read_decimal(file.table, "max_step_per_s", point);
  if (*point.max_step_per_s <= 0) {
    file.table.error("max_step_per_s", "must be above 0");
    point.max_step_per_s.reset();
  }
}

void read_poll(const ProfileTable& file, PointProfile& point) {
  if (!file.has_new("poll")) {
    return;
  }
  const std::string word = file.table.optional_choice(
      "poll", "normal", {"safety", "normal", "slow"});
  point.poll = word == poll_class_name(PollClass::kSafety) ? PollClass::kSafety
               : word == poll_class_name(PollClass::kSlow) ? PollClass::kSlow
                                                           : PollClass::kNormal;
}

}  // namespace

PointProfile read_point(const ProfileTable& file) {
  PointProfile point;
  read_name(file.table, point.name);
  read_unit(file.table, point);
  point.kind = file.read_kind();
  read_type(file, point);
  point.address = file.read_address(register_count(point.type));
  point.exponent = static_cast<std::int32_t>(
      file.table.optional_int("exponent", 0, kMinExponent, kMaxExponent));
  read_order(file, point);
  read_bits(file, point);
  read_inverted(file, point);
  read_scale(file, point);
  if (file.has_new("offset")) {
    point.offset = read_decimal(file.table, "offset", point);
  }
  read_states(file, point);
  if (!point.states.empty() || is_single_bit(point)) {
    check_code(file, point);
  }
  read_limits(file, point);
  read_sentinels(file.table, point);
  read_max_step(file, point);
  read_poll(file, point);
  return point;
}

TextProfile read_text(const ProfileTable& file) {
  constexpr std::int64_t kMaxTextRegisters = 32;
  TextProfile text;
  read_name(file.table, text.name);
  text.kind = file.read_kind();
  if (is_bit_kind(text.kind) && file.table.has("function")) {
    file.table.error("function", "is 3 or 4: a text stands in registers");
  }
  text.registers = static_cast<std::uint16_t>(
      file.table.required_int("registers", 1, kMaxTextRegisters));
  text.address = file.read_address(text.registers);
  text.swapped = file.table.optional_bool("swapped", false);
  return text;
}

}  // namespace strongroom
