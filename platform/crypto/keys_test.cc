// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto/keys.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/stat.h>

namespace strongroom {
namespace {

namespace fs = std::filesystem;

template <typename Array>
Array array_of(std::string_view hex) {
  const Bytes bytes = from_hex(hex).value();
  Array array{};
  std::ranges::copy(bytes, array.begin());
  return array;
}

// RFC 8032 section 7.1.
struct Rfc8032Case {
  const char* seed;
  const char* key;
  const char* message;
  const char* signature;
};
constexpr Rfc8032Case kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882159"
     "0"
     "a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43"
     "e"
     "15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538"
     "d"
     "16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, OfPublishedKeys_SignsAndVerifies) {
  for (const auto& [seed, key, message, signature] : kRfc8032) {
    const auto signer =
        signer_from_seed(array_of<std::array<std::uint8_t, 32>>(seed));
    const Bytes text = from_hex(message).value();
    EXPECT_EQ(to_hex(signer->public_key()), key);
    EXPECT_EQ(to_hex(signer->sign(text)), signature);
    EXPECT_TRUE(verify_ed25519(
        array_of<PublicKey>(key), text, array_of<Signature>(signature)));
  }
}

TEST(Ed25519, WithAnyBitAltered_IsRefused) {
  const auto& [seed, key, message, text] = kRfc8032[2];
  const Bytes plain = from_hex(message).value();
  const auto public_key = array_of<PublicKey>(key);
  const auto good = array_of<Signature>(text);
  for (std::size_t i = 0; i < 512; ++i) {
    Signature signature = good;
    signature[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    EXPECT_FALSE(verify_ed25519(public_key, plain, signature)) << i;
  }
  for (std::size_t i = 0; i < 256; ++i) {
    PublicKey other = public_key;
    other[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    EXPECT_FALSE(verify_ed25519(other, plain, good)) << i;
  }
  EXPECT_FALSE(verify_ed25519(public_key, Bytes{0xaf, 0x83}, good));
  EXPECT_FALSE(verify_ed25519(public_key, Bytes{0xaf}, good));
}

// The same signature with the group's order added to S verifies where S is
// not checked: one event would have two signatures.
TEST(Ed25519, OfANonCanonicalSignature_IsRefused) {
  const Bytes order =
      from_hex(
          "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
          .value();
  const auto& [seed, key, message, text] = kRfc8032[0];
  auto signature = array_of<Signature>(text);
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
  EXPECT_FALSE(verify_ed25519(array_of<PublicKey>(key), {}, signature));
}

// Keys of small order, under which one signature fits many messages.
TEST(Ed25519, OfAWeakKey_IsRefused) {
  for (const char* key :
       {"0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"}) {
    Signature signature{};
    signature[0] = 1;
    EXPECT_FALSE(verify_ed25519(array_of<PublicKey>(key), {}, signature));
  }
}

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~KeyFile() override { fs::remove_all(folder_); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) /
      ("strongroom_key_" +
       std::string(
           testing::UnitTest::GetInstance()->current_test_info()->name()));
  const fs::path path_ = folder_ / "key";
};

TEST_F(KeyFile, OfEachKind_IsWrittenOnceAndReadBack) {
  for (const KeyKind kind : {KeyKind::kEvent,
                             KeyKind::kLog,
                             KeyKind::kShare,
                             KeyKind::kCommand,
                             KeyKind::kSealing,
                             KeyKind::kDisclosure}) {
    const fs::path path = folder_ / key_kind_name(kind);
    const auto key = create_key(path, kind);
    ASSERT_TRUE(key) << key.error().what;
    EXPECT_EQ(public_key_of(path, kind).value(), *key);
    const std::string before = read(path);
    EXPECT_TRUE(before.starts_with("strongroom-key/v1 " +
                                   std::string(key_kind_name(kind)) + "\n"));
    EXPECT_FALSE(create_key(path, kind));
    EXPECT_EQ(read(path), before);
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
  }
}

TEST_F(KeyFile, OfASigningKind_Signs) {
  const PublicKey key = create_key(path_, KeyKind::kEvent).value();
  const auto signer = load_signer(path_, KeyKind::kEvent);
  ASSERT_TRUE(signer);
  EXPECT_EQ((*signer)->public_key(), key);
  EXPECT_TRUE(
      verify_ed25519(key, as_bytes("text"), (*signer)->sign(as_bytes("text"))));
}

TEST_F(KeyFile, AsWritten_HoldsTheSeed) {
  write(
      "strongroom-key/v1 log\n"
      "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n");
  EXPECT_EQ(to_hex(public_key_of(path_, KeyKind::kLog).value()),
            kRfc8032[0].key);
}

TEST_F(KeyFile, ForAnotherUse_IsRefused) {
  ASSERT_TRUE(create_key(path_, KeyKind::kEvent));
  EXPECT_FALSE(load_signer(path_, KeyKind::kLog));
  EXPECT_FALSE(public_key_of(path_, KeyKind::kSealing));
  ASSERT_TRUE(create_key(folder_ / "sealing", KeyKind::kSealing));
  EXPECT_FALSE(load_signer(folder_ / "sealing", KeyKind::kSealing));
}

TEST_F(KeyFile, ThatOthersCanUse_IsRefused) {
  ASSERT_TRUE(create_key(path_, KeyKind::kEvent));
  for (const auto extra : {fs::perms::group_read,
                           fs::perms::others_read,
                           fs::perms::group_write,
                           fs::perms::others_exec}) {
    fs::permissions(path_, extra, fs::perm_options::add);
    EXPECT_FALSE(load_signer(path_, KeyKind::kEvent));
    fs::permissions(path_, extra, fs::perm_options::remove);
  }
  EXPECT_TRUE(load_signer(path_, KeyKind::kEvent));
}

TEST_F(KeyFile, MissingOrAFolder_IsRefused) {
  EXPECT_FALSE(load_signer(path_, KeyKind::kEvent));
  EXPECT_FALSE(load_signer(folder_, KeyKind::kEvent));
  EXPECT_FALSE(create_key(folder_ / "no" / "key", KeyKind::kEvent));
}

TEST_F(KeyFile, OfAnotherForm_IsRefused) {
  const std::string head = "strongroom-key/v1 event\n";
  const std::string seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
  write(head + seed + "\n");
  ASSERT_TRUE(load_signer(path_, KeyKind::kEvent));
  const std::string bad[] = {
      "",
      head,
      head + seed,
      head + seed + "x",
      head + seed + "\n\n",
      head + seed + "\r\n",
      head + " " + seed + "\n",
      head + seed.substr(0, 40) + "\n",
      head + seed + seed + "\n",
      head + "\n",
      "strongroom-key/v2 event\n" + seed + "\n",
      "strongroom-key/v1 events\n" + seed + "\n",
      "strongroom-key/v1  event\n" + seed + "\n",
      seed + "\n",
      head + seed + "\n" + std::string(1000, 'a') + "\n",
  };
  for (const std::string& text : bad) {
    write(text);
    EXPECT_FALSE(load_signer(path_, KeyKind::kEvent)) << text;
  }
}

TEST_F(KeyFile, Faults_NameTheFileAndNotTheSecret) {
  const std::string seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
  write("strongroom-key/v1 event\n" + seed + "=\n");
  const auto signer = load_signer(path_, KeyKind::kEvent);
  ASSERT_FALSE(signer);
  EXPECT_NE(signer.error().what.find(path_.string()), std::string::npos);
  EXPECT_EQ(signer.error().what.find("nWGx"), std::string::npos);
}

TEST_F(KeyFile, OfADisclosureKey_OpensWhatWasSealedToIt) {
  const PublicKey key = create_key(path_, KeyKind::kDisclosure).value();
  const Bytes plain = {1, 2, 3};
  Bytes sealed = seal(key, plain).value();
  EXPECT_EQ(open_sealed(path_, KeyKind::kDisclosure, sealed).value(), plain);
  EXPECT_NE(seal(key, plain).value(), sealed);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    sealed[i] ^= 1U;
    EXPECT_FALSE(open_sealed(path_, KeyKind::kDisclosure, sealed)) << i;
    sealed[i] ^= 1U;
  }
  EXPECT_FALSE(open_sealed(path_, KeyKind::kDisclosure, {}));
  EXPECT_FALSE(open_sealed(path_, KeyKind::kDisclosure, Bytes(47)));
  EXPECT_TRUE(
      open_sealed(path_, KeyKind::kDisclosure, seal(key, {}).value())->empty());
}

TEST_F(KeyFile, OfAnotherDisclosureKey_OpensNothing) {
  ASSERT_TRUE(create_key(path_, KeyKind::kDisclosure));
  const PublicKey other =
      create_key(folder_ / "other", KeyKind::kDisclosure).value();
  EXPECT_FALSE(
      open_sealed(path_, KeyKind::kDisclosure, seal(other, Bytes{1}).value()));
}

// --- panels' keys
// -------------------------------------------------------------

TEST_F(KeyFile, OfAPanel_IsWrittenOnceAndReadBack) {
  const PanelKey key = create_panel_key(path_).value();
  EXPECT_EQ(read(path_), "strongroom-panel-key/v1\n" + to_hex(key) + "\n");
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(load_panel_key(path_).value(), key);
  EXPECT_FALSE(create_panel_key(path_));
  EXPECT_FALSE(load_signer(path_, KeyKind::kEvent));
}

TEST_F(KeyFile, OfAPanelThatOthersCanUse_IsRefused) {
  ASSERT_TRUE(create_panel_key(path_));
  fs::permissions(path_, fs::perms::group_read, fs::perm_options::add);
  EXPECT_NE(load_panel_key(path_).error().what.find("0600"), std::string::npos);
}

TEST_F(KeyFile, OfAPanelInAnotherForm_IsRefused) {
  const std::string head = "strongroom-panel-key/v1\n";
  const std::string key = "000102030405060708090a0b0c0d0e0f";
  write(head + key + "\n");
  EXPECT_TRUE(load_panel_key(path_).has_value());
  for (const std::string& text : {std::string(),
                                  key + "\n",
                                  head,
                                  head + key,
                                  head + "\n",
                                  head + key + "0\n",
                                  head + key + "00\n",
                                  head + key + "\n\n",
                                  head + "g" + key.substr(1) + "\n",
                                  head + std::string(32, '0') + "\n",
                                  "strongroom-key/v1 panel\n" + key + "\n"}) {
    write(text);
    EXPECT_FALSE(load_panel_key(path_).has_value()) << text;
  }
}

TEST(Seal, ToAWeakKey_IsAFault) {
  EXPECT_FALSE(seal(PublicKey{}, Bytes{1}));
}

}  // namespace
}  // namespace strongroom
