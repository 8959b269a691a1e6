// SPDX-License-Identifier: Apache-2.0
// strongroom-agent: wires the adapters to the loop, and runs it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>

#include "agent/bus/libmodbus_link.h"
#include "agent/config/config.h"
#include "agent/http/pages.h"
#include "agent/journal/sqlite_journal.h"
#include "agent/loop/loop.h"
#include "agent/uplink/mqtt_uplink.h"
#include "platform/crypto/keys.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "platform/system/random.h"
#include "platform/system/service.h"

#ifndef STRONGROOM_VERSION
#define STRONGROOM_VERSION "0.0.0"
#endif

namespace strongroom {
namespace {

/// Documented in --help and docs/operations.md.
enum class ExitCode : int {
  kStopped = 0,
  kFailed = 1,         // cannot start or go on; the log says why
  kConfiguration = 2,  // command line, agent.toml, a key or the trust file
  kJournalBroken = 3,  // the next start sets it aside and begins a new epoch
};

struct CommandLine {
  std::string config = "/etc/strongroom/agent.toml";
  std::string log_level = "info";
  bool check_config = false;
};

struct Identity {
  std::unique_ptr<Signer> signer;
  Trust trust;
};

Result<Identity> load_identity(const AgentConfig& config) {
  auto signer = load_signer(config.event_key, KeyKind::kEvent);
  if (!signer) {
    return std::unexpected(signer.error());
  }
  if (auto sealing = public_key_of(config.sealing_key, KeyKind::kSealing);
      !sealing) {
    return std::unexpected(sealing.error());
  }
  auto file = read_file(config.trust);
  if (!file) {
    return std::unexpected(file.error());
  }
  auto trust = Trust::parse(*file);
  if (!trust) {
    return fault(config.trust.string() + ": " + trust.error().what);
  }
  return Identity{*std::move(signer), *std::move(trust)};
}

LibmodbusSettings link_settings(const LineConfig& line) {
  LibmodbusSettings settings;
  settings.timeout = line.timeout;
  if (line.kind == LineKind::kRtu) {
    settings.endpoint =
        RtuEndpoint{line.serial, line.baud, line.parity, line.stop_bits};
  } else {
    settings.endpoint = TcpEndpoint{line.host, line.port};
  }
  return settings;
}

std::vector<std::unique_ptr<BusLine>> make_lines(const AgentConfig& config,
                                                 Inbox& inbox) {
  std::vector<std::unique_ptr<BusLine>> lines;
  for (const LineConfig& line : config.lines) {
    std::vector<BusDevice> devices;
    devices.reserve(line.devices.size());
    for (const DeviceConfig& device : line.devices) {
      devices.push_back(
          {device.name, device.profile, device.unit_id, device.period});
    }
    lines.push_back(std::make_unique<BusLine>(
        line.name,
        make_libmodbus_link(link_settings(line)),
        std::move(devices),
        [&inbox](PollDone poll) { inbox.push_poll(std::move(poll)); }));
  }
  return lines;
}

std::vector<LineSnapshot> snapshot_of(
    const std::vector<std::unique_ptr<BusLine>>& lines) {
  std::vector<LineSnapshot> all;
  for (const auto& line : lines) {
    const BusCounters counters = line->counters();
    all.push_back({.name = line->name(),
                   .connected = counters.connected,
                   .polls = counters.polls,
                   .failed_polls = counters.failed_polls,
                   .requests = counters.requests,
                   .timeouts = counters.timeouts,
                   .exceptions = counters.exceptions,
                   .garbled = counters.garbled,
                   .lost = counters.lost,
                   .missed_cycles = counters.missed_cycles});
  }
  return all;
}

// A line that waits for an answer ends within its timeout, a farewell to the
// broker may take a second: all at once.
void stop_all(HttpServer& http,
              std::vector<std::unique_ptr<BusLine>>& lines,
              MqttClient& client) {
  std::vector<std::jthread> stopping;
  stopping.emplace_back([&http] { http.stop(); });
  for (auto& line : lines) {
    stopping.emplace_back([&line] { line->stop(); });
  }
  client.stop();
}

AgentOptions agent_options(const AgentConfig& config, const Trust& trust) {
  AgentOptions options;
  options.source = config.source;
  options.version = STRONGROOM_VERSION;
  options.boot_id = random16();
  options.trust = trust;
  options.windows.length = config.window_length;
  for (const LineConfig& line : config.lines) {
    for (const DeviceConfig& device : line.devices) {
      options.devices.push_back({line.name, device.name, device.profile});
    }
  }
  return options;
}

double jitter() {
  return static_cast<double>(random64() >> 11) / 9007199254740992.0;  // 2^53
}

void log_start(const OpenedJournal& opened, const AgentConfig& config) {
  if (!opened.set_aside.empty()) {
    spdlog::error("journal_set_aside file={} damage=\"{}\"",
                  opened.set_aside,
                  opened.damage);
  }
  spdlog::info("agent_started source={} version={} new_epoch={}",
               config.source.text(),
               STRONGROOM_VERSION,
               opened.journal != nullptr && opened.opened_because != 0);
}

ExitCode exit_code(LoopEnd end, const std::string& error) {
  switch (end) {
    case LoopEnd::kStopped:
      return ExitCode::kStopped;
    case LoopEnd::kUncommitted:
      spdlog::error("agent_stopped_uncommitted error=\"{}\"", error);
      return ExitCode::kFailed;
    case LoopEnd::kJournalBroken:
      break;
  }
  spdlog::error("journal_broken error=\"{}\"", error);
  return ExitCode::kJournalBroken;
}

ExitCode run_agent(const AgentConfig& config, const Identity& identity) {
  auto opened = open_journal(config.journal, config.source, read_clocks().wall);
  if (!opened) {
    spdlog::error("journal_unusable error=\"{}\"", opened.error().what);
    return ExitCode::kFailed;
  }
  log_start(*opened, config);

  Inbox inbox;
  SnapshotHolder snapshots;
  const AgentOptions options = agent_options(config, identity.trust);
  AgentCore core(options,
                 opened->state,
                 {opened->opened_because, opened->previous, opened->set_aside},
                 {*opened->journal, *identity.signer, fill_random, jitter});
  auto client =
      make_paho_client(uplink_options(config, options.boot_id, options.version),
                       uplink_callbacks(config.source, inbox));
  if (!client) {
    spdlog::error("uplink_unusable error=\"{}\"", client.error().what);
    return ExitCode::kConfiguration;
  }
  MqttUplink uplink(config.source, **client);
  auto lines = make_lines(config, inbox);
  HttpServer http({.threads = 2, .max_body = 1024, .max_connections = 16});
  add_pages(http,
            {[&snapshots] { return snapshots.get(); },
             [&lines] { return snapshot_of(lines); },
             [&client] { return (*client)->counters(); },
             [] { return read_clocks().monotonic; }});

  const SignalWatch watch([&inbox] { inbox.push_stop(); }, [] {});
  Loop loop({core,
             *opened->journal,
             uplink,
             inbox,
             snapshots,
             read_clocks,
             notify_watchdog});
  // Pages first: they say so when the journal cannot commit.
  const auto port = http.listen_loopback(config.http_host, config.http_port);
  if (!port) {
    spdlog::error("http_unusable error=\"{}\"", port.error().what);
    return ExitCode::kFailed;
  }
  spdlog::info("http_listening host={} port={}", config.http_host, *port);
  // The first turn opens or continues the epoch; nothing is polled and nothing
  // sent before it stands.
  auto end = loop.turn();
  if (!end) {
    (*client)->start();
    for (auto& line : lines) {
      line->start();
    }
    notify_ready("recording");
    end = loop.run();
  }
  notify_stopping();
  stop_all(http, lines, **client);
  return exit_code(*end, loop.error());
}

ExitCode run(const CommandLine& command) {
  const auto config = load_agent_config(command.config);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      fmt::print(stderr, "{}\n", error.text());
    }
    return ExitCode::kConfiguration;
  }
  if (command.check_config) {
    fmt::print("{}: ok\n", command.config);
    return ExitCode::kStopped;
  }
  const auto identity = load_identity(*config);
  if (!identity) {
    fmt::print(stderr, "strongroom-agent: {}\n", identity.error().what);
    return ExitCode::kConfiguration;
  }
  return run_agent(*config, *identity);
}

int start(int argc, char** argv) {
  CommandLine command;
  CLI::App app{
      "Polls devices, journals what they report, and delivers it "
      "until the ledger proves that it holds it.",
      "strongroom-agent"};
  app.set_version_flag("--version", STRONGROOM_VERSION);
  app.add_option("--config", command.config, "agent.toml")
      ->capture_default_str();
  app.add_flag("--check-config",
               command.check_config,
               "list every error of the configuration with its line, and end");
  app.add_option("--log-level",
                 command.log_level,
                 "trace, debug, info, warning or error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.footer(
      "Exit codes: 0 stopped, or the configuration is right; 1 cannot start "
      "or\n"
      "go on; 2 command line, configuration, key or trust file is wrong;\n"
      "3 the journal broke: the next start sets it aside.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0
                                : static_cast<int>(ExitCode::kConfiguration);
  }
  block_signals();
  init_crypto();
  init_logging("strongroom-agent", command.log_level);
  return static_cast<int>(run(command));
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  try {
    return strongroom::start(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "strongroom-agent: %s\n", error.what());
    return 1;
  }
}
