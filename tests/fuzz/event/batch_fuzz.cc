// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/event/batch.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

// The form is canonical; and events without a flaw hash to the header's root.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteView bytes(data, size);
  const auto batch = decode_batch(bytes);
  if (!batch) {
    return 0;
  }
  expect(std::ranges::equal(encode_batch(*batch), bytes));
  const auto header = decode_header(batch->header_bytes);
  if (!header) {
    return 0;
  }
  std::vector<Hash> leaves;
  if (!find_flaw(*header, batch->events, leaves)) {
    expect(leaves.size() == header->count);
    expect(merkle_root(leaves) == header->root);
  }
  return 0;
}
