// SPDX-License-Identifier: Apache-2.0
// What agent.toml says of panels.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "agent/config/config_diff.h"
#include "platform/crypto/keys.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

// Lines 1 to 13; [[line]] is on 14.
constexpr std::string_view kHead = R"(agent = "edge-1"
site = "bj1"
[keys]
event = "event.key"
sealing = "sealing.key"
trust = "trust.txt"
disclosure_public = "disclosure.pub"
[journal]
path = "journal.db"
[mqtt]
uri = "tcp://127.0.0.1:1883"
[http]
listen = "127.0.0.1:0"
)";
// Lines 14 to 34.
constexpr std::string_view kLine = R"([[line]]
name = "rs485-0"
kind = "rtu"
serial = "/dev/null"
baud = 115200
[[line.panel]]
name = "door-1"
unit_id = 3
key = "door-1.key"
[[line.panel.leaf]]
name = "vault"
zone = "vault-room"
inputs = ["contact", "exit"]
exit = "release"
[[line.panel.leaf]]
name = "cage"
zone = "cage-room"
[[line.panel.reader]]
name = "in"
kind = "h10301"
leaves = ["vault"]
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text = std::string(kHead) + std::string(kLine);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

AgentConfig right(const std::string& text) {
  auto config = parse_agent_config(text, "agent.toml");
  if (!config) {
    ADD_FAILURE() << config.error()[0].text();
    return {};
  }
  return *std::move(config);
}

const PanelConfig& panel_of(const AgentConfig& config) {
  return config.lines.at(0).panels.at(0);
}

