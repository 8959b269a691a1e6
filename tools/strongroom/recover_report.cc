// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/recover_report.h"

#include <algorithm>
#include <set>

#include "tools/strongroom/epoch_text.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

using nlohmann::json;

std::uint64_t lost(const LogPlan& plan) {
  return plan.signed_size > plan.frozen_size
             ? plan.signed_size - plan.frozen_size
             : 0;
}

json json_of(const RecoveredLog& log) {
  json chains = json::array();
  for (const KeptChain& chain : log.chains) {
    chains.push_back({{"source", chain.source},
                      {"epoch", std::to_string(chain.epoch)},
                      {"events", chain.events},
                      {"closed", chain.closed}});
  }
  const LogPlan& plan = log.plan;
  return {{"predecessor", plan.predecessor.text()},
          {"successor", plan.successor.text()},
          {"why", plan.why},
          {"flaw", plan.flaw},
          {"entries_kept", plan.frozen_size},
          {"kept_root", to_base64(plan.frozen_root)},
          {"provable_size", plan.provable_size},
          {"signed_size", plan.signed_size},
          {"signed_root", to_base64(plan.signed_root)},
          {"entries_lost", lost(plan)},
          {"registry_events_said_again", log.said_again},
          {"chains", chains}};
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string text_of(const RecoveredLog& log) {
  const LogPlan& plan = log.plan;
  std::string text =
      plan.predecessor.text() + " -> " + plan.successor.text() +
      "\n  why:      " + printable(plan.why) +
      "\n  kept:     " + number(plan.frozen_size) + " entries, " +
      (plan.provable_size == 0 ? "under no signed checkpoint"
                               : "provable under the checkpoint of size " +
                                     number(plan.provable_size)) +
      "\n  lost:     " + number(lost(plan)) + " entries that were signed (of " +
      number(plan.signed_size) + ")\n";
  if (plan.successor.stream == Stream::kRegistry) {
    return text + "  registry: " + number(log.said_again) +
           " entries are said again\n";
  }
  for (const KeptChain& chain : log.chains) {
    text += "  has:      " + number(chain.events) + " events of " +
            chain.source + ", epoch " + epoch_text(chain.epoch) +
            (chain.closed ? " (closed)" : "") + "\n";
  }
  return text;
}

/// What nobody can send again.
std::string warnings(const Recovered& recovered) {
  const bool registry =
      std::ranges::any_of(recovered.logs, [](const RecoveredLog& log) {
        return log.plan.successor.stream == Stream::kRegistry;
      });
  std::string text;
  if (registry) {
    text +=
        "\n*** REGISTRY ENTRIES WERE LOST. Nobody can send them again:\n"
        "*** every ENROLMENT, ROTATION and REVOCATION that was made after what "
        "is kept\n"
        "*** must be made again, by hand, from your own records. A key that "
        "was revoked\n"
        "*** and is not revoked again is VALID. Stop the broker, start the "
        "ledger, do this,\n"
        "*** and only then start the broker.\n";
  }
  if (!recovered.logs.empty()) {
    text +=
        "\nEntries of the ledger's own source (findings, confirmations) that "
        "are not kept do\nnot come back. Everything else comes from the "
        "agents, as far back as they keep\nwhat they delivered (30 days, or "
        "less where the quota needed the room).\n";
  }
  return text;
}

}  // namespace

json recovery_json(const std::string& ledger,
                   const std::string& when,
                   const Persons& persons,
                   const Recovered& recovered,
                   bool done) {
  json logs = json::array();
  for (const RecoveredLog& log : recovered.logs) {
    logs.push_back(json_of(log));
  }
  json files = json::array();
  for (const FollowFile& file : recovered.files) {
    files.push_back({{"file", file.name()},
                     {"agent", file.agent},
                     {"successor", file.successor.text()},
                     {"chains", file.chains}});
  }
  return {{"ledger", ledger},
          {"time", when},
          {"persons", {persons.first, persons.second}},
          {"done", done},
          {"logs", logs},
          {"follow_files", files}};
}

std::string recovery_text(const Recovered& recovered, bool done) {
  std::string text;
  for (const RecoveredLog& log : recovered.logs) {
    text += text_of(log);
  }
  text += warnings(recovered);
  std::set<std::string> agents;
  for (const FollowFile& file : recovered.files) {
    agents.insert(file.agent);
  }
  if (!agents.empty()) {
    text +=
        "\nWhen the ledger has been started, bring each agent its files "
        "(strongroom follow,\nat the agent; _others are for agents that were "
        "enrolled anew or of which nothing\nis kept):\n";
    for (const std::string& agent : agents) {
      text += "  " + agent + "\n";
    }
  }
  return text + (done ? "" : "\nDry run: nothing was changed.\n");
}

}  // namespace strongroom
