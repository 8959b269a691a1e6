// SPDX-License-Identifier: Apache-2.0
#include "core/log/tlog_proof.h"

#include <gtest/gtest.h>
#include <string>

#include "core/log/naive_tree_test_util.h"

namespace strongroom {
namespace {

const std::string kHead = "c2sp.org/tlog-proof@v1\n";

std::string hash_line(std::string_view text) {
  return to_base64(sha256(as_bytes(text))) + "\n";
}

// The published examples: transparency-dev/formats, proof/tlog_proof_test.go.
TEST(TlogProof, Text_AsPublished_IsWrittenAndReadBack) {
  const Hash first = sha256(as_bytes("hash1"));
  const Hash second = sha256(as_bytes("hash2"));
  const Bytes extra = from_hex("657874726120696e666f726d6174696f6e").value();
  struct Case {
    TlogProof proof;
    std::string text;
  };
  const Case cases[] = {
      {{std::nullopt, 5, {first, second}, "test checkpoint\n"},
       kHead + "index 5\n" + hash_line("hash1") + hash_line("hash2") +
           "\ntest checkpoint\n"},
      {{extra, 10, {first}, "checkpoint data\n"},
       kHead + "extra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n" +
           hash_line("hash1") + "\ncheckpoint data\n"},
      {{std::nullopt, 0, {}, "checkpoint\n"},
       kHead + "index 0\n\ncheckpoint\n"},
  };
  for (const auto& [proof, text] : cases) {
    EXPECT_EQ(proof.text(), text);
    const auto read = TlogProof::parse(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->extra, proof.extra);
    EXPECT_EQ(read->index, proof.index);
    EXPECT_EQ(read->path, proof.path);
    EXPECT_EQ(read->checkpoint, proof.checkpoint);
  }
}

TEST(TlogProof, Parse_OfAMalformedProof_IsRefused) {
  const std::string bad[] = {
      // The published ones.
      "wrong-header\nindex 0\n\ncheckpoint\n",
      kHead + "extra !!notbase64!!\nindex 0\n\ncheckpoint\n",
      kHead + "\n\ncheckpoint\n",
      kHead + "index notanumber\n\ncheckpoint\n",
      kHead + "index -5\n\ncheckpoint\n",
      kHead + "index 0\n!!notbase64!!\n\ncheckpoint\n",
      kHead + "index 0\n" + to_base64(Bytes(64)) + "\n\ncheckpoint\n",
      kHead + "index 0\n" + std::string(65 * 1024, 'a') + "\n",
      // Ours.
      "",
      "c2sp.org/tlog-proof@v1",
      kHead,
      kHead + "index 0",
      kHead + "index 0\n",
      kHead + "index 0\n" + hash_line("a"),
      kHead + "index 05\n\ncheckpoint\n",
      kHead + "index 18446744073709551616\n\ncheckpoint\n",
      kHead + "index 0 \n\ncheckpoint\n",
      kHead + "index  0\n\ncheckpoint\n",
      kHead + "extra \nindex 0\n\ncheckpoint\n",
      kHead + "extra\nindex 0\n\ncheckpoint\n",
      kHead + "index 0\nextra ZXh0\n\ncheckpoint\n",
      kHead + "extra ZXh0\nextra ZXh0\nindex 0\n\ncheckpoint\n",
      "c2sp.org/tlog-proof@v1\r\nindex 0\n\ncheckpoint\n",
      "c2sp.org/tlog-proof@v2\nindex 0\n\ncheckpoint\n",
  };
  for (const std::string& text : bad) {
    EXPECT_FALSE(TlogProof::parse(text)) << text.substr(0, 200);
  }
}

TEST(TlogProof, Parse_OfMoreHashesThanATreeIsHigh_IsRefused) {
  std::string text = kHead + "index 0\n";
  for (int i = 0; i < 64; ++i) {
    text += hash_line("a");
  }
  EXPECT_TRUE(TlogProof::parse(text + "\ncheckpoint\n"));
  EXPECT_FALSE(TlogProof::parse(text + hash_line("a") + "\ncheckpoint\n"));
}

TEST(TlogProof, OfASignedTree_LeadsFromTheLeafToTheCheckpoint) {
  const auto signer = signer_from_seed(Hash{1});
  const Trust trust{"demo.strongroom.example", {signer->public_key()}};
  const auto leaves = naive::some_leaves(21);
  const Checkpoint checkpoint{
      "demo.strongroom.example/bj1/record/1", 21, naive::root(leaves)};
  const TlogProof proof{std::nullopt,
                        13,
                        inclusion_path(13, 21, naive::subtree_hash_of(leaves)),
                        sign_checkpoint(checkpoint, *signer)};

  const auto read = TlogProof::parse(proof.text());
  ASSERT_TRUE(read);
  const auto opened = open_checkpoint(read->checkpoint, trust);
  ASSERT_TRUE(opened);
  EXPECT_EQ(
      root_from_inclusion(read->index, opened->size, leaves[13], read->path),
      opened->root);
}

}  // namespace
}  // namespace strongroom