TEST(PanelConfigs, WithWhatMustBeSaid_HasTheDefaults) {
  const AgentConfig config = right(replaced("", ""));
  const PanelConfig& panel = panel_of(config);
  EXPECT_EQ(panel.name, "door-1");
  EXPECT_EQ(panel.unit_id, 3);
  EXPECT_EQ(panel.key.filename(), "door-1.key");
  EXPECT_EQ(panel.key_place.line, 22U);
  EXPECT_EQ(panel.poll_period, 40ms);
  EXPECT_EQ(panel.offline_after, 3s);
  EXPECT_EQ(panel.supply_low_mv, 0U);
  ASSERT_EQ(panel.leaves.size(), 2U);
  const LeafConfig& leaf = panel.leaves[0];
  EXPECT_EQ(leaf.name, "vault");
  EXPECT_EQ(leaf.zone, "vault-room");
  EXPECT_EQ(leaf.settings.leaf, 1);
  EXPECT_EQ(leaf.settings.lock, strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE);
  EXPECT_EQ(leaf.settings.exit, strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE);
  EXPECT_EQ(leaf.settings.offline,
            strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY);
  EXPECT_EQ(leaf.settings.has_inputs, 9);
  EXPECT_EQ(leaf.settings.inverted_inputs, 0);
  EXPECT_EQ(leaf.settings.pulse_ms, 5000U);
  EXPECT_EQ(leaf.settings.held_after_ms, 30'000U);
  EXPECT_EQ(leaf.settings.not_opened_after_ms, 10'000U);
  EXPECT_EQ(leaf.settings.debounce_ms, 30);
  EXPECT_EQ(panel.leaves[1].settings.leaf, 2);
  EXPECT_EQ(panel.leaves[1].settings.has_inputs, 1);
  ASSERT_EQ(panel.readers.size(), 1U);
  const ReaderConfig& reader = panel.readers[0];
  EXPECT_EQ(reader.name, "in");
  EXPECT_EQ(reader.direction, strongroom_v1_Direction_DIRECTION_UNSPECIFIED);
  EXPECT_EQ(reader.settings.reader, 1);
  EXPECT_EQ(reader.settings.kind,
            strongroom_panel_v1_ReaderKind_READER_KIND_H10301);
  EXPECT_EQ(reader.settings.keypad,
            strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE);
  EXPECT_EQ(reader.settings.leaves, 1);
  EXPECT_EQ(reader.settings.repeat_ms, 1000);
}

TEST(PanelConfigs, OfASharedReader_HasTheMaskOfItsLeaves) {
  const AgentConfig config =
      right(replaced("leaves = [\"vault\"]",
                     "keypad = \"wiegand4\"\ndirection = \"in\"\n"
                     "leaves = [\"vault\", \"cage\"]"));
  const ReaderConfig& reader = panel_of(config).readers[0];
  EXPECT_EQ(reader.settings.leaves, 3);
  EXPECT_EQ(reader.direction, strongroom_v1_Direction_DIRECTION_IN);
  EXPECT_EQ(reader.settings.keypad,
            strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4);
}

TEST(PanelConfigs, Access_NamesThePolicyAndItsKey) {
  const AgentConfig config =
      right(replaced("[[line]]",
                     "[access]\npolicy = \"p.toml\"\npolicy_key = \"p.pub\"\n"
                     "[[line]]"));
  EXPECT_EQ(config.policy.filename(), "p.toml");
  EXPECT_EQ(config.policy_key.filename(), "p.pub");
  EXPECT_TRUE(right(replaced("", "")).policy.empty());
}

struct Wrong {
  const char* from;
  const char* to;
  int line;
  const char* says;
};
class WrongPanel : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongPanel, IsNamedWithItsLine) {
  const Wrong& wrong = GetParam();
  const auto config =
      parse_agent_config(replaced(wrong.from, wrong.to), "agent.toml");
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().size(), 1U) << config.error()[0].text() << "\n"
                                       << config.error()[1].text();
  const std::string text = config.error()[0].text();
  EXPECT_TRUE(text.starts_with(fmt::format("agent.toml:{}:", wrong.line)))
      << text;
  EXPECT_NE(text.find(wrong.says), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Lines,
    WrongPanel,
    ::testing::Values(
        Wrong{"name = \"door-1\"", "name = \"Door 1\"", 20, "1 to 31 of"},
        Wrong{"unit_id = 3", "unit_id = 248", 21, "247"},
        Wrong{"unit_id = 3",
              "poll_ms = 400\noffline_after_ms = 1000",
              21,
              "at least 6 times"},
        Wrong{"key = \"door-1.key\"\n", "", 19, "key"},
        Wrong{"name = \"cage\"", "name = \"vault\"", 29, "a second leaf"},
        Wrong{"zone = \"cage-room\"", "zone = \"Cage\"", 30, "1 to 31 of"},
        Wrong{"zone = \"cage-room\"",
              "zone = \"cage-room\"\ninputs = [\"door\"]",
              31,
              "none of contact, lock, handle, exit"},
        Wrong{"zone = \"cage-room\"",
              "zone = \"cage-room\"\ninverted = [\"handle\"]",
              31,
              "`inputs` does not have"},
        Wrong{"zone = \"cage-room\"",
              "zone = \"cage-room\"\nexit = \"record\"",
              31,
              "the button"},
        Wrong{"zone = \"vault-room\"",
              "zone = \"vault-room\"\nlock = \"none\"",
              28,
              "needs a lock"},
        Wrong{"zone = \"cage-room\"",
              "zone = \"cage-room\"\ndebounce_ms = 10",
              31,
              "20"},
        Wrong{"zone = \"cage-room\"",
              "zone = \"cage-room\"\nlock = \"bolt\"",
              31,
              "strike"},
        Wrong{"kind = \"h10301\"", "kind = \"osdp\"", 33, "rdm6300"},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"gate\"]",
              34,
              "no leaf of panel \"door-1\""},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"vault\", \"cage\"]",
              34,
              "needs a keypad"},
        Wrong{"leaves = [\"vault\"]", "leaves = []", 34, "must not be empty"},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"vault\"]\n[[line.panel.reader]]\nname = \"in\"\n"
              "kind = \"id12la\"\nleaves = [\"cage\"]",
              36,
              "a second reader"},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"vault\"]\n[[line.panel]]\nname = \"door-1\"\n"
              "key = \"b.key\"\n[[line.panel.leaf]]\nname = \"b\"\n"
              "zone = \"b\"",
              36,
              "a second device or panel"},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"vault\"]\n[[line.panel]]\nname = \"door-2\"\n"
              "unit_id = 3\nkey = \"b.key\"\n[[line.panel.leaf]]\n"
              "name = \"b\"\nzone = \"b\"",
              37,
              "that of panel door-1"},
        Wrong{"leaves = [\"vault\"]",
              "leaves = [\"vault\"]\n[[line.panel]]\nname = \"door-2\"\n"
              "unit_id = 4\nkey = \"b.key\"",
              36,
              "1 to 8 [[line.panel.leaf]], not 0"},
        Wrong{"kind = \"rtu\"\nserial = \"/dev/null\"\nbaud = 115200",
              "kind = \"tcp\"\nhost = \"192.0.2.1\"",
              19,
              "kind \"rtu\""},
        Wrong{"[[line]]",
              "[access]\npolicy = \"p\"\n[[line]]",
              14,
              "policy_key"}));

