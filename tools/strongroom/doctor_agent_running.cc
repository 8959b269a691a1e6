// SPDX-License-Identifier: Apache-2.0
// What only the running agent knows: its ports, its journal, its logs.
#include <nlohmann/json.hpp>

#include "tools/strongroom/doctor_agent.h"
#include "tools/strongroom/doctor_panels.h"
#include "tools/strongroom/http_client.h"

namespace strongroom {
namespace {

// Whatever another program may have answered.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

// What only the program that holds the ports can know.
void examine_bus(Examination& examination, const AgentConfig& config) {
  const auto reply = http_get("http://" + config.http_host + ":" +
                              std::to_string(config.http_port) + "/bus");
  if (!reply || reply->status != 200) {
    return;  // program-down says so
  }
  const auto bus = nlohmann::json::parse(reply->body, nullptr, false);
  if (!bus.is_object() || !bus.contains("lines") || !bus["lines"].is_array()) {
    return;
  }
  for (const auto& line : bus["lines"]) {
    if (text_of(line, "low_latency") == "refused") {
      examination.warn(
          "line-latency",
          "line " + text_of(line, "name") + ": the adapter at " +
              text_of(line, "endpoint") +
              " holds answers back and would not be told not to",
          "Set its latency_timer below /sys/bus/usb-serial/devices to 1 with a "
          "udev rule, or take an adapter that knows low latency; else each "
          "request costs some 16 ms more.");
    }
    examine_panel_links(examination, line);
  }
}

std::uint64_t number_of(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : 0;
}

void examine_space(Examination& examination, const nlohmann::json& journal) {
  if (number_of(journal, "pressure") > 0) {
    examination.warn(
        "journal-pressure",
        "the journal nears its quota: windows are " +
            std::to_string(number_of(journal, "window_ms") / 1000) +
            " s long instead of " +
            std::to_string(number_of(journal, "configured_window_ms") / 1000) +
            " s",
        "Find out why the ledger does not take what is owed (broker, network, "
        "a refusal). Raise [journal] quota_mib if the disk has room.");
  }
  if (number_of(journal, "losses_ahead") > 0) {
    examination.ill(
        "telemetry-lost",
        std::to_string(number_of(journal, "lost_events")) +
            " events of telemetry were given up for room",
        "Bring the ledger back before more is given up; `strongroom tail` "
        "shows which (telemetry_lost in record). Raise [journal] quota_mib.");
  }
}

void examine_streams(Examination& examination,
                     const nlohmann::json& streams,
                     const AgentConfig& config) {
  for (const auto& [name, stream] : streams.items()) {
    if (const auto pending = number_of(stream, "salvage_pending");
        pending > 0) {
      examination.warn("salvage-unfinished",
                       std::to_string(pending) + " events of " + name +
                           " of a refused epoch are still to be told again",
                       "It goes on as the ledger takes the new epoch: look at "
                       "the broker and at what the ledger refuses.");
    }
    if (text_of(stream, "blocked_by") == "succeeded") {
      const std::string socket = config.admin_socket.empty()
                                     ? "SOCKET (set [admin] socket first)"
                                     : config.admin_socket.string();
      examination.ill("succession-waiting",
                      "the log of " + name +
                          " has a successor that the agent does not follow",
                      "Fetch the agent's file from whoever ran `strongroom "
                      "recover`, then, two persons: `strongroom follow FILE "
                      "--admin " +
                          socket + " --person A --person B`.");
    }
  }
}

// What only the running program knows of its journal and its logs.
void examine_keeping(Examination& examination, const AgentConfig& config) {
  const auto reply = http_get("http://" + config.http_host + ":" +
                              std::to_string(config.http_port) + "/health");
  if (!reply) {
    return;  // program-down says so
  }
  const auto health = nlohmann::json::parse(reply->body, nullptr, false);
  if (!health.is_object()) {
    return;
  }
  if (const auto journal = health.find("journal"); journal != health.end()) {
    examine_space(examination, *journal);
  }
  if (const auto streams = health.find("streams");
      streams != health.end() && streams->is_object()) {
    examine_streams(examination, *streams, config);
  }
  examine_running_panels(examination, health);
}

}  // namespace

void examine_running(Examination& examination, const AgentConfig& config) {
  examine_bus(examination, config);
  examine_keeping(examination, config);
}

void examine_health(Examination& examination,
                    const std::string& program,
                    const std::string& host,
                    int port) {
  const std::string url =
      "http://" + host + ":" + std::to_string(port) + "/health";
  const auto reply = http_get(url);
  if (!reply) {
    examination.ill("program-down",
                    program + " does not answer at " + url,
                    "Start it (`systemctl start " + program +
                        "`) and read its log (`journalctl -u " + program +
                        "`).");
    return;
  }
  const auto health = nlohmann::json::parse(reply->body, nullptr, false);
  const bool works = reply->status == 200 && health.is_object();
  if (works && text_of(health, "status") != "degraded") {
    examination.healthy(program + " runs and is well");
    return;
  }
  std::string reasons;
  if (health.is_object() && health.contains("reasons") &&
      health["reasons"].is_array()) {
    for (const auto& reason : health["reasons"]) {
      reasons +=
          (reasons.empty() ? "" : "; ") +
          (reason.is_string() ? reason.get<std::string>() : reason.dump());
    }
  }
  if (works) {
    examination.warn("program-degraded",
                     program + " works, and says: " + reasons,
                     "Look the words up in docs/operations.md.");
    return;
  }
  examination.ill(
      "program-unwell",
      program + " says: " +
          (reasons.empty() ? "HTTP " + std::to_string(reply->status) : reasons),
      "Look the words up in docs/operations.md.");
}

}  // namespace strongroom
