// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/panel_posts.h"

#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <thread>

#include "agent/wiring/device_set_of.h"
#include "agent/wiring/pin_worker.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

AgentConfig config_of(const std::vector<std::string>& names) {
  AgentConfig config;
  LineConfig line;
  line.name = "line-2";
  line.kind = LineKind::kRtu;
  for (const std::string& name : names) {
    PanelConfig panel;
    panel.name = name;
    panel.unit_id = static_cast<std::uint8_t>(line.panels.size() + 1);
    panel.secret.fill(static_cast<std::uint8_t>(panel.unit_id));
    LeafConfig leaf;
    leaf.name = name + "-leaf";
    leaf.zone = "room";
    leaf.settings = strongroom_panel_v1_LeafSettings_init_zero;
    leaf.settings.leaf = 1;
    leaf.settings.has_inputs = 1;
    leaf.settings.offline =
        strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST;
    panel.leaves.push_back(leaf);
    ReaderConfig reader;
    reader.name = "in";
    reader.settings = strongroom_panel_v1_ReaderSettings_init_zero;
    reader.settings.reader = 1;
    reader.settings.leaves = 1;
    reader.settings.kind = strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA;
    panel.readers.push_back(reader);
    line.panels.push_back(panel);
  }
  config.lines.push_back(line);
  return config;
}

PanelPostPorts ports() {
  return {[] { return Now{}; },
          [](std::span<std::uint8_t> out) { std::ranges::fill(out, 1); },
          [](PanelReport&&) { return true; }};
}

TEST(PanelPosts, OrdersOfAnUnknownPanel_AreRefused) {
  PanelPosts posts(ports(), {});
  posts.set_panels(config_of({"door-1"}));
  EXPECT_TRUE(posts.push("door-1", PanelLockdown{1, 0}));
  EXPECT_FALSE(posts.push("door-2", PanelLockdown{1, 0}));
  posts.set_panels(config_of({"door-2"}));
  EXPECT_FALSE(posts.push("door-1", PanelLockdown{1, 0}));
  EXPECT_TRUE(posts.push("door-2", PanelLockdown{1, 0}));
}

TEST(PanelPosts, FullMailbox_Refuses) {
  PanelPosts posts(ports(), {});
  posts.set_panels(config_of({"door-1"}));
  int taken = 0;
  while (taken < 100 && posts.push("door-1", PanelUnlock{1, 1, {}, {}})) {
    ++taken;
  }
  EXPECT_EQ(taken, 16);
}

TEST(PanelPosts, Setup_HasTheConfigurationInItsParts) {
  const AgentConfig config = config_of({"door-1"});
  const PanelSetup setup =
      panel_setup(config.lines[0].panels[0], PanelHeld{7, 42});
  EXPECT_EQ(setup.ring, 7U);
  EXPECT_EQ(setup.held_seq, 42U);
  ASSERT_EQ(setup.config.size(), 3U);
  EXPECT_EQ(setup.config[0].which_part,
            strongroom_panel_v1_ConfigPart_settings_tag);
  EXPECT_EQ(setup.config[0].part.settings.leaf_count, 1);
  EXPECT_EQ(setup.config[0].part.settings.reader_count, 1);
  EXPECT_EQ(setup.config[0].part.settings.offline_after_ms, 3000U);
  EXPECT_EQ(setup.config[1].which_part,
            strongroom_panel_v1_ConfigPart_leaf_tag);
  EXPECT_EQ(setup.config[2].which_part,
            strongroom_panel_v1_ConfigPart_reader_tag);
}

