// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "platform/profile/profile_file.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

// A right configuration, with one text in it replaced.
std::string config_with(std::string_view from, std::string_view to) {
  std::string text = fmt::format(R"(agent = "edge-1"
site = "bj1"
profiles = "{}"
[keys]
event = "event.key"
sealing = "sealing.key"
trust = "trust.txt"
disclosure_public = "disclosure.pub"
[journal]
path = "/var/lib/journal.db"
[mqtt]
uri = "ssl://broker:8883"
ca = "ca.crt"
certificate = "tls.crt"
key = "tls.key"
[http]
listen = "127.0.0.1:9481"
[windows]
length_s = 60
[[line]]
name = "tcp-1"
kind = "tcp"
host = "192.0.2.1"
port = 1502
timeout_ms = 300
[[line.device]]
name = "room-1"
profile = "xy-md02"
unit_id = 7
period_ms = 0
[[line]]
name = "rs485-0"
kind = "rtu"
serial = "/dev/ttyS1"
baud = 19200
parity = "even"
stop_bits = 2
[[line.device]]
name = "room-2"
profile = "xy-md02"
)",
                                 profile_directory().string());
  if (!from.empty()) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(AgentConfig, RightFile_IsReadWhole) {
  const auto config = parse_agent_config(config_with("", ""), "dir/agent.toml");
  ASSERT_TRUE(config.has_value()) << config.error()[0].text();
  EXPECT_EQ(config->source.text(), "edge-1@bj1");
  EXPECT_EQ(config->journal, "/var/lib/journal.db");
  EXPECT_EQ(config->journal_quota.total_bytes, 1024U << 20U);
  EXPECT_EQ(config->journal_quota.record_reserve_bytes, 256U << 20U);
  EXPECT_EQ(config->admin_socket, "") << "none unless it is asked for";
  EXPECT_TRUE(config->event_key.string().ends_with("event.key"));
  EXPECT_EQ(config->http_port, 9481);
  EXPECT_EQ(config->window_length, 60s);
  ASSERT_EQ(config->lines.size(), 2U);
  const LineConfig& tcp = config->lines[0];
  EXPECT_EQ(tcp.kind, LineKind::kTcp);
  EXPECT_EQ(tcp.port, 1502);
  EXPECT_EQ(tcp.timeout, 300ms);
  EXPECT_EQ(tcp.devices[0].unit_id, 7);
  EXPECT_EQ(tcp.devices[0].periods[1], 0ms);
  const LineConfig& rtu = config->lines[1];
  EXPECT_EQ(rtu.kind, LineKind::kRtu);
  EXPECT_EQ(rtu.serial, "/dev/ttyS1");
  EXPECT_EQ(rtu.baud, 19200);
  EXPECT_EQ(rtu.parity, 'E');
  EXPECT_EQ(rtu.stop_bits, 2);
  EXPECT_EQ(rtu.timeout, 500ms);
  EXPECT_EQ(rtu.devices[0].profile, tcp.devices[0].profile) << "read once";
  EXPECT_EQ(rtu.devices[0].profile->name, "xy-md02");
}

struct Mistake {
  const char* from;
  const char* to;
  std::uint32_t line;
  const char* says;
};

class AgentConfigMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(AgentConfigMistake, IsNamedWithItsLine) {
  const Mistake& mistake = GetParam();
  const auto config =
      parse_agent_config(config_with(mistake.from, mistake.to), "agent.toml");
  ASSERT_FALSE(config.has_value());
  // A profile that cannot be read has errors of its own file besides.
  const bool of_profile = config.error().back().file != "agent.toml";
  EXPECT_EQ(config.error().size(), of_profile ? 2U : 1U);
  EXPECT_EQ(config.error()[0].line, mistake.line) << config.error()[0].text();
  EXPECT_NE(config.error()[0].text().find(mistake.says), std::string::npos)
      << config.error()[0].text();
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AgentConfigMistake,
    ::testing::Values(
        Mistake{"\"edge-1\"", "\"Edge 1\"", 1, "a-z"},
        Mistake{"\"edge-1\"", "\"console\"", 1, "ledger's own"},
        Mistake{"\"bj1\"", "\"central\"", 2, "ledger's own"},
        Mistake{"agent = \"edge-1\"\n", "", 0, "agent"},
        Mistake{"event = \"event.key\"", "event = 3", 5, "event"},
        Mistake{
            "[journal]\npath = \"/var/lib/journal.db\"\n", "", 0, "journal"},
        Mistake{"journal.db\"\n", "journal.db\"\nquota_mib = 3\n", 11, "quota"},
        Mistake{"journal.db\"\n",
                "journal.db\"\nquota_mib = 1048577\n",
                11,
                "quota"},
        Mistake{"journal.db\"\n",
                "journal.db\"\nquota_mib = \"1 GiB\"\n",
                11,
                "quota"},
        Mistake{"journal.db\"\n",
                "journal.db\"\nrecord_reserve_mib = 0\n",
                11,
                "record_reserve"},
        Mistake{"journal.db\"\n",
                "journal.db\"\nrecord_reserve_mib = 1023\n",
                11,
                "at least 2 of the 1024 MiB"},
        Mistake{"journal.db\"\n",
                "journal.db\"\nquota_mib = 4\nrecord_reserve_mib = 3\n",
                12,
                "at least 2 of the 4 MiB"},
        Mistake{"[windows]\n", "[admin]\n[windows]\n", 18, "socket"},
        Mistake{
            "[windows]\n", "[admin]\nsocket = 3\n[windows]\n", 19, "socket"},
        Mistake{"[windows]\n",
                "[admin]\nsocket = \"/run/strongroom-agent/a-name-that-is-"
                "longer-than-a-socket-may-have/and-still-longer-than-that/"
                "admin-of-the-agent.sock\"\n[windows]\n",
                19,
                "107"},
        Mistake{"ssl://broker", "http://broker", 12, "ssl://"},
        Mistake{"ca = \"ca.crt\"\n", "", 11, "ca"},
        Mistake{"127.0.0.1:9481", "9481", 17, "host:port"},
        Mistake{"127.0.0.1:9481", "127.0.0.1:99999", 17, "host:port"},
        Mistake{"length_s = 60", "length_s = -1", 19, "length_s"},
        Mistake{"length_s = 60", "lenght_s = 60", 19, "lenght_s"},
        Mistake{"name = \"rs485-0\"", "name = \"tcp-1\"", 32, "second line"},
        Mistake{"kind = \"tcp\"", "kind = \"udp\"", 22, "rtu"},
        Mistake{"host = \"192.0.2.1\"\n", "", 20, "host"},
        Mistake{"port = 1502", "port = 0", 24, "port"},
        Mistake{"timeout_ms = 300", "timeout_ms = 600000", 25, "timeout_ms"},
        Mistake{"\"room-2\"", "\"room-1\"", 39, "second device"},
        Mistake{
            "\"room-2\"", "\"a-name-of-more-than-31-characters\"", 39, "31"},
        Mistake{"unit_id = 7", "unit_id = 248", 29, "unit_id"},
        Mistake{"period_ms = 0", "period_ms = -5", 30, "period_ms"},
        Mistake{"profile = \"xy-md02\"\nunit",
                "profile = \"none\"\nunit",
                28,
                "cannot be used"},
        Mistake{"parity = \"even\"", "parity = \"mark\"", 36, "odd"},
        Mistake{"baud = 19200", "baud = 9", 35, "baud"},
        Mistake{"serial = \"/dev/ttyS1\"\n", "", 31, "serial"}),
    [](const auto& at) { return "Number" + std::to_string(at.index); });

