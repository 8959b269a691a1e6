// SPDX-License-Identifier: Apache-2.0
#include "core/log/note.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "core/crypto/hash.h"

namespace strongroom {
namespace {

using std::string_literals::operator""s;

// From the tests and the example of Go's golang.org/x/mod/sumdb/note.
const std::string kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string kPeterKey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string kPeterLine =
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUg"
    "YN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const std::string kEnochKey =
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const std::string kEnochLine =
    "\xe2\x80\x94 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+"
    "vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

NoteKey key_of(const std::string& vkey) {
  return NoteKey::parse(vkey).value();
}

std::unique_ptr<Signer> signer_of(std::string_view base64_of_type_and_seed) {
  const Bytes blob = from_base64(base64_of_type_and_seed).value();
  return signer_from_seed(std::span(blob).subspan<1, 32>());
}

// Whether the note is well formed and signed by the key.
bool opens(const std::string& note, const std::string& vkey) {
  const auto parsed = Note::parse(note);
  return parsed && is_signed_by(*parsed, key_of(vkey));
}

TEST(Note, Open_OfTheSpecificationsExample_Verifies) {
  const std::string note =
      "This is an example message.\n\n"
      "\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
      "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
  const std::string vkey =
      "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  EXPECT_TRUE(opens(note, vkey));
  EXPECT_EQ(key_of(vkey).text(), vkey);
  EXPECT_EQ(Note::parse(note).value().encode(), note);
  EXPECT_EQ(Note::parse(note).value().text, "This is an example message.\n");
}

TEST(Note, Sign_WithPublishedKeys_GivesThePublishedNotes) {
  const auto peter = signer_of("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
  const auto enoch = signer_from_seed(Hash{});
  const Note note{kText,
                  {sign_note(kText, "PeterNeumann", *peter),
                   sign_note(kText, "EnochRoot", *enoch)}};
  EXPECT_EQ(note.encode(), kText + "\n" + kPeterLine + kEnochLine);
  EXPECT_EQ((NoteKey{"PeterNeumann", 1, peter->public_key()}).text(),
            kPeterKey);
  EXPECT_EQ((NoteKey{"EnochRoot", 1, enoch->public_key()}).text(), kEnochKey);
}

TEST(Note, Open_WithTwoSignatures_VerifiesEach) {
  const std::string note = kText + "\n" + kPeterLine + kEnochLine;
  EXPECT_TRUE(opens(note, kPeterKey));
  EXPECT_TRUE(opens(note, kEnochKey));
  EXPECT_FALSE(opens(kText + "\n" + kPeterLine, kEnochKey));
}

TEST(Note, Open_WithATextAltered_IsRefused) {
  const std::string note = kText + "\n" + kPeterLine;
  for (std::size_t i = 0; i + 1 < kText.size(); ++i) {
    std::string altered = note;
    altered[i] = altered[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(opens(altered, kPeterKey));
  }
}

TEST(Note, Open_WithAnyByteOfTheSignatureAltered_IsRefused) {
  const std::string note = kText + "\n" + kPeterLine;
  for (std::size_t at = kText.size() + 1; at < note.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string altered = note;
      altered[at] = static_cast<char>(altered[at] ^ 1 << bit);
      EXPECT_FALSE(opens(altered, kPeterKey)) << at;
    }
  }
}

TEST(Note, Open_WithAWrongClaimBesideARightOne_IsRefused) {
  // A second claim of the same name and key id, with another signature.
  std::string wrong = kPeterLine;
  wrong[60] = wrong[60] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(opens(kText + "\n" + kPeterLine + wrong, kPeterKey));
  EXPECT_FALSE(opens(kText + "\n" + wrong + kPeterLine, kPeterKey));
  EXPECT_TRUE(opens(kText + "\n" + kPeterLine + kPeterLine, kPeterKey));
  // Longer than a signature, as the published test has it.
  std::string longer = kPeterLine;
  longer.insert(60, "ABCD");
  EXPECT_FALSE(opens(kText + "\n" + longer, kPeterKey));
}

TEST(Note, Open_WithAnUnknownClaim_IgnoresIt) {
  std::string wrong = kEnochLine;
  wrong.insert(60, "ABCD");
  EXPECT_TRUE(opens(kText + "\n" + kPeterLine + kEnochLine + kEnochLine + wrong,
                    kPeterKey));
}

TEST(Note, Parse_OfAMalformedNote_IsRefused) {
  const std::string mark = "\xe2\x80\x94 ";
  const std::string good = kText + "\n" + kPeterLine;
  ASSERT_TRUE(Note::parse(good));
  const std::string bad[] = {
      // The published ones.
      kText,
      kText + "\n",
      good.substr(0, good.size() - 1),
      "\x01"s + good,
      "\xff"s + good,
      kText + "\n" + mark +
          "Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcE" +
          "lZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
      good + "Unexpected line.\n",
      // Ours.
      "",
      "\n",
      "\n\n",
      good + "\n",
      "\r"s + good,
      "\x00"s + good,
      "\xc0\x80"s + good,
      "\xed\xa0\x80"s + good,
      kText + "\n" + mark + "PeterNeumann\n",
      kText + "\n" + mark + "PeterNeumann \n",
      kText + "\n" + mark + "PeterNeumann AAAAAA==\n",  // a key id alone
      kText + "\n" + mark + "PeterNeumann AAAAAAB=\n",  // unused bits
      kText + "\n" + mark + "PeterNeumann AAAAAAA\n",   // no padding
      kText + "\n" + mark + "PeterNeumann AAAAAAA= \n",
      kText + "\n" + mark + " AAAAAAA=\n",
      kText + "\n" + mark + "a+b AAAAAAA=\n",
      kText + "\n" + mark + "a\xc2\xa0z AAAAAAA=\n",
      kText + "\n" + mark + "a\xe3\x80\x80z AAAAAAA=\n",
      kText + "\n- PeterNeumann AAAAAAA=\n",
  };
  for (const std::string& note : bad) {
    EXPECT_FALSE(Note::parse(note)) << note;
  }
}

TEST(Note, Parse_OfABlankLineInTheText_SplitsAtTheLast) {
  const auto note = Note::parse("one\n\ntwo\n\n" + kPeterLine);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->text, "one\n\ntwo\n");
}

TEST(Note, Parse_OfTooMuch_IsRefused) {
  std::string note = kText + "\n";
  for (int i = 0; i < 64; ++i) {
    note += kPeterLine;
  }
  EXPECT_TRUE(opens(note, kPeterKey));
  EXPECT_FALSE(Note::parse(note + kPeterLine));

  const std::string tail = "\n\n" + kPeterLine;
  const std::size_t room = 64 * 1024 - tail.size();
  EXPECT_TRUE(Note::parse(std::string(room, 'a') + tail));
  EXPECT_FALSE(Note::parse(std::string(room + 1, 'a') + tail));
}

TEST(NoteKey, Parse_OfAnyPartOfAKey_IsRefused) {
  for (std::size_t begin = 0; begin <= kPeterKey.size(); ++begin) {
    for (std::size_t end = begin; end <= kPeterKey.size(); ++end) {
      if (begin != 0 || end != kPeterKey.size()) {
        EXPECT_FALSE(NoteKey::parse(kPeterKey.substr(begin, end - begin)));
      }
    }
  }
}

TEST(NoteKey, Parse_WithAnyByteRaised_IsRefused) {
  for (std::size_t i = 0; i < kPeterKey.size(); ++i) {
    std::string vkey = kPeterKey;
    ++vkey[i];
    EXPECT_FALSE(NoteKey::parse(vkey)) << vkey;
  }
}

TEST(NoteKey, Parse_OfAMalformedKey_IsRefused) {
  const std::string bad[] = {
      // The published ones: too long, and of an unknown algorithm, each with
      // the hash that it would have.
      ("PeterNeumann+cc469956+"
       "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="),
      "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      // Ours.
      "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      kPeterKey + "\n",
      kPeterKey + "+",
  };
  for (const std::string& vkey : bad) {
    EXPECT_FALSE(NoteKey::parse(vkey)) << vkey;
  }
}

TEST(NoteKey, Parse_OfBase64WithAPlus_KeepsIt) {
  // Found by counting up seeds: public keys whose base64 holds a plus.
  int found = 0;
  for (std::uint8_t i = 0; i < 20; ++i) {
    Hash seed{};
    seed[0] = i;
    const NoteKey key{"a", 1, signer_from_seed(seed)->public_key()};
    const std::string vkey = key.text();
    found += std::ranges::count(vkey, '+') > 2 ? 1 : 0;
    EXPECT_EQ(key_of(vkey).text(), vkey);
  }
  EXPECT_GT(found, 0);
}

PublicKey public_key(std::string_view hex) {
  return hash_from(from_hex(hex).value()).value();
}

// Published: sigsum-go, pkg/proof/proof_test.go, TestVerify. The witness signs
// a time and the same text as the log.
class Cosignature : public testing::Test {
 protected:
  Cosignature() {
    const Hash root = public_key(
        "3ddc56fd46e71e517b6936b977a457da7d398108141fcdf5c8386cdd724ab7a8");
    note_.text = log_.name + "\n4\n" + to_base64(root) + "\n";
    note_.signatures.push_back({log_.name, log_.id(), log_signature_});
    note_.signatures.push_back(
        {witness_.name, witness_.id(), blob(1683202758)});
  }

