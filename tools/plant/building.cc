// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/building.h"

#include <algorithm>
#include <cmath>

namespace strongroom::plant {
namespace {

constexpr double kLongestStepS = 1;
constexpr double kShortestStepS = 0.01;
// Beyond these no equation here means anything.
constexpr double kColdest = -100;
constexpr double kHottest = 1000;
constexpr double kSecondsPerHour = 3600;
constexpr double kLongestRuntimeS = 24 * kSecondsPerHour;

struct Feed {
  double voltage = 0;
  double frequency = 0;

  bool is_on() const { return voltage > 0; }
};

Feed feed_of(const Building& building, const Supply& supply) {
  switch (supply.kind) {
    case Supply::Kind::kAlways:
      return {230, 50};
    case Supply::Kind::kMains: {
      const Mains& mains = building.mains[supply.index];
      return {mains.voltage, mains.frequency};
    }
    case Supply::Kind::kUps: {
      const Ups& ups = building.upses[supply.index];
      return {ups.output_voltage, ups.output_frequency};
    }
  }
  return {};
}

bool is_fed_by(const Supply& supply, std::size_t ups) {
  return supply.kind == Supply::Kind::kUps && supply.index == ups;
}

void feed_mains(Building& building) {
  for (Mains& mains : building.mains) {
    mains.voltage = mains.present > 0 ? mains.nominal_voltage : 0;
    mains.frequency = mains.present > 0 ? mains.nominal_frequency : 0;
  }
}

/// Whether it gives anything, by its supply and what is left in its battery.
void feed_ups(const Building& building, Ups& ups) {
  const Feed input = feed_of(building, ups.supply);
  ups.input_voltage = input.voltage;
  ups.input_frequency = input.frequency;
  const bool is_on =
      ups.failed <= 0 && (input.is_on() || ups.charge_percent > 0);
  ups.output_on = is_on ? 1 : 0;
  ups.on_battery = is_on && !input.is_on() ? 1 : 0;
  ups.state = ups.output_on + ups.on_battery;
  ups.output_voltage = is_on ? 230 : 0;
  ups.output_frequency = is_on ? 50 : 0;
}

void run_cooling(const Building& building, Cooling& cooling) {
  const Room& room = building.rooms[cooling.room];
  const bool is_on =
      cooling.running > 0 && feed_of(building, cooling.supply).is_on();
  const double share =
      (room.temperature - cooling.setpoint) / cooling.band_k + 0.5;
  cooling.cooling_kw =
      is_on ? cooling.capacity_kw * std::clamp(share, 0.0, 1.0) : 0;
  cooling.power_kw = cooling.cooling_kw / cooling.cop;
}

void run_meter(const Building& building, Meter& meter, double seconds) {
  const Feed feed = feed_of(building, meter.supply);
  meter.power_kw = feed.is_on() ? meter.load_kw : 0;
  meter.voltage = feed.voltage;
  meter.frequency = feed.frequency;
  meter.current = feed.is_on() ? 1000 * meter.power_kw / feed.voltage : 0;
  meter.energy_kwh += meter.power_kw * seconds / kSecondsPerHour;
}

void load_ups(const Building& building, std::size_t index, Ups& ups) {
  ups.load_kw = 0;
  for (const Meter& meter : building.meters) {
    ups.load_kw += is_fed_by(meter.supply, index) ? meter.power_kw : 0;
  }
  for (const Cooling& cooling : building.coolings) {
    ups.load_kw += is_fed_by(cooling.supply, index) ? cooling.power_kw : 0;
  }
  ups.load_percent = 100 * ups.load_kw / ups.capacity_kw;
  ups.output_current =
      ups.output_on > 0 ? 1000 * ups.load_kw / ups.output_voltage : 0;
}

void drain_ups(Ups& ups, double seconds) {
  const double gain_kw = ups.on_battery > 0      ? -ups.load_kw
                         : ups.input_voltage > 0 ? ups.charge_kw
                                                 : 0;
  ups.charge_percent =
      std::clamp(ups.charge_percent + 100 * gain_kw * seconds /
                                          kSecondsPerHour / ups.battery_kwh,
                 0.0,
                 100.0);
  const double left_kws =
      ups.battery_kwh * kSecondsPerHour * ups.charge_percent / 100;
  ups.runtime_s = ups.load_kw > 0
                      ? std::min(left_kws / ups.load_kw, kLongestRuntimeS)
                      : kLongestRuntimeS;
  ups.battery_voltage =
      ups.battery_nominal_voltage * (0.9 + 0.15 * ups.charge_percent / 100);
}

void warm_room(const Building& building,
               std::size_t index,
               Room& room,
               double seconds) {
  room.heat_kw = room.load_kw;
  for (const Meter& meter : building.meters) {
    room.heat_kw +=
        meter.is_in_room && meter.room == index ? meter.power_kw : 0;
  }
  room.cooling_kw = 0;
  for (const Cooling& cooling : building.coolings) {
    room.cooling_kw += cooling.room == index ? cooling.cooling_kw : 0;
  }
  const double gain_kw =
      room.heat_kw - room.cooling_kw +
      room.leakage_kw_per_k * (room.outside - room.temperature);
  const double before = saturation_hpa(room.temperature);
  room.temperature =
      std::clamp(room.temperature + gain_kw * seconds / room.capacity_kj_per_k,
                 kColdest,
                 kHottest);
  // The water in the air stays, but for what does not fit in it any more.
  room.humidity = std::clamp(
      room.humidity * before / saturation_hpa(room.temperature), 0.0, 100.0);
  const double magnus = std::log(std::max(room.humidity, 0.1) / 100 *
                                 saturation_hpa(room.temperature) / 6.112);
  room.dew_point = 243.12 * magnus / (17.62 - magnus);
}

/// Cooling answers to the temperature, so a step must stay well below the time
/// in which it would turn it round.
double longest_step(const Building& building) {
  double longest = kLongestStepS;
  for (std::size_t i = 0; i < building.rooms.size(); ++i) {
    const Room& room = building.rooms[i];
    double per_k = room.leakage_kw_per_k;
    for (const Cooling& cooling : building.coolings) {
      per_k += cooling.room == i ? cooling.capacity_kw / cooling.band_k : 0;
    }
    if (per_k > 0) {
      longest = std::min(longest, 0.2 * room.capacity_kj_per_k / per_k);
    }
  }
  return std::max(longest, kShortestStepS);
}

void step_once(Building& building, double seconds) {
  feed_mains(building);
  for (Ups& ups : building.upses) {
    feed_ups(building, ups);
  }
  for (Cooling& cooling : building.coolings) {
    run_cooling(building, cooling);
  }
  for (Meter& meter : building.meters) {
    run_meter(building, meter, seconds);
  }
  for (std::size_t i = 0; i < building.upses.size(); ++i) {
    load_ups(building, i, building.upses[i]);
    drain_ups(building.upses[i], seconds);
  }
  for (std::size_t i = 0; i < building.rooms.size(); ++i) {
    warm_room(building, i, building.rooms[i], seconds);
  }
  for (Contact& contact : building.contacts) {
    contact.quiet = contact.active > 0 ? 0 : 1;
  }
}

}  // namespace

double saturation_hpa(double temperature) {
  return 6.112 * std::exp(17.62 * temperature / (243.12 + temperature));
}

void step(Building& building, double seconds) {
  const double longest = longest_step(building);
  const auto steps = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(seconds / longest)));
  for (std::int64_t i = 0; i < steps; ++i) {
    step_once(building, seconds / static_cast<double>(steps));
  }
}

}  // namespace strongroom::plant
