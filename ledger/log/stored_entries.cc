// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/stored_entries.h"

#include "core/log/tile.h"

namespace strongroom {

Result<std::vector<ByteView>> entries_of(const BatchRow& row) {
  auto entries = split_bundle(row.entries, row.count);
  if (!entries) {
    return fault("the batch at index " + std::to_string(row.first_index) +
                 " is damaged: " + entries.error().what);
  }
  entries->push_back(row.header);
  return entries;
}

Result<std::vector<Hash>> leaves_of(const BatchRow& row) {
  const auto entries = entries_of(row);
  if (!entries) {
    return std::unexpected(entries.error());
  }
  std::vector<Hash> leaves;
  leaves.reserve(entries->size());
  for (const ByteView entry : *entries) {
    leaves.push_back(leaf_hash(entry));
  }
  return leaves;
}

}  // namespace strongroom
