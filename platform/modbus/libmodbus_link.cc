// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/libmodbus_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <modbus/modbus.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "core/base/check.h"
#include "platform/modbus/mbap.h"
#include "platform/modbus/serial_port.h"
#include "platform/modbus/tcp_connect.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

struct FreeContext {
  void operator()(modbus_t* context) const {
    modbus_close(context);
    modbus_free(context);
  }
};
using Context = std::unique_ptr<modbus_t, FreeContext>;

/// Of a discard on a line that is gone, which is silent.
constexpr milliseconds kGonePause{50};

/// The library says an exception as MODBUS_ENOBASE + its code.
ModbusException exception_of(int error) {
  return modbus_exception(error - MODBUS_ENOBASE);
}

LinkFault fault_of(int error) {
  if (exception_of(error) != ModbusException::kNone) {
    return LinkFault::kException;
  }
  if (error == ETIMEDOUT) {
    return LinkFault::kTimeout;
  }
  // The library's own codes are faults of the answer, exceptions that no paper
  // knows among them; 0: it failed and did not say why.
  const bool of_the_answer = error == 0 || error >= MODBUS_ENOBASE;
  return of_the_answer ? LinkFault::kGarbled : LinkFault::kLost;
}

std::string text_of(const TcpEndpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

std::string text_of(const RtuEndpoint& endpoint) {
  return endpoint.device;
}

/// No error recovery of the library's own: its reconnecting never returns while
/// the other end is away, and it does not cure late answers. No time between
/// bytes: then the response timeout bounds the whole answer, and a device that
/// drips cannot hold the line.
bool prepare(modbus_t* context) {
  return context != nullptr && modbus_set_byte_timeout(context, 0, 0) == 0 &&
         modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE) == 0;
}

class LibmodbusLink final : public ModbusLink {
 public:
  explicit LibmodbusLink(LibmodbusSettings settings)
      : settings_(std::move(settings)) {
    check(settings_.timeout.count() >= 1 && settings_.timeout.count() <= 60'000,
          "a link's timeout is 1 ms to 60 s");
    if (const auto* tcp = std::get_if<TcpEndpoint>(&settings_.endpoint)) {
      connector_ = std::make_unique<TcpConnector>(tcp->host, tcp->port);
    }
  }
  ~LibmodbusLink() override { close_all(); }
  LibmodbusLink(const LibmodbusLink&) = delete;
  LibmodbusLink& operator=(const LibmodbusLink&) = delete;

  Result<void> open() override;
  void close() override { close_all(); }
  std::expected<void, LinkError> read(const Question& question,
                                      microseconds timeout,
                                      std::span<std::uint16_t> values) override;
  std::expected<void, LinkError> exchange(std::uint8_t unit,
                                          std::uint16_t address,
                                          std::span<const std::uint8_t> written,
                                          std::span<std::uint8_t> read,
                                          microseconds timeout) override;
  std::size_t discard(microseconds quiet, microseconds at_most) override;
  LowLatency low_latency() const override { return low_latency_; }

 private:
  Result<void> open_tcp();
  Result<void> open_rtu(const RtuEndpoint& endpoint);
  void close_all();
  void wait_for(microseconds timeout);
  std::expected<std::span<const std::uint8_t>, LinkError> transact_tcp(
      std::span<const std::uint8_t> request);
  std::expected<void, LinkError> ask_tcp(const Question& question,
                                         std::span<std::uint16_t> values);
  std::expected<void, LinkError> exchange_tcp(
      std::uint8_t unit,
      std::uint16_t address,
      std::span<const std::uint8_t> written,
      std::span<std::uint8_t> read);
  std::expected<void, LinkError> exchange_rtu(
      std::uint8_t unit,
      std::uint16_t address,
      std::span<const std::uint8_t> written,
      std::span<std::uint8_t> read);
  std::expected<void, LinkError> begin_rtu(std::uint8_t unit);
  std::expected<void, LinkError> ask_rtu(const Question& question,
                                         std::span<std::uint16_t> values);
  int read_rtu(const Question& question, std::span<std::uint16_t> values);
  int read_bits(const Question& question, std::span<std::uint16_t> values);
  std::unexpected<LinkError> failed(int error) const;
  bool is_hung_up() const;
  bool is_tcp() const { return connector_ != nullptr; }
  std::string endpoint_text() const {
    return std::visit([](const auto& end) { return text_of(end); },
                      settings_.endpoint);
  }

