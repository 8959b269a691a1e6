// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/reloader.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "agent/wiring/wiring_test_util.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_wiring::FakeLines;
using testing_wiring::line;

class ReloaderTest : public ::testing::Test {
 protected:
  ReloaderTest() {
    file_.lines = {line("a", {"a1"}), line("b", {"b1"})};
    for (const LineConfig& each : file_.lines) {
      lines_.start(each);
      fake_.await_polls(each.devices[0].name, 1);
    }
    reloader_ = std::make_unique<Reloader>(
        file_,
        ReloadPorts{.load = [this] { return load(); },
                    .lines = lines_,
                    .load_policy =
                        [this](const auto&) {
                          const std::scoped_lock lock(mutex_);
                          return policy_;
                        },
                    .push_devices = [this](DeviceSet set) { push(set); },
                    .tell =
                        [this](const std::string& status) {
                          const std::scoped_lock lock(mutex_);
                          told_ = status;
                        }},
        nullptr,
        "policy.toml: no such file");
    reloader_->start();
  }

  std::expected<AgentConfig, std::vector<ConfigError>> load() {
    const std::scoped_lock lock(mutex_);
    ++loads_;
    if (!errors_.empty()) {
      return std::unexpected(errors_);
    }
    return file_;
  }
  // The loop learns of devices: which lines run at that moment?
  void push(const DeviceSet& set) {
    std::vector<std::string> running;
    for (const LineSnapshot& each : lines_.snapshot()) {
      running.push_back(each.name);
    }
    const std::scoped_lock lock(mutex_);
    pushed_.push_back(set);
    running_at_push_ = running;
  }
  ReloadStatus reload() {
    const std::uint64_t before = reloader_->status().reloads;
    reloader_->request();
    EXPECT_TRUE(
        wait_until([&] { return reloader_->status().reloads > before; }));
    return reloader_->status();
  }
  ReloadStatus reload_policy(std::uint64_t version, const char* text) {
    Policy policy;
    policy.version = version;
    policy.hash = sha256(as_bytes(text));
    {
      const std::scoped_lock lock(mutex_);
      policy_ = std::make_shared<const Policy>(policy);
    }
    return reload();
  }
  std::vector<std::string> running() const {
    std::vector<std::string> names;
    for (const LineSnapshot& each : lines_.snapshot()) {
      names.push_back(each.name);
    }
    std::ranges::sort(names);
    return names;
  }

  FakeLines fake_;
  LineSet lines_{fake_.maker()};
  std::mutex mutex_;
  AgentConfig file_;                                        // under mutex_
  std::vector<ConfigError> errors_;                         // under mutex_
  std::vector<DeviceSet> pushed_;                           // under mutex_
  Result<std::shared_ptr<const Policy>> policy_ = nullptr;  // under mutex_
  std::vector<std::string> running_at_push_;
  std::string told_;
  int loads_ = 0;
  std::unique_ptr<Reloader> reloader_;
};

using Names = std::vector<std::string>;

TEST_F(ReloaderTest, SameFile_TouchesNothing) {
  const ReloadStatus status = reload();
  EXPECT_TRUE(status.refused.empty());
  EXPECT_TRUE(pushed_.empty());
  EXPECT_EQ(lines_.snapshot()[0].status.opens, 1U);
}

TEST_F(ReloaderTest, ChangedLine_IsReplaced_TheOtherGoesOn) {
  {
    const std::scoped_lock lock(mutex_);
    file_.lines[0] = line("a", {"a1", "a2"});
    file_.lines.push_back(line("c", {"c1"}));
  }
  reload();
  fake_.await_polls("a2", 1);
  fake_.await_polls("c1", 1);
  EXPECT_EQ(running(), (Names{"a", "b", "c"}));
  ASSERT_EQ(pushed_.size(), 1U);
  EXPECT_EQ(pushed_[0].devices.size(), 4U);
  EXPECT_EQ(running_at_push_, Names{"b"})
      << "old lines have ended and new ones not begun when the loop learns";
  for (const LineSnapshot& each : lines_.snapshot()) {
    EXPECT_EQ(each.status.opens, each.name == "a" ? 2U : 1U) << each.name;
  }
}

