// SPDX-License-Identifier: Apache-2.0
#include "platform/system/program.h"

#include <gtest/gtest.h>
#include <stdexcept>
#include <vector>

namespace strongroom {
namespace {

struct Outcome {
  int code = 0;
  int runs = 0;
  ProgramArguments arguments;
  std::string out;
  std::string err;
};

Outcome run_with(std::vector<const char*> words, bool throws = false) {
  const Program program{.name = "a-daemon",
                        .does = "Does things.",
                        .version = "1.2.3",
                        .config = "/etc/a/a.toml",
                        .check_help = "check it",
                        .footer = "Exit codes: none."};
  words.insert(words.begin(), "a-daemon");
  Outcome outcome;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  outcome.code = run_program(program,
                             static_cast<int>(words.size()),
                             words.data(),
                             [&](const ProgramArguments& arguments) {
                               ++outcome.runs;
                               outcome.arguments = arguments;
                               if (throws) {
                                 throw std::runtime_error("no memory");
                               }
                               return 7;
                             });
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Program, WithoutWords_RunsWithTheDefaultConfiguration) {
  const Outcome outcome = run_with({});
  EXPECT_EQ(outcome.code, 7) << "what run says";
  EXPECT_EQ(outcome.arguments.config, "/etc/a/a.toml");
  EXPECT_FALSE(outcome.arguments.check_config);
}

TEST(Program, Words_ReachTheProgram) {
  const Outcome outcome = run_with(
      {"--config", "x.toml", "--check-config", "--log-level", "error"});
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.arguments.config, "x.toml");
  EXPECT_TRUE(outcome.arguments.check_config);
}

TEST(Program, WrongWords_AreUsage_AndNothingRuns) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{
           {"--log-level", "loud"}, {"--unknown"}, {"word"}, {"--config"}}) {
    const Outcome outcome = run_with(words);
    EXPECT_EQ(outcome.code, kProgramUsage) << words[0];
    EXPECT_EQ(outcome.runs, 0);
    EXPECT_FALSE(outcome.err.empty());
  }
}

TEST(Program, HelpAndVersion_RunNothing) {
  const Outcome help = run_with({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("Exit codes: none."), std::string::npos);
  EXPECT_NE(help.out.find("a.toml"), std::string::npos);
  const Outcome version = run_with({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out, "1.2.3\n");
  EXPECT_EQ(help.runs + version.runs, 0);
}

TEST(Program, ThatThrows_IsAFailureThatSaysWhy) {
  const Outcome outcome = run_with({}, true);
  EXPECT_EQ(outcome.code, kProgramFailed);
  EXPECT_NE(outcome.err.find("a-daemon: no memory"), std::string::npos);
}

}  // namespace
}  // namespace strongroom
