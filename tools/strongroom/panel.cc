// SPDX-License-Identifier: Apache-2.0
// panel: a panel's key, and its commissioning over its local port.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "agent/config/config.h"
#include "platform/crypto/keys.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/panel_commands.h"
#include "tools/strongroom/panel_local.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

struct CommissionOrder {
  std::string port;
  fs::path config;
  std::string panel;
  fs::path key;
  PanelCommissioning wanted;
  std::string parity = "N";
  bool is_whole = false;  // by hand, with nothing left out
};

/// From agent.toml: then panel and agent cannot disagree.
Result<void> take_from_config(CommissionOrder& order) {
  const auto config = load_agent_config(order.config);
  if (!config) {
    return fault(config.error().front().text());
  }
  std::string names;
  for (const LineConfig& line : config->lines) {
    for (const PanelConfig& panel : line.panels) {
      names += (names.empty() ? "" : ", ") + panel.name;
      if (panel.name != order.panel) {
        continue;
      }
      order.wanted.unit = panel.unit_id;
      order.wanted.baud = line.baud;
      order.wanted.parity = line.parity;
      order.wanted.leaves = panel.leaves.size();
      order.wanted.readers = panel.readers.size();
      order.key = panel.key;
      return {};
    }
  }
  return fault(order.config.string() + " has no panel \"" + order.panel + "\"" +
               (names.empty() ? "" : "; it has " + names));
}

Result<std::string> commission(CommissionOrder order) {
  if (!order.config.empty()) {
    if (auto taken = take_from_config(order); !taken) {
      return std::unexpected(taken.error());
    }
  } else if (!order.is_whole) {
    return fault(
        "give --config and --panel; or, by hand, all of --key, --unit, --baud, "
        "--parity, --leaves and --readers: the panel keeps nothing of what it "
        "had");
  } else {
    order.wanted.parity = order.parity.front();
  }
  const auto key = load_panel_key(order.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  order.wanted.key = *key;
  auto link = open_local_link(order.port);
  if (!link) {
    return std::unexpected(link.error());
  }
  return commission_panel(**link, order.wanted, [](const std::string& line) {
    std::printf("  %s\n", line.c_str());
  });
}

void add_panel_keygen(CLI::App& panel, Outcome& outcome) {
  auto path = std::make_shared<fs::path>();
  auto* command = panel.add_subcommand("keygen", "Create a panel's key");
  command->add_option("FILE", *path, "Key file, e.g. door-1.key")->required();
  command->callback([path, &outcome] {
    const auto key = create_panel_key(*path);
    finish(outcome,
           ExitCode::kUsage,
           key ? Result<void>() : std::unexpected(key.error()),
           key ? "Created " + path->string() + ", fingerprint " +
                     panel_fingerprint(*key) + "."
               : "");
  });
}

void add_commission(CLI::App& panel, Outcome& outcome) {
  auto order = std::make_shared<CommissionOrder>();
  auto* command = panel.add_subcommand(
      "commission",
      "Tell a panel its place on the line and its key, over its local port");
  command->add_option("--port", order->port, "e.g. /dev/ttyUSB0")->required();
  auto* config = command->add_option(
      "--config", order->config, "agent.toml: everything else stands there");
  command->add_option("--panel", order->panel, "Its name in agent.toml")
      ->needs(config);
  config->needs("--panel");
  command->add_option("--key", order->key, "Key file")->excludes(config);
  command->add_option("--unit", order->wanted.unit)
      ->check(CLI::Range(1, 247))
      ->excludes(config);
  command->add_option("--baud", order->wanted.baud)->excludes(config);
  command->add_option("--parity", order->parity)
      ->check(CLI::IsMember({"N", "E", "O"}))
      ->excludes(config);
  command->add_option("--leaves", order->wanted.leaves)
      ->check(CLI::Range(1, 8))
      ->excludes(config);
  command->add_option("--readers", order->wanted.readers)
      ->check(CLI::Range(0, 8))
      ->excludes(config);
  command->callback([order, command, &outcome] {
    order->is_whole = std::ranges::all_of(
        std::array{
            "--key", "--unit", "--baud", "--parity", "--leaves", "--readers"},
        [&](const char* name) { return command->count(name) > 0; });
    const auto identity = commission(*order);
    finish(outcome,
           ExitCode::kFailed,
           identity ? Result<void>() : std::unexpected(identity.error()),
           identity ? "Commissioned: unit " + local_word(*identity, "unit") +
                          " on a " + local_word(*identity, "board") + ", key " +
                          local_word(*identity, "key") +
                          ". Its agent records it when it is heard."
                    : "");
  });
}

void add_show(CLI::App& panel, Outcome& outcome) {
  auto port = std::make_shared<std::string>();
  auto* command = panel.add_subcommand(
      "show", "What a panel says of itself, over its local port");
  command->add_option("--port", *port, "e.g. /dev/ttyUSB0")->required();
  command->callback([port, &outcome] {
    auto link = open_local_link(*port);
    if (!link) {
      report(outcome, ExitCode::kUnreachable, link.error().what);
      return;
    }
    for (const char* line : {"id?", "status?"}) {
      const auto answer = (*link)->ask(line, std::chrono::seconds(2));
      if (!answer) {
        report(outcome, ExitCode::kUnreachable, answer.error().what);
        return;
      }
      std::string words = answer->substr(std::min<std::size_t>(
          answer->starts_with("ok ") ? 3 : 0, answer->size()));
      std::ranges::replace(words, ' ', '\n');
      std::printf("%s\n", words.c_str());
    }
  });
}

}  // namespace

void add_panel(CLI::App& app, Outcome& outcome) {
  auto* panel = app.add_subcommand(
      "panel", "Panels at doors: keys, commissioning, what they say");
  panel->require_subcommand(1);
  add_panel_keygen(*panel, outcome);
  add_commission(*panel, outcome);
  add_show(*panel, outcome);
  add_panel_lockdown(*panel, outcome);
}

}  // namespace strongroom
