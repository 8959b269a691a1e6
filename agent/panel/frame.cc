// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/frame.h"

#include <pb_decode.h>
#include <pb_encode.h>

#include "core/base/check.h"
#include "core/bus/panel_port.h"

namespace strongroom {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kRequest = 1;  // directions, as the tag covers them
constexpr std::uint8_t kAnswer = 2;
constexpr std::size_t kMaxBody =
    2 * kMaxExchangeWritten - kPanelFrameHead - kPanelFrameTag;

std::array<std::uint8_t, 8> tag_of(const PanelLinkKeys& keys,
                                   std::uint8_t direction,
                                   std::uint8_t unit,
                                   ByteView frame) {
  Bytes covered{direction, unit};
  append(covered, frame);
  return siphash24(keys.tag, covered);
}

template <typename Number>
void put(Bytes& to, Number number) {
  for (std::size_t at = sizeof(Number); at > 0; --at) {
    to.push_back(static_cast<std::uint8_t>(number >> (8 * (at - 1))));
  }
}

template <typename Number>
Number get(ByteView from, std::size_t at) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>((number << 8U) | from[at + i]);
  }
  return number;
}

template <typename Message>
Bytes encode(const pb_msgdesc_t* fields, const Message& message) {
  Bytes bytes(kMaxBody);
  pb_ostream_t stream = pb_ostream_from_buffer(bytes.data(), bytes.size());
  check(pb_encode(&stream, fields, &message), "a body of the panel link fits");
  bytes.resize(stream.bytes_written);
  return bytes;
}

template <typename Message>
bool decode(const pb_msgdesc_t* fields, ByteView body, Message& message) {
  pb_istream_t stream = pb_istream_from_buffer(body.data(), body.size());
  return pb_decode(&stream, fields, &message);
}

}  // namespace

Bytes seal_panel_frame(const PanelLinkKeys& keys,
                       std::uint8_t unit,
                       const PanelFrame& frame) {
  check(frame.body.size() <= kMaxBody, "a request of the panel link fits");
  Bytes bytes{kVersion, static_cast<std::uint8_t>(frame.type)};
  put(bytes, static_cast<std::uint16_t>(frame.body.size()));
  put(bytes, frame.session);
  put(bytes, frame.counter);
  append(bytes, frame.body);
  append(bytes, tag_of(keys, kRequest, unit, bytes));
  if (bytes.size() % 2 != 0) {
    bytes.push_back(0);
  }
  return bytes;
}

std::optional<PanelFrame> open_panel_frame(const PanelLinkKeys& keys,
                                           std::uint8_t unit,
                                           ByteView answer) {
  if (answer.size() < kPanelFrameHead + kPanelFrameTag ||
      answer[0] != kVersion) {
    return std::nullopt;
  }
  const std::size_t size = get<std::uint16_t>(answer, 2);
  if (size > answer.size() - kPanelFrameHead - kPanelFrameTag) {
    return std::nullopt;
  }
  const ByteView covered = answer.first(kPanelFrameHead + size);
  const ByteView tag = answer.subspan(covered.size(), kPanelFrameTag);
  if (!equal_in_constant_time(tag, tag_of(keys, kAnswer, unit, covered))) {
    return std::nullopt;
  }
  return PanelFrame{.type = static_cast<PanelFrameType>(answer[1]),
                    .session = get<std::uint64_t>(answer, 4),
                    .counter = get<std::uint32_t>(answer, 12),
                    .body = covered.subspan(kPanelFrameHead)};
}

Bytes encode_panel_hello(const strongroom_panel_v1_PanelHello& hello) {
  return encode(strongroom_panel_v1_PanelHello_fields, hello);
}

Bytes encode_panel_request(const strongroom_panel_v1_PanelRequest& request) {
  return encode(strongroom_panel_v1_PanelRequest_fields, request);
}

Bytes encode_config_part(const strongroom_panel_v1_ConfigPart& part) {
  return encode(strongroom_panel_v1_ConfigPart_fields, part);
}

bool decode_panel_hello(ByteView body,
                        strongroom_panel_v1_PanelHelloAnswer& answer) {
  answer = strongroom_panel_v1_PanelHelloAnswer_init_zero;
  return decode(strongroom_panel_v1_PanelHelloAnswer_fields, body, answer);
}

bool decode_panel_answer(ByteView body,
                         strongroom_panel_v1_PanelAnswer& answer) {
  answer = strongroom_panel_v1_PanelAnswer_init_zero;
  return decode(strongroom_panel_v1_PanelAnswer_fields, body, answer);
}

}  // namespace strongroom
