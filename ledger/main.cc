// SPDX-License-Identifier: Apache-2.0
// strongroom-ledger: wires the adapters to the loop, and runs it.
#include <atomic>
#include <cstdio>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "ledger/config/config.h"
#include "ledger/http/admin_api.h"
#include "ledger/http/public_api.h"
#include "ledger/ingest/mqtt_ingest.h"
#include "ledger/loop/ledger.h"
#include "ledger/loop/scrub_thread.h"
#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"
#include "platform/crypto/keys.h"
#include "platform/system/clock.h"
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
  kConfiguration = 2,  // command line, ledger.toml or a key file
};

struct Keys {
  std::unique_ptr<Signer> log;
  std::unique_ptr<Signer> console;
  PublicKey disclosure{};
};

Result<Keys> load_keys(const LedgerConfig& config) {
  auto log = load_signer(config.log_key, KeyKind::kLog);
  if (!log) {
    return std::unexpected(log.error());
  }
  auto console = load_signer(config.console_key, KeyKind::kEvent);
  if (!console) {
    return std::unexpected(console.error());
  }
  auto disclosure = public_key_of(config.disclosure_key, KeyKind::kDisclosure);
  if (!disclosure) {
    return std::unexpected(disclosure.error());
  }
  return Keys{*std::move(log), *std::move(console), *disclosure};
}

struct Stores {
  std::unique_ptr<LedgerStore> store;
  std::unique_ptr<Guard> guard;
  // Last: the writer's connection must be the one that closes last.
  std::unique_ptr<LedgerReader> reader;
};

Result<Stores> open_stores(const LedgerConfig& config) {
  auto store = open_sqlite_ledger_store(config.store, config.disclosures);
  if (!store) {
    return std::unexpected(store.error());
  }
  auto guard = open_sqlite_guard(config.guard);
  if (!guard) {
    return std::unexpected(guard.error());
  }
  auto reader = LedgerReader::open(config.store);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  return Stores{*std::move(store), *std::move(guard), *std::move(reader)};
}

constexpr std::size_t kPages = 32;          // open event streams
constexpr std::size_t kEventsQueued = 256;  // of each, then it is cut

/// What the threads of the program share.
struct Shared {
  LedgerInbox inbox;
  BrokerState broker;
  Publication publication;
  Views views;
  EventBroadcast broadcast{kPages, kEventsQueued};
  std::atomic<std::int64_t> last_turn_us{0};
  std::unique_ptr<MqttClient> client;  // set before the first turn
};

std::int64_t monotonic_us() {
  return read_clocks().monotonic.count();
}

Outside outside_of(Shared& shared) {
  return {.now = read_clocks,
          .random16 = random16,
          .random64 = random64,
          .send =
              [&shared](const std::string& topic, Bytes payload) {
                return shared.client != nullptr &&
                       shared.client->publish(
                           {topic, std::move(payload), 1, false});
              },
          .tell =
              [&shared](std::string_view event,
                        const std::function<std::string()>& data) {
                if (shared.broadcast.streams() > 0) {
                  shared.broadcast.send(event, data());
                }
              },
          .warn = [](const std::string& line) { spdlog::warn("{}", line); }};
}

Vitals vitals_of(const Shared& shared) {
  const LedgerInbox::Counters inbox = shared.inbox.counters();
  const MqttCounters mqtt =
      shared.client == nullptr ? MqttCounters{} : shared.client->counters();
  Vitals vitals;
  vitals.broker_connected = shared.broker.connected;
  vitals.seconds_since_turn =
      (monotonic_us() - shared.last_turn_us) / 1'000'000;
  vitals.counters = {{"batches_dropped", inbox.batches_dropped},
                     {"statuses_dropped", inbox.statuses_dropped},
                     {"live_dropped", inbox.live_dropped},
                     {"calls_refused", inbox.calls_refused},
                     {"foreign_topics", shared.broker.foreign_topics},
                     {"broker_connects", mqtt.connects},
                     {"messages_in", mqtt.messages_in},
                     {"messages_out", mqtt.messages_out},
                     {"oversized_messages", mqtt.oversized_in},
                     {"publish_failures", mqtt.publish_failures}};
  vitals.gauges = {{"inbox_batches", inbox.batches_queued},
                   {"inbox_bytes", inbox.bytes_queued}};
  return vitals;
}

/// Pages and admin socket, as long as it lives.
class Servers {
 public:
  Servers(const LedgerConfig& config, const Keys& keys, Shared& shared)
      : config_(config),
        logs_(config.store),
        public_{.logs = logs_,
                .publication = shared.publication,
                .views = shared.views,
                .registry = {config.ledger,
                             std::string(kCentralSite),
                             Stream::kRegistry,
                             1},
                .version = STRONGROOM_VERSION,
                .vitals = [&shared] { return vitals_of(shared); }},
        admin_{.inbox = shared.inbox,
               .publication = shared.publication,
               .ledger = config.ledger,
               .log_key = keys.log->public_key(),
               .disclosure_key = keys.disclosure,
               .actor = "local:" + std::to_string(::getuid())},
        pages_({}),
        socket_({.threads = 2, .max_connections = 16}) {
    add_public_routes(pages_, public_);
    add_page_routes(pages_);
    pages_.stream("/api/v1/stream", shared.broadcast);
    add_admin_routes(socket_, admin_);
  }

