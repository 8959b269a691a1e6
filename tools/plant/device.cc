// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/device.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/check.h"
#include "tools/plant/encode.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

constexpr std::uint8_t kIllegalFunction = 1;
constexpr std::uint8_t kIllegalAddress = 2;
constexpr std::uint8_t kIllegalValue = 3;

RegisterRange range_from(RegisterKind kind,
                         std::uint16_t address,
                         std::uint16_t count) {
  return {kind, address, static_cast<std::uint16_t>(address + count - 1)};
}

std::vector<RegisterRange> registers_of(const DeviceProfile& profile) {
  std::vector<RegisterRange> all;
  all.reserve(profile.points.size() + profile.texts.size() + 1);
  for (const PointProfile& point : profile.points) {
    all.push_back(
        range_from(point.kind, point.address, register_count(point.type)));
  }
  for (const TextProfile& text : profile.texts) {
    all.push_back(range_from(text.kind, text.address, text.registers));
  }
  if (const auto& probe = profile.probe) {
    all.push_back(range_from(probe->kind, probe->address, probe->count));
  }
  return all;
}

bool is_bit(const PointProfile& point) {
  return point.type == ValueType::kBit ||
         (point.bits && point.bits->low == point.bits->high);
}

/// Adds `own`, which stand at `address`, to those of `cells` that overlap them.
void merge(std::span<const std::uint16_t> own,
           std::size_t address,
           const Request& request,
           std::span<std::uint16_t> cells) {
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::size_t at = address + i;
    if (at >= request.address &&
        at < std::size_t{request.address} + request.count) {
      std::uint16_t& cell = cells[at - request.address];
      cell = static_cast<std::uint16_t>(cell | own[i]);
    }
  }
}

bool overlaps(const Request& request, std::size_t address, std::size_t count) {
  return address < std::size_t{request.address} + request.count &&
         request.address < address + count;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

/// The name, but what the probe wants to see where it looks.
std::string first_text(const DeviceProfile& profile,
                       const TextProfile& text,
                       const std::string& name) {
  std::string value = upper(name);
  const auto& probe = profile.probe;
  if (!probe || text.kind != probe->kind || probe->address < text.address ||
      probe->address >= text.address + text.registers) {
    return value;
  }
  const auto at = 2U * (probe->address - text.address);
  const auto high = static_cast<char>(probe->min >> 8);
  const auto low = static_cast<char>(probe->min & 0xFF);
  value.insert(0,
               text.swapped ? std::string{low, high} : std::string{high, low});
  return value.insert(0, at, ' ');
}

std::optional<std::int64_t> value_named(const PointProfile& point,
                                        const std::string& value) {
  const auto state = std::ranges::find(point.states, value, &PointState::name);
  return state != point.states.end() ? state->code
                                     : parse_decimal(value, point.exponent);
}

}  // namespace

SimulatedDevice::SimulatedDevice(std::string name,
                                 std::shared_ptr<const DeviceProfile> profile)
    : name_(std::move(name)),
      profile_(std::move(profile)),
      registers_(registers_of(*profile_)) {
  for (const PointProfile& point : profile_->points) {
    points_.push_back({.wave = wave_of(*profile_, point)});
  }
  for (const TextProfile& text : profile_->texts) {
    texts_.push_back(first_text(*profile_, text, name_));
  }
}

Result<std::size_t> SimulatedDevice::find(std::string_view point) const {
  const auto at =
      std::ranges::find(profile_->points, point, &PointProfile::name);
  if (at == profile_->points.end()) {
    return fault("no point " + std::string(point) + " in " + profile_->name);
  }
  return static_cast<std::size_t>(at - profile_->points.begin());
}

bool SimulatedDevice::set_text(std::string_view name,
                               const std::string& value) {
  const auto text =
      std::ranges::find(profile_->texts, name, &TextProfile::name);
  const bool found =
      text != profile_->texts.end() && value.size() <= 2U * text->registers;
  if (found) {
    texts_[static_cast<std::size_t>(text - profile_->texts.begin())] = value;
  }
  return found;
}

