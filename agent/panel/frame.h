// SPDX-License-Identifier: Apache-2.0
// The frames of the exchange, the agent's side (docs/formats/panel-link.md):
// head, nanopb body, tag, padded to registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/crypto/panel_cipher.h"
#include "proto/panel.pb.h"

namespace strongroom {

inline constexpr std::size_t kPanelFrameHead = 16;
inline constexpr std::size_t kPanelFrameTag = 8;

enum class PanelFrameType : std::uint8_t {
  kHello = 1,
  kExchange = 2,
  kHelloAnswer = 0x81,
  kExchangeAnswer = 0x82,
};

struct PanelFrame {
  PanelFrameType type = PanelFrameType::kExchange;
  std::uint64_t session = 0;
  std::uint32_t counter = 0;
  ByteView body;  // of an opened one: points into what was opened
};

/// An even number of bytes. The body is at most 218 bytes long.
Bytes seal_panel_frame(const PanelLinkKeys& keys,
                       std::uint8_t unit,
                       const PanelFrame& frame);
/// An answer of the panel. Nothing: its tag is wrong, or it is none.
std::optional<PanelFrame> open_panel_frame(const PanelLinkKeys& keys,
                                           std::uint8_t unit,
                                           ByteView answer);

Bytes encode_panel_hello(const strongroom_panel_v1_PanelHello& hello);
Bytes encode_panel_request(const strongroom_panel_v1_PanelRequest& request);
Bytes encode_config_part(const strongroom_panel_v1_ConfigPart& part);
/// False: not such a message. `answer` is then of no use.
bool decode_panel_hello(ByteView body,
                        strongroom_panel_v1_PanelHelloAnswer& answer);
bool decode_panel_answer(ByteView body,
                         strongroom_panel_v1_PanelAnswer& answer);

}  // namespace strongroom