  Result<void> listen() {
    if (auto bound = socket_.listen_unix(config_.admin_socket); !bound) {
      return bound;
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
    socket_.stop();
    pages_.stop();
  }

 private:
  const LedgerConfig& config_;
  LogAccessPool logs_;
  PublicApi public_;
  AdminApi admin_;
  HttpServer pages_;
  HttpServer socket_;
};

/// On a connection of its own: the writer never waits for it.
Result<std::unique_ptr<ScrubThread>> start_scrub(const LedgerConfig& config,
                                                 Shared& shared) {
  auto reader = LedgerReader::open(config.store);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  return std::make_unique<ScrubThread>(ScrubThread::Parts{
      .scrubber =
          std::make_unique<Scrubber>(*std::move(reader), shared.publication),
      .publication = shared.publication,
      .views = shared.views,
      .inbox = shared.inbox,
      .now = read_clocks,
      .random = random64()});
}

ExitCode run_ledger(const LedgerConfig& config, const Keys& keys) {
  auto stores = open_stores(config);
  if (!stores) {
    spdlog::error("store_unusable error=\"{}\"", stores.error().what);
    return ExitCode::kFailed;
  }
  Shared shared;
  auto ledger = Ledger::open(config.ledger,
                             {*stores->store,
                              *stores->guard,
                              *stores->reader,
                              *keys.log,
                              *keys.console,
                              shared.publication,
                              shared.views,
                              outside_of(shared),
                              config.telemetry_days});
  if (!ledger) {
    spdlog::error("ledger_unusable error=\"{}\"", ledger.error().what);
    return ExitCode::kFailed;
  }
  auto client = make_paho_client(ingest_options(config),
                                 ingest_callbacks(shared.inbox, shared.broker));
  if (!client) {
    spdlog::error("broker_unusable error=\"{}\"", client.error().what);
    return ExitCode::kConfiguration;
  }
  shared.client = *std::move(client);
  shared.last_turn_us = monotonic_us();

  Servers servers(config, keys, shared);
  if (auto listening = servers.listen(); !listening) {
    spdlog::error("http_unusable error=\"{}\"", listening.error().what);
    return ExitCode::kFailed;
  }
  const SignalWatch watch([&shared] { shared.inbox.close(); }, [] {});
  auto scrub = start_scrub(config, shared);
  if (!scrub) {
    spdlog::error("store_unusable error=\"{}\"", scrub.error().what);
    return ExitCode::kFailed;
  }
  shared.client->start();
  spdlog::info("ledger_started ledger={} version={} logs={}",
               config.ledger,
               STRONGROOM_VERSION,
               (*ledger)->logs().ids().size());
  notify_ready("taking batches");
  const auto ended = (*ledger)->run(shared.inbox, [&shared] {
    shared.last_turn_us = monotonic_us();
    notify_watchdog();
  });
  notify_stopping();
  shared.inbox.close();
  scrub->reset();
  shared.broadcast.close();
  servers.stop();
  shared.client->stop();
  if (!ended) {
    // What is on disk is not known: the next start finds out.
    spdlog::error("ledger_stopped error=\"{}\"", ended.error().what);
    return ExitCode::kFailed;
  }
  spdlog::info("ledger_stopped");
  return ExitCode::kStopped;
}

ExitCode run(const ProgramArguments& arguments) {
  const auto config = load_ledger_config(arguments.config);
  if (!config) {
    for (const ConfigError& error : config.error()) {
      fmt::print(stderr, "{}\n", error.text());
    }
    return ExitCode::kConfiguration;
  }
  if (arguments.check_config) {
    fmt::print("{}: ok\n", arguments.config);
    return ExitCode::kStopped;
  }
  const auto keys = load_keys(*config);
  if (!keys) {
    fmt::print(stderr, "strongroom-ledger: {}\n", keys.error().what);
    return ExitCode::kConfiguration;
  }
  return run_ledger(*config, *keys);
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  using namespace strongroom;
  return run_program(
      {.name = "strongroom-ledger",
       .does = "Collects what agents write into logs that anyone can verify.",
       .version = STRONGROOM_VERSION,
       .config = "/etc/strongroom/ledger.toml",
       .check_help =
           "list every error of the configuration with its line, and end",
       .footer =
           "Exit codes: 0 stopped, or the configuration is right; 1 cannot "
           "start or\ngo on; 2 command line, configuration or a key file is "
           "wrong."},
      argc,
      argv,
      [](const ProgramArguments& arguments) {
        init_crypto();
        return static_cast<int>(run(arguments));
      });
}
