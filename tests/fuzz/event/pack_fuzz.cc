// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/pack/test_pack.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

// A pack that verifies proves nothing but what stands in the ledger's logs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const testing_log::TestLedger ledger;
  static const Trust trust = ledger.trust();
  const ByteView bytes(data, size);
  if (const auto pack = Pack::parse(bytes)) {
    expect(std::ranges::equal(pack->encode(), bytes));
  }
  const auto verdict = verify_pack(bytes, trust);
  if (!verdict) {
    expect(!verdict.error().what.empty());
    return 0;
  }
  for (const ProvenEvent& event : verdict->events) {
    const auto& log = event.origin == ledger.record.origin() ? ledger.record
                                                             : ledger.registry;
    expect(event.origin == log.origin());
    expect(event_entry(event.event) == log.entry(event.index));
  }
  return 0;
}