TEST(AgentConfig, ManyMistakes_AreAllNamed) {
  const auto config = parse_agent_config(
      "agent = 1\nsite = \"Bj1\"\nextra = true\n", "agent.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_GE(config.error().size(), 6U);
}

TEST(AgentConfig, LineWithoutDevices_IsAMistake) {
  std::string text = config_with("", "");
  text.resize(text.find("[[line]]\nname = \"rs485-0\""));
  text += "[[line]]\nname = \"x\"\nkind = \"tcp\"\nhost = \"h\"\n";
  EXPECT_FALSE(parse_agent_config(text, "agent.toml").has_value());
}

struct Quota {
  const char* keys;
  std::uint64_t total_mib;
  std::uint64_t reserve_mib;
};

class AgentConfigQuota : public ::testing::TestWithParam<Quota> {};

TEST_P(AgentConfigQuota, ReserveFollowsASmallQuota) {
  const Quota& quota = GetParam();
  const auto config = parse_agent_config(
      config_with("journal.db\"\n",
                  fmt::format("journal.db\"\n{}\n", quota.keys)),
      "agent.toml");
  ASSERT_TRUE(config.has_value()) << config.error()[0].text();
  EXPECT_EQ(config->journal_quota.total_bytes, quota.total_mib << 20U);
  EXPECT_EQ(config->journal_quota.record_reserve_bytes,
            quota.reserve_mib << 20U);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AgentConfigQuota,
    ::testing::Values(Quota{"quota_mib = 4", 4, 1},
                      Quota{"quota_mib = 4\nrecord_reserve_mib = 2", 4, 2},
                      Quota{"quota_mib = 1000", 1000, 250},
                      Quota{"quota_mib = 1048576", 1048576, 256},
                      Quota{"record_reserve_mib = 1022", 1024, 1022}),
    [](const auto& at) { return "Number" + std::to_string(at.index); });

TEST(AgentConfig, AdminSocket_IsRelativeToTheFile) {
  const auto config = parse_agent_config(
      config_with("[windows]", "[admin]\nsocket = \"admin.sock\"\n[windows]"),
      "dir/agent.toml");
  ASSERT_TRUE(config.has_value()) << config.error()[0].text();
  EXPECT_TRUE(config->admin_socket.string().ends_with("dir/admin.sock"))
      << config->admin_socket;
}

TEST(AgentConfig, PlainTcp_NeedsNoCertificate) {
  const auto config = parse_agent_config(
      config_with("uri = \"ssl://broker:8883\"\nca = \"ca.crt\"\ncertificate = "
                  "\"tls.crt\"\nkey = \"tls.key\"",
                  "uri = \"tcp://127.0.0.1:1883\""),
      "agent.toml");
  EXPECT_TRUE(config.has_value());
}

TEST(AgentConfig, Example_IsRight) {
  const auto config = load_agent_config("agent/config/agent.toml.example");
  ASSERT_TRUE(config.has_value()) << config.error()[0].text();
  EXPECT_EQ(config->lines.size(), 3U);
  EXPECT_EQ(config->computed.size(), 1U);
  EXPECT_EQ(config->lines[2].panels.size(), 1U);
  EXPECT_TRUE(config->admin_socket.string().ends_with("admin.sock"));
  for (const ConfigError& warning : config->warnings) {
    ADD_FAILURE() << warning.text();
  }
}

TEST(AgentConfig, MissingFile_IsOneError) {
  const auto config = load_agent_config("/nonexistent/agent.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error()[0].text().find("/nonexistent/agent.toml"),
            std::string::npos);
}

}  // namespace
}  // namespace strongroom