Result<void> SimulatedDevice::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return fault("\"" + std::string(assignment) + "\" is not POINT=VALUE");
  }
  const std::string value(assignment.substr(equals + 1));
  if (set_text(assignment.substr(0, equals), value)) {
    return {};
  }
  const auto index = find(assignment.substr(0, equals));
  if (!index) {
    return std::unexpected(index.error());
  }
  const PointProfile& point = profile_->points[*index];
  const auto mantissa = value_named(point, value);
  if (!mantissa || !raw_of(point, *mantissa)) {
    return fault(point.name + " cannot be \"" + value +
                 "\": its registers hold steps of " +
                 format_decimal(1, point.exponent));
  }
  points_[*index].set = mantissa;
  return {};
}

Result<void> SimulatedDevice::vary(std::string_view point) {
  const auto index = find(point);
  if (!index) {
    return std::unexpected(index.error());
  }
  points_[*index].set.reset();
  return {};
}

void SimulatedDevice::follow(std::size_t point, double value) {
  const PointProfile& p = profile_->points[point];
  if (!std::isfinite(value)) {
    return;
  }
  const double limit = static_cast<double>(kMantissaLimit - 1);
  const double steps = std::round(value / std::pow(10.0, p.exponent));
  points_[point].followed = nearest_held(
      p, static_cast<std::int64_t>(std::clamp(steps, -limit, limit)));
}

bool SimulatedDevice::can_be(PointTrouble trouble, std::size_t point) const {
  const PointProfile& p = profile_->points[point];
  switch (trouble) {
    case PointTrouble::kNone:
    case PointTrouble::kStuck:
      return true;
    case PointTrouble::kSentinel:
      return !p.sentinels.empty() || p.type == ValueType::kF32 ||
             p.type == ValueType::kF64;
    case PointTrouble::kCut:
      return is_bit(p);
  }
  check(false, "a trouble outside its enumeration");
  return false;
}

Result<void> SimulatedDevice::trouble(PointTrouble trouble,
                                      const std::vector<std::string>& points,
                                      microseconds elapsed) {
  std::vector<std::size_t> indices;
  for (const std::string& name : points) {
    const auto index = find(name);
    if (!index) {
      return std::unexpected(index.error());
    }
    if (!can_be(trouble, *index)) {
      return fault(name + (trouble == PointTrouble::kCut
                               ? " is no contact: it is more than a bit"
                               : " has no sentinel value"));
    }
    indices.push_back(*index);
  }
  for (std::size_t i = 0; points.empty() && i < points_.size(); ++i) {
    if (can_be(trouble, i)) {
      indices.push_back(i);
    }
  }
  if (indices.empty()) {
    return fault("no point of " + profile_->name + " can be so");
  }
  for (const std::size_t index : indices) {
    points_[index].stuck = mantissa(index, elapsed);
    points_[index].trouble = trouble;
  }
  return {};
}

std::int64_t SimulatedDevice::mantissa(std::size_t point,
                                       microseconds elapsed) const {
  const Point& p = points_[point];
  if (p.trouble == PointTrouble::kStuck) {
    return p.stuck;
  }
  if (p.set) {
    return *p.set;
  }
  if (p.followed) {
    return *p.followed;
  }
  const PointProfile& profile = profile_->points[point];
  const std::int64_t value = wave_at(p.wave, point, elapsed);
  const auto raw = raw_of(profile, value);
  const bool is_sentinel = raw && std::ranges::find(profile.sentinels, *raw) !=
                                      profile.sentinels.end();
  return is_sentinel && value < profile.max ? value + 1 : value;
}

std::optional<std::uint64_t> SimulatedDevice::raw(std::size_t point,
                                                  microseconds elapsed) const {
  const PointProfile& p = profile_->points[point];
  switch (points_[point].trouble) {
    case PointTrouble::kCut:
      return 0;
    case PointTrouble::kSentinel:
      // All ones are no number in every float.
      return p.sentinels.empty() ? ~std::uint64_t{0} : p.sentinels.front();
    case PointTrouble::kNone:
    case PointTrouble::kStuck:
      break;
  }
  return raw_of(p, mantissa(point, elapsed));
}

