// SPDX-License-Identifier: Apache-2.0
#include "ledger/config/config.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

constexpr const char* kExample = "ledger/config/ledger.toml.example";

TEST(LedgerConfig, Example_IsRight) {
  const auto config = load_ledger_config(kExample);
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_EQ(config->ledger, "custody.example.org");
  EXPECT_EQ(config->http_port, 9480);
  EXPECT_EQ(config->guard.filename(), "guard.db");
  EXPECT_TRUE(config->guard.string().ends_with("ledger/config/guard/guard.db"));
}

TEST(LedgerConfig, EveryErrorIsListedWithItsLine) {
  const auto config = parse_ledger_config(
      "ledger = \"Not A Name\"\n"
      "colour = \"grey\"\n"
      "[keys]\n"
      "log = \"a\"\n"
      "console = \"b\"\n"
      "[store]\n"
      "path = \"x\"\n"
      "guard = \"x\"\n"
      "disclosures = \"y\"\n"
      "[mqtt]\n"
      "uri = \"http://broker\"\n"
      "[http]\n"
      "listen = \"9480\"\n"
      "[admin]\n"
      "socket = \"s\"\n",
      "ledger.toml");
  ASSERT_FALSE(config);
  std::string all;
  for (const ConfigError& error : config.error()) {
    all += error.text() + "\n";
  }
  for (const char* expected : {"ledger.toml:1",
                               "ledger.toml:2",
                               "disclosure",
                               "ledger.toml:8",
                               "ledger.toml:11",
                               "ledger.toml:13"}) {
    EXPECT_NE(all.find(expected), std::string::npos) << expected << "\n" << all;
  }
}

TEST(LedgerConfig, Retention_IsWholeDaysOrForEver) {
  const auto read = [](const std::string& retention) {
    return parse_ledger_config(
        "ledger = \"a\"\n[keys]\nlog=\"a\"\nconsole=\"b\"\n"
        "disclosure=\"c\"\n[store]\npath=\"x\"\nguard=\"y\"\n"
        "disclosures=\"z\"\n[mqtt]\nuri=\"tcp://b:1883\"\n"
        "[admin]\nsocket=\"s\"\n" +
            retention,
        "ledger.toml");
  };
  for (const char* absent : {"", "[retention]\n"}) {
    const auto config = read(absent);
    ASSERT_TRUE(config) << absent;
    EXPECT_EQ(config->telemetry_days, std::nullopt);
  }
  EXPECT_EQ(read("[retention]\ntelemetry_days = 400\n")->telemetry_days, 400);
  for (const char* wrong : {"telemetry_days = 0",
                            "telemetry_days = -1",
                            "telemetry_days = 36501",
                            "telemetry_days = \"30\"",
                            "record_days = 30"}) {
    EXPECT_FALSE(read("[retention]\n" + std::string(wrong) + "\n")) << wrong;
  }
}

TEST(LedgerConfig, TlsNeedsItsFiles) {
  const auto config = parse_ledger_config(
      "ledger = \"a\"\n[keys]\nlog=\"a\"\nconsole=\"b\"\ndisclosure=\"c\"\n"
      "[store]\npath=\"x\"\nguard=\"y\"\ndisclosures=\"z\"\n"
      "[mqtt]\nuri=\"ssl://b:8883\"\n[admin]\nsocket=\"s\"\n",
      "ledger.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().size(), 3U);
}

}  // namespace
}  // namespace strongroom
