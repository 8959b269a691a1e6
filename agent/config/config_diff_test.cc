// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_diff.h"

#include <functional>
#include <gtest/gtest.h>

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

std::shared_ptr<const DeviceProfile> profile(std::uint8_t first_hash_byte) {
  auto made = std::make_shared<DeviceProfile>();
  made->name = "xy-md02";
  made->hash[0] = first_hash_byte;
  return made;
}

DeviceConfig device(std::string name, std::uint8_t unit_id) {
  return {.name = std::move(name), .profile = profile(1), .unit_id = unit_id};
}

AgentConfig running() {
  AgentConfig config;
  config.source = {"edge-1", "bj1"};
  config.event_key = "/k/event.key";
  config.journal = "/j/journal.db";
  config.mqtt_uri = "ssl://broker:8883";
  config.http_host = "127.0.0.1";
  config.http_port = 9481;
  config.lines = {{.name = "a",
                   .host = "192.0.2.1",
                   .devices = {device("a1", 1), device("a2", 2)}},
                  {.name = "b",
                   .kind = LineKind::kRtu,
                   .serial = "/dev/ttyS1",
                   .devices = {device("b1", 1)}}};
  ComputedConfig computed;
  computed.device = {"sums", {{"both", ComputedKind::kSum, {{"a1", "x"}}, {}}}};
  computed.profile = profile(7);
  config.computed = {computed};
  return config;
}

struct Change {
  const char* what;
  std::function<void(AgentConfig&)> make;
  Names keep;
  Names stop;
  Names start;
  bool changes_devices;
  Names needs_restart;
};

class Diff : public ::testing::TestWithParam<Change> {};

TEST_P(Diff, SaysWhatGoesOnAndWhatDoesNot) {
  AgentConfig wanted = running();
  GetParam().make(wanted);
  const ConfigDiff diff = diff_configs(running(), wanted);
  EXPECT_EQ(diff.keep, GetParam().keep);
  EXPECT_EQ(diff.stop, GetParam().stop);
  EXPECT_EQ(diff.start, GetParam().start);
  EXPECT_EQ(diff.changes_devices, GetParam().changes_devices);
  EXPECT_EQ(diff.needs_restart, GetParam().needs_restart);
  // What is left after the values that need a restart were put back needs none.
  EXPECT_TRUE(diff_configs(running(), without_restart(running(), wanted))
                  .needs_restart.empty());
}

// A change of one line's own: that line alone is stopped and started.
Change of_line_b(const char* what,
                 std::function<void(LineConfig&)> make,
                 bool changes_devices = false) {
  return {what,
          [make = std::move(make)](AgentConfig& c) { make(c.lines[1]); },
          {"a"},
          {"b"},
          {"b"},
          changes_devices,
          {}};
}

