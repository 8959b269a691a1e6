// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/event/batch.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto header = decode_header(bytes)) {
    expect(std::ranges::equal(encode_header(*header), bytes));
    expect(header->next_seq() > header->first_seq);
    expect(!describe(*header).empty());
  }
  return 0;
}
