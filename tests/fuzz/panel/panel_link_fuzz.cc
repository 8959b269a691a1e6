// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/panel/panel_on_line.h"

using namespace strongroom;
using namespace strongroom::panel;

// What a line brings: a length, so many bytes, a gap, and again. Length 0: one
// character that did not arrive whole. Whatever it is, the next frame is
// answered in time, and no lock moves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  PanelOnLine panel;
  std::span<const std::uint8_t> rest(data, std::min<std::size_t>(size, 4096));
  while (!rest.empty()) {
    const std::size_t length =
        std::min<std::size_t>(rest.front(), rest.size() - 1);
    if (rest.front() == 0) {
      panel.hear(0x55, true);
    }
    rest = rest.subspan(1);
    for (const std::uint8_t byte : rest.first(length)) {
      panel.hear(byte, false);
    }
    panel.listen();
    rest = rest.subspan(length);
  }
  panel.expect_alive();
  expect(panel.unlocks() == 0);
  return 0;
}
