// SPDX-License-Identifier: Apache-2.0
#include <pb_decode.h>

#include "tests/fuzz/panel/panel_on_line.h"

using namespace strongroom;
using namespace strongroom::panel;

// Bodies under a right tag, one after the other: a length, so many bytes. Each
// gets an answer that can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  PanelOnLine panel;
  std::span<const std::uint8_t> rest(data, std::min<std::size_t>(size, 4096));
  // A golden vector is one body, and longer than its first byte says or not.
  const bool is_single = size <= kMaxRequestBody;
  while (!rest.empty()) {
    const std::size_t length = is_single ? rest.size()
                                         : std::min({std::size_t{rest.front()},
                                                     rest.size() - 1,
                                                     kMaxRequestBody});
    rest = is_single ? rest : rest.subspan(1);
    const auto adu = panel.exchange(rest.first(length));
    rest = rest.subspan(length);
    expect(adu.size() == 5 + 2 * kMaxAnswerRegisters && adu[1] == 0x17);
    const auto frame = adu.subspan(3);
    const std::size_t body = get_be<std::uint16_t>(frame, 2);
    expect(body <= kMaxAnswerBody);
    strongroom_panel_v1_PanelAnswer answer{};
    auto in = pb_istream_from_buffer(&frame[kFrameHead], body);
    expect(pb_decode(&in, &strongroom_panel_v1_PanelAnswer_msg, &answer));
  }
  panel.expect_alive();
  return 0;
}
