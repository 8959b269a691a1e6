// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/scene_building.h"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "tools/plant/device.h"
#include "tools/plant/scene_file.h"
#include "tools/plant/variable.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

constexpr double kMost = 1e6;
constexpr double kLeast = 1e-3;

std::string read_thing_name(ConfigTable& table) {
  std::string name = table.required_string("name");
  if (table.has("name") && !is_valid_scene_name(name)) {
    table.error("name", "is 1 to 32 characters of a-z, 0-9 and the hyphen");
  }
  return name;
}

template <typename Thing>
std::optional<std::size_t> index_of(const std::vector<Thing>& things,
                                    std::string_view name) {
  const auto found = std::ranges::find(things, name, &Thing::name);
  return found != things.end()
             ? std::optional(static_cast<std::size_t>(found - things.begin()))
             : std::nullopt;
}

double number(ConfigTable& table, std::string_view key, double fallback) {
  return read_number(table, key, fallback, 0, kMost);
}

double divisor(ConfigTable& table, std::string_view key, double fallback) {
  return read_number(table, key, fallback, kLeast, kMost);
}

double required(ConfigTable& table, std::string_view key) {
  if (!table.has(key)) {
    table.error(key, "is missing: a number above 0");
  }
  return divisor(table, key, 1);
}

double temperature(ConfigTable& table, std::string_view key, double fallback) {
  return read_number(table, key, fallback, -40, 80);
}

Supply read_supply(ConfigTable& table,
                   const Building& building,
                   bool may_be_ups) {
  const std::string word = table.optional_string("supply", "");
  if (!table.has("supply")) {
    return {};
  }
  const auto colon = std::min(word.find(':'), word.size());
  const std::string_view kind = std::string_view(word).substr(0, colon);
  const std::string_view name =
      std::string_view(word).substr(std::min(colon + 1, word.size()));
  if (const auto mains = index_of(building.mains, name);
      kind == "mains" && mains) {
    return {Supply::Kind::kMains, *mains};
  }
  if (const auto ups = index_of(building.upses, name);
      kind == "ups" && ups && may_be_ups) {
    return {Supply::Kind::kUps, *ups};
  }
  table.error("supply",
              "is \"mains:NAME\"" +
                  std::string(may_be_ups ? " or \"ups:NAME\"" : "") +
                  " of this scene");
  return {};
}

std::size_t read_room_name(ConfigTable& table, const Building& building) {
  const auto room = index_of(building.rooms, table.required_string("room"));
  if (table.has("room") && !room) {
    table.error("room", "is no [[room]] of this scene");
  }
  return room.value_or(0);
}

Room read_room(ConfigTable& table) {
  Room room{.name = read_thing_name(table)};
  room.temperature = temperature(table, "temperature", room.temperature);
  room.humidity = read_number(table, "humidity", room.humidity, 0, 100);
  room.capacity_kj_per_k =
      divisor(table, "capacity_kj_per_k", room.capacity_kj_per_k);
  room.load_kw = number(table, "load_kw", 0);
  room.leakage_kw_per_k = number(table, "leakage_kw_per_k", 0);
  room.outside = temperature(table, "outside", room.outside);
  return room;
}

Cooling read_cooling(ConfigTable& table, const Building& building) {
  Cooling cooling{.name = read_thing_name(table)};
  cooling.room = read_room_name(table, building);
  cooling.supply = read_supply(table, building, true);
  cooling.capacity_kw = required(table, "capacity_kw");
  cooling.setpoint = temperature(table, "setpoint", cooling.setpoint);
  cooling.band_k = read_number(table, "band_k", cooling.band_k, 0.1, 40);
  cooling.cop = read_number(table, "cop", cooling.cop, 0.1, 100);
  cooling.running = table.optional_bool("running", true) ? 1 : 0;
  return cooling;
}

Mains read_mains(ConfigTable& table) {
  Mains mains{.name = read_thing_name(table)};
  mains.present = table.optional_bool("present", true) ? 1 : 0;
  mains.nominal_voltage =
      read_number(table, "voltage", mains.nominal_voltage, 50, 1000);
  mains.nominal_frequency =
      read_number(table, "frequency", mains.nominal_frequency, 40, 70);
  return mains;
}

