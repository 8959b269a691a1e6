// SPDX-License-Identifier: Apache-2.0
// follow: two persons tell an agent that a log has a successor.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/bytes.h"
#include "platform/system/files.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/follow.h"
#include "tools/strongroom/http_client.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What an agent's socket takes (docs/formats/agent-admin.md).
constexpr std::size_t kMaxPack = std::size_t{1} << 20U;

struct FollowArguments {
  fs::path pack;
  fs::path admin;
  std::vector<std::string> persons;
  bool dry_run = false;
};

std::string reason_of(const HttpReply& reply) {
  const auto parsed = json::parse(reply.body, nullptr, false);
  const bool explained = parsed.is_object() && parsed.contains("error") &&
                         parsed["error"].is_string();
  return explained ? parsed["error"].get<std::string>()
                   : "HTTP " + std::to_string(reply.status);
}

// One exchange with the agent: its answer, or nothing with the outcome set.
std::optional<std::string> ask(const FollowArguments& arguments,
                               const json& body,
                               Outcome& outcome) {
  const auto reply =
      admin_request(arguments.admin, "/admin/follow", body.dump());
  if (!reply) {
    report(outcome,
           ExitCode::kUnreachable,
           reply.error().what +
               "\n  The agent listens there when its "
               "agent.toml has [admin] socket.");
    return std::nullopt;
  }
  switch (reply->status) {
    case 200:
      return reply->body;
    case 404:  // it knows other orders: a ledger's, most likely
      report(outcome,
             ExitCode::kUsage,
             arguments.admin.string() +
                 " is not an agent's admin socket.\n  The agent listens where "
                 "its agent.toml has [admin] socket; a ledger follows "
                 "nothing.");
      return std::nullopt;
    case 400:
      report(outcome,
             ExitCode::kUsage,
             "the agent does not take " + arguments.pack.string() + ": " +
                 reason_of(*reply) +
                 "\n  Bring it the file that `strongroom recover` wrote for "
                 "this agent, and two persons.");
      return std::nullopt;
    case 409:
      report(outcome,
             ExitCode::kFailed,
             reason_of(*reply) +
                 "\n  Nothing was changed. `curl --unix-socket " +
                 arguments.admin.string() +
                 " http://localhost/admin/state` shows which logs the agent "
                 "follows.");
      return std::nullopt;
    default:
      report(outcome,
             ExitCode::kUnreachable,
             reason_of(*reply) +
                 "\n  Try again; the same order twice does no "
                 "harm.");
      return std::nullopt;
  }
}

void print_or_report(Outcome& outcome, const Result<std::string>& text) {
  if (!text) {
    report(outcome, ExitCode::kUnreachable, text.error().what);
    return;
  }
  std::printf("%s\n", text->c_str());
}

void follow(const FollowArguments& arguments, Outcome& outcome) {
  if (arguments.persons.size() != 2) {
    report(outcome,
           ExitCode::kUsage,
           "two persons answer for it: --person A --person B");
    return;
  }
  const auto pack = read_file(arguments.pack, kMaxPack);
  if (!pack) {
    report(outcome, ExitCode::kUsage, pack.error().what);
    return;
  }
  json body = {{"pack", to_base64(as_bytes(*pack))},
               {"first_person", arguments.persons[0]},
               {"second_person", arguments.persons[1]},
               {"dry_run", true}};
  const auto proof = ask(arguments, body, outcome);
  if (!proof) {
    return;
  }
  print_or_report(outcome, describe_proof(*proof));
  if (outcome.code != ExitCode::kOk) {
    return;
  }
  if (arguments.dry_run) {
    std::printf("Nothing was done (--dry-run).\n");
    return;
  }
  body["dry_run"] = false;
  if (const auto done = ask(arguments, body, outcome)) {
    print_or_report(outcome, described_deed(*done));
  }
}

}  // namespace

void add_follow(CLI::App& app, Outcome& outcome) {
  auto arguments = std::make_shared<FollowArguments>();
  auto* command = app.add_subcommand(
      "follow", "On the agent: go on with the log that succeeds another");
  command
      ->add_option("PACK",
                   arguments->pack,
                   "What `strongroom recover` wrote for this agent")
      ->required();
  command->add_option("--admin", arguments->admin, "Admin socket of the agent")
      ->required();
  command
      ->add_option("--person",
                   arguments->persons,
                   "Who answers for it; twice, two persons")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->required();
  command->add_flag("--dry-run",
                    arguments->dry_run,
                    "Say what the pack proves, and do nothing");
  command->footer(
      "The agent verifies the pack under its own trust file, shows what it "
      "proves,\n"
      "journals that these two persons brought it, and sends again what the "
      "successor\n"
      "lacks. Nothing that it holds is changed.");
  command->callback([arguments, &outcome] { follow(*arguments, outcome); });
}

}  // namespace strongroom
