// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/world.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Most runs have most faults, each of them in some measure.
double some(simulation::Random& random, double most) {
  return random.chance(0.3) ? 0 : most * random.unit();
}

seconds sometimes(simulation::Random& random, seconds least) {
  return random.chance(0.5) ? seconds(0) : least + seconds(random.below(30));
}

}  // namespace

Plan plan_of(std::uint64_t seed) {
  simulation::Random random(seed, "plan");
  Plan plan;
  plan.length = seconds(random.between(10, 40));
  plan.is_real_line = random.chance(0.5);
  plan.channel = {.lost = some(random, 0.5),
                  .late = some(random, 0.3),
                  .doubled = some(random, 0.3),
                  .bent = some(random, 0.3),
                  .replayed = some(random, 0.5)};
  plan.agent = {.commit_takes = milliseconds(random.between(0, 40)),
                .inbox = random.chance(0.3) ? 2U : 64U,
                .commit_fails = random.chance(0.7) ? 0 : 0.1};
  plan.events = milliseconds(random.between(100, 3000));
  plan.badges = milliseconds(random.between(300, 4000));
  plan.resets = sometimes(random, seconds(3));
  plan.power_cuts = sometimes(random, seconds(10));
  plan.restarts = sometimes(random, seconds(3));
  plan.lost_journals = random.chance(0.2) ? seconds(20) : seconds(0);
  plan.stalls = sometimes(random, seconds(5));
  plan.silences = sometimes(random, seconds(5));
  plan.replays = sometimes(random, seconds(1));
  plan.lockdowns = sometimes(random, seconds(5));
  plan.lists = sometimes(random, seconds(5));
  plan.outages = sometimes(random, seconds(5));
  plan.outage_length = seconds(random.between(1, 8));
  return plan;
}

}  // namespace strongroom::panel_sim
