// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target without libFuzzer: every corpus file as it is, then
// mutations of them from a fixed seed, so that a failure repeats exactly.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMutations = 20'000;
constexpr std::size_t kMutationsFull = 2'000'000;
constexpr std::size_t kMaxInput = 262'144;

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::vector<Bytes> read_corpus(int count, char** paths) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path path = paths[i];
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) {
        files.push_back(entry.path());
      }
    }
  }
  // Directories list in any order; the mutations must not depend on it.
  std::ranges::sort(files);

  std::vector<Bytes> corpus;
  corpus.reserve(files.size() + 1);
  for (const auto& file : files) {
    corpus.push_back(read_file(file));
  }
  corpus.emplace_back();
  return corpus;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& corpus) : corpus_(corpus) {}

  Bytes next() {
    Bytes input = corpus_[below(corpus_.size())];
    const std::size_t steps = 1 + below(4);
    for (std::size_t i = 0; i < steps; ++i) {
      mutate(input);
    }
    input.resize(std::min(input.size(), kMaxInput));
    return input;
  }

 private:
  // Not a distribution of the library: those differ between libraries.
  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(random_() % bound);
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  void mutate(Bytes& input) {
    constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    if (input.empty()) {
      input.resize(1 + below(64));
      std::ranges::generate(input, [this] { return byte(); });
      return;
    }
    const std::size_t at = below(input.size());
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
      case 0:
        input[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 1:
        input[at] = byte();
        break;
      case 2:
        input[at] = kEdges[below(std::size(kEdges))];
        break;
      case 3:
        input.resize(at);
        break;
      case 4:
        input.insert(place, byte());
        break;
      case 5:
        input.erase(place);
        break;
      default: {
        const Bytes& other = corpus_[below(corpus_.size())];
        const std::size_t size = below(other.size() + 1);
        input.insert(place,
                     other.begin(),
                     other.begin() + static_cast<std::ptrdiff_t>(size));
        break;
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_{20'260'101};
};

std::size_t mutation_count() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread.
  const char* full = std::getenv("STRONGROOM_FULL");
  const bool is_full = full != nullptr && std::string_view(full) == "1";
  return is_full ? kMutationsFull : kMutations;
}

int run(int count, char** paths) {
  const std::vector<Bytes> corpus = read_corpus(count, paths);
  for (const Bytes& input : corpus) {
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }

  Mutator mutator(corpus);
  const std::size_t mutations = mutation_count();
  for (std::size_t i = 0; i < mutations; ++i) {
    // A copy of the exact size: one byte read too far is then caught.
    const Bytes input = mutator.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::cout << "ran " << corpus.size() - 1 << " corpus files and " << mutations
            << " mutations\n";
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "the fuzz target threw: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
