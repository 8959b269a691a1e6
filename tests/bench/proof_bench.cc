// SPDX-License-Identifier: Apache-2.0
// Time and size of inclusion proofs in a log of n entries whose tiles are in
// SQLite, as the ledger keeps them; the baseline is the same proof with an
// empty cache.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "core/log/proof.h"
#include "ledger/log/subtrees.h"
#include "ledger/store/create.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/sqlite_ledger_store.h"
#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kCacheTiles = 64;  // as in the ledger
constexpr int kProofs = 2000;

Hash leaf_of(std::uint64_t index) {
  Hash leaf{};
  std::memcpy(leaf.data(), &index, sizeof index);
  return leaf;
}

/// A log of n leaves: full tiles go to the store, the edge stays.
Edge fill(LedgerStore& store, LogId log_id, std::uint64_t size) {
  Edge edge;
  CommitRows rows;
  for (std::uint64_t index = 0; index < size; ++index) {
    std::vector<FullTile> full;
    edge.append(leaf_of(index), full);
    for (const FullTile& tile : full) {
      rows.tiles.push_back(
          {log_id, tile.level, tile.number, tile.nodes->bytes(kTileWidth)});
    }
    if (rows.tiles.size() >= 512) {
      store.commit(rows).value();
      rows = {};
    }
  }
  store.commit(rows).value();
  return edge;
}

struct Measured {
  double p50_us = 0;
  double p99_us = 0;
  std::size_t hashes = 0;
};

template <typename Prove>
Measured measure(std::uint64_t size, int proofs, const Prove& prove) {
  std::mt19937_64 generator(size);
  std::vector<double> micros;
  Measured result;
  for (int at = 0; at < proofs; ++at) {
    const std::uint64_t index = generator() % size;
    const auto started = Clock::now();
    const Path path = prove(index);
    micros.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - started)
            .count());
    result.hashes = std::max(result.hashes, path.size());
  }
  std::ranges::sort(micros);
  result.p50_us = micros[micros.size() / 2];
  result.p99_us = micros[micros.size() * 99 / 100];
  return result;
}

int run(int argc, char** argv) {
  std::uint64_t size = 10'000;
  fs::path dir;
  CLI::App app{"Inclusion proofs from tiles in SQLite"};
  app.add_option("--entries", size)->required();
  app.add_option("--dir", dir, "Where the files go")->required();
  CLI11_PARSE(app, argc, argv);
  init_crypto();
  create_ledger_store(dir / "ledger.db",
                      dir / "guard.db",
                      dir / "disclosures.db",
                      "bench.example")
      .value();
  auto store =
      open_sqlite_ledger_store(dir / "ledger.db", dir / "disclosures.db")
          .value();
  const LogId log_id =
      store->add_log({"bench.example", "bj1", Stream::kTelemetry, 1}).value();
  const Edge edge = fill(*store, log_id, size);
  const auto reader = LedgerReader::open(dir / "ledger.db").value();
  const LoadTile load = [&](int level, std::uint64_t number) {
    return reader->tile(log_id, level, number);
  };
  TileCache cache(kCacheTiles);
  const Measured ours = measure(size, kProofs, [&](std::uint64_t index) {
    return Subtrees(edge, cache, load).inclusion(index, size).value();
  });
  // The baseline is the same proof with nothing kept between calls.
  const Measured cold = measure(size, kProofs / 4, [&](std::uint64_t index) {
    TileCache none(4);
    return Subtrees(edge, none, load).inclusion(index, size).value();
  });
  const nlohmann::json row = {{"entries", size},
                              {"p50_us", ours.p50_us},
                              {"p99_us", ours.p99_us},
                              {"cold_p50_us", cold.p50_us},
                              {"cold_p99_us", cold.p99_us},
                              {"hashes", ours.hashes},
                              {"proof_bytes", ours.hashes * sizeof(Hash)}};
  std::printf("%s\n", row.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  try {
    return strongroom::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "proof_bench: %s\n", error.what());
    return 1;
  }
}