Ups read_ups(ConfigTable& table, const Building& building) {
  Ups ups{.name = read_thing_name(table)};
  ups.supply = read_supply(table, building, false);
  ups.capacity_kw = required(table, "capacity_kw");
  ups.battery_kwh = required(table, "battery_kwh");
  ups.charge_kw = number(table, "charge_kw", ups.battery_kwh / 5);
  ups.charge_percent =
      read_number(table, "charge_percent", ups.charge_percent, 0, 100);
  ups.battery_nominal_voltage = read_number(
      table, "battery_voltage", ups.battery_nominal_voltage, 12, 1000);
  return ups;
}

Meter read_meter(ConfigTable& table, const Building& building) {
  Meter meter{.name = read_thing_name(table)};
  meter.supply = read_supply(table, building, true);
  meter.is_in_room = table.has("room");
  meter.room = meter.is_in_room ? read_room_name(table, building) : 0;
  meter.load_kw = number(table, "load_kw", 0);
  meter.energy_kwh = number(table, "energy_kwh", 0);
  return meter;
}

/// Reads each, and finds names that stand twice.
template <typename Thing, typename Read>
void read_each(ConfigTable& root,
               std::string_view key,
               std::vector<Thing>& things,
               const Read& read) {
  std::vector<ConfigTable> tables = root.tables(key);
  for (ConfigTable& table : tables) {
    Thing thing = read(table);
    if (index_of(things, thing.name)) {
      table.error("name", "is the name of another one");
    }
    things.push_back(std::move(thing));
  }
}

/// "off" by the point's states, or a number.
std::optional<double> code_of(const PointProfile& point,
                              const std::string& word) {
  const auto state = std::ranges::find(point.states, word, &PointState::name);
  return state != point.states.end()
             ? std::optional(static_cast<double>(state->code))
             : plant::number(word);
}

/// False: the words after the variable are neither a factor nor codes.
bool read_transform(const std::vector<std::string>& words,
                    const PointProfile& point,
                    Binding& binding) {
  if (words.size() == 1) {
    return true;
  }
  if (words[1] == "*" && words.size() == 3) {
    const auto factor = plant::number(words[2]);
    binding.factor = factor.value_or(1);
    return factor.has_value();
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto code = code_of(point, words[i]);
    if (!code) {
      return false;
    }
    binding.codes.push_back(*code);
  }
  return words[1] == "->" && !binding.codes.empty();
}

}  // namespace

double read_number(ConfigTable& table,
                   std::string_view key,
                   double fallback,
                   double min,
                   double max) {
  const double value = table.optional_number(key).value_or(fallback);
  if (value < min || value > max) {
    std::ostringstream range;
    range << "must be a number from " << min << " to " << max;
    table.error(key, range.str());
    return fallback;
  }
  return value;
}

Building read_building(ConfigTable& root) {
  Building building;
  read_each(root, "room", building.rooms, read_room);
  read_each(root, "mains", building.mains, read_mains);
  read_each(root, "ups", building.upses, [&](ConfigTable& table) {
    return read_ups(table, building);
  });
  read_each(root, "cooling", building.coolings, [&](ConfigTable& table) {
    return read_cooling(table, building);
  });
  read_each(root, "meter", building.meters, [&](ConfigTable& table) {
    return read_meter(table, building);
  });
  read_each(root, "contact", building.contacts, [](ConfigTable& table) {
    return Contact{.name = read_thing_name(table),
                   .active = table.optional_bool("active", false) ? 1.0 : 0.0};
  });
  return building;
}

std::optional<Binding> read_binding(ConfigTable& table,
                                    const DeviceProfile& profile,
                                    std::size_t point,
                                    const Building& building) {
  const PointProfile& p = profile.points[point];
  const std::vector<std::string> words =
      words_of(table.required_string(p.name));
  if (words.empty()) {
    return std::nullopt;  // said already
  }
  Binding binding{.point = point, .variable = words[0]};
  if (!variable(building, binding.variable)) {
    table.error(p.name, "names no variable of this scene: " + words[0]);
    return std::nullopt;
  }
  if (!read_transform(words, p, binding)) {
    table.error(p.name,
                "is VARIABLE, VARIABLE * FACTOR, or VARIABLE -> CODES by "
                "number or name of a state");
    return std::nullopt;
  }
  return binding;
}

}  // namespace strongroom::plant
