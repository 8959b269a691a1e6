// SPDX-License-Identifier: Apache-2.0
#include "platform/policy/policy_file.h"

#include <fstream>
#include <gtest/gtest.h>

#include "core/access/credential_bits.h"
#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kText = R"(format = 1
version = 3
utc_offset_minutes = 480
valid_until = "2026-12-01T00:00:00+08:00"

[[schedule]]
name = "office"
hours = ["mon-fri 08:00-18:00", "sat 09:00-12:30"]

[[zone]]
name = "vault"
pin = true
two_persons = true
passback = "soft"

[[leaf]]
name = "vault-door"
zone = "vault"

[[person]]
id = "p-1"
pin = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

[[credential]]
id = "c-1"
person = "p-1"
format = "em4100"
tag = "3C00CE754C"
valid_from = "2026-11-01T00:00:00Z"

[[credential]]
id = "c-2"
person = "p-1"
format = "h10301"
facility = 118
card = 1603
revoked = true

[[grant]]
person = "p-1"
zone = "vault"
schedule = "office"
)";

std::string errors_of(const std::string& text) {
  const auto policy = parse_policy(text, "policy.toml");
  std::string all;
  if (!policy) {
    for (const ConfigError& error : policy.error()) {
      all += error.text() + "\n";
    }
  }
  return all;
}

