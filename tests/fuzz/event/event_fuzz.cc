// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/event/event.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

// Both readers of an event agree on its envelope; a known body that decodes
// can be written again, and then reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteView bytes(data, size);
  const auto envelope = decode_envelope(bytes);
  const auto event = decode_event(bytes);
  if (envelope && event) {
    expect(envelope->source.text() == event->source);
    expect(static_cast<int>(envelope->stream) ==
           static_cast<int>(event->stream));
    expect(envelope->epoch == event->epoch);
    expect(envelope->seq == event->seq);
    expect(std::ranges::equal(envelope->prev_hash, event->prev_hash));
  }
  if (!event || event->which_body == 0) {
    return 0;
  }
  const auto again = encode_event(*event);
  if (again) {
    const auto same = decode_event(*again);
    expect(same && encode_event(*same) == *again);
  }
  return 0;
}
