// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/x509.h"

#include <gtest/gtest.h>

#include "platform/system/clock.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

class X509 : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::temp_directory_path() /
           ("strongroom-x509-" +
            std::string(
                testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(dir_);
    fs::create_directories(dir_ / "ca");
    ASSERT_TRUE(create_authority(dir_ / "ca", "test CA", now_).has_value());
    ASSERT_TRUE(
        create_request(dir_ / "tls.key", dir_ / "tls.csr", "bj1/edge-1"));
  }
  void TearDown() override { fs::remove_all(dir_); }

  Result<std::string> sign(const std::string& name, WallTime now) {
    return sign_request(dir_ / "ca",
                        *read_file(dir_ / "tls.csr"),
                        {name, CertificateRole::kClient, {}},
                        now);
  }
  void keep(const std::string& pem, const char* file = "tls.crt") {
    ASSERT_TRUE(
        write_file(dir_ / file, as_bytes(pem), 0644, Overwrite::kReplace));
  }

  fs::path dir_;
  WallTime now_ = read_clocks().wall;
};

TEST_F(X509, SignedRequest_MatchesKeyAndAuthority) {
  const auto pem = sign("bj1/edge-1", now_);
  ASSERT_TRUE(pem.has_value()) << pem.error().what;
  keep(*pem);
  EXPECT_TRUE(check_certificate(
      dir_ / "tls.crt", dir_ / "tls.key", dir_ / "ca/ca.crt"));
  const auto facts = read_certificate(dir_ / "tls.crt");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->common_name, "bj1/edge-1");
  EXPECT_GT(facts->not_after, now_ + std::chrono::days(364));
  EXPECT_LT(facts->not_after, now_ + std::chrono::days(366));
}

TEST_F(X509, RequestForAnotherName_IsRefused) {
  const auto pem = sign("bj1/edge-2", now_);
  ASSERT_FALSE(pem.has_value());
  EXPECT_NE(pem.error().what.find("bj1/edge-1"), std::string::npos);
}

TEST_F(X509, AlteredRequest_IsRefused) {
  auto request = *read_file(dir_ / "tls.csr");
  int refused = 0;
  for (std::size_t at = 60; at < request.size() - 60; at += 7) {
    auto altered = request;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    if (altered == request) {
      continue;
    }
    ++refused;
    EXPECT_FALSE(sign_request(dir_ / "ca",
                              altered,
                              {"bj1/edge-1", CertificateRole::kClient, {}},
                              now_)
                     .has_value())
        << at;
  }
  EXPECT_GT(refused, 20);
}

TEST_F(X509, ForeignKeyAndForeignAuthority_AreNamed) {
  keep(*sign("bj1/edge-1", now_));
  ASSERT_TRUE(
      create_request(dir_ / "other.key", dir_ / "other.csr", "bj1/edge-1"));
  const auto key = check_certificate(
      dir_ / "tls.crt", dir_ / "other.key", dir_ / "ca/ca.crt");
  ASSERT_FALSE(key.has_value());
  EXPECT_NE(key.error().what.find("is not the key of"), std::string::npos);

  fs::create_directories(dir_ / "ca2");
  ASSERT_TRUE(create_authority(dir_ / "ca2", "test CA", now_).has_value());
  const auto authority = check_certificate(
      dir_ / "tls.crt", dir_ / "tls.key", dir_ / "ca2/ca.crt");
  ASSERT_FALSE(authority.has_value());
  EXPECT_NE(authority.error().what.find("is not signed by"), std::string::npos);
}

TEST_F(X509, ExistingAuthority_IsKept) {
  const auto before = *read_file(dir_ / "ca/ca.key");
  EXPECT_FALSE(create_authority(dir_ / "ca", "test CA", now_).has_value());
  EXPECT_EQ(*read_file(dir_ / "ca/ca.key"), before);
}

TEST_F(X509, NameLongerThanX509Allows_IsRefused) {
  const std::string name(kMaxCommonName + 1, 'a');
  EXPECT_FALSE(
      create_request(dir_ / "long.key", dir_ / "long.csr", name).has_value());
  EXPECT_FALSE(fs::exists(dir_ / "long.key"));
}

}  // namespace
}  // namespace strongroom
