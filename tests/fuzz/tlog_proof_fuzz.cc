// SPDX-License-Identifier: Apache-2.0
// A proof that parses has one spelling only, and following it is safe.
#include "core/base/check.h"
#include "core/log/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  const std::string_view text = as_chars({data, size});
  const auto proof = TlogProof::parse(text);
  if (!proof) {
    return 0;
  }
  check(proof->text() == text, "a proof with a second spelling");
  const Hash leaf = leaf_hash({});
  const std::uint64_t tree_size = ~std::uint64_t{0} >> (size % 64);
  root_from_inclusion(proof->index, tree_size, leaf, proof->path);
  root_from_range(proof->index, {&leaf, 1}, tree_size, proof->path);
  verify_consistency(proof->index, leaf, tree_size, leaf, proof->path);
  return 0;
}
