// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/libmodbus_link.h"

#include <cerrno>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <utility>

#include "core/base/check.h"

namespace strongroom {
namespace {

struct FreeContext {
  void operator()(modbus_t* context) const {
    modbus_close(context);
    modbus_free(context);
  }
};
using Context = std::unique_ptr<modbus_t, FreeContext>;

LinkFault fault_of(int error) {
  switch (error) {
    case ETIMEDOUT:
      return LinkFault::kTimeout;
    case EMBXILFUN:
    case EMBXILADD:
    case EMBXILVAL:
    case EMBXSFAIL:
    case EMBXACK:
    case EMBXSBUSY:
    case EMBXNACK:
    case EMBXMEMPAR:
    case EMBXGPATH:
    case EMBXGTAR:
      return LinkFault::kException;
    case EMBBADCRC:
    case EMBBADDATA:
    case EMBBADEXC:
    case EMBUNKEXC:
    case EMBMDATA:
    case EMBBADSLAVE:
    case 0:  // the library failed and did not say why
      return LinkFault::kGarbled;
    default:
      return LinkFault::kLost;
  }
}

Context new_context(const TcpEndpoint& endpoint) {
  return Context(modbus_new_tcp_pi(endpoint.host.c_str(),
                                   std::to_string(endpoint.port).c_str()));
}

Context new_context(const RtuEndpoint& endpoint) {
  return Context(modbus_new_rtu(endpoint.device.c_str(),
                                endpoint.baud,
                                endpoint.parity,
                                8,
                                endpoint.stop_bits));
}

std::string text_of(const TcpEndpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

std::string text_of(const RtuEndpoint& endpoint) {
  return endpoint.device;
}

class LibmodbusLink final : public ModbusLink {
 public:
  explicit LibmodbusLink(LibmodbusSettings settings)
      : settings_(std::move(settings)) {
    check(settings_.timeout.count() >= 1 && settings_.timeout.count() <= 60'000,
          "a link's timeout is 1 ms to 60 s");
  }

  Result<void> open() override;
  void close() override { context_.reset(); }
  std::chrono::milliseconds timeout() const override {
    return settings_.timeout;
  }
  std::expected<void, LinkError> read(std::uint8_t unit,
                                      RegisterKind kind,
                                      std::uint16_t address,
                                      std::span<std::uint16_t> values) override;
  void flush() override {
    if (context_) {
      modbus_flush(context_.get());
    }
  }

 private:
  std::string endpoint_text() const {
    return std::visit([](const auto& end) { return text_of(end); },
                      settings_.endpoint);
  }
  bool set_timeouts(modbus_t* context) const;

  LibmodbusSettings settings_;
  Context context_;
};

bool LibmodbusLink::set_timeouts(modbus_t* context) const {
  const auto ms = static_cast<std::uint32_t>(settings_.timeout.count());
  // Microseconds of a second or more are refused, so they are split. No time
  // between bytes: then the response timeout bounds the whole answer, and a
  // device that drips cannot hold the line.
  return modbus_set_response_timeout(context, ms / 1000, ms % 1000 * 1000) ==
             0 &&
         modbus_set_byte_timeout(context, 0, 0) == 0;
}

Result<void> LibmodbusLink::open() {
  close();
  errno = 0;
  Context context =
      std::visit([](const auto& endpoint) { return new_context(endpoint); },
                 settings_.endpoint);
  // No error recovery of the library's own: its reconnecting never returns
  // while the other end is away, and it does not cure late answers.
  if (!context || !set_timeouts(context.get()) ||
      modbus_set_error_recovery(context.get(), MODBUS_ERROR_RECOVERY_NONE) !=
          0 ||
      modbus_connect(context.get()) != 0) {
    const int error = errno;
    return fault("cannot open " + endpoint_text() + ": " +
                 modbus_strerror(error));
  }
  if (std::holds_alternative<TcpEndpoint>(settings_.endpoint)) {
    const int on = 1;
    setsockopt(modbus_get_socket(context.get()),
               IPPROTO_TCP,
               TCP_NODELAY,
               &on,
               sizeof on);
  } else {
    // The answer to a question of an earlier owner of the line may be on its
    // way (the agent was restarted), and nothing would tell it from ours.
    std::this_thread::sleep_for(settings_.timeout);
    modbus_flush(context.get());
  }
  context_ = std::move(context);
  return {};
}

std::expected<void, LinkError> LibmodbusLink::read(
    std::uint8_t unit,
    RegisterKind kind,
    std::uint16_t address,
    std::span<std::uint16_t> values) {
  check(context_ != nullptr, "a link is open when it is asked");
  modbus_t* const context = context_.get();
  if (modbus_set_slave(context, unit) != 0) {
    return std::unexpected(
        LinkError{LinkFault::kGarbled,
                  "unit " + std::to_string(unit) + " is no unit of this line"});
  }
  const auto count = static_cast<int>(values.size());
  errno = 0;
  const int got =
      kind == RegisterKind::kHolding
          ? modbus_read_registers(context, address, count, values.data())
          : modbus_read_input_registers(context, address, count, values.data());
  if (got == count) {
    return {};
  }
  const int error = errno;
  return std::unexpected(
      LinkError{fault_of(error),
                endpoint_text() + " unit " + std::to_string(unit) +
                    ", function " + std::to_string(static_cast<int>(kind)) +
                    ", register " + std::to_string(address) + ": " +
                    (error == 0 ? "unusable answer" : modbus_strerror(error))});
}

}  // namespace

std::unique_ptr<ModbusLink> make_libmodbus_link(LibmodbusSettings settings) {
  return std::make_unique<LibmodbusLink>(std::move(settings));
}

}  // namespace strongroom
