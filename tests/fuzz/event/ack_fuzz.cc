// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/event/held.h"
#include "core/event/test_log.h"
#include "tests/fuzz/event/expect.h"

using namespace strongroom;

namespace {

// The batch that the seed `held` is about (corpus_main.cc): an ack that proves
// it says what the tree says, whatever else is in it.
struct Asked {
  testing_log::TestLog log{"ledger.example/bj1/record/1"};
  testing_log::TestBatch batch;
  std::uint64_t first_index = 0;
  Checkpoint held;
  Trust trust;

  Asked() {
    const auto key = testing_log::test_signer(2);
    testing_log::TestSource source("edge-1@bj1", Stream::kRecord);
    log.append(source.cut_boots(3, *key));
    held = log.checkpoint();
    batch = source.cut_boots(4, *key);
    first_index = log.append(batch);
    trust = {.ledger = "ledger.example",
             .log_keys = {testing_log::test_signer(1)->public_key()}};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const Asked asked;
  const ByteView bytes(data, size);
  const auto ack = decode_ack(bytes);
  if (!ack) {
    return 0;
  }
  expect(std::ranges::equal(encode_ack(*ack), bytes));
  if (const auto* held = std::get_if<Held>(&ack->outcome)) {
    const auto verdict = verify_held(*held,
                                     asked.batch.leaves(),
                                     *Origin::parse(asked.log.origin()),
                                     asked.trust,
                                     asked.held);
    if (const auto* proven = std::get_if<HeldProven>(&verdict)) {
      expect(proven->first_index == asked.first_index);
      expect(proven->checkpoint == asked.log.checkpoint());
    }
  }
  return 0;
}
