// SPDX-License-Identifier: Apache-2.0
// Panels, who was let in, and how long that took.
#include <array>
#include <bit>

#include "agent/http/metrics_text.h"
#include "core/access/decide.h"

namespace strongroom {
namespace {

constexpr std::array<std::string_view, 4> kOutcomes = {
    "done", "expired", "refused", "unknown"};

// Of the record: what the loop knows.
void add_panels(MetricsText& out, const DoorsSnapshot& doors) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const PanelSnapshot& panel : doors.panels) {
      out.sample(
          fmt::format("line=\"{}\",panel=\"{}\"", panel.line, panel.name),
          field(panel));
    }
  };
  each("panel_up",
       "gauge",
       "1 while it answers valid exchanges",
       [](const auto& x) { return x.is_up.value_or(false) ? 1 : 0; });
  each("panel_alone",
       "gauge",
       "1 between its master lost and returned, as its newest event says",
       [](const auto& x) { return x.is_alone ? 1 : 0; });
  each("panel_under_fire",
       "gauge",
       "1 while its fire input is active, or nobody ended what fire released",
       [](const auto& x) { return x.is_under_fire ? 1 : 0; });
  each("panel_fire_released",
       "gauge",
       "1 while locks are released by fire, until a person ends it",
       [](const auto& x) { return x.is_fire_released ? 1 : 0; });
  each("panel_lockdown_leaves",
       "gauge",
       "leaves that are locked down",
       [](const auto& x) { return std::popcount(x.lockdown); });
  each("panel_events_total", "counter", "events recorded", [](const auto& x) {
    return x.events;
  });
  each("panel_doubled_events_total",
       "counter",
       "events told again, and dropped",
       [](const auto& x) { return x.doubled; });
  each("panel_lost_events_total",
       "counter",
       "events that are gone, exactly counted",
       [](const auto& x) { return x.lost; });
  each("panel_lost_rings_total",
       "counter",
       "times that events are gone and nobody knows how many",
       [](const auto& x) { return x.lost_unknown; });
  each("panel_list_entries",
       "gauge",
       "credentials that its offline list should hold",
       [](const auto& x) { return x.list_entries; });
  each("panel_list_capacity",
       "gauge",
       "credentials that it has room for; 0 before it was heard",
       [](const auto& x) { return x.list_capacity; });
}

// Of the link: what its driver knows.
void add_links(MetricsText& out, const std::vector<LineSnapshot>& lines) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const LineSnapshot& line : lines) {
      for (const PanelLinkSnapshot& panel : line.panels) {
        out.sample(
            fmt::format("line=\"{}\",panel=\"{}\"", line.name, panel.name),
            field(panel));
      }
    }
  };
  each("panel_silenced",
       "gauge",
       "1 while nothing is exchanged with it, because the journal is dead",
       [](const auto& x) { return x.is_silenced ? 1 : 0; });
  each("panel_waiting_events",
       "gauge",
       "events that it has and the journal does not",
       [](const auto& x) {
         return x.newest_seq > x.held_seq ? x.newest_seq - x.held_seq : 0;
       });
  each("panel_polls_total", "counter", "polls answered", [](const auto& x) {
    return x.polls;
  });
  each(
      "panel_exchanges_total", "counter", "valid exchanges", [](const auto& x) {
        return x.exchanges;
      });
  each("panel_repeats_total",
       "counter",
       "frames sent again, byte for byte",
       [](const auto& x) { return x.repeats; });
  each("panel_invalid_answers_total",
       "counter",
       "answers that were not of their request",
       [](const auto& x) { return x.invalid_answers; });
  each("panel_sessions_total",
       "counter",
       "sessions that it began",
       [](const auto& x) { return x.sessions; });
  each("panel_refused_frames",
       "gauge",
       "frames that it refused since its session began",
       [](const auto& x) { return x.state.frames_refused; });
  each("panel_supply_volts",
       "gauge",
       "its supply, as it last said; 0: not told",
       [](const auto& x) { return x.state.supply_mv / 1000.0; });
  each("panel_clock_drift_ppm",
       "gauge",
       "its clock against the agent's",
       [](const auto& x) { return x.state.drift_ppm; });
}

