// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/event/batch.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto live = decode_live(bytes)) {
    expect(std::ranges::equal(encode_live(*live), bytes));
  }
  return 0;
}
