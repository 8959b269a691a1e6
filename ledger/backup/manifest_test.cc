// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/manifest.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

BackupManifest sample() {
  BackupManifest manifest;
  manifest.ledger = "ledger.example";
  manifest.taken = WallTime(std::chrono::seconds(1'800'000'001));
  manifest.disclosures.bytes = 12'288;
  manifest.disclosures.sha256.fill(0x0d);
  manifest.store.bytes = 40'960;
  manifest.store.sha256.fill(0xa1);
  manifest.logs = {{"ledger.example/bj1/record/1", 8, "a note\n"},
                   {"ledger.example/central/registry/1", 0, ""}};
  return manifest;
}

TEST(BackupManifestTest, Text_IsWhatTheFormatSays) {
  const std::string text = sample().text();
  EXPECT_TRUE(
      text.starts_with("strongroom backup 1\n"
                       "ledger ledger.example\n"
                       "taken 2027-01-15T08:00:01Z\n"
                       "file disclosures.db 12288 0d0d"))
      << text;
  EXPECT_NE(text.find("\nlog ledger.example/bj1/record/1 8 YSBub3RlCg==\n"
                      "log ledger.example/central/registry/1 0 -\nend "),
            std::string::npos)
      << text;
}

TEST(BackupManifestTest, Parse_GivesBackWhatWasWritten) {
  const auto parsed = BackupManifest::parse(sample().text());
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed->ledger, "ledger.example");
  EXPECT_EQ(parsed->taken, sample().taken);
  EXPECT_EQ(parsed->store, sample().store);
  EXPECT_EQ(parsed->disclosures, sample().disclosures);
  EXPECT_EQ(parsed->logs, sample().logs);
}

TEST(BackupManifestTest, EveryAlteredOrMissingByte_IsRefused) {
  const std::string text = sample().text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string altered = text;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      EXPECT_FALSE(BackupManifest::parse(altered)) << i << ": " << altered;
    }
    EXPECT_FALSE(BackupManifest::parse(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(BackupManifest::parse(text + "\n"));
}

TEST(BackupManifestTest, LogsOutOfOrder_AreRefused) {
  BackupManifest manifest = sample();
  std::swap(manifest.logs[0], manifest.logs[1]);
  EXPECT_FALSE(BackupManifest::parse(manifest.text()));
  manifest.logs[0] = manifest.logs[1];
  EXPECT_FALSE(BackupManifest::parse(manifest.text()));
}

TEST(BackupManifestTest, AnotherVersion_IsNamed) {
  std::string text = sample().text();
  text[text.find('1')] = '2';
  const auto parsed = BackupManifest::parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().what,
            "a backup of a version that this program does not know");
}

}  // namespace
}  // namespace strongroom
