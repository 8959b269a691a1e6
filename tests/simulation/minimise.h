// SPDX-License-Identifier: Apache-2.0
// The fewest faults with which a run still fails.
#pragma once

#include "tests/simulation/world.h"

namespace strongroom::simulation {

/// A run in a process of its own: a check() of the product that stops it is a
/// failure like any other.
Outcome run_apart(const Plan& plan);

/// Drops faults, many at a time and then one by one, as long as the run fails
/// in the same way. `tries`: how many runs it may take.
Plan minimised(Plan plan, int tries = 200);

/// Schedule, failures and the trace's tail, for a person.
std::string report_of(const Plan& plan, const Outcome& outcome);

}  // namespace strongroom::simulation