  LibmodbusSettings settings_;
  std::unique_ptr<TcpConnector> connector_;  // tcp
  FileDescriptor claim_;                     // rtu: the lock
  Context context_;
  std::uint16_t transaction_ = 0;  // tcp: of the last question
  LowLatency low_latency_ = LowLatency::kNotApplicable;
  std::array<std::uint8_t, kMaxBitsPerRequest> bits_{};
  std::array<std::uint8_t, kMbapFrameSize> frame_{};  // tcp: the newest answer
};

Result<void> LibmodbusLink::open() {
  close_all();
  const auto* rtu = std::get_if<RtuEndpoint>(&settings_.endpoint);
  auto opened = rtu == nullptr ? open_tcp() : open_rtu(*rtu);
  if (!opened) {
    close_all();
    return fault("cannot open " + endpoint_text() + ": " + opened.error().what);
  }
  return {};
}

Result<void> LibmodbusLink::open_tcp() {
  // The address stands in the socket; the library never connects.
  context_.reset(modbus_new_tcp("127.0.0.1", 0));
  if (!prepare(context_.get())) {
    return fault(modbus_strerror(errno));
  }
  auto socket = connector_->connect(settings_.timeout);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  modbus_set_socket(context_.get(), socket->release());
  return {};
}

Result<void> LibmodbusLink::open_rtu(const RtuEndpoint& endpoint) {
  // Before the library opens it: that changes the settings of the line under
  // whoever uses it.
  auto claim = claim_serial_port(endpoint.device);
  if (!claim) {
    return std::unexpected(claim.error());
  }
  claim_ = *std::move(claim);
  context_.reset(modbus_new_rtu(endpoint.device.c_str(),
                                endpoint.baud,
                                endpoint.parity,
                                8,
                                endpoint.stop_bits));
  if (!prepare(context_.get()) || modbus_connect(context_.get()) != 0) {
    return fault(modbus_strerror(errno));
  }
  if (fell_back(claim_.get(), endpoint.baud)) {
    return fault(std::to_string(endpoint.baud) + " baud is not to be had");
  }
  make_exclusive(claim_.get());
  low_latency_ = set_low_latency(claim_.get());
  modbus_flush(context_.get());
  return {};
}

void LibmodbusLink::close_all() {
  context_.reset();
  if (claim_.is_open()) {
    release_serial_port(claim_.get());
    claim_.reset();
  }
  low_latency_ = LowLatency::kNotApplicable;
}

std::expected<void, LinkError> LibmodbusLink::read(
    const Question& question,
    microseconds timeout,
    std::span<std::uint16_t> values) {
  check(context_ != nullptr, "a link is open when it is asked");
  check(question.count == values.size() && question.count > 0 &&
            question.count <= (is_bit_kind(question.kind)
                                   ? kMaxBitsPerRequest
                                   : kMaxRegistersPerRequest),
        "a question is as long as its answer, and one request holds it");
  wait_for(timeout);
  auto answer =
      is_tcp() ? ask_tcp(question, values) : ask_rtu(question, values);
  if (!answer) {
    answer.error().what = endpoint_text() + " unit " +
                          std::to_string(question.unit) + ", function " +
                          std::to_string(static_cast<int>(question.kind)) +
                          ", address " + std::to_string(question.address) +
                          ": " + answer.error().what;
  }
  return answer;
}

