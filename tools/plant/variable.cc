// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/variable.h"

#include <array>
#include <charconv>
#include <cmath>
#include <functional>

namespace strongroom::plant {
namespace {

enum class Access : std::uint8_t {
  kGiven,     // may be set
  kPositive,  // may be set above 0: others are divided by it
  kDerived,
};

template <typename Thing>
struct Field {
  std::string_view name;
  double Thing::* member;
  Access access = Access::kGiven;
};

constexpr Field<Room> kRoomFields[] = {
    {"temperature", &Room::temperature},
    {"humidity", &Room::humidity},
    {"capacity_kj_per_k", &Room::capacity_kj_per_k, Access::kPositive},
    {"load_kw", &Room::load_kw},
    {"leakage_kw_per_k", &Room::leakage_kw_per_k},
    {"outside", &Room::outside},
    {"heat_kw", &Room::heat_kw, Access::kDerived},
    {"cooling_kw", &Room::cooling_kw, Access::kDerived},
    {"dew_point", &Room::dew_point, Access::kDerived},
};
constexpr Field<Cooling> kCoolingFields[] = {
    {"running", &Cooling::running},
    {"capacity_kw", &Cooling::capacity_kw},
    {"setpoint", &Cooling::setpoint},
    {"band_k", &Cooling::band_k, Access::kPositive},
    {"cop", &Cooling::cop, Access::kPositive},
    {"cooling_kw", &Cooling::cooling_kw, Access::kDerived},
    {"power_kw", &Cooling::power_kw, Access::kDerived},
};
constexpr Field<Mains> kMainsFields[] = {
    {"present", &Mains::present},
    {"nominal_voltage", &Mains::nominal_voltage, Access::kPositive},
    {"nominal_frequency", &Mains::nominal_frequency, Access::kPositive},
    {"voltage", &Mains::voltage, Access::kDerived},
    {"frequency", &Mains::frequency, Access::kDerived},
};
constexpr Field<Ups> kUpsFields[] = {
    {"failed", &Ups::failed},
    {"capacity_kw", &Ups::capacity_kw, Access::kPositive},
    {"battery_kwh", &Ups::battery_kwh, Access::kPositive},
    {"charge_kw", &Ups::charge_kw},
    {"charge_percent", &Ups::charge_percent},
    {"battery_nominal_voltage", &Ups::battery_nominal_voltage},
    {"state", &Ups::state, Access::kDerived},
    {"on_battery", &Ups::on_battery, Access::kDerived},
    {"output_on", &Ups::output_on, Access::kDerived},
    {"load_kw", &Ups::load_kw, Access::kDerived},
    {"load_percent", &Ups::load_percent, Access::kDerived},
    {"runtime_s", &Ups::runtime_s, Access::kDerived},
    {"input_voltage", &Ups::input_voltage, Access::kDerived},
    {"input_frequency", &Ups::input_frequency, Access::kDerived},
    {"output_voltage", &Ups::output_voltage, Access::kDerived},
    {"output_frequency", &Ups::output_frequency, Access::kDerived},
    {"output_current", &Ups::output_current, Access::kDerived},
    {"battery_voltage", &Ups::battery_voltage, Access::kDerived},
};
constexpr Field<Meter> kMeterFields[] = {
    {"load_kw", &Meter::load_kw},
    {"energy_kwh", &Meter::energy_kwh},
    {"power_kw", &Meter::power_kw, Access::kDerived},
    {"voltage", &Meter::voltage, Access::kDerived},
    {"current", &Meter::current, Access::kDerived},
    {"frequency", &Meter::frequency, Access::kDerived},
};
constexpr Field<Contact> kContactFields[] = {
    {"active", &Contact::active},
    {"quiet", &Contact::quiet, Access::kDerived},
};

/// Calls visit(kind, thing, field) for every variable until it says true.
template <typename AnyBuilding, typename Visit>
bool visit_all(AnyBuilding& building, const Visit& visit) {
  const auto each = [&](std::string_view kind, auto& things, auto& fields) {
    for (auto& thing : things) {
      for (const auto& field : fields) {
        if (visit(kind, thing, field)) {
          return true;
        }
      }
    }
    return false;
  };
  return each("room", building.rooms, kRoomFields) ||
         each("cooling", building.coolings, kCoolingFields) ||
         each("mains", building.mains, kMainsFields) ||
         each("ups", building.upses, kUpsFields) ||
         each("meter", building.meters, kMeterFields) ||
         each("contact", building.contacts, kContactFields);
}

/// Whether `full` is kind:thing.field.
bool is_named(std::string_view full,
              std::string_view kind,
              std::string_view thing,
              std::string_view field) {
  return full.size() == kind.size() + thing.size() + field.size() + 2 &&
         full.starts_with(kind) && full.ends_with(field) &&
         full[kind.size()] == ':' &&
         full.substr(kind.size() + 1, thing.size()) == thing &&
         full[kind.size() + 1 + thing.size()] == '.';
}

std::string short_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(),
                                 text.data() + text.size(),
                                 value,
                                 std::chars_format::fixed,
                                 std::fabs(value) < 1000 ? 3 : 0)
                       .ptr;
  return {text.data(), end};
}

}  // namespace

std::optional<double> variable(const Building& building,
                               std::string_view name) {
  std::optional<double> found;
  visit_all(building,
            [&](std::string_view kind, const auto& thing, const auto& field) {
              if (!is_named(name, kind, thing.name, field.name)) {
                return false;
              }
              found = thing.*(field.member);
              return true;
            });
  return found;
}

Result<void> set_variable(Building& building,
                          std::string_view name,
                          double value) {
  Result<void> result = fault("no variable \"" + std::string(name) + "\"");
  visit_all(building,
            [&](std::string_view kind, auto& thing, const auto& field) {
              if (!is_named(name, kind, thing.name, field.name)) {
                return false;
              }
              if (field.access == Access::kDerived) {
                result = fault(std::string(name) +
                               " follows from others and cannot be set");
              } else if (field.access == Access::kPositive && value <= 0) {
                result = fault(std::string(name) + " must be above 0");
              } else {
                thing.*(field.member) = value;
                result = Result<void>();
              }
              return true;
            });
  if (result) {
    step(building, 0);
  }
  return result;
}

std::string variables_text(const Building& building) {
  std::string text;
  visit_all(building,
            [&](std::string_view kind, const auto& thing, const auto& field) {
              text += std::string(kind) + ":" + thing.name + "." +
                      std::string(field.name) + "=" +
                      short_text(thing.*(field.member)) + "\n";
              return false;
            });
  return text;
}

}  // namespace strongroom::plant