// --- load -------------------------------------------------------------------

TEST(PanelConfigs, LineThatIsTooSlowForItsPanels_IsWarnedOf) {
  EXPECT_TRUE(right(replaced("", "")).warnings.empty());
  const AgentConfig slow = right(replaced("baud = 115200", "baud = 1200"));
  ASSERT_EQ(slow.warnings.size(), 1U);
  const std::string text = slow.warnings[0].text();
  EXPECT_NE(text.find("\"door-1\" with its poll_ms"), std::string::npos)
      << text;
}

// --- keys -------------------------------------------------------------------

class PanelKeys : public ::testing::Test {
 protected:
  AgentConfig config() {
    AgentConfig config = right(replaced("", ""));
    config.lines[0].panels[0].key = directory_ / "door-1.key";
    return config;
  }
  TemporaryDirectory directory_;
};

TEST_F(PanelKeys, AreRead) {
  const auto key = create_panel_key(directory_ / "door-1.key");
  AgentConfig config = this->config();
  EXPECT_TRUE(load_panel_keys(config).empty());
  EXPECT_EQ(panel_of(config).secret, *key);
}

TEST_F(PanelKeys, Missing_IsNamedAtItsLine) {
  AgentConfig config = this->config();
  const auto errors = load_panel_keys(config);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_TRUE(errors[0].text().starts_with("agent.toml:22: key file "))
      << errors[0].text();
}

TEST_F(PanelKeys, OfTwoPanels_AreTwo) {
  ASSERT_TRUE(create_panel_key(directory_ / "door-1.key"));
  AgentConfig config = this->config();
  config.lines[0].panels.push_back(panel_of(config));
  config.lines[0].panels[1].name = "door-2";
  const auto errors = load_panel_keys(config);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_NE(errors[0].what.find("panel \"door-1\" too"), std::string::npos);
}

// --- read anew --------------------------------------------------------------

TEST(PanelDiff, AnyChangeOfAPanel_RestartsItsLineAlone) {
  const AgentConfig running = right(replaced("", ""));
  const std::vector<std::function<void(PanelConfig&)>> changes = {
      [](auto& p) { p.name = "x"; },
      [](auto& p) { p.unit_id = 9; },
      [](auto& p) { p.secret[3] = 1; },
      [](auto& p) { p.poll_period = 41ms; },
      [](auto& p) { p.offline_after = 4s; },
      [](auto& p) { p.supply_low_mv = 1; },
      [](auto& p) { p.leaves.pop_back(); },
      [](auto& p) { p.leaves[1].zone = "x"; },
      [](auto& p) { p.leaves[1].settings.pulse_ms = 1; },
      [](auto& p) { p.leaves[1].settings.debounce_ms = 1; },
      [](auto& p) { p.readers[0].name = "x"; },
      [](auto& p) {
        p.readers[0].direction = strongroom_v1_Direction_DIRECTION_OUT;
      },
      [](auto& p) { p.readers[0].settings.repeat_ms = 1; },
  };
  EXPECT_TRUE(diff_configs(running, running).is_empty());
  for (std::size_t at = 0; at < changes.size(); ++at) {
    AgentConfig wanted = running;
    changes[at](wanted.lines[0].panels[0]);
    const ConfigDiff diff = diff_configs(running, wanted);
    EXPECT_EQ(diff.stop, std::vector<std::string>{"rs485-0"}) << at;
    EXPECT_EQ(diff.start, diff.stop) << at;
    EXPECT_TRUE(diff.changes_devices) << at;
  }
}

}  // namespace
}  // namespace strongroom
