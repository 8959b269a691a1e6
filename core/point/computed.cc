// SPDX-License-Identifier: Apache-2.0
#include "core/point/computed.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"
#include "core/point/computed_value.h"

namespace strongroom {
namespace {

using computed::kMaxInputs;
using computed::Term;
using computed::Wide;

struct KindName {
  ComputedKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 8> kKinds = {{
    {ComputedKind::kSum, "sum"},
    {ComputedKind::kDifference, "difference"},
    {ComputedKind::kMean, "mean"},
    {ComputedKind::kMin, "min"},
    {ComputedKind::kMax, "max"},
    {ComputedKind::kDewPoint, "dew_point"},
    {ComputedKind::kInverted, "inverted"},
    {ComputedKind::kAntivalent, "antivalent"},
}};

PointQuality worse_of(PointQuality a, PointQuality b) {
  return a == PointQuality::kBad || b == PointQuality::kGood ? a : b;
}

// Of inputs that are all good; nothing: the formula does not hold there.
std::optional<Wide> value_of(ComputedKind kind,
                             std::span<const Term> terms,
                             std::int32_t exponent) {
  switch (kind) {
    case ComputedKind::kSum:
    case ComputedKind::kDifference:
    case ComputedKind::kMean:
    case ComputedKind::kMin:
    case ComputedKind::kMax:
      return computed::combine(kind, terms, exponent);
    case ComputedKind::kDewPoint: {
      const auto dew = dew_point_cel(computed::to_double(terms[0]),
                                     computed::to_double(terms[1]));
      if (!dew) {
        return std::nullopt;
      }
      return computed::from_double(*dew, exponent);
    }
    case ComputedKind::kInverted:
      return 1 - terms[0].mantissa;
    case ComputedKind::kAntivalent:
      return terms[0].mantissa;
  }
  check(false, "a kind outside its enumeration");
  return std::nullopt;
}

}  // namespace

std::string_view computed_kind_name(ComputedKind kind) {
  const auto found = std::ranges::find(kKinds, kind, &KindName::kind);
  check(found != kKinds.end(), "a kind outside its enumeration");
  return found->name;
}

std::optional<ComputedKind> parse_computed_kind(std::string_view word) {
  const auto found = std::ranges::find(kKinds, word, &KindName::name);
  if (found == kKinds.end()) {
    return std::nullopt;
  }
  return found->kind;
}

ComputedPoints::ComputedPoints(const ComputedDevice& device,
                               const DeviceProfile& profile,
                               const ProfileOf& profile_of,
                               std::chrono::microseconds fresh)
    : profile_(&profile), fresh_(fresh), samples_(device.points.size()) {
  for (std::size_t i = 0; i < device.points.size(); ++i) {
    const ComputedPoint& point = device.points[i];
    Rule& rule = rules_.emplace_back();
    rule.kind = point.kind;
    rule.exponent = profile.points[i].exponent;
    for (const PointRef& ref : point.of) {
      const DeviceProfile* of = profile_of(ref.device);
      const auto index = of == nullptr
                             ? std::nullopt
                             : computed::index_of_point(*of, ref.point);
      check(index.has_value(), "a computed point of inputs that are there");
      Input& input = rule.inputs.emplace_back();
      input.device = ref.device;
      input.index = index.value_or(0);
      input.exponent = of->points[input.index].exponent;
    }
  }
}

bool ComputedPoints::take(std::string_view device,
                          MonoTime at,
                          std::span<const PointSample> samples) {
  bool is_any = false;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    bool is_due = false;
    for (Input& input : rules_[i].inputs) {
      if (input.device != device ||
          samples[input.index].quality == PointQuality::kNotAsked) {
        continue;
      }
      input.newest = samples[input.index];
      input.at = at;
      is_due |= &input == &rules_[i].inputs.front();
    }
    samples_[i] =
        is_due ? compute(i, at) : PointSample{PointQuality::kNotAsked, 0};
    is_any |= is_due;
  }
  return is_any;
}

PointSample ComputedPoints::compute(std::size_t index, MonoTime now) const {
  const Rule& rule = rules_[index];
  PointQuality quality = PointQuality::kGood;
  std::array<Term, kMaxInputs> terms{};
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    const Input& input = rule.inputs[i];
    const bool is_known = input.newest.quality == PointQuality::kGood ||
                          input.newest.quality == PointQuality::kOutOfRange;
    quality =
        worse_of(quality,
                 is_known && now - input.at <= fresh_ ? input.newest.quality
                                                      : PointQuality::kBad);
    terms[i] = {input.newest.mantissa, input.exponent};
  }
  if (quality != PointQuality::kGood) {
    return {quality, 0};
  }
  const std::span used(terms.data(), rule.inputs.size());
  if (rule.kind == ComputedKind::kAntivalent &&
      used[0].mantissa == used[1].mantissa) {
    return {PointQuality::kBad, 0};  // a wire is cut, or shorted
  }
  const auto value = value_of(rule.kind, used, rule.exponent);
  const PointProfile& point = profile_->points[index];
  if (!value || *value < point.min || *value > point.max ||
      *value <= -kMantissaLimit || *value >= kMantissaLimit) {
    return {PointQuality::kOutOfRange, 0};
  }
  return {PointQuality::kGood, static_cast<std::int64_t>(*value)};
}

}  // namespace strongroom
