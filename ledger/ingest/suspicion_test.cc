// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/suspicion.h"

#include <gtest/gtest.h>

#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

const Source kSource{"edge-1", "bj1"};
constexpr std::int64_t kClosed = 1'800'000'000'000'000;

struct Cut {
  SignedHeader header;
  std::vector<Bytes> events;
  BatchView view() const {
    BatchView view;
    view.header_bytes = header.header;
    view.signature = header.signature;
    view.events.assign(events.begin(), events.end());
    return view;
  }
};

/// Two events; the last one was recorded then, by such a clock.
Cut cut(std::int64_t recorded_us, ClockQuality quality) {
  std::array<std::uint8_t, 32> seed{};
  const auto signer = signer_from_seed(seed);
  EventChain chain(kSource, Stream::kRecord, 7);
  Cut out;
  for (int i = 0; i < 2; ++i) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_boot_tag;
    const Now now{WallTime(std::chrono::microseconds(i == 0 ? recorded_us - 1
                                                            : recorded_us)),
                  MonoTime(0),
                  quality,
                  {}};
    const std::array<std::uint8_t, 16> blind{};
    out.events.push_back(*chain.append(event, now, blind));
  }
  const std::vector<ByteView> views(out.events.begin(), out.events.end());
  out.header =
      cut_batch(kSource, Stream::kRecord, 7, 1, Hash{}, views, *signer);
  return out;
}

ChainState closed_chain(std::int64_t closed_us) {
  ChainState chain;
  chain.closed = true;
  chain.closed_us = closed_us;
  chain.newest = SignedHeader{};
  return chain;
}

TEST(Suspicion, EveryRefusal) {
  const Cut late = cut(kClosed + 2 * kCloneMarginUs, ClockQuality::kGood);
  const BatchHeader header = *decode_header(late.header.header);
  for (int at = 0; at <= _strongroom_v1_RefusalReason_MAX; ++at) {
    const auto refusal = static_cast<RefusalReason>(at);
    const Suspicion should =
        refusal == reason::kEquivocation  ? Suspicion::kRolledBack
        : refusal == reason::kEpochClosed ? Suspicion::kCloned
                                          : Suspicion::kNone;
    EXPECT_EQ(suspect(refusal, header, late.view(), closed_chain(kClosed)),
              should)
        << at;
  }
  // Nothing is held of the epoch: nothing contradicts the batch.
  EXPECT_EQ(suspect(reason::kEquivocation, header, late.view(), ChainState{}),
            Suspicion::kNone);
}

// What was recorded before the epoch changed may come as late as it likes.
TEST(Suspicion, Clone_IsWhatGoesOnAfterTheEpochChanged) {
  struct Case {
    const char* name;
    std::int64_t recorded_us;
    ClockQuality quality;
    std::int64_t closed_us;
    bool cloned;
  };
  const Case cases[] = {
      {"an hour before",
       kClosed - 3'600'000'000,
       ClockQuality::kGood,
       kClosed,
       false},
      {"at the same time", kClosed, ClockQuality::kGood, kClosed, false},
      {"within the margin",
       kClosed + kCloneMarginUs,
       ClockQuality::kGood,
       kClosed,
       false},
      {"after it",
       kClosed + kCloneMarginUs + 1,
       ClockQuality::kGood,
       kClosed,
       true},
      {"after it, a coarse clock",
       kClosed + kCloneMarginUs + 1,
       ClockQuality::kCoarse,
       kClosed,
       true},
      {"after it, an unknown clock",
       kClosed + kCloneMarginUs + 1,
       ClockQuality::kUnknown,
       kClosed,
       false},
      {"not known when it was closed", kClosed, ClockQuality::kGood, 0, false},
  };
  for (const Case& each : cases) {
    const Cut batch = cut(each.recorded_us, each.quality);
    EXPECT_EQ(suspect(reason::kEpochClosed,
                      *decode_header(batch.header.header),
                      batch.view(),
                      closed_chain(each.closed_us)),
              each.cloned ? Suspicion::kCloned : Suspicion::kNone)
        << each.name;
  }
}

// Only the header is signed; who carries a batch could have changed the rest.
TEST(Suspicion, EventsThatAreNotThoseOfTheHeader_AccuseNobody) {
  const Cut before = cut(kClosed - 1, ClockQuality::kGood);
  Cut forged = cut(kClosed + 2 * kCloneMarginUs, ClockQuality::kGood);
  forged.header = before.header;
  EXPECT_EQ(suspect(reason::kEpochClosed,
                    *decode_header(forged.header.header),
                    forged.view(),
                    closed_chain(kClosed)),
            Suspicion::kNone);
}

}  // namespace
}  // namespace strongroom