std::expected<void, LinkError> LibmodbusLink::exchange(
    std::uint8_t unit,
    std::uint16_t address,
    std::span<const std::uint8_t> written,
    std::span<std::uint8_t> read,
    microseconds timeout) {
  check(context_ != nullptr, "a link is open when it is asked");
  check(!written.empty() && written.size() % 2 == 0 &&
            written.size() <= std::size_t{2} * MODBUS_MAX_WR_WRITE_REGISTERS &&
            !read.empty() && read.size() % 2 == 0 &&
            read.size() <= std::size_t{2} * MODBUS_MAX_WR_READ_REGISTERS,
        "one request holds an exchange");
  wait_for(timeout);
  auto answer = is_tcp() ? exchange_tcp(unit, address, written, read)
                         : exchange_rtu(unit, address, written, read);
  if (!answer) {
    answer.error().what = endpoint_text() + " unit " + std::to_string(unit) +
                          ", exchange: " + answer.error().what;
  }
  return answer;
}

void LibmodbusLink::wait_for(microseconds timeout) {
  check(timeout.count() > 0 && timeout <= std::chrono::minutes(1),
        "an answer is awaited for some time");
  // Microseconds of a second or more are refused, so they are split.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  modbus_set_response_timeout(
      context_.get(),
      static_cast<std::uint32_t>(seconds.count()),
      static_cast<std::uint32_t>((timeout - seconds).count()));
}

/// The library waits for the answer and takes it in; what it is, we judge.
std::expected<std::span<const std::uint8_t>, LinkError>
LibmodbusLink::transact_tcp(std::span<const std::uint8_t> request) {
  const auto sent = send(modbus_get_socket(context_.get()),
                         request.data(),
                         request.size(),
                         MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) {
    // Not even a question fits: nobody takes them away.
    return std::unexpected(LinkError{
        LinkFault::kLost,
        ModbusException::kNone,
        sent < 0 ? modbus_strerror(errno) : "the connection is stuck"});
  }
  static_assert(kMbapFrameSize >= MODBUS_TCP_MAX_ADU_LENGTH);
  errno = 0;
  const int size = modbus_receive_confirmation(context_.get(), frame_.data());
  if (size < 0) {
    return failed(errno);
  }
  return std::span(frame_).first(static_cast<std::size_t>(size));
}

std::expected<void, LinkError> LibmodbusLink::ask_tcp(
    const Question& question, std::span<std::uint16_t> values) {
  const auto answer = transact_tcp(mbap_request(question, ++transaction_));
  if (!answer) {
    return std::unexpected(answer.error());
  }
  return take_mbap_answer(question, transaction_, *answer, values);
}

std::expected<void, LinkError> LibmodbusLink::exchange_tcp(
    std::uint8_t unit,
    std::uint16_t address,
    std::span<const std::uint8_t> written,
    std::span<std::uint8_t> read) {
  std::array<std::uint8_t, kMbapFrameSize> request{};
  const auto answer =
      transact_tcp(mbap_exchange(unit,
                                 address,
                                 written,
                                 static_cast<std::uint16_t>(read.size() / 2),
                                 ++transaction_,
                                 request));
  if (!answer) {
    return std::unexpected(answer.error());
  }
  return take_mbap_exchange(unit, transaction_, *answer, read);
}

std::expected<void, LinkError> LibmodbusLink::begin_rtu(std::uint8_t unit) {
  // Unit 0 is everybody, and the library would take anybody's answer.
  if (unit == 0 || modbus_set_slave(context_.get(), unit) != 0) {
    return std::unexpected(LinkError{LinkFault::kGarbled,
                                     ModbusException::kNone,
                                     "no unit of a serial line"});
  }
  // What lies there came before the question.
  modbus_flush(context_.get());
  errno = 0;
  return {};
}

