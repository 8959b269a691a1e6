// SPDX-License-Identifier: Apache-2.0
#include "core/log/checkpoint.h"

#include <gtest/gtest.h>
#include <string>

namespace strongroom {
namespace {

constexpr const char* kOrigin = "demo.strongroom.example/bj1/record/1";
const std::string kRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const std::string kEmptyRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

std::unique_ptr<Signer> signer(std::uint8_t number) {
  Hash seed{};
  seed[0] = number;
  return signer_from_seed(seed);
}

Checkpoint some_checkpoint() {
  return {kOrigin, 4711, sha256(as_bytes("root"))};
}

Trust trust_in(std::initializer_list<std::uint8_t> numbers) {
  Trust trust{"demo.strongroom.example", {}};
  for (const std::uint8_t number : numbers) {
    trust.log_keys.push_back(signer(number)->public_key());
  }
  return trust;
}

// The text of `checkpoint`, signed under its origin by each signer.
std::string signed_by(const Checkpoint& checkpoint,
                      std::initializer_list<std::uint8_t> numbers) {
  Note note{checkpoint.text(), {}};
  for (const std::uint8_t number : numbers) {
    note.signatures.push_back(
        sign_note(note.text, checkpoint.origin, *signer(number)));
  }
  return note.encode();
}

TEST(Checkpoint, Text_IsReadBack) {
  const std::string text =
      "example.com/behind-the-sofa\n20852163\n" + kRoot + "\n";
  const auto checkpoint = Checkpoint::parse(text);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20852163U);
  EXPECT_EQ(to_base64(checkpoint->root), kRoot);
  EXPECT_EQ(checkpoint->text(), text);
}

TEST(Checkpoint, Parse_OfTheSmallestAndTheLargestTree_Succeeds) {
  EXPECT_TRUE(Checkpoint::parse("o\n0\n" + kEmptyRoot + "\n"));
  EXPECT_TRUE(Checkpoint::parse("o\n18446744073709551615\n" + kRoot + "\n"));
}

TEST(Checkpoint, Parse_OfAnythingElse_IsRefused) {
  const std::string bad[] = {
      "",
      "\n",
      "o\n",
      "o\n1\n",
      "o\n1\n" + kRoot,
      "\n1\n" + kRoot + "\n",
      "o\n\n" + kRoot + "\n",
      "o\n01\n" + kRoot + "\n",
      "o\n00\n" + kEmptyRoot + "\n",
      "o\n+1\n" + kRoot + "\n",
      "o\n-1\n" + kRoot + "\n",
      "o\n 1\n" + kRoot + "\n",
      "o\n1 \n" + kRoot + "\n",
      "o\n1a\n" + kRoot + "\n",
      "o\n0x1\n" + kRoot + "\n",
      "o\n18446744073709551616\n" + kRoot + "\n",
      "o\n1\n\n",
      "o\n1\n" + kRoot + "\r\n",
      "o\n1\n" + kRoot + " \n",
      "o\n1\n" + kRoot.substr(0, 43) + "\n",
      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",  // unused bits
      "o\n1\nAAAA\n",
      "o\n1\n" + kRoot + "\n\n",
      "o\n1\n" + kRoot + "\nextension\n",
      "o\n0\n" + kRoot + "\n",
  };
  for (const std::string& text : bad) {
    EXPECT_FALSE(Checkpoint::parse(text)) << text;
  }
}

TEST(Checkpoint, Sign_ThenOpen_GivesItBack) {
  const std::string note = sign_checkpoint(some_checkpoint(), *signer(1));
  EXPECT_EQ(note, signed_by(some_checkpoint(), {1}));
  const auto opened = open_checkpoint(note, trust_in({1}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, some_checkpoint());
}

TEST(Checkpoint, Open_WithAnyBitAltered_IsRefused) {
  const std::string note = sign_checkpoint(some_checkpoint(), *signer(1));
  for (std::size_t at = 0; at < note.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string altered = note;
      altered[at] = static_cast<char>(altered[at] ^ 1 << bit);
      EXPECT_FALSE(open_checkpoint(altered, trust_in({1}))) << at;
    }
  }
}

TEST(Checkpoint, Open_CutShortOrLonger_IsRefused) {
  const std::string note = sign_checkpoint(some_checkpoint(), *signer(1));
  for (std::size_t size = 0; size < note.size(); ++size) {
    EXPECT_FALSE(open_checkpoint(note.substr(0, size), trust_in({1})));
  }
  EXPECT_FALSE(open_checkpoint(note + "\n", trust_in({1})));
  EXPECT_FALSE(open_checkpoint("\n" + note, trust_in({1})));
}

TEST(Checkpoint, Open_WithoutATrustedKey_IsRefused) {
  const std::string note = signed_by(some_checkpoint(), {1});
  EXPECT_FALSE(open_checkpoint(note, trust_in({2})));
  EXPECT_FALSE(open_checkpoint(note, trust_in({})));
  EXPECT_TRUE(open_checkpoint(note, trust_in({2, 1})));
}

TEST(Checkpoint, Open_OfAnotherLedger_IsRefused) {
  Trust trust = trust_in({1});
  trust.ledger = "other.strongroom.example";
  const std::string note = signed_by(some_checkpoint(), {1});
  EXPECT_FALSE(open_checkpoint(note, trust));
  // A name that begins with the trusted one.
  trust.ledger = "demo.strongroom";
  EXPECT_FALSE(open_checkpoint(note, trust));
}

TEST(Checkpoint, Open_OfAnOriginThatIsNone_IsRefused) {
  for (const char* origin : {"demo.strongroom.example",
                             "demo.strongroom.example/bj1/record",
                             "demo.strongroom.example/bj1/record/01",
                             "demo.strongroom.example/bj1/record/0",
                             "demo.strongroom.example/bj1/record/1/2",
                             "demo.strongroom.example/bj1/doors/1",
                             "demo.strongroom.example/BJ1/record/1"}) {
    Checkpoint checkpoint = some_checkpoint();
    checkpoint.origin = origin;
    EXPECT_FALSE(
        open_checkpoint(sign_checkpoint(checkpoint, *signer(1)), trust_in({1})))
        << origin;
  }
}

TEST(Checkpoint, Open_OfASignatureUnderAnotherName_IsRefused) {
  const std::string text = some_checkpoint().text();
  const Note note{
      text,
      {sign_note(text, "demo.strongroom.example/bj1/telemetry/1", *signer(1))}};
  EXPECT_FALSE(open_checkpoint(note.encode(), trust_in({1})));
}

TEST(Checkpoint, Open_WithAnotherSignature_NeedsLeave) {
  // Also while the log key changes and both keys sign: who wants that every
  // byte is authenticated gets a note with one signature.
  const std::string both = signed_by(some_checkpoint(), {1, 2});
  EXPECT_FALSE(open_checkpoint(both, trust_in({1})));
  EXPECT_FALSE(open_checkpoint(both, trust_in({1, 2})));
  EXPECT_TRUE(open_checkpoint(both, trust_in({1}), true));
  EXPECT_TRUE(open_checkpoint(both, trust_in({1, 2}), true));
  EXPECT_FALSE(open_checkpoint(both, trust_in({3}), true));
  EXPECT_FALSE(
      open_checkpoint(signed_by(some_checkpoint(), {1, 1}), trust_in({1})));
}

TEST(Checkpoint, Open_WithOneTrustedSignatureWrong_IsRefused) {
  Note note = Note::parse(signed_by(some_checkpoint(), {1, 2})).value();
  note.signatures[1].signature[0] ^= 1U;
  EXPECT_FALSE(open_checkpoint(note.encode(), trust_in({1, 2}), true));
  EXPECT_TRUE(open_checkpoint(note.encode(), trust_in({1}), true));
}

TEST(Trust, Text_IsReadBack) {
  const Trust trust = trust_in({1, 2});
  const auto read = Trust::parse(trust.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ledger, trust.ledger);
  EXPECT_EQ(read->log_keys, trust.log_keys);
}

TEST(Trust, Parse_SkipsCommentsAndEmptyLines) {
  const std::string key =
      Trust::note_key("demo.strongroom.example", signer(1)->public_key())
          .text();
  const auto trust =
      Trust::parse("strongroom-trust/v1\n# of the demo\n\n" + key + "\n#\n");
  ASSERT_TRUE(trust);
  EXPECT_EQ(trust->ledger, "demo.strongroom.example");
  EXPECT_EQ(trust->log_keys.size(), 1U);
}

TEST(Trust, Parse_OfABadFile_NamesTheLine) {
  const std::string head = "strongroom-trust/v1\n";
  const PublicKey key = signer(1)->public_key();
  const std::string good = Trust::note_key("a.example", key).text() + "\n";
  const std::string witness = NoteKey{"a.example", 0x04, key}.text() + "\n";
  struct Case {
    std::string file;
    std::string line;
  };
  const Case cases[] = {
      {"", "line 1"},
      {"strongroom-trust/v1", "line 1"},
      {"strongroom-trust/v2\n" + good, "line 1"},
      {good, "line 1"},
      {"\n" + head + good, "line 1"},
      {head, "no key"},
      {head + "# nobody\n", "no key"},
      {head + good + "nonsense\n", "line 3"},
      {head + " " + good, "line 2"},
      {head + good.substr(0, good.size() - 1), "line 2"},
      {head + good.substr(0, good.size() - 1) + "\r\n", "line 2"},
      {head + good + good, "line 3"},
      {head + good +
           Trust::note_key("b.example", signer(2)->public_key()).text() + "\n",
       "line 3"},
      {head + witness, "line 2"},
      {head + Trust::note_key("a.example/bj1", key).text() + "\n", "line 2"},
      {head + Trust::note_key("A.example", key).text() + "\n", "line 2"},
  };
  for (const auto& [file, line] : cases) {
    const auto trust = Trust::parse(file);
    ASSERT_FALSE(trust) << file;
    EXPECT_NE(trust.error().what.find(line), std::string::npos)
        << trust.error().what;
  }
}

}  // namespace
}  // namespace strongroom
