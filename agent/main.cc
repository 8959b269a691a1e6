// SPDX-License-Identifier: Apache-2.0
// strongroom-agent: wires the adapters to the loop, and runs it.
#include <cstdio>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>

#include "agent/admin/admin_api.h"
#include "agent/config/config.h"
#include "agent/config/line_settings.h"
#include "agent/http/pages.h"
#include "agent/journal/sqlite_journal.h"
#include "agent/loop/loop.h"
#include "agent/uplink/mqtt_uplink.h"
#include "agent/wiring/device_set_of.h"
#include "agent/wiring/line_set.h"
#include "agent/wiring/panel_posts.h"
#include "agent/wiring/pin_worker.h"
#include "agent/wiring/reloader.h"
#include "platform/crypto/keys.h"
#include "platform/crypto/pin.h"
#include "platform/modbus/libmodbus_link.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "platform/system/program.h"
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

struct Identity {
  std::unique_ptr<Signer> signer;
  Trust trust;
  std::shared_ptr<const Policy> policy;  // nothing: nobody is let in
  std::string policy_fault;              // why there is none
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
  Identity identity{*std::move(signer), *std::move(trust), nullptr, {}};
  if (auto policy = policy_of(config)) {
    identity.policy = *std::move(policy);
  } else {
    // Doors are shut to everybody; sensors, journal and delivery are not.
    identity.policy_fault = policy.error().what;
  }
  return identity;
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

MakeLine line_maker(Inbox& inbox, PanelPosts& posts) {
  return [&inbox, &posts](const LineConfig& line) {
    auto bus = std::make_shared<BusLine>(
        line.name,
        make_libmodbus_link(link_settings(line)),
        line_settings(line),
        line_devices(line),
        [&inbox](PollDone poll) { inbox.push_poll(std::move(poll)); },
        posts.drivers(line));
    posts.wake(line, bus);
    return bus;
  };
}

/// agent.toml with the panels' keys: either is wrong, or both are right.
std::expected<AgentConfig, std::vector<ConfigError>> load_with_keys(
    const std::string& file) {
  auto config = load_agent_config(file);
  if (config) {
    if (auto errors = load_panel_keys(*config); !errors.empty()) {
      return std::unexpected(std::move(errors));
    }
  }
  return config;
}

/// Pages and admin socket, as long as it lives.
class Servers {
 public:
  Servers(const AgentConfig& config, PageSources pages, AdminPorts admin)
      : config_(config) {
    add_pages(pages_, std::move(pages));
    add_admin_routes(admin_, std::move(admin));
  }

  /// The pages last: who reaches them finds the socket too.
  Result<void> listen() {
    if (!config_.admin_socket.empty()) {
      if (auto bound = admin_.listen_unix(config_.admin_socket); !bound) {
        return bound;
      }
    }
    const auto port =
        pages_.listen_loopback(config_.http_host, config_.http_port);
    if (!port) {
      return std::unexpected(port.error());
    }
    spdlog::info("http_listening host={} port={}", config_.http_host, *port);
    return {};
  }
  void stop() {
    admin_.stop();
    pages_.stop();
  }

