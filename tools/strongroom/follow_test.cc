// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/follow.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace strongroom {
namespace {

using nlohmann::json;

json reply() {
  return {
      {"done", ""},
      {"stream", "record"},
      {"predecessor", "ledger.example/bj1/record/1"},
      {"successor", "ledger.example/bj1/record/2"},
      {"frozen_size", 900},
      {"frozen_root", std::string(64, 'a')},
      {"signed_size", 1000},
      {"signed_root", std::string(64, 'b')},
      {"succession", std::string(64, 'c')},
      {"chains",
       {{{"epoch", "0000000000000abc"}, {"next_seq", 42}, {"closed", true}},
        {{"epoch", "0000000000000def"}, {"next_seq", 7}, {"closed", false}}}},
      {"persons", {"anna", "bo"}}};
}

TEST(DescribeProof, SaysWhatCountsAndFromWhereItIsSentAgain) {
  const auto text = describe_proof(reply().dump());
  ASSERT_TRUE(text) << text.error().what;
  for (const char* part :
       {"ledger.example/bj1/record/1\n",
        "ledger.example/bj1/record/2\n",
        "900 entries, root aaaa",
        "100 entries that it had signed (tree of 1000)",
        "epoch 0000000000000abc: events 1 to 41 are held, closed\n",
        "epoch 0000000000000def: events 1 to 6 are held; from 7 on it is sent "
        "again\n"}) {
    EXPECT_NE(text->find(part), std::string::npos) << part << "\n" << *text;
  }
}

TEST(DescribeProof, NothingLost_IsNotMentioned) {
  json all = reply();
  all["signed_size"] = 900;
  const auto text = describe_proof(all.dump());
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find("lost"), std::string::npos) << *text;
}

TEST(DescribeProof, NothingHeld_SaysSo) {
  json none = reply();
  none["chains"] = json::array();
  const auto text = describe_proof(none.dump());
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("holds nothing"), std::string::npos) << *text;
}

TEST(DescribeProof, ManyEpochs_AreCounted) {
  json many = reply();
  for (int i = 0; i < 10; ++i) {
    many["chains"].push_back(many["chains"][0]);
  }
  const auto text = describe_proof(many.dump());
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("and 4 more epochs"), std::string::npos) << *text;
}

TEST(DescribeProof, WhatIsNoAnswer_IsAFault) {
  for (const char* member : {"stream",
                             "predecessor",
                             "successor",
                             "frozen_size",
                             "frozen_root",
                             "signed_size",
                             "chains"}) {
    json wrong = reply();
    wrong.erase(member);
    EXPECT_FALSE(describe_proof(wrong.dump())) << member;
    wrong[member] = json::object({{"x", nullptr}});
    EXPECT_FALSE(describe_proof(wrong.dump())) << member;
  }
  for (const char* text : {"", "[]", "null", "{", "{}"}) {
    EXPECT_FALSE(describe_proof(text)) << text;
    EXPECT_FALSE(described_deed(text)) << text;
  }
}

TEST(DescribeProof, WhatCommandsATerminal_IsNotPrinted) {
  json evil = reply();
  evil["successor"] = "\x1b[2J";
  const auto text = describe_proof(evil.dump());
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find('\x1b'), std::string::npos);
}

TEST(DescribedDeed, IsWhatTheAgentSays) {
  json done = reply();
  done["done"] = "17 events go again";
  EXPECT_EQ(described_deed(done.dump()).value_or(""), "17 events go again");
}

}  // namespace
}  // namespace strongroom
