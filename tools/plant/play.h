// SPDX-License-Identifier: Apache-2.0
// A plant in its surroundings: lines, control, signals.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/plant/plant.h"

namespace strongroom::plant {

inline constexpr int kExitFault = 1;
inline constexpr int kExitUsage = 2;

/// "plant: ..." to standard error; returns `code`.
int complain(const std::string& what, int code);

struct Play {
  Scene scene;
  std::vector<std::string> set;  // assignments, before anybody asks
  std::string script;   // path of a file of control lines; may be empty
  std::string control;  // path of a Unix socket; empty: none
  /// What to print once everything answers.
  std::function<std::string(const Plant& plant)> announcement;
};

/// Until SIGTERM or SIGINT. Returns the exit code.
int play(Play what);

}  // namespace strongroom::plant
