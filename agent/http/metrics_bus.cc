// SPDX-License-Identifier: Apache-2.0
#include "agent/http/metrics_text.h"

namespace strongroom {
namespace {

void add_devices(MetricsText& out, const AgentSnapshot& snapshot) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const DeviceSnapshot& device : snapshot.devices) {
      out.sample(
          fmt::format("line=\"{}\",device=\"{}\"", device.line, device.name),
          field(device));
    }
  };
  each("device_polls_total", "counter", "polls taken", [](const auto& x) {
    return x.polls;
  });
  each("device_failed_polls_total",
       "counter",
       "polls with an error",
       [](const auto& x) { return x.failed_polls; });
  each("device_round_trip_seconds",
       "gauge",
       "of the last poll",
       [](const auto& x) { return seconds(x.round_trip); });
  each("device_last_good_timestamp_seconds",
       "gauge",
       "Unix time of the last poll without error; 0 when there was none",
       [](const auto& x) {
         return x.last_good ? seconds(x.last_good->time_since_epoch()) : 0.0;
       });
}

void add_lines(MetricsText& out, const std::vector<LineSnapshot>& lines) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const LineSnapshot& line : lines) {
      out.sample(fmt::format("line=\"{}\"", line.name), field(line));
    }
  };
  each(
      "line_connected", "gauge", "1 while the port is open", [](const auto& x) {
        return x.status.is_open ? 1 : 0;
      });
  each("line_low_latency_refused",
       "gauge",
       "1 when the serial adapter holds answers back and cannot be told not to",
       [](const auto& x) {
         return x.low_latency == LowLatency::kRefused ? 1 : 0;
       });
  each("line_busy_seconds_total",
       "counter",
       "time in questions and their answers",
       [](const auto& x) { return seconds(x.status.busy); });
  each("line_opens_total",
       "counter",
       "times that the port was opened",
       [](const auto& x) { return x.status.opens; });
  each("line_failed_opens_total",
       "counter",
       "times that it could not be opened",
       [](const auto& x) { return x.status.failed_opens; });
  each("line_lost_total",
       "counter",
       "times that the port broke",
       [](const auto& x) { return x.status.lost; });
  each("line_requests_total", "counter", "Modbus requests", [](const auto& x) {
    return x.counters.requests;
  });
  each("line_timeouts_total",
       "counter",
       "requests without an answer",
       [](const auto& x) { return x.counters.timeouts; });
  each("line_exceptions_total",
       "counter",
       "Modbus exceptions",
       [](const auto& x) { return x.counters.exceptions; });
  each("line_garbled_total",
       "counter",
       "answers that were none",
       [](const auto& x) { return x.counters.garbled; });
  each("line_late_bytes_total",
       "counter",
       "bytes that came when nothing was awaited, and were thrown away",
       [](const auto& x) { return x.counters.late_bytes; });
  each("line_varied_total",
       "counter",
       "questions asked in another shape, so that a late answer fits none",
       [](const auto& x) { return x.counters.varied; });
  each("line_missed_cycles_total",
       "counter",
       "polls due while busy",
       [](const auto& x) { return x.counters.missed_cycles; });
}

void add_line_devices(MetricsText& out,
                      const std::vector<LineSnapshot>& lines) {
  const auto each = [&](std::string_view name,
                        std::string_view type,
                        std::string_view help,
                        auto field) {
    out.family(name, type, help);
    for (const LineSnapshot& line : lines) {
      for (const LineDeviceStatus& device : line.status.devices) {
        out.sample(
            fmt::format("line=\"{}\",device=\"{}\"", line.name, device.name),
            field(device));
      }
    }
  };
  each("device_silent",
       "gauge",
       "1 while it does not answer and is only probed",
       [](const auto& x) { return x.state == DeviceState::kSilent ? 1 : 0; });
  each(
      "device_requests_total", "counter", "Modbus requests", [](const auto& x) {
        return x.counters.requests;
      });
  each("device_timeouts_total",
       "counter",
       "requests without an answer",
       [](const auto& x) { return x.counters.timeouts; });
  each("device_exceptions_total",
       "counter",
       "Modbus exceptions",
       [](const auto& x) { return x.counters.exceptions; });
  each("device_garbled_total",
       "counter",
       "answers that were none",
       [](const auto& x) { return x.counters.garbled; });
  each("device_late_bytes_total",
       "counter",
       "bytes that came too late",
       [](const auto& x) { return x.counters.late_bytes; });
  each("device_varied_total",
       "counter",
       "questions asked in another shape",
       [](const auto& x) { return x.counters.varied; });
  each("device_missed_cycles_total",
       "counter",
       "polls due while the line was busy",
       [](const auto& x) { return x.counters.missed_cycles; });
  each("device_round_trip_p50_seconds",
       "gauge",
       "half of its recent answers came sooner",
       [](const auto& x) { return seconds(x.round_trip_p50); });
  each("device_round_trip_p99_seconds",
       "gauge",
       "99 of 100 of its recent answers came sooner",
       [](const auto& x) { return seconds(x.round_trip_p99); });
  each("device_timeout_seconds",
       "gauge",
       "how long its answers are waited for now",
       [](const auto& x) { return seconds(x.timeout); });
  each("device_refused_ranges",
       "gauge",
       "ranges of addresses that it refuses and that are no longer asked",
       [](const auto& x) { return x.refused.size(); });
}

}  // namespace

void add_bus_metrics(MetricsText& out,
                     const AgentSnapshot& snapshot,
                     const std::vector<LineSnapshot>& lines) {
  add_devices(out, snapshot);
  add_lines(out, lines);
  add_line_devices(out, lines);
}

}  // namespace strongroom