std::string SimulatedDevice::values_text(microseconds elapsed,
                                         std::string_view indent) const {
  std::string text;
  for (std::size_t index = 0; index < points_.size(); ++index) {
    const PointProfile& point = profile_->points[index];
    const std::int64_t value = mantissa(index, elapsed);
    const auto state =
        std::ranges::find(point.states, value, &PointState::code);
    text += std::string(indent) + point.name + "=" +
            format_decimal(value, point.exponent);
    text += point.unit != "1" ? " " + point.unit : "";
    text += state != point.states.end() ? " " + state->name : "";
    constexpr std::string_view kTroubles[] = {
        "", " (stuck)", " (sentinel)", " (cut)"};
    text += kTroubles[static_cast<std::size_t>(points_[index].trouble)];
    text += "\n";
  }
  for (std::size_t index = 0; index < texts_.size(); ++index) {
    text += std::string(indent) + profile_->texts[index].name + "=" +
            texts_[index] + "\n";
  }
  return text;
}

std::uint8_t SimulatedDevice::refusal(const Request& request) const {
  const auto kind = static_cast<RegisterKind>(request.function);
  const auto is_kind = [&](const RegisterRange& r) { return r.kind == kind; };
  if (!is_read(request.function) || std::ranges::none_of(registers_, is_kind)) {
    return kIllegalFunction;
  }
  const std::uint16_t most =
      is_bit_kind(kind) ? profile_->max_bits : profile_->max_registers;
  if (request.count == 0 || request.count > most) {
    return kIllegalValue;
  }
  const std::size_t end = std::size_t{request.address} + request.count;
  const auto is_touched = [&](const RegisterRange& r) {
    return is_kind(r) && r.first < end && r.last >= request.address;
  };
  std::size_t first = SIZE_MAX;
  std::size_t last = 0;
  for (const RegisterRange& range : registers_) {
    first = is_kind(range) ? std::min<std::size_t>(first, range.first) : first;
    last = is_kind(range) ? std::max<std::size_t>(last, range.last) : last;
  }
  if (request.address < first || end > last + 1 ||
      std::ranges::any_of(profile_->forbidden, is_touched)) {
    return kIllegalAddress;
  }
  for (std::size_t at = request.address; !profile_->bridge_holes && at < end;
       ++at) {
    const bool is_there =
        std::ranges::any_of(registers_, [&](const RegisterRange& range) {
          return is_kind(range) && range.first <= at && at <= range.last;
        });
    if (!is_there) {
      return kIllegalAddress;
    }
  }
  return 0;
}

std::vector<std::uint16_t> SimulatedDevice::cells(const Request& request,
                                                  microseconds elapsed) const {
  const auto kind = static_cast<RegisterKind>(request.function);
  std::vector<std::uint16_t> all(request.count);
  std::vector<std::uint16_t> own;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const PointProfile& point = profile_->points[i];
    const std::uint16_t count = register_count(point.type);
    if (point.kind == kind && overlaps(request, point.address, count)) {
      own.assign(count, 0);
      place_raw(point, raw(i, elapsed).value_or(0), own);
      merge(own, point.address, request, all);
    }
  }
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const TextProfile& text = profile_->texts[i];
    if (text.kind == kind && overlaps(request, text.address, text.registers)) {
      own.assign(text.registers, 0);
      place_text(text, texts_[i], own);
      merge(own, text.address, request, all);
    }
  }
  const auto& probe = profile_->probe;
  const auto is_probe = [&](const RegisterRange& range) {
    return probe && range.kind == probe->kind &&
           range.first <= probe->address && probe->address <= range.last;
  };
  // The probe's own range is one of them; a second is a point or a text there.
  if (probe && probe->kind == kind && overlaps(request, probe->address, 1) &&
      std::ranges::count_if(registers_, is_probe) == 1) {
    all[static_cast<std::size_t>(probe->address - request.address)] =
        probe->min;
  }
  return all;
}

Bytes SimulatedDevice::answer(const Request& request,
                              microseconds elapsed) const {
  if (const std::uint8_t code = refusal(request); code != 0) {
    return exception_answer(request.function, code);
  }
  return read_answer(request.function, cells(request, elapsed));
}

}  // namespace strongroom::plant
