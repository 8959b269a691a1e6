// SPDX-License-Identifier: Apache-2.0
// Writes what the independent verifier is tried on: a log as static files in
// the layout of C2SP tlog-tiles, an older checkpoint of it, a trust file and an
// evidence pack.
//
// usage: verifier_fixture DIRECTORY

#include <filesystem>
#include <fstream>
#include <iostream>

#include "core/log/tile.h"
#include "core/pack/test_pack.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_log::TestLedger;
using testing_log::TestLog;

// More than two full tiles, so that level 1 exists and both levels end in a
// partial tile.
constexpr std::uint64_t kSize = 700;
constexpr std::uint64_t kOlderSize = 333;

void write(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

Bytes bundle_of(const TestLog& log, const TileId& tile) {
  Bytes bundle;
  for (std::uint32_t i = 0; i < tile.width; ++i) {
    append_to_bundle(bundle, log.entry(tile.first_leaf() + i));
  }
  return bundle;
}

Bytes hashes_of(const TestLog& log, const TileId& tile) {
  Bytes hashes;
  const std::uint64_t each = tile.leaves_per_hash();
  for (std::uint32_t i = 0; i < tile.width; ++i) {
    const auto leaves =
        std::span(log.leaves()).subspan(tile.first_leaf() + i * each, each);
    append(hashes, merkle_root(leaves));
  }
  return hashes;
}

void write_tiles(const TestLog& log, const fs::path& root) {
  for (const int level : {TileId::kEntries, 0, 1, 2}) {
    for (std::uint64_t number = 0;; ++number) {
      const std::uint32_t width = tile_width(level, number, log.size());
      if (width == 0) {
        break;
      }
      const TileId tile{.level = level, .number = number, .width = width};
      const Bytes bytes = level == TileId::kEntries ? bundle_of(log, tile)
                                                    : hashes_of(log, tile);
      write(root / tile.path(), as_chars(bytes));
    }
  }
}

// A branch that took another way at kOlderSize, and signed it.
std::string forked_note(const TestLedger& ledger) {
  Checkpoint forked = ledger.record.checkpoint(kOlderSize);
  forked.root = ledger.record.checkpoint(kOlderSize - 1).root;
  return sign_checkpoint(forked, *ledger.log_key);
}

void write_all(const fs::path& root) {
  TestLedger ledger;
  for (std::size_t i = 0; ledger.record.size() + 20 < kSize; ++i) {
    ledger.record.append(
        ledger.agent_source.cut_boots(1 + i % 19, *ledger.agent_key));
  }
  ledger.record.append(ledger.agent_source.cut_boots(
      kSize - ledger.record.size() - 1, *ledger.agent_key));

  const fs::path log = root / "www" / "log" / "bj1" / "record" / "1";
  write(log / "checkpoint",
        sign_checkpoint(ledger.record.checkpoint(), *ledger.log_key));
  write_tiles(ledger.record, log);
  write(root / "older.checkpoint",
        sign_checkpoint(ledger.record.checkpoint(kOlderSize), *ledger.log_key));
  write(root / "forked.checkpoint", forked_note(ledger));
  write(root / "trust", ledger.trust().text());
  write(root / "other-trust",
        Trust{.ledger = "ledger.example",
              .log_keys = {ledger.agent_key->public_key()}}
            .text());

  // A rotation and a revocation, so that the pack needs its key history.
  const auto new_key = testing_log::test_signer(13);
  ledger.register_events(
      {testing_log::key_rotated(ledger.agent, *ledger.agent_key, *new_key)});
  ledger.register_events({testing_log::key_revoked(
      ledger.agent, *ledger.agent_key, ledger.record.origin(), kSize)});
  const std::uint64_t late =
      ledger.record.append(ledger.agent_source.cut_boots(3, *new_key));
  const Pack pack{{ledger.record_part({4, 15, late + 1}),
                   ledger.registry_part({1, 4, 7, 9})}};
  write(root / "good.pack", as_chars(pack.encode()));
  const Pack unrooted{{ledger.record_part({4}), ledger.registry_part({1})}};
  write(root / "unenrolled.pack", as_chars(unrooted.encode()));
  ledger.record.append(ledger.agent_source.cut_boots(1, *ledger.agent_key));
  const Pack revoked{
      {ledger.record_part({late + 4}), ledger.registry_part({1, 4, 9})}};
  write(root / "revoked.pack", as_chars(revoked.encode()));

  for (const Pack* sample : {&pack, &unrooted, &revoked}) {
    const bool verified =
        verify_pack(sample->encode(), ledger.trust()).has_value();
    if (verified != (sample == &pack)) {
      throw std::logic_error("a fixture is not what its name says");
    }
  }
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: verifier_fixture DIRECTORY\n";
    return 2;
  }
  try {
    strongroom::write_all(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "verifier_fixture: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
