// SPDX-License-Identifier: Apache-2.0
// The server's half of the Modbus wire (application protocol 1.1b3, serial line
// 1.02, TCP implementation guide 1.0b). Written by ourselves, because faults
// need frames that no library would make. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.h"

namespace strongroom::plant {

/// What a client asks for. Of a function that is no read, address and count
/// mean nothing.
struct Request {
  std::uint16_t transaction = 0;  // TCP
  std::uint8_t unit = 0;
  std::uint8_t function = 0;
  std::uint16_t address = 0;
  std::uint16_t count = 0;

  friend bool operator==(const Request&, const Request&) = default;
};

enum class Framing : std::uint8_t { kRtu, kTcp };

inline constexpr std::size_t kMaxRtuFrame = 256;
inline constexpr std::size_t kMaxTcpFrame = 260;

/// Functions 1 to 4.
bool is_read(std::uint8_t function);

/// CRC-16/MODBUS; its low byte is sent first.
std::uint16_t crc16(ByteView bytes);

/// One whole RTU frame. Nothing when it is too short, too long, or its CRC is
/// wrong; a read that has not the length of one has function 0.
std::optional<Request> parse_rtu(ByteView frame);

/// How long the RTU request is that starts so; nothing as long as more must be
/// seen, or when only the silence after it can tell.
std::optional<std::size_t> rtu_request_size(ByteView start);

/// What stands at the start of a TCP stream.
struct TcpHead {
  bool broken = false;   // no Modbus: the connection is of no more use
  std::size_t size = 0;  // of the whole frame; 0: more bytes are needed
  std::optional<Request> request;
};
TcpHead parse_tcp(ByteView stream);

/// The answer to a read. `cells`: a register each, or of functions 1 and 2 a
/// bit each.
Bytes read_answer(std::uint8_t function, std::span<const std::uint16_t> cells);
Bytes exception_answer(std::uint8_t function, std::uint8_t code);

/// `pdu` on the wire, as of `unit`, in answer to `request`.
Bytes frame_answer(Framing framing,
                   const Request& request,
                   std::uint8_t unit,
                   ByteView pdu);

}  // namespace strongroom::plant