// Of the line: what the wire costs.
void add_round_trips(MetricsText& out, const std::vector<LineSnapshot>& lines) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const LineSnapshot& line : lines) {
      for (const LinePanelStatus& panel : line.status.panels) {
        out.sample(
            fmt::format("line=\"{}\",panel=\"{}\"", line.name, panel.name),
            field(panel));
      }
    }
  };
  each("panel_silent",
       "gauge",
       "1 while it answers nothing and is only probed",
       [](const auto& x) { return x.state == DeviceState::kSilent ? 1 : 0; });
  each("panel_requests_total", "counter", "Modbus requests", [](const auto& x) {
    return x.counters.requests;
  });
  each("panel_timeouts_total",
       "counter",
       "requests without an answer",
       [](const auto& x) { return x.counters.timeouts; });
  each("panel_exceptions_total",
       "counter",
       "Modbus exceptions: frames that it refused",
       [](const auto& x) { return x.counters.exceptions; });
  each("panel_garbled_total",
       "counter",
       "answers that were none",
       [](const auto& x) { return x.counters.garbled; });
  each("panel_round_trip_p50_seconds",
       "gauge",
       "half of its recent answers came sooner",
       [](const auto& x) { return seconds(x.round_trip_p50); });
  each("panel_round_trip_p99_seconds",
       "gauge",
       "99 of 100 of its recent answers came sooner",
       [](const auto& x) { return seconds(x.round_trip_p99); });
  each("panel_wait_p99_seconds",
       "gauge",
       "99 of 100 exchanges waited less for the line",
       [](const auto& x) { return seconds(x.wait_p99); });
}

void add_decisions(MetricsText& out, const DoorsSnapshot& doors) {
  out.family("access_decisions_total",
             "counter",
             "readings decided, by the agent or by a panel alone");
  for (const auto& [reason, count] : doors.decisions) {
    out.sample(fmt::format("reason=\"{}\"", access_reason_name(reason)), count);
  }
  out.family("orders_total", "counter", "orders to panels, by their end");
  for (std::size_t at = 0; at < kOutcomes.size(); ++at) {
    out.sample(fmt::format("outcome=\"{}\"", kOutcomes[at]), doors.orders[at]);
  }
  out.single("open_orders",
             "gauge",
             "orders whose end is not told yet",
             doors.open_orders);
  out.single("stray_panel_reports_total",
             "counter",
             "of panels that were just taken away",
             doors.stray_reports);
  out.single("policy_loaded",
             "gauge",
             "1 with a policy; without one nobody is let in",
             doors.has_policy ? 1 : 0);
  out.single("policy_version",
             "gauge",
             "of the policy in force; 0: there is none",
             doors.policy_version);
}

void add_latency(MetricsText& out, const LatencyHistogram& latency) {
  out.family("unlock_seconds",
             "histogram",
             "from the reading to the panel's word that it unlocked");
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < LatencyHistogram::kBounds.size(); ++at) {
    sum += latency.counts[at];
    out.part("_bucket",
             fmt::format("le=\"{}\"", seconds(LatencyHistogram::kBounds[at])),
             sum);
  }
  out.part("_bucket", "le=\"+Inf\"", latency.total);
  out.part("_sum", "", seconds(latency.sum));
  out.part("_count", "", latency.total);
}

}  // namespace

void add_door_metrics(MetricsText& out,
                      const AgentSnapshot& snapshot,
                      const std::vector<LineSnapshot>& lines) {
  add_panels(out, snapshot.doors);
  add_links(out, lines);
  add_round_trips(out, lines);
  add_decisions(out, snapshot.doors);
  add_latency(out, snapshot.doors.unlock);
}

}  // namespace strongroom
