// SPDX-License-Identifier: Apache-2.0
// bus watch: how the agent's lines do, live.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

#include "platform/system/clock.h"
#include "tools/strongroom/bus_commands.h"
#include "tools/strongroom/bus_session.h"
#include "tools/strongroom/bus_watch.h"
#include "tools/strongroom/http_client.h"

namespace strongroom {
namespace {

constexpr std::chrono::seconds kEvery{1};

struct WatchCommand {
  std::string agent = "http://127.0.0.1:9481";
  std::filesystem::path config;
  bool is_once = false;
  bool is_json = false;
};

struct Look {
  BusView view;
  std::string body;
  MonoTime at{};
};

Result<Look> look_at(const std::string& agent) {
  const auto reply = http_get(agent + "/bus");
  if (!reply) {
    return fault(
        reply.error().what +
        ". Does the agent run (systemctl status strongroom-agent), and "
        "is this its address? --config agent.toml finds it");
  }
  if (reply->status != 200) {
    return fault(agent + "/bus answers HTTP " + std::to_string(reply->status) +
                 ": that is no agent, or one older than this tool");
  }
  auto view = parse_bus_view(reply->body);
  if (!view) {
    return std::unexpected(view.error());
  }
  return Look{*std::move(view), reply->body, read_clocks().monotonic};
}

/// The body as the agent gave it, on one line.
void print_json(const Look& look) {
  std::printf("%s\n", nlohmann::json::parse(look.body).dump().c_str());
  std::fflush(stdout);
}

void print_text(const Look& now, const std::optional<Look>& before) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      before ? now.at - before->at : MonoTime{});
  const Screen screen = screen_of_output();
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  // Home, then clear what is below: no flicker.
  std::printf(
      "%s%s%s",
      is_terminal && before ? "\x1b[H\x1b[J" : "",
      watch_text(now.view, before ? &before->view : nullptr, elapsed, screen)
          .c_str(),
      is_terminal ? "" : "\n");
  std::fflush(stdout);
}

/// Rates need two looks, so that the second is the first that is shown.
void watch(const WatchCommand& command, Outcome& outcome) {
  std::optional<Look> before;
  while (true) {
    auto now = look_at(command.agent);
    if (!now && !before) {
      report(outcome, ExitCode::kUnreachable, now.error().what);
      return;
    }
    if (!now) {
      std::fprintf(stderr, "strongroom: %s\n", now.error().what.c_str());
    } else if (command.is_json) {
      print_json(*now);
    } else if (before) {
      print_text(*now, before);
    }
    if (command.is_once && (before || command.is_json)) {
      outcome.code = now ? ExitCode::kOk : ExitCode::kUnreachable;
      return;
    }
    if (now) {
      before = *std::move(now);
    }
    std::this_thread::sleep_for(kEvery);
  }
}

}  // namespace

void add_bus_watch(CLI::App& bus, Outcome& outcome) {
  auto command = std::make_shared<WatchCommand>();
  auto* app = bus.add_subcommand(
      "watch", "Show the agent's lines and devices, once a second");
  auto* agent =
      app->add_option("--agent", command->agent, "The agent's HTTP address");
  agent->capture_default_str();
  app->add_option(
         "--config", command->config, "Find the agent by its agent.toml")
      ->excludes(agent);
  app->add_flag("--once", command->is_once, "Show once and end");
  app->add_flag("--json",
                command->is_json,
                "What the agent says, a line of JSON each second");
  app->footer(
      "state: answering, silent (only probed now and then), unknown (not asked "
      "yet).\ntrouble in the last second: errors (timeouts, exceptions, "
      "unusable answers),\nmissed (polls were due while the line was busy). "
      "polls/s: those that were answered.\nCounters run from the agent's "
      "start; (+n) is the last second. errors: exceptions and\nunusable "
      "answers. late bytes: came when nothing was awaited. refused: ranges of\n"
      "addresses that the device does not have.\n\n"
      "Examples:\n"
      "  strongroom bus watch\n"
      "  strongroom bus watch --config /etc/strongroom/agent.toml --once");
  app->callback([command, &outcome] {
    if (!command->config.empty()) {
      const auto config = load_agent_config(command->config);
      if (!config) {
        report(outcome, ExitCode::kUsage, config.error().front().text());
        return;
      }
      command->agent = "http://" + config->http_host + ":" +
                       std::to_string(config->http_port);
    }
    watch(*command, outcome);
  });
}

}  // namespace strongroom