// The loop thanked for 9 since the start: a driver that is made anew goes on
// there, not where the start was.
TEST(PanelPosts, NewDriver_GoesOnWhereTheJournalStands) {
  PanelPosts posts(ports(), {{"door-1", 7, 5, 0, {}, 0}});
  const AgentConfig config = config_of({"door-1"});
  posts.set_panels(config);
  posts.push("door-1", PanelHeld{7, 9});
  const auto drivers = posts.drivers(config.lines[0]);
  ASSERT_EQ(drivers.size(), 1U);
  EXPECT_EQ(drivers[0].unit_id, 1);
  std::vector<LineSnapshot> lines(1);
  lines[0].status.panels.push_back({});
  lines[0].status.panels[0].name = "door-1";
  posts.add_to(lines);
  ASSERT_EQ(lines[0].panels.size(), 1U);
  EXPECT_EQ(lines[0].panels[0].name, "door-1");
}

// The loop pushes while lines end and begin, and pages look.
TEST(PanelPosts, FromManyThreads_AreWhole) {
  PanelPosts posts(ports(), {});
  const AgentConfig config = config_of({"door-1", "door-2"});
  posts.set_panels(config);
  std::atomic<bool> done = false;
  std::jthread pushing([&] {
    for (std::uint32_t n = 1; n <= 500; ++n) {
      posts.push("door-1", PanelHeld{7, n});
      posts.push("door-2", PanelIndicate{1, {}, {}});
      posts.silence(n % 2 == 0);
    }
    done = true;
  });
  while (!done) {
    const auto drivers = posts.drivers(config.lines[0]);
    posts.wake(config.lines[0], {});
    std::vector<LineSnapshot> lines(1);
    posts.add_to(lines);
    posts.set_panels(config);
  }
}

TEST(DeviceSet, HasTheShapeOfEveryPanel) {
  const DeviceSet set = device_set_of(config_of({"door-1"}), nullptr);
  ASSERT_EQ(set.panels.size(), 1U);
  const PanelShape& panel = set.panels[0];
  EXPECT_EQ(panel.line, "line-2");
  EXPECT_EQ(panel.leaves[0].name, "door-1-leaf");
  EXPECT_TRUE(panel.leaves[0].has_contact);
  EXPECT_TRUE(panel.leaves[0].uses_list);
  EXPECT_EQ(panel.readers[0].format,
            strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100);
  EXPECT_EQ(set.policy, nullptr);
}

// --- PINs -------------------------------------------------------------------

class PinWorkerTest : public ::testing::Test {
 protected:
  bool verify(const std::string& verifier, std::string_view digits) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_open_; });
    return verifier == digits;
  }
  void answer(PinAnswer answer) {
    const std::scoped_lock lock(mutex_);
    answers_.push_back(answer);
    changed_.notify_all();
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answers_.size() >= count; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  std::vector<PinAnswer> answers_;
};

TEST_F(PinWorkerTest, AnswersInOrder_AndRefusesWhenFull) {
  PinWorker worker(
      [this](const std::string& verifier, std::string_view digits) {
        return verify(verifier, digits);
      },
      [this](PinAnswer one) { answer(one); });
  std::size_t taken = 0;
  for (std::uint64_t ticket = 1; ticket <= 20; ++ticket) {
    taken += worker.ask({ticket, "1234", ticket % 2 == 0 ? "1234" : "4321"});
  }
  // One may be under way beside those that wait.
  EXPECT_GE(taken, PinWorker::kMostWaiting);
  EXPECT_LE(taken, PinWorker::kMostWaiting + 1);
  open();
  await(taken);
  for (std::size_t at = 1; at < answers_.size(); ++at) {
    EXPECT_GT(answers_[at].ticket, answers_[at - 1].ticket);
    EXPECT_EQ(answers_[at].is_right, answers_[at].ticket % 2 == 0);
  }
}

TEST_F(PinWorkerTest, Ends_WithQuestionsLeft) {
  open();
  PinWorker worker([](const std::string&, std::string_view) { return true; },
                   [this](PinAnswer one) { answer(one); });
  for (std::uint64_t ticket = 1; ticket <= 8; ++ticket) {
    (void)worker.ask({ticket, "1234", "1234"});
  }
}

}  // namespace
}  // namespace strongroom
