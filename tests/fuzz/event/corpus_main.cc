// SPDX-License-Identifier: Apache-2.0
// Writes the seeds of the fuzz targets here, one folder a target: the golden
// vectors, and
// whatever honest parties send, from which mutations start.
//
// usage: event_corpus VECTORS DIRECTORY

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/pack/test_pack.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

class Corpus {
 public:
  explicit Corpus(fs::path root) : root_(std::move(root)) {}

  void write(const std::string& target,
             const std::string& name,
             ByteView bytes) const {
    fs::create_directories(root_ / target);
    std::ofstream file(root_ / target / name, std::ios::binary);
    file << as_chars(bytes);
  }

 private:
  fs::path root_;
};

// Each golden vector, to the target that reads its message.
void write_vectors(const Corpus& corpus, const fs::path& vectors) {
  for (const auto& entry : fs::directory_iterator(vectors)) {
    if (entry.path().extension() != ".hex") {
      continue;
    }
    std::ifstream file(entry.path());
    std::string hex(std::istreambuf_iterator<char>(file), {});
    std::erase(hex, '\n');
    const std::string name = entry.path().stem();
    const std::string target =
        name == "batch-header" ? "header" : name.substr(0, name.find('-'));
    corpus.write(target, name, from_hex(hex).value());
  }
}

void write_batches(const Corpus& corpus) {
  const testing_log::TestLedger ledger;
  for (const auto& placed : ledger.record.batches()) {
    const std::string name = std::to_string(placed.first_index);
    auto view = placed.batch.view();
    corpus.write("batch", name, encode_batch(view));
    corpus.write("header", name, placed.batch.cut.header);
    corpus.write("event", name, placed.batch.events.back());
  }
  corpus.write("pack", "sample", ledger.sample().encode());
  corpus.write(
      "pack", "registry", Pack{{ledger.registry_part({1, 4, 5})}}.encode());
}

// The ack that ack_fuzz.cc asks for.
void write_ack(const Corpus& corpus) {
  const auto key = testing_log::test_signer(2);
  testing_log::TestLog log("ledger.example/bj1/record/1");
  testing_log::TestSource source("edge-1@bj1", Stream::kRecord);
  log.append(source.cut_boots(3, *key));
  const std::uint64_t from_size = log.size();
  const auto batch = source.cut_boots(4, *key);
  Ack ack{.source = batch.header.source,
          .stream = batch.header.stream,
          .epoch = batch.header.epoch,
          .first_seq = batch.header.first_seq,
          .count = batch.header.count};
  Held held;
  held.first_index = log.append(batch);
  held.range_proof = log.range(held.first_index, batch.events.size() + 1);
  held.checkpoint =
      sign_checkpoint(log.checkpoint(), *testing_log::test_signer(1));
  held.from_size = from_size;
  held.consistency_proof = log.consistency(from_size);
  ack.outcome = std::move(held);
  corpus.write("ack", "held", encode_ack(ack));
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: event_corpus VECTORS DIRECTORY\n";
    return 2;
  }
  const strongroom::Corpus corpus(argv[2]);
  strongroom::write_vectors(corpus, argv[1]);
  strongroom::write_batches(corpus);
  strongroom::write_ack(corpus);
  return 0;
}