std::string with(std::string_view from, std::string_view to) {
  std::string text(kText);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(PolicyFile, IsReadWhole) {
  const auto policy = parse_policy(std::string(kText), "policy.toml");
  ASSERT_TRUE(policy) << errors_of(std::string(kText));
  EXPECT_EQ(policy->version, 3U);
  EXPECT_EQ(policy->hash, sha256(as_bytes(kText)));
  EXPECT_EQ(policy->schedules.at("office").spans.size(), 6U);
  EXPECT_TRUE(policy->zones.at("vault").wants_two_persons);
  EXPECT_EQ(policy->zones.at("vault").passback, PassbackMode::kSoft);
  EXPECT_EQ(policy->leaves.at("vault-door").zone, "vault");
  ASSERT_EQ(policy->credentials.size(), 2U);
  const auto tag = policy->credentials.find(
      {strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100,
       *em4100_bits("3C00CE754C")});
  ASSERT_NE(tag, policy->credentials.end());
  EXPECT_EQ(tag->second.id, "c-1");
  EXPECT_EQ(tag->second.person, "p-1");
  EXPECT_EQ(policy->grants.front().schedule, "office");
}

struct Mistake {
  std::string_view from;
  std::string_view to;
  std::string_view said;
};

constexpr Mistake kMistakes[] = {
    {"version = 3", "version = 0", "policy.toml:2"},
    {"format = 1", "format = 2", "policy.toml:1"},
    {"mon-fri 08:00-18:00", "mon-fri 18:00-08:00", "are no hours"},
    {"2026-12-01T00:00:00+08:00", "2026-13-01T00:00:00Z", "is a time"},
    {"passback = \"soft\"", "passback = \"maybe\"", "passback"},
    {"zone = \"vault\"\n\n[[person]]",
     "zone = \"cellar\"\n\n[[person]]",
     "there is no [[zone]] \"cellar\""},
    {"tag = \"3C00CE754C\"", "tag = \"3C00\"", "10 hexadecimal digits"},
    {"card = 1603", "card = 70000", "cannot hold"},
    {"id = \"c-2\"", "id = \"c-1\"", "twice"},
    {"pin = \"$argon2id$v=19$m", "pin = \"1234", "strongroom policy pin"},
    {"facility = 118\n", "", "facility"},
    {"valid_from = \"2026-11-01T00:00:00Z\"",
     "valid_until = \"2026-11-01T00:00:00Z\"\nvalid_from = "
     "\"2026-11-02T00:00:00Z\"",
     "not after valid_from"},
    {"schedule = \"office\"",
     "schedule = \"night\"",
     "there is no [[schedule]]"},
    {"id = \"p-1\"", "id = \"P 1\"", "1 to 32 of"},
    {"revoked = true", "revokd = true", "revokd"},
};

TEST(PolicyFile, EachMistakeIsSaid) {
  for (const Mistake& mistake : kMistakes) {
    const std::string errors = errors_of(with(mistake.from, mistake.to));
    EXPECT_NE(errors.find(mistake.said), std::string::npos)
        << mistake.to << ": " << errors;
  }
}

TEST(PolicyFile, TheSameBadgeOfTwoIsAnError) {
  EXPECT_NE(errors_of(with("facility = 118\ncard = 1603",
                           "facility = 118\ncard = 1603\n"
                           "[[credential]]\nid = \"c-3\"\nperson = \"p-1\"\n"
                           "format = \"h10301\"\nfacility = 118\ncard = 1603"))
                .find("is the badge of credential \"c-2\" too"),
            std::string::npos);
}

TEST(PolicyTime, WithItsZone) {
  EXPECT_EQ(parse_policy_time("2026-11-16T08:00:00+08:00"),
            WallTime(seconds(1'794'787'200)));
  EXPECT_EQ(parse_policy_time("2026-11-16T00:00:00Z"),
            WallTime(seconds(1'794'787'200)));
  for (const char* wrong : {"",
                            "2026-11-16",
                            "2026-11-16T08:00:00",
                            "2026-02-30T00:00:00Z",
                            "2026-11-16T24:00:00Z",
                            "2026-11-16T08:00:60Z",
                            "2026-11-16T08:00:00Z ",
                            "2026-11-16T08:00:00+8:00"}) {
    EXPECT_FALSE(parse_policy_time(wrong)) << wrong;
  }
}

TEST(PolicyHours, PerDay) {
  const auto spans = parse_policy_hours("tue-wed 08:30-24:00");
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].from, 24 * 60 + 510);
  EXPECT_EQ(spans[0].to, 2 * 24 * 60);
  for (const char* wrong : {"",
                            "tue",
                            "tue 08:00",
                            "tue 08:00-25:00",
                            "wed-tue 08:00-09:00",
                            "day 08:00-09:00",
                            "tue 08:00-08:00",
                            "tue 08:00-09:00 "}) {
    EXPECT_TRUE(parse_policy_hours(wrong).empty()) << wrong;
  }
}

class SignedPolicy : public testing::Test {
 protected:
  SignedPolicy() {
    init_crypto();
    std::array<std::uint8_t, 32> seed{1};
    signer_ = signer_from_seed(seed);
    write("policy.toml", kText);
    write("policy.toml.sig", policy_signature(*signer_, kText));
  }
  ~SignedPolicy() override { std::filesystem::remove_all(dir_); }
  void write(const char* name, std::string_view text) const {
    std::ofstream(dir_ / name) << text;
  }
  std::string fault_of(const PublicKey& key) const {
    const auto policy = load_policy(dir_ / "policy.toml", key);
    return policy ? "" : policy.error().what;
  }

  std::filesystem::path dir_ = [] {
    std::string name = std::filesystem::temp_directory_path() / "policyXXXXXX";
    return std::filesystem::path(mkdtemp(name.data()));
  }();
  std::unique_ptr<Signer> signer_;
};

TEST_F(SignedPolicy, IsBelieved) {
  EXPECT_EQ(fault_of(signer_->public_key()), "");
  write("policy.pub", to_base64(signer_->public_key()) + "\n");
  EXPECT_EQ(load_policy_key(dir_ / "policy.pub"), signer_->public_key());
}

TEST_F(SignedPolicy, OfAnotherKey_OrAnotherText_IsNot) {
  std::array<std::uint8_t, 32> seed{2};
  EXPECT_NE(fault_of(signer_from_seed(seed)->public_key()).find("not signed"),
            std::string::npos);
  write("policy.toml", with("revoked = true", "revoked = false"));
  EXPECT_NE(fault_of(signer_->public_key()).find("not signed"),
            std::string::npos);
}

TEST_F(SignedPolicy, WithoutSignature_IsNot) {
  std::filesystem::remove(dir_ / "policy.toml.sig");
  EXPECT_NE(fault_of(signer_->public_key()).find("policy.toml.sig"),
            std::string::npos);
  write("policy.toml.sig", "nonsense\n");
  EXPECT_NE(fault_of(signer_->public_key()).find("not a signature"),
            std::string::npos);
}

TEST_F(SignedPolicy, WithMistakes_IsNot) {
  const std::string wrong = with("card = 1603", "card = 70000");
  write("policy.toml", wrong);
  write("policy.toml.sig", policy_signature(*signer_, wrong));
  EXPECT_NE(fault_of(signer_->public_key()).find("cannot hold"),
            std::string::npos);
}

}  // namespace
}  // namespace strongroom
