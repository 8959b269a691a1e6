// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/link_server.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "firmware/link/big_endian.h"
#include "firmware/link/device_id.h"
#include "firmware/link/modbus_crc.h"

namespace strongroom::panel {
namespace {

enum Function : std::uint8_t {
  kReadCoils = 0x01,
  kReadDiscreteInputs = 0x02,
  kReadHoldingRegisters = 0x03,
  kReadInputRegisters = 0x04,
  kWriteCoil = 0x05,
  kWriteRegister = 0x06,
  kWriteCoils = 0x0F,
  kWriteRegisters = 0x10,
  kReadWriteRegisters = 0x17,
  kEncapsulated = 0x2B,
};

constexpr std::uint16_t kMaxReadBits = 2000;
constexpr std::uint16_t kMaxReadRegisters = 125;
constexpr std::uint16_t kMaxWriteBits = 1968;
constexpr std::uint16_t kMaxWriteRegisters = 123;
constexpr std::uint16_t kCoilOn = 0xFF00;
constexpr std::size_t kCheck = 2;

constexpr std::size_t kShort = 8;      // a request of two numbers
constexpr std::size_t kWriteHead = 7;  // before the values
constexpr std::size_t kExchangeHead = 11;

using Request = std::span<const std::uint8_t>;

std::uint16_t first_number(Request request) {
  return get_be<std::uint16_t>(request, 2);
}

std::uint16_t second_number(Request request) {
  return get_be<std::uint16_t>(request, 4);
}

constexpr Reply kNoSuchValue{.exception = kIllegalValue};
constexpr Reply kNoSuchAddress{.exception = kIllegalAddress};

bool is_counted(std::uint16_t count, std::uint16_t most) {
  return count >= 1 && count <= most;
}

// Addresses are counted in 32 bits: past the last one nothing begins anew.
bool is_inside(std::uint16_t address,
               std::uint16_t count,
               std::uint16_t first,
               std::uint16_t size) {
  return address >= first &&
         std::uint32_t{address} + count <= std::uint32_t{first} + size;
}

// A write's answer is what the request began with.
Reply echo(Request request, std::span<std::uint8_t, kMaxAdu> buffer) {
  constexpr std::size_t kEcho = 6;
  std::memmove(buffer.data(), request.data(), kEcho);
  return {.adu = buffer.first(kEcho)};
}

}  // namespace

LinkServer::LinkServer(Panel& panel,
                       const LinkSettings& settings,
                       const LinkIdentity& identity)
    : panel_(panel),
      identity_(identity),
      unit_(settings.unit),
      line_(settings.unit, settings.baud, settings.patience_us),
      exchange_(
          panel, settings.unit, settings.key, identity_, settings.session) {}

void LinkServer::received(std::uint8_t byte,
                          std::uint64_t at_us,
                          bool is_broken) {
  line_.received(byte, at_us, is_broken);
}

std::span<const std::uint8_t> LinkServer::answer(std::uint64_t now_us) {
  const Request request = line_.request(now_us);
  if (request.empty()) {
    return {};
  }
  ++frames_;
  const std::uint8_t function = request[1];
  Reply reply = judge(request, now_us);
  if (reply.exception != 0) {
    ++exceptions_;
    reply.adu = line_.buffer().first(3);
    reply.adu[2] = reply.exception;
  }
  // Every answer lies at the beginning of a buffer that holds the longest one.
  const std::span<std::uint8_t> adu(reply.adu.data(),
                                    reply.adu.size() + kCheck);
  adu[0] = unit_;
  adu[1] = reply.exception == 0 ? function : function | 0x80;
  const std::uint16_t crc = modbus_crc(reply.adu);
  adu[adu.size() - 2] = static_cast<std::uint8_t>(crc);
  adu[adu.size() - 1] = static_cast<std::uint8_t>(crc >> 8);
  return adu;
}

Reply LinkServer::judge(Request request, std::uint64_t now_us) {
  switch (request[1]) {
    case kReadCoils:
    case kReadDiscreteInputs:
      return read_bits(request, now_us);
    case kReadHoldingRegisters:
    case kReadInputRegisters:
      return read_registers(request, now_us);
    case kWriteCoil:
      return write_coil(request);
    case kWriteRegister:
      return write_register(request);
    case kWriteCoils:
      return write_coils(request);
    case kWriteRegisters:
      return write_registers(request);
    case kReadWriteRegisters:
      return read_write_registers(request, now_us);
    case kEncapsulated:
      return device_identification(identity_, request, line_.buffer());
    default:
      return {.exception = kIllegalFunction};
  }
}

// --- reads
// --------------------------------------------------------------------

Reply LinkServer::read_bits(Request request, std::uint64_t now_us) {
  if (request.size() != kShort) {
    return kNoSuchValue;
  }
  const std::uint8_t function = request[1];
  const std::uint16_t address = first_number(request);
  const std::uint16_t count = second_number(request);
  if (!is_counted(count, kMaxReadBits)) {
    return kNoSuchValue;
  }
  const RegisterSource from = source(now_us);
  const auto buffer = line_.buffer();
  const std::size_t bytes = (count + 7U) / 8;
  std::fill_n(buffer.begin() + 2, bytes + 1, std::uint8_t{0});
  buffer[2] = static_cast<std::uint8_t>(bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t at = address + i;
    const auto bit16 = static_cast<std::uint16_t>(at);
    const auto bit = at > UINT16_MAX          ? std::nullopt
                     : function == kReadCoils ? coil(from, bit16)
                                              : discrete_input(from, bit16);
    if (!bit) {
      return kNoSuchAddress;
    }
    buffer[3 + i / 8] |= static_cast<std::uint8_t>(*bit << i % 8);
  }
  return {.adu = buffer.first(3 + bytes)};
}

Reply LinkServer::read_registers(Request request, std::uint64_t now_us) {
  if (request.size() != kShort) {
    return kNoSuchValue;
  }
  const std::uint8_t function = request[1];
  const std::uint16_t address = first_number(request);
  const std::uint16_t count = second_number(request);
  if (!is_counted(count, kMaxReadRegisters)) {
    return kNoSuchValue;
  }
  const bool is_holding = function == kReadHoldingRegisters;
  if (is_holding && !is_inside(address, count, kScratchRegister, 1)) {
    return kNoSuchAddress;
  }
  const RegisterSource from = source(now_us);
  const auto buffer = line_.buffer();
  buffer[2] = static_cast<std::uint8_t>(2 * count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t at = address + i;
    const auto value =
        is_holding ? std::optional(scratch_)
        : at > UINT16_MAX
            ? std::nullopt
            : input_register(from, static_cast<std::uint16_t>(at));
    if (!value) {
      return kNoSuchAddress;
    }
    put_be(buffer, 3 + 2 * i, *value);
  }
  return {.adu = buffer.first(3 + 2U * count)};
}

// --- writes: the scratch register, and nothing else
// ---------------------------

Reply LinkServer::write_coil(Request request) {
  if (request.size() != kShort) {
    return kNoSuchValue;
  }
  const std::uint16_t address = first_number(request);
  const std::uint16_t value = second_number(request);
  if (value != 0 && value != kCoilOn) {
    return kNoSuchValue;
  }
  if (!is_inside(address, 1, kScratchRegister, 16)) {
    return kNoSuchAddress;
  }
  const unsigned bit = 1U << (address - kScratchRegister);
  scratch_ =
      static_cast<std::uint16_t>(value != 0 ? scratch_ | bit : scratch_ & ~bit);
  return echo(request, line_.buffer());
}

Reply LinkServer::write_register(Request request) {
  if (request.size() != kShort) {
    return kNoSuchValue;
  }
  if (first_number(request) != kScratchRegister) {
    return kNoSuchAddress;
  }
  scratch_ = second_number(request);
  return echo(request, line_.buffer());
}

Reply LinkServer::write_coils(Request request) {
  if (request.size() < kWriteHead + kCheck) {
    return kNoSuchValue;
  }
  const std::uint16_t address = first_number(request);
  const std::uint16_t count = second_number(request);
  const std::size_t bytes = request[kWriteHead - 1];
  if (!is_counted(count, kMaxWriteBits) || bytes != (count + 7U) / 8 ||
      request.size() != kWriteHead + bytes + kCheck) {
    return kNoSuchValue;
  }
  if (!is_inside(address, count, kScratchRegister, 16)) {
    return kNoSuchAddress;
  }
  for (unsigned i = 0; i < count; ++i) {
    const unsigned bit = 1U << (address - kScratchRegister + i);
    const bool is_on = (request[kWriteHead + i / 8] >> i % 8 & 1) != 0;
    scratch_ =
        static_cast<std::uint16_t>(is_on ? scratch_ | bit : scratch_ & ~bit);
  }
  return echo(request, line_.buffer());
}

Reply LinkServer::write_registers(Request request) {
  if (request.size() < kWriteHead + kCheck) {
    return kNoSuchValue;
  }
  const std::uint16_t address = first_number(request);
  const std::uint16_t count = second_number(request);
  const std::size_t bytes = request[kWriteHead - 1];
  if (!is_counted(count, kMaxWriteRegisters) || bytes != 2U * count ||
      request.size() != kWriteHead + bytes + kCheck) {
    return kNoSuchValue;
  }
  if (!is_inside(address, count, kScratchRegister, 1)) {
    return kNoSuchAddress;
  }
  scratch_ = get_be<std::uint16_t>(request, kWriteHead);
  return echo(request, line_.buffer());
}

Reply LinkServer::read_write_registers(Request request, std::uint64_t now_us) {
  if (request.size() < kExchangeHead + kCheck) {
    return kNoSuchValue;
  }
  const std::uint16_t read_count = second_number(request);
  const std::uint16_t write_count = get_be<std::uint16_t>(request, 8);
  const std::size_t bytes = request[kExchangeHead - 1];
  if (!is_counted(read_count, kMaxAnswerRegisters) ||
      !is_counted(write_count, kMaxRequestRegisters) ||
      bytes != 2U * write_count ||
      request.size() != kExchangeHead + bytes + kCheck) {
    return kNoSuchValue;
  }
  if (first_number(request) != kExchangeRegister ||
      get_be<std::uint16_t>(request, 6) != kExchangeRegister) {
    return kNoSuchAddress;
  }
  return exchange_.answer(request, line_.buffer(), now_us);
}

// --- what is read
// -------------------------------------------------------------

RegisterSource LinkServer::source(std::uint64_t now_us) const {
  return {.view = panel_.view(now_us / 1000),
          .counters = counters(),
          .identity = identity_,
          .session = exchange_.session(),
          .is_session_new = exchange_.is_new(),
          .uptime_s = static_cast<std::uint32_t>(now_us / 1'000'000),
          .scratch = scratch_};
}

LinkCounters LinkServer::counters() const {
  const ExchangeCounters& exchange = exchange_.counters();
  return {.frames = frames_,
          .crc_errors = line_.crc_errors(),
          .exceptions = exceptions_,
          .exchanges = exchange.accepted,
          .repeated = exchange.repeated,
          .refused = exchange.refused};
}

}  // namespace strongroom::panel
