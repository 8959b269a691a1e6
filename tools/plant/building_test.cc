// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/building.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

constexpr Supply kFromMains{Supply::Kind::kMains, 0};
constexpr Supply kFromUps{Supply::Kind::kUps, 0};

/// A room of 50 kJ/K at 20 degrees.
Building one_room(double load_kw) {
  Building building;
  building.rooms = {{.name = "vault",
                     .temperature = 20,
                     .humidity = 50,
                     .capacity_kj_per_k = 50,
                     .load_kw = load_kw}};
  return building;
}

/// A UPS of 10 kW and 1 kWh that feeds a rack of 4 kW.
Building with_ups() {
  Building building;
  building.mains = {{.name = "main"}};
  building.upses = {{.name = "ups-1",
                     .supply = kFromMains,
                     .capacity_kw = 10,
                     .battery_kwh = 1,
                     .charge_kw = 0.5}};
  building.meters = {{.name = "rack-1", .supply = kFromUps, .load_kw = 4},
                     {.name = "lights", .supply = kFromMains, .load_kw = 1}};
  step(building, 0);
  return building;
}

TEST(Building, LoadWithoutCooling_WarmsByItsHeatCapacity) {
  // 100 kW into 50 kJ/K: 2 K a second.
  Building building = one_room(100);
  step(building, 1);
  EXPECT_NEAR(building.rooms[0].temperature, 22, 1e-9);
  step(building, 10);
  EXPECT_NEAR(building.rooms[0].temperature, 42, 1e-9);
  // 0.5 kW into 50 kJ/K: 0.6 K a minute.
  Building small = one_room(0.5);
  step(small, 60);
  EXPECT_NEAR(small.rooms[0].temperature, 20.6, 1e-9);
}

TEST(Building, Leakage_ComesToRestWhereItCarriesTheLoad) {
  Building building = one_room(1);
  building.rooms[0].leakage_kw_per_k = 0.2;
  building.rooms[0].outside = 10;
  // 1 kW / 0.2 kW/K = 5 K above outside; the time constant is 250 s, after
  // which 1/e of the way is left.
  step(building, 250);
  EXPECT_NEAR(building.rooms[0].temperature, 15 + 5 / 2.71828, 0.01);
  step(building, 5000);
  EXPECT_NEAR(building.rooms[0].temperature, 15, 0.001);
}

TEST(Building, Cooling_HoldsTheRoomAndFails) {
  Building building = one_room(5);
  building.rooms[0].capacity_kj_per_k = 600;
  building.coolings = {
      {.name = "crac-1", .capacity_kw = 10, .setpoint = 22, .band_k = 2}};
  step(building, 3600);
  // Half of its capacity carries the load: exactly the setpoint.
  EXPECT_NEAR(building.rooms[0].temperature, 22, 0.001);
  EXPECT_NEAR(building.rooms[0].cooling_kw, 5, 0.005);
  EXPECT_NEAR(building.coolings[0].power_kw, 5.0 / 3, 0.005);
  // 5 kW into 600 kJ/K: 0.5 K a minute.
  building.coolings[0].running = 0;
  step(building, 600);
  EXPECT_NEAR(building.rooms[0].temperature, 27, 0.001);
  building.coolings[0].running = 1;
  step(building, 3600);
  EXPECT_NEAR(building.rooms[0].temperature, 22, 0.001);
}

TEST(Building, TooLittleCooling_CarriesOnlyItsCapacity) {
  Building building = one_room(15);
  building.rooms[0].temperature = 30;
  building.rooms[0].capacity_kj_per_k = 500;
  building.coolings = {
      {.name = "crac-1", .capacity_kw = 10, .setpoint = 22, .band_k = 2}};
  step(building, 100);  // 5 kW too much into 500 kJ/K: 1 K in 100 s
  EXPECT_NEAR(building.rooms[0].temperature, 31, 1e-9);
}

TEST(Building, StrongCoolingOfASmallRoom_DoesNotSwing) {
  Building building = one_room(10);
  building.coolings = {
      {.name = "crac-1", .capacity_kw = 100, .setpoint = 22, .band_k = 2}};
  for (int i = 0; i < 100; ++i) {
    step(building, 10);
    EXPECT_LT(building.rooms[0].temperature, 22);
  }
  // A tenth of its capacity: 0.4 of the band below the setpoint.
  EXPECT_NEAR(building.rooms[0].temperature, 21.2, 0.001);
}

