// SPDX-License-Identifier: Apache-2.0
// Times and hours of a policy, as people write them.
#include <algorithm>
#include <array>
#include <charconv>

#include "platform/policy/policy_file.h"

namespace strongroom {
namespace {

constexpr std::array<std::string_view, 7> kDays = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kMinutesPerDay = 24 * 60;

/// Exactly so many digits, which it takes off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits ||
      !std::ranges::all_of(text.substr(0, digits),
                           [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  int value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// "08:30", up to `last` minutes.
std::optional<int> take_clock(std::string_view& text, int last) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) {
    return std::nullopt;
  }
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || *hour * 60 + *minute > last) {
    return std::nullopt;
  }
  return *hour * 60 + *minute;
}

/// "Z", "+08:00".
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z')) {
    return std::chrono::minutes(0);
  }
  const int sign = !text.empty() && text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) {
    return std::nullopt;
  }
  const auto offset = take_clock(text, 14 * 60);
  return offset ? std::optional(std::chrono::minutes(sign * *offset))
                : std::nullopt;
}

std::optional<int> take_day(std::string_view& text) {
  const auto* day = std::ranges::find(kDays, text.substr(0, 3));
  if (day == kDays.end()) {
    return std::nullopt;
  }
  text.remove_prefix(3);
  return static_cast<int>(day - kDays.begin());
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) {
    return std::nullopt;
  }
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) {
    return std::nullopt;
  }
  const auto day = take_number(text, 2);
  if (!day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(*month)),
      std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional<std::chrono::sys_days>(date) : std::nullopt;
}

}  // namespace

std::optional<WallTime> parse_policy_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T')) {
    return std::nullopt;
  }
  const auto minute = take_clock(text, kMinutesPerDay - 1);
  if (!minute || !take(text, ':')) {
    return std::nullopt;
  }
  const auto second = take_number(text, 2);
  if (!second || *second > 59) {
    return std::nullopt;
  }
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) {
    return std::nullopt;
  }
  return WallTime(*date) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) - *zone;
}

std::vector<PolicySchedule::Span> parse_policy_hours(std::string_view text) {
  const auto first = take_day(text);
  auto last = first;
  if (first && take(text, '-')) {
    last = take_day(text);
  }
  if (!first || !last || *last < *first || !take(text, ' ')) {
    return {};
  }
  const auto from = take_clock(text, kMinutesPerDay);
  if (!from || !take(text, '-')) {
    return {};
  }
  const auto to = take_clock(text, kMinutesPerDay);
  if (!to || *to <= *from || !text.empty()) {
    return {};
  }
  std::vector<PolicySchedule::Span> spans;
  for (int day = *first; day <= *last; ++day) {
    spans.push_back({static_cast<std::uint16_t>(day * kMinutesPerDay + *from),
                     static_cast<std::uint16_t>(day * kMinutesPerDay + *to)});
  }
  return spans;
}

}  // namespace strongroom