 private:
  const AgentConfig& config_;
  HttpServer pages_{
      HttpLimits{.threads = 2, .max_body = 1024, .max_connections = 16}};
  HttpServer admin_{admin_limits()};
};

AdminPorts admin_ports(const AgentConfig& config,
                       const Trust& trust,
                       Inbox& inbox,
                       const SnapshotHolder& snapshots) {
  return {[&config, &trust](const FollowBody& body) {
            return read_follow_order(body.pack,
                                     config.source,
                                     trust,
                                     body.first_person,
                                     body.second_person);
          },
          [&inbox](FollowOrder order) {
            return follow_by_loop(inbox, std::move(order));
          },
          [&snapshots] { return snapshots.get(); },
          [&inbox](LockdownOrder order) {
            return lock_down_by_loop(inbox, std::move(order));
          }};
}

// A line that waits for an answer ends within its timeout, a farewell to the
// broker may take a second: all at once.
void stop_all(Servers& servers, LineSet& lines, MqttClient& client) {
  const std::jthread stopping_servers([&servers] { servers.stop(); });
  const std::jthread stopping_lines([&lines] { lines.stop_all(); });
  client.stop();
}

AgentOptions agent_options(const AgentConfig& config,
                           const Identity& identity) {
  AgentOptions options;
  options.source = config.source;
  options.version = STRONGROOM_VERSION;
  options.boot_id = random16();
  options.trust = identity.trust;
  options.devices = device_set_of(config, identity.policy);
  options.quota = {config.journal_quota.total_bytes,
                   config.journal_quota.record_reserve_bytes};
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

ExitCode exit_code(LoopEnd end,
                   const std::string& error,
                   const std::filesystem::path& journal) {
  switch (end) {
    case LoopEnd::kStopped:
      return ExitCode::kStopped;
    case LoopEnd::kUncommitted:
      spdlog::error("agent_stopped_uncommitted error=\"{}\"", error);
      return ExitCode::kFailed;
    case LoopEnd::kJournalBroken:
      break;
  }
  doubt_journal(journal, error);
  spdlog::error("journal_broken error=\"{}\"", error);
  return ExitCode::kJournalBroken;
}

ExitCode run_agent(const AgentConfig& config,
                   const std::string& config_file,
                   const Identity& identity) {
  auto opened = open_journal(config.journal, config.source, read_clocks().wall);
  if (!opened) {
    spdlog::error("journal_unusable error=\"{}\"", opened.error().what);
    return ExitCode::kFailed;
  }
  log_start(*opened, config);
  log_warnings(config);
  if (!identity.policy_fault.empty()) {
    spdlog::error("policy_refused error='{}': everybody is denied",
                  identity.policy_fault);
  }

  Inbox inbox;
  SnapshotHolder snapshots;
  const AgentOptions options = agent_options(config, identity);
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
  PanelPosts posts({read_clocks,
                    fill_random,
                    [&inbox](PanelReport&& report) {
                      return inbox.push_panel(std::move(report));
                    }},
                   opened->state.panel_cursors);
  posts.set_panels(config);
  PinWorker pins(verify_pin,
                 [&inbox](PinAnswer answer) { inbox.push_pin(answer); });
  LineSet lines(line_maker(inbox, posts));
  Reloader reloader(
      config,
      {.load = [&config_file] { return load_with_keys(config_file); },
       .lines = lines,
       .load_policy = policy_of,
       .set_panels =
           [&posts](const AgentConfig& wanted) { posts.set_panels(wanted); },
       .push_devices =
           [&inbox](DeviceSet set) { inbox.push_devices(std::move(set)); },
       .tell = [](const std::string& status) { notify_ready(status); }},
      identity.policy.get(),
      identity.policy_fault);
  Servers servers(config,
                  {[&snapshots] { return snapshots.get(); },
                   [&lines, &posts] {
                     auto all = lines.snapshot();
                     posts.add_to(all);
                     return all;
                   },
                   [&client] { return (*client)->counters(); },
                   [] { return read_clocks().monotonic; },
                   [&reloader] { return reloader.status(); }},
                  admin_ports(config, identity.trust, inbox, snapshots));

  const SignalWatch watch([&inbox] { inbox.push_stop(); },
                          [&reloader] { reloader.request(); });
  Loop loop({core,
             *opened->journal,
             uplink,
             inbox,
             snapshots,
             read_clocks,
             notify_watchdog,
             &posts,
             &pins});
  // Pages first: they say so when the journal cannot commit.
  if (auto listening = servers.listen(); !listening) {
    spdlog::error("http_unusable error=\"{}\"", listening.error().what);
    return ExitCode::kFailed;
  }
  // The first turn opens or continues the epoch; nothing is polled and nothing
  // sent before it stands.
  auto end = loop.turn();
  if (!end) {
    (*client)->start();
    for (const LineConfig& line : config.lines) {
      lines.start(line);
    }
    notify_ready("recording");
    reloader.start();
    end = loop.run();
  }
  notify_stopping();
  inbox.push_stop();  // nobody takes polls any more: no line waits for room
  reloader.stop();
  stop_all(servers, lines, **client);
  return exit_code(*end, loop.error(), config.journal);
}

ExitCode run(const ProgramArguments& arguments) {
  const auto config = load_with_keys(arguments.config);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      fmt::print(stderr, "{}\n", error.text());
    }
    return ExitCode::kConfiguration;
  }
  if (arguments.check_config) {
    for (const ConfigError& warning : config->warnings) {
      fmt::print(stderr, "warning: {}\n", warning.text());
    }
    fmt::print("{}: ok\n", arguments.config);
    return ExitCode::kStopped;
  }
  const auto identity = load_identity(*config);
  if (!identity) {
    fmt::print(stderr, "strongroom-agent: {}\n", identity.error().what);
    return ExitCode::kConfiguration;
  }
  return run_agent(*config, arguments.config, *identity);
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  using namespace strongroom;
  return run_program(
      {.name = "strongroom-agent",
       .does = "Polls devices, journals what they report, and delivers it "
               "until the ledger proves that it holds it.",
       .version = STRONGROOM_VERSION,
       .config = "/etc/strongroom/agent.toml",
       .check_help = "list every error and warning of the configuration with "
                     "its line, and end",
       .footer =
           "SIGHUP: reads the configuration anew. What is wrong with it is "
           "logged and\nchanges nothing; lines that are the same go on "
           "untouched.\n\n"
           "Exit codes: 0 stopped, or the configuration is right; 1 cannot "
           "start or\ngo on; 2 command line, configuration, key or trust file "
           "is wrong;\n3 the journal broke: the next start sets it aside."},
      argc,
      argv,
      [](const ProgramArguments& arguments) {
        init_crypto();
        return static_cast<int>(run(arguments));
      });
}
