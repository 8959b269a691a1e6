// SPDX-License-Identifier: Apache-2.0
// panel lockdown: a person locks leaves down, or ends that, or ends a release
// by fire, over the agent's admin socket.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/strongroom/command.h"
#include "tools/strongroom/http_client.h"
#include "tools/strongroom/panel_commands.h"

namespace strongroom {
namespace {

using nlohmann::json;

struct LockdownArguments {
  std::filesystem::path admin;
  std::string panel;
  std::string leaves;
  std::string person;
  bool none = false;
  bool end_fire = false;
};

std::string text_in(const std::string& body, const char* name) {
  const auto parsed = json::parse(body, nullptr, false);
  return parsed.is_object() && parsed.contains(name) && parsed[name].is_string()
             ? parsed[name].get<std::string>()
             : "";
}

ExitCode code_of(long status) {
  switch (status) {
    case 400:
    case 404:
      return ExitCode::kUsage;
    case 409:
      return ExitCode::kFailed;
    default:
      return ExitCode::kUnreachable;
  }
}

void lock_down(const LockdownArguments& arguments, Outcome& outcome) {
  const json body = {{"panel", arguments.panel},
                     {"leaves", arguments.leaves},
                     {"end_fire", arguments.end_fire},
                     {"person", arguments.person}};
  const auto reply =
      admin_request(arguments.admin, "/admin/lockdown", body.dump());
  if (!reply) {
    report(outcome,
           ExitCode::kUnreachable,
           reply.error().what +
               "\n  The agent listens there when its agent.toml has [admin] "
               "socket.");
    return;
  }
  if (reply->status != 200) {
    const std::string why = text_in(reply->body, "error");
    report(outcome,
           code_of(reply->status),
           why.empty() ? "HTTP " + std::to_string(reply->status) +
                             ": is it an agent's admin socket?"
                       : why);
    return;
  }
  std::printf(
      "%s.\nThe panel is told; what it did stands in the record as "
      "order_ended.\n",
      text_in(reply->body, "done").c_str());
}

}  // namespace

void add_panel_lockdown(CLI::App& panel, Outcome& outcome) {
  auto arguments = std::make_shared<LockdownArguments>();
  auto* command = panel.add_subcommand(
      "lockdown", "On the agent: lock leaves down, or end that or a fire");
  command->add_option("--admin", arguments->admin, "Admin socket of the agent")
      ->required();
  command->add_option("--panel", arguments->panel, "Its name in agent.toml")
      ->required();
  auto* which = command->add_option_group("which");
  which->add_option("--leaves",
                    arguments->leaves,
                    "Locked down from now on, the others not: vault,cage");
  which->add_flag("--none", arguments->none, "No leaf is locked down");
  which->require_option(1);
  command->add_flag("--end-fire",
                    arguments->end_fire,
                    "Locks that fire released lock again: everybody is out");
  command->add_option("--person", arguments->person, "Who answers for it")
      ->required();
  command->callback([arguments, &outcome] { lock_down(*arguments, outcome); });
}

}  // namespace strongroom