TEST(Building, MainsFail_UpsDrainsAndEnds) {
  Building building = with_ups();
  Ups& ups = building.upses[0];
  EXPECT_EQ(ups.state, 1);
  EXPECT_EQ(ups.load_kw, 4);
  EXPECT_EQ(ups.load_percent, 40);
  EXPECT_NEAR(ups.runtime_s, 900, 1e-9);  // 1 kWh at 4 kW
  EXPECT_NEAR(ups.output_current, 4000.0 / 230, 1e-9);
  building.mains[0].present = 0;
  step(building, 450);
  EXPECT_EQ(ups.state, 2);
  EXPECT_EQ(ups.on_battery, 1);
  EXPECT_EQ(ups.input_voltage, 0);
  EXPECT_NEAR(ups.charge_percent, 50, 1e-6);
  EXPECT_NEAR(ups.runtime_s, 450, 1e-6);
  EXPECT_EQ(building.meters[0].power_kw, 4);
  EXPECT_EQ(building.meters[1].power_kw, 0) << "not on the UPS";
  EXPECT_EQ(building.meters[1].voltage, 0);
  step(building, 452);
  EXPECT_EQ(ups.state, 0);
  EXPECT_EQ(ups.charge_percent, 0);
  EXPECT_EQ(building.meters[0].power_kw, 0);
  building.mains[0].present = 1;
  step(building, 3600);  // 0.5 kW for an hour into 1 kWh
  EXPECT_EQ(ups.state, 1);
  EXPECT_NEAR(ups.charge_percent, 50, 0.1);
  EXPECT_EQ(building.meters[0].power_kw, 4);
}

TEST(Building, FailedUps_GivesNothingThoughThereAreMains) {
  Building building = with_ups();
  building.upses[0].failed = 1;
  step(building, 1);
  EXPECT_EQ(building.upses[0].state, 0);
  EXPECT_EQ(building.meters[0].power_kw, 0);
}

TEST(Building, CoolingWithoutMains_StopsUnlessOnTheUps) {
  for (const bool is_on_ups : {false, true}) {
    Building building = with_ups();
    building.rooms = {{.name = "vault",
                       .temperature = 24,
                       .capacity_kj_per_k = 1000,
                       .load_kw = 3}};
    building.coolings = {{.name = "crac-1",
                          .supply = is_on_ups ? kFromUps : kFromMains,
                          .capacity_kw = 6}};
    building.mains[0].present = 0;
    step(building, 1);
    EXPECT_EQ(building.rooms[0].cooling_kw, is_on_ups ? 6 : 0);
    EXPECT_EQ(building.upses[0].load_kw, is_on_ups ? 6 : 4);
    EXPECT_NEAR(building.rooms[0].temperature,
                24 + (is_on_ups ? -3 : 3) / 1000.0,
                1e-9);
  }
}

TEST(Building, Meters_HeatTheirRoomAndCount) {
  Building building = one_room(1);
  building.mains = {{.name = "main"}};
  building.meters = {{.name = "rack-1",
                      .supply = kFromMains,
                      .is_in_room = true,
                      .room = 0,
                      .load_kw = 4}};
  step(building, 10);  // 5 kW into 50 kJ/K
  EXPECT_NEAR(building.rooms[0].temperature, 21, 1e-9);
  EXPECT_NEAR(building.meters[0].energy_kwh, 4 * 10 / 3600.0, 1e-9);
  building.mains[0].present = 0;
  step(building, 10);  // 1 kW
  EXPECT_NEAR(building.rooms[0].temperature, 21.2, 1e-9);
  EXPECT_NEAR(building.meters[0].energy_kwh, 4 * 10 / 3600.0, 1e-9);
}

TEST(Building, Humidity_FollowsTheTemperature) {
  // Saturated air, by the tables: 23.37 hPa at 20 degrees, 42.43 hPa at 30.
  // Magnus' formula is right to 0.3 %.
  EXPECT_NEAR(saturation_hpa(20), 23.37, 0.07);
  EXPECT_NEAR(saturation_hpa(30), 42.43, 0.13);
  Building building = one_room(0.5);  // 0.01 K a second
  step(building, 0);
  // 50 % at 20 degrees: 9.3 degrees, by any table.
  EXPECT_NEAR(building.rooms[0].dew_point, 9.3, 0.05);
  step(building, 1000);
  EXPECT_NEAR(building.rooms[0].temperature, 30, 1e-9);
  EXPECT_NEAR(building.rooms[0].humidity, 50 * 23.37 / 42.43, 0.1);
  EXPECT_NEAR(building.rooms[0].dew_point, 9.3, 0.05) << "no water went";
}

TEST(Building, Contacts_HaveTwoHalves) {
  Building building;
  building.contacts = {{.name = "leak-1"}};
  step(building, 0);
  EXPECT_EQ(building.contacts[0].quiet, 1);
  building.contacts[0].active = 1;
  step(building, 0);
  EXPECT_EQ(building.contacts[0].quiet, 0);
}

}  // namespace
}  // namespace strongroom::plant
