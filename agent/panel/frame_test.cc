// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/frame.h"

#include "agent/panel/panel_fixture.h"

namespace strongroom {
namespace {

const PanelLinkKeys kKeys = derive_panel_keys(PanelKey{1, 2, 3});
constexpr std::uint8_t kUnit = 7;

Bytes answer() {
  const TestPanel panel;
  strongroom_panel_v1_PanelAnswer said{};
  said.uptime_ms = 9;
  return panel.seal(PanelFrameType::kExchangeAnswer,
                    5,
                    strongroom_panel_v1_PanelAnswer_fields,
                    said);
}

// docs/formats/panel-link.md, "Example": its hello, without Modbus' own bytes.
TEST(PanelFrame, AHelloIsThePages) {
  PanelKey key;
  for (std::uint8_t i = 0; i < 16; ++i) {
    key[i] = i;
  }
  const Bytes body = encode_panel_hello({.nonce = 0x0807060504030201});
  EXPECT_EQ(to_hex(seal_panel_frame(derive_panel_keys(key),
                                    kUnit,
                                    {.type = PanelFrameType::kHello,
                                     .session = 0,
                                     .counter = 0,
                                     .body = body})),
            "0101000900000000000000000000000009010203040506070"
            "8aa51069fc6ae3f5000");
}

TEST(PanelFrame, AnAnswerIsOpenedWhateverStandsBehindIt) {
  Bytes frame = answer();
  for (int i = 0; i < 5; ++i) {
    const auto opened = open_panel_frame(kKeys, kUnit, frame);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->type, PanelFrameType::kExchangeAnswer);
    EXPECT_EQ(opened->session, 100U);
    EXPECT_EQ(opened->counter, 5U);
    strongroom_panel_v1_PanelAnswer said;
    EXPECT_TRUE(decode_panel_answer(opened->body, said));
    EXPECT_EQ(said.uptime_ms, 9U);
    frame.push_back(0);
  }
}

TEST(PanelFrame, NoBitOfItMayFlip) {
  const Bytes good = answer();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes bent = good;
    bent[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(open_panel_frame(kKeys, kUnit, bent)) << bit;
  }
}

TEST(PanelFrame, NoPartOfItIsOne) {
  const Bytes good = answer();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(open_panel_frame(kKeys, kUnit, ByteView(good).first(size)));
  }
}

TEST(PanelFrame, AnotherUnitsOrOurOwnRequestIsNone) {
  EXPECT_FALSE(open_panel_frame(kKeys, kUnit + 1, answer()));
  const Bytes ours = seal_panel_frame(kKeys,
                                      kUnit,
                                      {.type = PanelFrameType::kExchange,
                                       .session = 1,
                                       .counter = 1,
                                       .body = {}});
  EXPECT_FALSE(open_panel_frame(kKeys, kUnit, ours));
}

}  // namespace
}  // namespace strongroom
