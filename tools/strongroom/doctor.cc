// SPDX-License-Identifier: Apache-2.0
// doctor: what is wrong with this installation, and what to do about it.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "platform/system/clock.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/doctor_agent.h"
#include "tools/strongroom/doctor_ledger.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

void print_text(const Examination& examination) {
  for (const std::string& part : examination.healthy_parts()) {
    std::printf("  ok    %s\n", part.c_str());
  }
  for (const Ailment& ailment : examination.ailments()) {
    std::printf("  %s %s [%s]\n        -> %s\n",
                ailment.urgent ? "BAD  " : "warn ",
                ailment.what.c_str(),
                ailment.id.c_str(),
                ailment.remedy.c_str());
  }
}

void print_json(const Examination& examination) {
  nlohmann::json list = nlohmann::json::array();
  for (const Ailment& ailment : examination.ailments()) {
    list.push_back({{"id", ailment.id},
                    {"what", ailment.what},
                    {"remedy", ailment.remedy},
                    {"urgent", ailment.urgent}});
  }
  std::printf("%s\n", list.dump(2).c_str());
}

}  // namespace

void add_doctor(CLI::App& app, Outcome& outcome) {
  struct Order {
    fs::path agent;
    fs::path ledger;
    bool json = false;
  };
  auto order = std::make_shared<Order>();
  auto* command = app.add_subcommand(
      "doctor", "Say what is wrong with this installation and what to do");
  command->add_option("--agent", order->agent, "agent.toml");
  command->add_option("--ledger", order->ledger, "ledger.toml");
  command->add_flag("--json", order->json, "A JSON list of what is wrong");
  command->callback([order, &outcome] {
    if (order->agent.empty() && order->ledger.empty()) {
      order->agent = "/etc/strongroom/agent.toml";
      order->ledger = "/etc/strongroom/ledger.toml";
      if (!fs::exists(order->agent)) {
        order->agent.clear();
      }
      if (!fs::exists(order->ledger)) {
        order->ledger.clear();
      }
    }
    if (order->agent.empty() && order->ledger.empty()) {
      report(outcome,
             ExitCode::kUsage,
             "no installation found in /etc/strongroom; name one with --agent "
             "or --ledger");
      return;
    }
    Examination examination;
    const Now now = read_clocks();
    if (!order->agent.empty()) {
      if (const auto config = load_agent_config(order->agent)) {
        examine_agent(examination, *config, now);
      } else {
        examine_config(examination, config.error());
      }
    }
    if (!order->ledger.empty()) {
      examine_ledger(examination, order->ledger, now);
    }
    if (order->json) {
      print_json(examination);
    } else {
      print_text(examination);
    }
    if (examination.has_urgent()) {
      outcome.code = ExitCode::kFailed;
    }
  });
}

}  // namespace strongroom