  Bytes blob(std::uint64_t time) const {
    Bytes bytes;
    for (unsigned i = 0; i < 8; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(time >> (56 - 8 * i)));
    }
    append(bytes, witness_signature_);
    return bytes;
  }

  const PublicKey log_key_ = public_key(
      "ac26c0a855ac451a6539478e1a160388f024b385f1363efcda470170076c01e5");
  const NoteKey log_{
      "sigsum.org/v1/tree/" + to_hex(sha256(log_key_)), 0x01, log_key_};
  const NoteKey witness_{
      "witness.example",
      0x04,
      public_key(
          "cbe357e6b464049e703b7be6c89201193acc2a18c095b0691aaf50b9b1e1578a")};
  const Bytes log_signature_ =
      from_hex(
          "ccbdd8c784726b732b8edd2039fbad5506e4acccd56e3e5d86c0ee109b3d26"
          "62e6881fe3d09fc48f9ddd31494463c5ec44926ff9158785ad1dd9b5d64"
          "34b0804")
          .value();
  const Bytes witness_signature_ =
      from_hex(
          "e8d6c447d7847d5c1431ef86f8c60fa0cbacd975388b2a8f202fe4b0f9d0d5"
          "44989c9d9351752d86aae2df72b9d7135b6b09de2ccaa6d68edf638105d"
          "69be609")
          .value();
  Note note_;
};

TEST_F(Cosignature, OfPublishedKeys_Verifies) {
  EXPECT_EQ(log_.name,
            "sigsum.org/v1/tree/"
            "7c5fafc796c201e0fcd7567c5033a2777ec28363f54ea0ba97b57bece0d96acd");
  const Note read = Note::parse(note_.encode()).value();
  EXPECT_TRUE(is_signed_by(read, log_));
  EXPECT_TRUE(is_signed_by(read, witness_));
  EXPECT_EQ(key_of(witness_.text()).type, 0x04);
}

TEST_F(Cosignature, WithAnotherTime_IsRefused) {
  note_.signatures[1].signature = blob(1683202759);
  EXPECT_FALSE(is_signed_by(note_, witness_));
  EXPECT_TRUE(is_signed_by(note_, log_));
}

TEST_F(Cosignature, CutShort_IsRefused) {
  const Bytes whole = blob(1683202758);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    note_.signatures[1].signature.assign(
        whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(is_signed_by(note_, witness_)) << size;
  }
}

TEST_F(Cosignature, ReadAsAnOrdinarySignature_IsRefused) {
  NoteKey plain = witness_;
  plain.type = 0x01;
  note_.signatures[1].key_id = plain.id();
  EXPECT_FALSE(is_signed_by(note_, plain));
  note_.signatures[1].signature = witness_signature_;
  EXPECT_FALSE(is_signed_by(note_, plain));
}

}  // namespace
}  // namespace strongroom
