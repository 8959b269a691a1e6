// SPDX-License-Identifier: Apache-2.0
// What the rules of computed points must be, and what follows from them.
#include <algorithm>
#include <set>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/point/computed.h"
#include "core/point/computed_value.h"

namespace strongroom {
namespace {

using computed::kColdest;
using computed::kDriest;
using computed::kHottest;
using computed::kMaxInputs;
using computed::kWettest;
using computed::Term;

constexpr std::string_view kCelsius = "Cel";
constexpr std::string_view kPercent = "%";

struct InputCount {
  std::size_t least;
  std::size_t most;
};

InputCount input_count(ComputedKind kind) {
  switch (kind) {
    case ComputedKind::kSum:
    case ComputedKind::kMean:
    case ComputedKind::kMin:
    case ComputedKind::kMax:
      return {1, kMaxInputs};
    case ComputedKind::kDifference:
    case ComputedKind::kDewPoint:
    case ComputedKind::kAntivalent:
      return {2, 2};
    case ComputedKind::kInverted:
      return {1, 1};
  }
  check(false, "a kind outside its enumeration");
  return {};
}

bool is_of_contacts(ComputedKind kind) {
  return kind == ComputedKind::kInverted || kind == ComputedKind::kAntivalent;
}

std::int64_t clamp_mantissa(computed::Wide value) {
  const computed::Wide most = kMantissaLimit - 1;
  return static_cast<std::int64_t>(std::clamp(value, -most, most));
}

bool is_contact(const PointProfile& point) {
  if (point.exponent != 0) {
    return false;
  }
  if (point.states.empty()) {
    return point.min >= 0 && point.max <= 1;
  }
  return std::ranges::all_of(point.states, [](const PointState& state) {
    return state.code == 0 || state.code == 1;
  });
}

struct FoundInput {
  const PointRef* ref = nullptr;
  const DeviceProfile* profile = nullptr;
  std::uint16_t index = 0;

  const PointProfile& point() const { return profile->points[index]; }
  std::string text() const { return ref->device + "." + ref->point; }
};

std::string unit_text(const std::string& unit) {
  return unit.empty() ? "no unit" : "'" + unit + "'";
}

// Checks one point and makes its profile.
class PointMaker {
 public:
  PointMaker(const ComputedPoint& what,
             const ProfileOf& profile_of,
             std::vector<Error>& errors)
      : what_(what), errors_(errors) {
    const std::size_t before = errors.size();
    find_inputs(profile_of);
    if (errors.size() == before) {
      check_units();
      check_exponent();
    }
    is_right_ = errors.size() == before;
  }

  bool is_right() const { return is_right_; }

  PointProfile profile() const {
    PointProfile point;
    const PointProfile& first = inputs_[0].point();
    point.name = what_.name;
    point.unit = first.unit;
    point.exponent = exponent();
    point.poll = first.poll;
    set_limits(point);
    if (is_of_contacts(what_.kind)) {
      point.states = first.states;
    }
    if (what_.kind == ComputedKind::kInverted) {
      for (PointState& state : point.states) {
        state.code = 1 - state.code;
      }
    }
    return point;
  }

  // One line for the rule, one for each input (docs/formats/
  // computed-points.md).
  std::string canonical() const {
    std::string text = what_.name + " " +
                       std::string(computed_kind_name(what_.kind)) + " " +
                       std::to_string(exponent()) + "\n";
    for (const FoundInput& input : inputs_) {
      text += " " + input.text() + " " + to_hex(input.profile->hash) + "\n";
    }
    return text;
  }

 private:
  void fail(const std::string& why) {
    errors_.push_back({"computed point " + what_.name + ": " + why});
  }

  void find_inputs(const ProfileOf& profile_of) {
    if (!is_valid_point_name(what_.name)) {
      fail("a name is a lower-case letter and up to 30 of a-z, 0-9 and _");
    }
    const auto [least, most] = input_count(what_.kind);
    if (what_.of.size() < least || what_.of.size() > most) {
      fail(std::string(computed_kind_name(what_.kind)) + " is of " +
           std::to_string(least) +
           (least == most ? "" : " to " + std::to_string(most)) +
           " points, not of " + std::to_string(what_.of.size()));
    }
    std::set<std::string> seen;
    for (const PointRef& ref : what_.of) {
      FoundInput input{&ref, profile_of(ref.device), 0};
      if (input.profile == nullptr) {
        fail(input.text() + ": there is no device " + ref.device +
             " that is polled");
        continue;
      }
      const auto index = computed::index_of_point(*input.profile, ref.point);
      if (!index) {
        fail(input.text() + ": the profile " + input.profile->name +
             " has no point " + ref.point);
        continue;
      }
      if (!seen.insert(input.text()).second) {
        fail(input.text() + ": stands there twice");
      }
      input.index = *index;
      inputs_.push_back(input);
    }
  }

