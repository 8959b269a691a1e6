// SPDX-License-Identifier: Apache-2.0
// What the devices measure: rooms that warm, cooling, mains, UPSes, loads,
// contacts, and how they depend on each other. Pure; docs/plant.md has the
// equations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strongroom::plant {

/// What feeds a consumer.
struct Supply {
  enum class Kind : std::uint8_t { kAlways, kMains, kUps };
  Kind kind = Kind::kAlways;
  std::size_t index = 0;  // into Building::mains or ::upses
};

// Of each: first what is given and may be changed, then what follows from it in
// step(). Truth is 1 or 0, so that every variable is a number.

struct Room {
  std::string name;
  double temperature = 22;  // degrees Celsius
  double humidity = 45;     // % relative
  double capacity_kj_per_k = 2000;
  double load_kw = 0;  // heat besides that of the meters in it
  double leakage_kw_per_k = 0;
  double outside = 25;  // behind its walls, degrees Celsius

  double heat_kw = 0;     // of load and meters
  double cooling_kw = 0;  // of its cooling units
  double dew_point = 0;   // degrees Celsius
};

struct Cooling {
  std::string name;
  std::size_t room = 0;
  Supply supply;
  double capacity_kw = 0;
  double setpoint = 22;
  /// From no cooling to all of it, with half of it at the setpoint.
  double band_k = 2;
  double cop = 3;      // kW of cooling per kW of electricity
  double running = 1;  // as it is meant to; 0: off or broken

  double cooling_kw = 0;
  double power_kw = 0;
};

struct Mains {
  std::string name;
  double present = 1;
  double nominal_voltage = 230;
  double nominal_frequency = 50;

  double voltage = 0;
  double frequency = 0;
};

struct Ups {
  std::string name;
  Supply supply;  // mains
  double capacity_kw = 0;
  double battery_kwh = 0;
  double charge_kw = 0;  // with which the battery is charged
  double charge_percent = 100;
  double battery_nominal_voltage = 48;
  double failed = 0;

  double state = 1;  // 0 off, 1 on mains, 2 on battery
  double on_battery = 0;
  double output_on = 1;
  double load_kw = 0;
  double load_percent = 0;
  double runtime_s = 0;  // at this load; at most a day
  double input_voltage = 0;
  double input_frequency = 0;
  double output_voltage = 0;
  double output_frequency = 0;
  double output_current = 0;  // of one phase, power factor 1
  double battery_voltage = 0;
};

/// A consumer that is measured: a rack, a PDU.
struct Meter {
  std::string name;
  Supply supply;
  bool is_in_room = false;
  std::size_t room = 0;
  double load_kw = 0;  // as long as it is fed

  double power_kw = 0;
  double voltage = 0;
  double current = 0;
  double frequency = 0;
  double energy_kwh = 0;
};

/// Leak, smoke, door: what somebody sets.
struct Contact {
  std::string name;
  double active = 0;

  double quiet = 1;  // the other half of an antivalent pair
};

struct Building {
  std::vector<Room> rooms;
  std::vector<Cooling> coolings;
  std::vector<Mains> mains;
  std::vector<Ups> upses;
  std::vector<Meter> meters;
  std::vector<Contact> contacts;
};

/// So much later; 0: only what follows from what was changed.
void step(Building& building, double seconds);

/// Of saturated air (Magnus, WMO 2008), hPa at degrees Celsius.
double saturation_hpa(double temperature);

}  // namespace strongroom::plant
