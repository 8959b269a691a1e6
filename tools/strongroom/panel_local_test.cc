// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/panel_local.h"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <stdlib.h>
#include <thread>
#include <unistd.h>

namespace strongroom {
namespace {

using std::chrono::milliseconds;

PanelCommissioning door() {
  return {11, 115200, 'N', 2, 1, {0x0f, 1, 2, 3, 4, 5, 6, 7, 8}};
}

std::string identity_of(const PanelCommissioning& panel) {
  return "ok board=native serial=01 firmware=0.1.0 unit=" +
         std::to_string(panel.unit) + " baud=" + std::to_string(panel.baud) +
         " parity=" + panel.parity + " leaves=" + std::to_string(panel.leaves) +
         " readers=" + std::to_string(panel.readers) +
         " key=" + panel_fingerprint(panel.key);
}

/// Answers as told; what it was asked stands in `heard`.
class FakeLink final : public LocalLink {
 public:
  Result<std::string> ask(const std::string& line, milliseconds) override {
    heard.push_back(line);
    const auto word = line.substr(0, line.find(' '));
    if (word == "save") {
      is_saved = true;
    } else if (is_saved && old_answers > 0) {
      return --old_answers % 2 == 0
                 ? Result<std::string>("ok boot=7 start=reset")
                 : fault("the panel does not answer");
    } else if (word == "status?") {
      return is_saved && !never_restarts ? "ok boot=8 start=reset"
                                         : "ok boot=7 start=reset";
    }
    const auto answer = answers.find(word);
    return answer == answers.end() ? "ok not saved yet" : answer->second;
  }
  std::map<std::string, std::string> answers;
  std::vector<std::string> heard;
  int old_answers = 0;  // of the run before the restart, and silence
  bool is_saved = false;
  bool never_restarts = false;
};

std::string transcript;
void note(const std::string& line) {
  transcript += line + "\n";
}

TEST(PanelLocal, TellsEverything_WaitsForTheRestart_AndLooks) {
  FakeLink link;
  link.answers["id?"] = identity_of(door());
  link.old_answers = 4;
  transcript.clear();
  const auto identity = commission_panel(link, door(), note);
  ASSERT_TRUE(identity) << identity.error().what;
  EXPECT_EQ(local_word(*identity, "board"), "native");
  EXPECT_EQ(link.heard[1], "unit 11");
  EXPECT_EQ(link.heard[6], "key 0f010203040506070800000000000000");
  EXPECT_EQ(link.heard[7], "save");
  EXPECT_EQ(link.heard.back(), "id?");
  EXPECT_EQ(transcript.find("0f0102"), std::string::npos) << transcript;
}

TEST(PanelLocal, ARefusalEndsIt_BeforeAnythingIsSaved) {
  FakeLink link;
  link.answers["leaves"] = "error how many are connected, at most 8";
  const auto identity = commission_panel(link, door(), note);
  ASSERT_FALSE(identity);
  EXPECT_NE(identity.error().what.find("at most 8"), std::string::npos);
  EXPECT_EQ(std::ranges::count(link.heard, "save"), 0);
}

TEST(PanelLocal, WhatThePanelSaysMustBeWhatItWasTold) {
  auto other = door();
  EXPECT_EQ(commissioning_fault(identity_of(door()), door()), "");
  other.unit = 12;
  EXPECT_EQ(commissioning_fault(identity_of(other), door()),
            "unit is 12, not 11");
  other = door();
  other.key[15] = 1;
  EXPECT_NE(commissioning_fault(identity_of(other), door()), "");
  EXPECT_EQ(commissioning_fault("ok", door()), "unit is not said, not 11");
}

class OverATerminal : public testing::Test {
 protected:
  OverATerminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    name_ = ptsname(master_);
  }
  ~OverATerminal() override { close(master_); }
  /// Waits for a line of ours, then says `answer`.
  std::jthread panel(std::string answer) const {
    return std::jthread([master = master_, answer = std::move(answer)] {
      char byte = 0;
      while (read(master, &byte, 1) == 1 && byte != '\n') {
      }
      (void)!write(master, answer.data(), answer.size());
    });
  }
  int master_;
  std::string name_;
};

TEST_F(OverATerminal, TheAnswerIsFoundAmongOtherWords) {
  auto link = open_local_link(name_);
  ASSERT_TRUE(link) << link.error().what;
  const auto thread = panel("log: hello\r\nokay?\r\nok board=native\r\n");
  const auto answer = (*link)->ask("id?", milliseconds(5000));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(*answer, "ok board=native");
}

TEST_F(OverATerminal, SilenceAndNoiseAreSaid) {
  auto link = open_local_link(name_);
  ASSERT_TRUE(link);
  const auto thread = panel(std::string(5000, 'x'));
  const auto answer = (*link)->ask("id?", milliseconds(200));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().what.find("local port"), std::string::npos);
}

TEST(PanelLocalPort, AFileIsNone) {
  EXPECT_FALSE(open_local_link("/dev/null"));
  EXPECT_FALSE(open_local_link("/nowhere"));
}

}  // namespace
}  // namespace strongroom
