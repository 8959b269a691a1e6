// SPDX-License-Identifier: Apache-2.0
#include "agent/http/metrics_text.h"
#include "agent/http/pages.h"

namespace strongroom {
namespace {

template <typename Field>
void per_stream(MetricsText& out,
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

void add_agent(MetricsText& out, const AgentSnapshot& snapshot, MonoTime now) {
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
  out.single("stray_polls_total",
             "counter",
             "polls of a device or profile that was just taken away",
             snapshot.stray_polls);
  out.single("identities_held_back_total",
             "counter",
             "texts of devices that changed again too soon to be recorded",
             snapshot.identities_held_back);
  out.single("dropped_acks_total",
             "counter",
             "acks dropped by a full inbox",
             snapshot.dropped_acks);
  out.single("invalid_acks_total",
             "counter",
             "acks that do not decode",
             snapshot.invalid_acks);
}

void add_journal(MetricsText& out,
                 const AgentSnapshot& snapshot,
                 MonoTime now) {
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

void add_space(MetricsText& out, const SpaceSnapshot& space) {
  out.single("journal_used_bytes",
             "gauge",
             "what the journal takes",
             space.usage.used_bytes);
  out.single("journal_quota_bytes",
             "gauge",
             "what it may take",
             space.quota.quota_bytes);
  out.single("journal_telemetry_share_bytes",
             "gauge",
             "of it, what telemetry may take now",
             space.telemetry_share);
  out.single("journal_pressure",
             "gauge",
             "0, or how many times windows were lengthened for room (to 3)",
             space.level);
  out.single("window_seconds",
             "gauge",
             "length of windows now",
             seconds(space.window_length));
  out.single("telemetry_losses",
             "gauge",
             "ranges of telemetry that were given up and are remembered",
             space.losses);
  out.single("telemetry_losses_ahead",
             "gauge",
             "of these, whose announcement or continuation is not proven yet",
             space.losses_ahead);
  out.single("telemetry_lost_events",
             "gauge",
             "events in these ranges",
             space.lost_events);
}

template <typename Field>
void bytes_per_stream(MetricsText& out,
                      const AgentSnapshot& snapshot,
                      std::string_view name,
                      std::string_view type,
                      std::string_view help,
                      Field field) {
  out.family(name, type, help);
  for (const Stream stream : kAgentStreams) {
    out.sample(fmt::format("stream=\"{}\"", stream_name(stream)),
               field(snapshot.space.usage)[slot_of(stream)]);
  }
}

// How full the streams make the journal, and what refusals left to do.
void add_keeping(MetricsText& out, const AgentSnapshot& s) {
  bytes_per_stream(
      out,
      s,
      "journal_owed_bytes",
      "gauge",
      "of events that are not yet proven",
      [](const JournalUsage& x) -> const auto& { return x.owed_bytes; });
  bytes_per_stream(
      out,
      s,
      "journal_kept_bytes",
      "gauge",
      "of events that are proven and kept for a ledger that must recover",
      [](const JournalUsage& x) -> const auto& { return x.kept_bytes; });
  per_stream(out,
             s,
             "salvage_pending_events",
             "gauge",
             "of refused epochs, still to be told again",
             [](const auto& x) { return x.salvage_pending; });
  per_stream(out,
             s,
             "salvaged_events_total",
             "counter",
             "of refused epochs, told again",
             [](const auto& x) { return x.salvaged; });
}

void add_streams(MetricsText& out, const AgentSnapshot& s) {
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

void add_configuration(MetricsText& out, const ReloadStatus& configuration) {
  out.single("config_reloads_total",
             "counter",
             "times that the configuration was read anew",
             configuration.reloads);
  out.single("config_reload_failed",
             "gauge",
             "1 while the file is wrong and the older configuration in force",
             configuration.refused.empty() ? 0 : 1);
  out.single("config_needs_restart",
             "gauge",
             "keys whose new values wait for a restart",
             configuration.needs_restart.size());
}

void add_mqtt(MetricsText& out, const MqttCounters& mqtt) {
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
  MetricsText out;
  add_agent(out, *snapshot, now);
  add_journal(out, *snapshot, now);
  add_space(out, snapshot->space);
  add_streams(out, *snapshot);
  add_keeping(out, *snapshot);
  const auto lines = sources.lines();
  add_bus_metrics(out, *snapshot, lines);
  add_door_metrics(out, *snapshot, lines);
  add_configuration(out, sources.configuration());
  add_mqtt(out, sources.mqtt());
  HttpResponse response = HttpResponse::text(out.take());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

}  // namespace strongroom