/// The library takes registers, whose high bytes go first on the wire.
std::expected<void, LinkError> LibmodbusLink::exchange_rtu(
    std::uint8_t unit,
    std::uint16_t address,
    std::span<const std::uint8_t> written,
    std::span<std::uint8_t> read) {
  std::array<std::uint16_t, MODBUS_MAX_WR_WRITE_REGISTERS> request{};
  std::array<std::uint16_t, MODBUS_MAX_WR_READ_REGISTERS> answer{};
  for (std::size_t i = 0; i < written.size() / 2; ++i) {
    request.at(i) =
        static_cast<std::uint16_t>(written[2 * i] << 8 | written[2 * i + 1]);
  }
  const int wanted = static_cast<int>(read.size() / 2);
  if (auto begun = begin_rtu(unit); !begun) {
    return begun;
  }
  const int got =
      modbus_write_and_read_registers(context_.get(),
                                      address,
                                      static_cast<int>(written.size() / 2),
                                      request.data(),
                                      address,
                                      wanted,
                                      answer.data());
  if (got != wanted) {
    return failed(got < 0 ? errno : 0);
  }
  for (std::size_t i = 0; i < read.size() / 2; ++i) {
    read[2 * i] = static_cast<std::uint8_t>(answer.at(i) >> 8);
    read[2 * i + 1] = static_cast<std::uint8_t>(answer.at(i) & 0xFF);
  }
  return {};
}

std::expected<void, LinkError> LibmodbusLink::ask_rtu(
    const Question& question, std::span<std::uint16_t> values) {
  if (auto begun = begin_rtu(question.unit); !begun) {
    return begun;
  }
  const int got = read_rtu(question, values);
  if (got == question.count) {
    return {};
  }
  return failed(got < 0 ? errno : 0);
}

int LibmodbusLink::read_rtu(const Question& question,
                            std::span<std::uint16_t> values) {
  if (is_bit_kind(question.kind)) {
    return read_bits(question, values);
  }
  return question.kind == RegisterKind::kHolding
             ? modbus_read_registers(context_.get(),
                                     question.address,
                                     question.count,
                                     values.data())
             : modbus_read_input_registers(context_.get(),
                                           question.address,
                                           question.count,
                                           values.data());
}

int LibmodbusLink::read_bits(const Question& question,
                             std::span<std::uint16_t> values) {
  const int got =
      question.kind == RegisterKind::kCoil
          ? modbus_read_bits(
                context_.get(), question.address, question.count, bits_.data())
          : modbus_read_input_bits(
                context_.get(), question.address, question.count, bits_.data());
  std::copy_n(bits_.begin(), values.size(), values.begin());
  return got;
}

/// The kernel gave the connection up: recv() says ETIMEDOUT then, as the
/// library does when it only waited in vain.
bool LibmodbusLink::is_hung_up() const {
  pollfd state{modbus_get_socket(context_.get()), POLLIN, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

std::unexpected<LinkError> LibmodbusLink::failed(int error) const {
  LinkFault fault = fault_of(error);
  if (fault == LinkFault::kTimeout && is_hung_up()) {
    fault = LinkFault::kLost;
  }
  return std::unexpected(
      LinkError{fault,
                exception_of(error),
                error == 0 ? "unusable answer" : modbus_strerror(error)});
}

/// A flood is taken away in gulps, so that it costs its line and not the
/// processor.
std::size_t LibmodbusLink::discard(microseconds quiet, microseconds at_most) {
  check(context_ != nullptr, "a link is open when it is emptied");
  std::array<char, 16'384> bytes{};
  std::size_t total = 0;
  const auto end = Steady::now() + at_most;
  auto silent_at = Steady::now() + quiet;
  for (;;) {
    const auto left = std::min(silent_at, end) - Steady::now();
    if (left <= Steady::duration::zero()) {
      return total;
    }
    pollfd waiting{modbus_get_socket(context_.get()), POLLIN, 0};
    const timespec time{
        std::chrono::duration_cast<std::chrono::seconds>(left).count(),
        (left % std::chrono::seconds(1)).count()};
    const int ready = ppoll(&waiting, 1, &time, nullptr);
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return total;
    }
    const auto got = ::read(waiting.fd, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (got <= 0) {
      // Gone: the next question says so. Nobody spins until then.
      std::this_thread::sleep_for(std::min<Steady::duration>(left, kGonePause));
      return total;
    }
    total += static_cast<std::size_t>(got);
    silent_at = Steady::now() + quiet;
    std::this_thread::sleep_for(milliseconds{1});
  }
}

}  // namespace

std::unique_ptr<ModbusLink> make_libmodbus_link(LibmodbusSettings settings) {
  return std::make_unique<LibmodbusLink>(std::move(settings));
}

}  // namespace strongroom