Change of_agent(const char* what,
                std::function<void(AgentConfig&)> make,
                const char* key) {
  return {what, std::move(make), {"a", "b"}, {}, {}, false, {key}};
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Diff,
    ::testing::Values(
        Change{"Nothing", [](AgentConfig&) {}, {"a", "b"}, {}, {}, false, {}},
        Change{
            "ProfileLoadedAgain",
            [](AgentConfig& c) { c.lines[0].devices[0].profile = profile(1); },
            {"a", "b"},
            {},
            {},
            false,
            {}},
        Change{"LineAdded",
               [](AgentConfig& c) {
                 c.lines.push_back({.name = "c", .devices = {device("c1", 1)}});
               },
               {"a", "b"},
               {},
               {"c"},
               true,
               {}},
        Change{"LineRemoved",
               [](AgentConfig& c) { c.lines.erase(c.lines.begin()); },
               {"b"},
               {"a"},
               {},
               true,
               {}},
        Change{"LineRenamed",
               [](AgentConfig& c) { c.lines[0].name = "c"; },
               {"b"},
               {"a"},
               {"c"},
               true,
               {}},
        Change{"DeviceMoved",
               [](AgentConfig& c) {
                 c.lines[1].devices.push_back(c.lines[0].devices[1]);
                 c.lines[0].devices.pop_back();
               },
               {},
               {"a", "b"},
               {"a", "b"},
               true,
               {}},
        of_line_b("Kind", [](LineConfig& l) { l.kind = LineKind::kTcp; }),
        of_line_b("Host", [](LineConfig& l) { l.host = "x"; }),
        of_line_b("Port", [](LineConfig& l) { l.port = 1; }),
        of_line_b("Serial", [](LineConfig& l) { l.serial = "/dev/ttyS2"; }),
        of_line_b("Baud", [](LineConfig& l) { l.baud = 19200; }),
        of_line_b("Parity", [](LineConfig& l) { l.parity = 'E'; }),
        of_line_b("StopBits", [](LineConfig& l) { l.stop_bits = 2; }),
        of_line_b("Timeout", [](LineConfig& l) { l.timeout = 1s; }),
        of_line_b("LateAnswer", [](LineConfig& l) { l.late_answer = 9s; }),
        of_line_b(
            "Unit", [](LineConfig& l) { l.devices[0].unit_id = 9; }, true),
        of_line_b(
            "Period",
            [](LineConfig& l) { l.devices[0].periods[1] = 5s; },
            true),
        of_line_b(
            "SlowPeriod",
            [](LineConfig& l) { l.devices[0].periods[2] = 5s; },
            true),
        of_line_b(
            "ProfileEdited",
            [](LineConfig& l) { l.devices[0].profile = profile(2); },
            true),
        of_line_b(
            "DeviceAdded",
            [](LineConfig& l) { l.devices.push_back(device("b2", 2)); },
            true),
        Change{"ComputedEdited",
               [](AgentConfig& c) { c.computed[0].profile = profile(8); },
               {"a", "b"},
               {},
               {},
               true,
               {}},
        Change{"ComputedRemoved",
               [](AgentConfig& c) { c.computed.clear(); },
               {"a", "b"},
               {},
               {},
               true,
               {}},
        Change{"Windows",
               [](AgentConfig& c) { c.window_length = 10s; },
               {"a", "b"},
               {},
               {},
               true,
               {}},
        of_agent(
            "Agent",
            [](AgentConfig& c) { c.source.agent = "edge-2"; },
            "agent"),
        of_agent(
            "Site", [](AgentConfig& c) { c.source.site = "sh1"; }, "site"),
        of_agent(
            "EventKey",
            [](AgentConfig& c) { c.event_key = "x"; },
            "keys.event"),
        of_agent(
            "SealingKey",
            [](AgentConfig& c) { c.sealing_key = "x"; },
            "keys.sealing"),
        of_agent(
            "Trust", [](AgentConfig& c) { c.trust = "x"; }, "keys.trust"),
        of_agent(
            "Disclosure",
            [](AgentConfig& c) { c.disclosure_public = "x"; },
            "keys.disclosure_public"),
        of_agent(
            "Journal", [](AgentConfig& c) { c.journal = "x"; }, "journal.path"),
        of_agent(
            "Quota",
            [](AgentConfig& c) { c.journal_quota.total_bytes = 1; },
            "journal.quota_mib"),
        of_agent(
            "Reserve",
            [](AgentConfig& c) { c.journal_quota.record_reserve_bytes = 1; },
            "journal.record_reserve_mib"),
        of_agent(
            "Admin",
            [](AgentConfig& c) { c.admin_socket = "x"; },
            "admin.socket"),
        of_agent(
            "Broker", [](AgentConfig& c) { c.mqtt_uri = "x"; }, "mqtt.uri"),
        of_agent(
            "BrokerCa", [](AgentConfig& c) { c.mqtt_ca = "x"; }, "mqtt.ca"),
        of_agent(
            "BrokerCertificate",
            [](AgentConfig& c) { c.mqtt_certificate = "x"; },
            "mqtt.certificate"),
        of_agent(
            "BrokerKey", [](AgentConfig& c) { c.mqtt_key = "x"; }, "mqtt.key"),
        of_agent(
            "Http", [](AgentConfig& c) { c.http_port = 1; }, "http.listen")),
    [](const auto& at) { return std::string(at.param.what); });

TEST(WithoutRestart, KeepsTheOld_AndTakesTheNew) {
  AgentConfig wanted = running();
  wanted.source.agent = "edge-2";
  wanted.http_port = 1;
  wanted.lines.pop_back();
  const AgentConfig got = without_restart(running(), wanted);
  EXPECT_EQ(got.source.agent, "edge-1");
  EXPECT_EQ(got.http_port, 9481);
  EXPECT_EQ(got.lines.size(), 1U);
}

}  // namespace
}  // namespace strongroom
