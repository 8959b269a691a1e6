// SPDX-License-Identifier: Apache-2.0
#include <concepts>
#include <fmt/format.h>

#include "agent/http/pages.h"

namespace strongroom {
namespace {

// Names of sources, lines and devices are of a-z, 0-9, hyphen and @: nothing in
// a label needs escaping.
class Metrics {
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
    fmt::format_to(std::back_inserter(text_),
                   "strongroom_agent_{}{}{}{} {}\n",
                   name_,
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

double seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

template <typename Field>
void per_stream(Metrics& out,
                const AgentSnapshot& snapshot,
                std::string_view name,
                std::string_view type,
                std::string_view help,
                Field field) {
  out.family(name, type, help);
  for (const StreamSnapshot& stream : snapshot.streams) {
    out.sample(fmt::format("stream=\"{}\"", stream.name), field(stream));
  }
}

void add_agent(Metrics& out, const AgentSnapshot& snapshot, MonoTime now) {
  out.family("info", "gauge", "1, with what runs");
  out.sample(
      fmt::format(
          "source=\"{}\",version=\"{}\"", snapshot.source, snapshot.version),
      1);
  out.single("uptime_seconds",
             "gauge",
             "since the start",
             seconds(now - snapshot.started));
  out.single("connected",
             "gauge",
             "1 while the broker is connected",
             snapshot.connected ? 1 : 0);
  out.single("clock_quality",
             "gauge",
             "1 good, 2 coarse, 3 unknown",
             static_cast<int>(snapshot.at.quality));
  out.single("clock_steps_total",
             "counter",
             "steps of the wall clock",
             snapshot.clock_steps);
  out.single("events_total", "counter", "events recorded", snapshot.events);
  out.single("batches_total", "counter", "batches cut", snapshot.batches);
  out.single(
      "findings_total",
      "counter",
      "suspicious occurrences; one finding an hour of a kind is recorded",
      snapshot.findings);
  out.single("dropped_polls_total",
             "counter",
             "polls dropped because the journal was too slow",
             snapshot.dropped_polls);
  out.single("dropped_acks_total",
             "counter",
             "acks dropped by a full inbox",
             snapshot.dropped_acks);
  out.single("invalid_acks_total",
             "counter",
             "acks that do not decode",
             snapshot.invalid_acks);
}

void add_journal(Metrics& out, const AgentSnapshot& snapshot, MonoTime now) {
  const JournalSnapshot& journal = snapshot.journal;
  out.single("journal_commits_total",
             "counter",
             "transactions committed",
             journal.commits);
  out.single("journal_failed_commits_total",
             "counter",
             "commits that failed",
             journal.failed_commits);
  out.single("journal_failing_seconds",
             "gauge",
             "for how long no commit has succeeded; 0 when they do",
             journal.failing_since ? seconds(now - *journal.failing_since) : 0);
}

void add_streams(Metrics& out, const AgentSnapshot& s) {
  per_stream(out,
             s,
             "tail_position",
             "gauge",
             "the newest event's position",
             [](const auto& x) { return x.tail; });
  per_stream(out,
             s,
             "delivered_position",
             "gauge",
             "up to it the ledger proved to hold everything",
             [](const auto& x) { return x.delivered; });
  per_stream(out,
             s,
             "backlog_events",
             "gauge",
             "recorded and not yet proven",
             [](const auto& x) { return x.backlog; });
  per_stream(out,
             s,
             "in_flight_batches",
             "gauge",
             "sent and not yet proven",
             [](const auto& x) { return x.in_flight; });
  per_stream(out,
             s,
             "blocked",
             "gauge",
             "1 while the ledger refuses",
             [](const auto& x) { return x.blocked_by.empty() ? 0 : 1; });
  per_stream(out,
             s,
             "sent_batches_total",
             "counter",
             "resends included",
             [](const auto& x) { return x.sender.sent; });
  per_stream(
      out, s, "resent_batches_total", "counter", "resends", [](const auto& x) {
        return x.sender.resent;
      });
  per_stream(out,
             s,
             "proven_batches_total",
             "counter",
             "acks verified completely",
             [](const auto& x) { return x.sender.proven; });
  per_stream(out,
             s,
             "ignored_acks_total",
             "counter",
             "acks of nothing awaited, or from another tree size",
             [](const auto& x) { return x.sender.ignored; });
  per_stream(out,
             s,
             "refuted_acks_total",
             "counter",
             "acks whose signature or proof is wrong",
             [](const auto& x) { return x.sender.refuted; });
  per_stream(out,
             s,
             "refused_batches_total",
             "counter",
             "refusals by the ledger",
             [](const auto& x) { return x.sender.refused; });
}

void add_devices(Metrics& out, const AgentSnapshot& snapshot) {
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

void add_lines(Metrics& out, const std::vector<LineSnapshot>& lines) {
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
        return x.connected ? 1 : 0;
      });
  each("line_requests_total", "counter", "Modbus requests", [](const auto& x) {
    return x.requests;
  });
  each("line_timeouts_total",
       "counter",
       "requests without an answer",
       [](const auto& x) { return x.timeouts; });
  each("line_exceptions_total",
       "counter",
       "Modbus exceptions",
       [](const auto& x) { return x.exceptions; });
  each("line_garbled_total",
       "counter",
       "answers that were none",
       [](const auto& x) { return x.garbled; });
  each("line_lost_total",
       "counter",
       "times that the port broke",
       [](const auto& x) { return x.lost; });
  each("line_missed_cycles_total",
       "counter",
       "polls due while busy",
       [](const auto& x) { return x.missed_cycles; });
}

void add_mqtt(Metrics& out, const MqttCounters& mqtt) {
  out.single(
      "mqtt_connects_total", "counter", "connections made", mqtt.connects);
  out.single("mqtt_disconnects_total",
             "counter",
             "connections lost",
             mqtt.disconnects);
  out.single("mqtt_messages_in_total",
             "counter",
             "messages received",
             mqtt.messages_in);
  out.single("mqtt_messages_out_total",
             "counter",
             "messages handed over",
             mqtt.messages_out);
  out.single("mqtt_publish_failures_total",
             "counter",
             "messages not handed over",
             mqtt.publish_failures);
  out.single("mqtt_oversized_in_total",
             "counter",
             "messages dropped for their size",
             mqtt.oversized_in);
}

}  // namespace

HttpResponse metrics_page(const PageSources& sources) {
  const auto snapshot = sources.agent();
  if (snapshot == nullptr) {
    return HttpResponse::error(503, "starting");
  }
  const MonoTime now = sources.monotonic();
  Metrics out;
  add_agent(out, *snapshot, now);
  add_journal(out, *snapshot, now);
  add_streams(out, *snapshot);
  add_devices(out, *snapshot);
  add_lines(out, sources.lines());
  add_mqtt(out, sources.mqtt());
  HttpResponse response = HttpResponse::text(out.take());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

}  // namespace strongroom
