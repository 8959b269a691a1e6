// SPDX-License-Identifier: Apache-2.0
// A whole small log, as published in transparency-dev/tessera's testdata/log:
// entries, bundles, tiles and signed checkpoints.
#include <gtest/gtest.h>
#include <string>

#include "core/log/checkpoint.h"
#include "core/log/proof.h"
#include "core/log/tile.h"

namespace strongroom {
namespace {

constexpr const char* kEntries[] = {"one",
                                    "two",
                                    "three",
                                    "four",
                                    "five",
                                    "six",
                                    "seven",
                                    "eit",
                                    "nain",
                                    "ten",
                                    "ileven",
                                    "twelf",
                                    "threeten",
                                    "fourten",
                                    "fivten"};
constexpr const char* kVkey =
    "example.com/log/testdata+33d7b496+"
    "AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

std::vector<Hash> leaves() {
  std::vector<Hash> hashes;
  for (const char* entry : kEntries) {
    hashes.push_back(leaf_hash(as_bytes(entry)));
  }
  return hashes;
}

std::string root_at(std::size_t size) {
  const auto hashes = leaves();
  return to_base64(merkle_root(std::span(hashes).first(size)));
}

TEST(TileLog, Roots_OfPublishedCheckpoints_Match) {
  EXPECT_EQ(root_at(1), "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=");
  EXPECT_EQ(root_at(9), "CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=");
  EXPECT_EQ(root_at(15), "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=");
}

TEST(TileLog, Checkpoint_AsPublished_Verifies) {
  const std::string text =
      Checkpoint{"example.com/log/testdata", 15, merkle_root(leaves())}.text();
  const auto note = Note::parse(
      text +
      "\n\xe2\x80\x94 example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilB"
      "EniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n");
  ASSERT_TRUE(note);
  EXPECT_TRUE(is_signed_by(*note, NoteKey::parse(kVkey).value()));
}

TEST(TileLog, Bundle_OfAllEntries_GivesTheTreesLeaves) {
  Bytes bundle;
  for (const char* entry : kEntries) {
    append_to_bundle(bundle, as_bytes(entry));
  }
  const std::uint32_t width = tile_width(TileId::kEntries, 0, 15);
  EXPECT_EQ((TileId{TileId::kEntries, 0, width}).path(),
            "tile/entries/000.p/15");
  const auto entries = split_bundle(bundle, width);
  ASSERT_TRUE(entries);
  std::vector<Hash> hashes;
  for (const ByteView entry : *entries) {
    hashes.push_back(leaf_hash(entry));
  }
  EXPECT_EQ(hashes, leaves());
}

TEST(TileLog, ASubtreeHashOverOneTile_ProvesEachEntry) {
  const auto tile = leaves();
  const SubtreeHash at = [&tile](std::uint64_t begin, std::uint64_t width) {
    return merkle_root(std::span(tile).subspan(begin, width));
  };
  const Hash root = merkle_root(tile);
  for (std::uint64_t i = 0; i < tile.size(); ++i) {
    const Path path = inclusion_path(i, tile.size(), at);
    EXPECT_EQ(root_from_inclusion(i, tile.size(), tile[i], path), root);
  }
}

}  // namespace
}  // namespace strongroom
