// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/frame.h"

#include "core/base/check.h"

namespace strongroom::plant {
namespace {

constexpr std::size_t kRtuOverhead = 3;  // unit, CRC
constexpr std::size_t kMbapSize = 7;
constexpr std::size_t kReadPduSize = 5;

std::uint16_t big_endian(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void append16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

Request parse_pdu(ByteView pdu) {
  Request request{.function = pdu[0]};
  if (is_read(request.function)) {
    if (pdu.size() == kReadPduSize) {
      request.address = big_endian(pdu, 1);
      request.count = big_endian(pdu, 3);
    } else {
      request.function = 0;
    }
  }
  return request;
}

}  // namespace

bool is_read(std::uint8_t function) {
  return function >= 1 && function <= 4;
}

std::uint16_t crc16(ByteView bytes) {
  std::uint16_t crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>(crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1);
    }
  }
  return crc;
}

std::optional<Request> parse_rtu(ByteView frame) {
  if (frame.size() <= kRtuOverhead || frame.size() > kMaxRtuFrame) {
    return std::nullopt;
  }
  const auto body = frame.first(frame.size() - 2);
  const std::uint16_t crc = crc16(body);
  if (frame[body.size()] != (crc & 0xFF) ||
      frame[body.size() + 1] != crc >> 8) {
    return std::nullopt;
  }
  Request request = parse_pdu(body.subspan(1));
  request.unit = frame[0];
  return request;
}

std::optional<std::size_t> rtu_request_size(ByteView start) {
  if (start.size() < 2) {
    return std::nullopt;
  }
  const std::uint8_t function = start[1];
  if (function >= 1 && function <= 6) {
    return 8;
  }
  const bool writes_several = function == 15 || function == 16;
  if (writes_several && start.size() >= 7) {
    return std::size_t{9} + start[6];
  }
  return std::nullopt;
}

TcpHead parse_tcp(ByteView stream) {
  if (stream.size() < kMbapSize) {
    return {};
  }
  const std::uint16_t protocol = big_endian(stream, 2);
  const std::uint16_t length = big_endian(stream, 4);  // unit and PDU
  if (protocol != 0 || length < 2 || 6U + length > kMaxTcpFrame) {
    return {.broken = true};
  }
  TcpHead head;
  if (stream.size() < 6U + length) {
    return head;
  }
  head.size = 6U + length;
  head.request = parse_pdu(stream.subspan(kMbapSize, length - 1U));
  head.request->transaction = big_endian(stream, 0);
  head.request->unit = stream[6];
  return head;
}

Bytes read_answer(std::uint8_t function, std::span<const std::uint16_t> cells) {
  check(is_read(function), "only a read is answered with values");
  Bytes pdu{function};
  if (function <= 2) {
    const std::size_t size = (cells.size() + 7) / 8;
    pdu.push_back(static_cast<std::uint8_t>(size));
    pdu.resize(2 + size);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      pdu[2 + i / 8] =
          static_cast<std::uint8_t>(pdu[2 + i / 8] | (cells[i] & 1) << i % 8);
    }
    return pdu;
  }
  pdu.push_back(static_cast<std::uint8_t>(2 * cells.size()));
  for (const std::uint16_t cell : cells) {
    append16(pdu, cell);
  }
  return pdu;
}

Bytes exception_answer(std::uint8_t function, std::uint8_t code) {
  return {static_cast<std::uint8_t>(function | 0x80), code};
}

Bytes frame_answer(Framing framing,
                   const Request& request,
                   std::uint8_t unit,
                   ByteView pdu) {
  Bytes frame;
  if (framing == Framing::kTcp) {
    append16(frame, request.transaction);
    append16(frame, 0);
    append16(frame, pdu.size() + 1);
  }
  frame.push_back(unit);
  append(frame, pdu);
  if (framing == Framing::kRtu) {
    const std::uint16_t crc = crc16(frame);
    frame.push_back(static_cast<std::uint8_t>(crc));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  }
  return frame;
}

}  // namespace strongroom::plant