  void require_unit(const FoundInput& input, std::string_view unit) {
    if (input.point().unit != unit) {
      fail(input.text() + ": has " + unit_text(input.point().unit) +
           ", and must have " + unit_text(std::string(unit)));
    }
  }

  void check_units() {
    if (what_.kind == ComputedKind::kDewPoint) {
      require_unit(inputs_[0], kCelsius);
      require_unit(inputs_[1], kPercent);
      return;
    }
    for (const FoundInput& input : inputs_) {
      if (is_of_contacts(what_.kind)) {
        if (!is_contact(input.point())) {
          fail(input.text() + ": has other values than 0 and 1");
        }
        continue;
      }
      require_unit(input, inputs_[0].point().unit);
    }
  }

  void check_exponent() {
    const std::int32_t found = exponent();
    if (found < kMinExponent || found > kMaxExponent) {
      fail("exponent is -9 to 9");
    }
    if (is_of_contacts(what_.kind) && what_.exponent.value_or(0) != 0) {
      fail("exponent of a contact is 0");
    }
  }

  std::int32_t exponent() const {
    if (what_.exponent) {
      return *what_.exponent;
    }
    if (what_.kind == ComputedKind::kDewPoint) {
      return -1;
    }
    std::int32_t finest = kMaxExponent;
    for (const FoundInput& input : inputs_) {
      finest = std::min(finest, input.point().exponent);
    }
    return finest;
  }

  void set_limits(PointProfile& point) const {
    if (is_of_contacts(what_.kind)) {
      point.min = 0;
      point.max = 1;
      return;
    }
    std::vector<Term> low;
    std::vector<Term> high;
    for (const FoundInput& input : inputs_) {
      const PointProfile& of = input.point();
      low.push_back({of.min, of.exponent});
      high.push_back({of.max, of.exponent});
    }
    if (what_.kind == ComputedKind::kDifference) {
      std::swap(low[1], high[1]);
    }
    if (what_.kind == ComputedKind::kDewPoint) {
      point.min = dew_limit(low, point.exponent);
      point.max = dew_limit(high, point.exponent);
      return;
    }
    point.min =
        clamp_mantissa(computed::combine(what_.kind, low, point.exponent));
    point.max =
        clamp_mantissa(computed::combine(what_.kind, high, point.exponent));
  }

  // The dew point rises with both.
  static std::int64_t dew_limit(const std::vector<Term>& at,
                                std::int32_t exponent) {
    const auto value =
        dew_point_cel(std::clamp(to_double(at[0]), kColdest, kHottest),
                      std::clamp(to_double(at[1]), kDriest, kWettest));
    return value ? clamp_mantissa(computed::from_double(*value, exponent)) : 0;
  }

  const ComputedPoint& what_;
  std::vector<Error>& errors_;
  std::vector<FoundInput> inputs_;
  bool is_right_ = false;
};

}  // namespace

std::expected<DeviceProfile, std::vector<Error>> computed_profile(
    const ComputedDevice& device, const ProfileOf& profile_of) {
  std::vector<Error> errors;
  DeviceProfile profile;
  profile.name = "computed";
  profile.title = "Computed points";
  profile.source = "the agent's configuration";
  if (device.points.empty() || device.points.size() > kMaxPoints) {
    errors.push_back({"computed device " + device.name + ": has 1 to " +
                      std::to_string(kMaxPoints) + " points"});
  }
  std::string canonical = "strongroom/computed/v1\n";
  std::set<std::string_view> names;
  for (const ComputedPoint& point : device.points) {
    if (!names.insert(point.name).second) {
      errors.push_back(
          {"computed point " + point.name + ": stands there twice"});
    }
    const PointMaker maker(point, profile_of, errors);
    if (maker.is_right()) {
      profile.points.push_back(maker.profile());
      canonical += maker.canonical();
    }
  }
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  profile.hash = sha256(as_bytes(canonical));
  return profile;
}

}  // namespace strongroom