TEST_F(ReloaderTest, PolicyThatWasRefusedAtTheStart_IsShownUntilOneIsTaken) {
  EXPECT_EQ(reloader_->status().policy_fault, "policy.toml: no such file");
  EXPECT_EQ(reload_policy(12, "a").policy_fault, "");
  ASSERT_EQ(pushed_.size(), 1U);
  EXPECT_EQ(pushed_[0].policy->version, 12U);
}

// A signed file of yesterday gives back what was revoked today.
TEST_F(ReloaderTest, OlderPolicy_IsRefused_AndTheNewerStays) {
  reload_policy(12, "a");
  EXPECT_TRUE(reload_policy(13, "b").refused.empty());
  ASSERT_EQ(reload_policy(12, "a").refused.size(), 1U);
  EXPECT_NE(reloader_->status().refused[0].find("version 13 was in force"),
            std::string::npos);
  EXPECT_EQ(reload_policy(13, "c").refused.size(), 1U) << "another text";
  {
    const std::scoped_lock lock(mutex_);
    policy_ = nullptr;
  }
  reload();
  EXPECT_EQ(reload_policy(12, "a").refused.size(), 1U) << "by a detour";
  EXPECT_TRUE(reload_policy(13, "b").refused.empty());
  ASSERT_EQ(pushed_.size(), 4U);
  EXPECT_EQ(pushed_.back().policy->version, 13U);
}

TEST_F(ReloaderTest, RemovedLine_IsStopped) {
  {
    const std::scoped_lock lock(mutex_);
    file_.lines.pop_back();
  }
  reload();
  EXPECT_EQ(running(), Names{"a"});
  EXPECT_EQ(pushed_.back().devices.size(), 1U);
}

TEST_F(ReloaderTest, WrongFile_ChangesNothing_AndIsShown_UntilItIsRight) {
  {
    const std::scoped_lock lock(mutex_);
    file_.lines.clear();
    errors_ = {{"agent.toml", 3, "is wrong"}, {"agent.toml", 9, "too"}};
  }
  const ReloadStatus status = reload();
  EXPECT_EQ(status.refused,
            (Names{"agent.toml:3: is wrong", "agent.toml:9: too"}));
  EXPECT_EQ(running(), (Names{"a", "b"}));
  EXPECT_TRUE(pushed_.empty());
  EXPECT_NE(told_.find("refused"), std::string::npos);
  {
    const std::scoped_lock lock(mutex_);
    errors_.clear();
    file_.lines = {line("a", {"a1"})};
  }
  EXPECT_TRUE(reload().refused.empty());
  EXPECT_EQ(running(), Names{"a"});
  EXPECT_EQ(told_, "recording");
}

TEST_F(ReloaderTest, WhatNeedsARestart_IsNamed_UntilTheFileSaysTheOldAgain) {
  {
    const std::scoped_lock lock(mutex_);
    file_.mqtt_uri = "ssl://other:8883";
  }
  EXPECT_EQ(reload().needs_restart, Names{"mqtt.uri"});
  EXPECT_EQ(reload().needs_restart, Names{"mqtt.uri"}) << "still not taken";
  {
    const std::scoped_lock lock(mutex_);
    file_.mqtt_uri.clear();
  }
  EXPECT_TRUE(reload().needs_restart.empty());
}

TEST_F(ReloaderTest, Storm_IsServedByFewReloads_TheLastOneSeesTheLastFile) {
  {
    const std::scoped_lock lock(mutex_);
    file_.lines[0] = line("a", {"a1", "a2"});
  }
  for (int at = 0; at < 1000; ++at) {
    reloader_->request();
  }
  {
    const std::scoped_lock lock(mutex_);
    file_.lines[0] = line("a", {"a3"});
  }
  reloader_->request();
  fake_.await_polls("a3", 1);
  ASSERT_TRUE(wait_until([&] { return running() == Names{"a", "b"}; }));
  const std::scoped_lock lock(mutex_);
  EXPECT_LT(loads_, 1000);
}

TEST_F(ReloaderTest, RequestBeforeStart_IsServedAfterIt) {
  Reloader early(file_,
                 {.load = [this] { return load(); },
                  .lines = lines_,
                  .push_devices = [](const DeviceSet&) {}});
  early.request();
  EXPECT_EQ(early.status().reloads, 0U);
  early.start();
  EXPECT_TRUE(wait_until([&] { return early.status().reloads == 1; }));
}

}  // namespace
}  // namespace strongroom
