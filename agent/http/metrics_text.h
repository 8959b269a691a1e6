// SPDX-License-Identifier: Apache-2.0
// Prometheus' text form.
#pragma once

#include <chrono>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http/pages.h"

namespace strongroom {

// Names of sources, lines and devices are of a-z, 0-9, hyphen and @: nothing in
// a label needs escaping.
class MetricsText {
 public:
  void family(std::string_view name,
              std::string_view type,
              std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_),
                   "# HELP strongroom_agent_{} {}\n"
                   "# TYPE strongroom_agent_{} {}\n",
                   name,
                   help,
                   name,
                   type);
  }
  template <typename Number>
  void sample(std::string_view labels, Number value) {
    part("", labels, value);
  }
  /// Of a histogram: "_bucket", "_sum", "_count".
  template <typename Number>
  void part(std::string_view suffix, std::string_view labels, Number value) {
    fmt::format_to(std::back_inserter(text_),
                   "strongroom_agent_{}{}{}{}{} {}\n",
                   name_,
                   suffix,
                   labels.empty() ? "" : "{",
                   labels,
                   labels.empty() ? "" : "}",
                   value);
  }
  template <typename Number>
  void single(std::string_view name,
              std::string_view type,
              std::string_view help,
              Number value) {
    family(name, type, help);
    sample("", value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

inline double seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Metrics of lines and devices.
void add_bus_metrics(MetricsText& out,
                     const AgentSnapshot& snapshot,
                     const std::vector<LineSnapshot>& lines);
/// Metrics of panels and decisions.
void add_door_metrics(MetricsText& out,
                      const AgentSnapshot& snapshot,
                      const std::vector<LineSnapshot>& lines);

}  // namespace strongroom
