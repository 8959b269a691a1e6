// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/exchange.h"

#include <algorithm>
#include <optional>
#include <pb_decode.h>
#include <pb_encode.h>

#include "firmware/link/big_endian.h"
#include "firmware/link/chacha20.h"
#include "firmware/link/request.h"

namespace strongroom::panel {

using Answer = strongroom_panel_v1_PanelAnswer;
using PanelEventMessage = strongroom_panel_v1_PanelEvent;

/// Of a request, as far as it was read: nothing is believed yet.
struct Exchange::Frame {
  std::uint8_t type = 0;
  std::uint64_t session = 0;
  std::uint32_t counter = 0;
  std::span<const std::uint8_t> tagged;  // head and body
  std::span<const std::uint8_t> body;
  std::span<const std::uint8_t, kFrameTag> tag;

  static std::optional<Frame> read(std::span<const std::uint8_t> bytes);
};

/// How much of an answer's body is left.
class Exchange::Room {
 public:
  Room(std::size_t size, std::size_t used) : size_(size), used_(used) {}

  bool reserve(std::size_t size);
  /// Whether one more event fits, which then is reserved.
  bool operator()(const PanelEventMessage& event);

 private:
  std::size_t size_;
  std::size_t used_;
};

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kAnswerHead = 3;    // unit, function, bytes that follow
constexpr std::size_t kRequestHead = 11;  // before the frame

// An element of `events` at its longest, and the other parts: what they take
// whatever they say.
constexpr std::size_t kEventHead = 2;
constexpr std::size_t kMaxEvent =
    kEventHead + strongroom_panel_v1_PanelEvent_size;
constexpr std::size_t kStatusSize = 2 + strongroom_panel_v1_PanelStatus_size;
constexpr std::size_t kPinSize = 2 + strongroom_panel_v1_PinEntry_size;
constexpr std::size_t kMaxEvents = std::size(Answer{}.events);
constexpr std::size_t kBaseSize = strongroom_panel_v1_PanelAnswer_size -
                                  kMaxEvents * kMaxEvent - kStatusSize -
                                  kPinSize;

constexpr std::size_t registers_for(std::size_t body) {
  return (kFrameHead + body + kFrameTag + 1) / 2;
}
static_assert(kMinExchangeRegisters == registers_for(kBaseSize));
static_assert(kMinHelloRegisters ==
              registers_for(strongroom_panel_v1_PanelHelloAnswer_size));
static_assert(strongroom_panel_v1_PanelRequest_size <= kMaxRequestBody);

// The panel kept to its room; should it not, events wait rather than be cut.
std::size_t encode(Answer& answer, std::span<std::uint8_t> body) {
  while (true) {
    auto out = pb_ostream_from_buffer(body.data(), body.size());
    if (pb_encode(&out, &strongroom_panel_v1_PanelAnswer_msg, &answer)) {
      return out.bytes_written;
    }
    if (answer.events_count == 0) {
      return 0;
    }
    --answer.events_count;
    answer.has_more = true;
  }
}

void put_text(std::span<char> to, const char* text) {
  std::size_t i = 0;
  for (; i + 1 < to.size() && text[i] != 0; ++i) {
    to[i] = text[i];
  }
  to[i] = 0;
}

// Before the frame its size, zeros behind it up to what was asked.
Reply padded(std::span<std::uint8_t> adu,
             std::size_t frame_size,
             std::size_t registers) {
  adu[2] = static_cast<std::uint8_t>(2 * registers);
  const auto registers_bytes = adu.subspan(kAnswerHead, 2 * registers);
  std::ranges::fill(registers_bytes.subspan(frame_size), std::uint8_t{0});
  return {.adu = adu.first(kAnswerHead + 2 * registers)};
}

}  // namespace

std::optional<Exchange::Frame> Exchange::Frame::read(
    std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kFrameHead + kFrameTag || bytes[0] != kVersion) {
    return std::nullopt;
  }
  const std::size_t size = get_be<std::uint16_t>(bytes, 2);
  const std::size_t end = kFrameHead + size;
  // The byte that fills the last register is under no tag: it is what it must
  // be, or this is not a frame.
  if (end + kFrameTag + 1 < bytes.size() || end + kFrameTag > bytes.size() ||
      (end + kFrameTag < bytes.size() && bytes.back() != 0)) {
    return std::nullopt;
  }
  return Frame{.type = bytes[1],
               .session = get_be<std::uint64_t>(bytes, 4),
               .counter = get_be<std::uint32_t>(bytes, 12),
               .tagged = bytes.first(end),
               .body = bytes.subspan(kFrameHead, size),
               .tag = bytes.subspan(end).first<kFrameTag>()};
}

bool Exchange::Room::reserve(std::size_t size) {
  if (used_ + size > size_) {
    return false;
  }
  used_ += size;
  return true;
}

bool Exchange::Room::operator()(const PanelEventMessage& event) {
  std::size_t size = 0;
  pb_get_encoded_size(&size, &strongroom_panel_v1_PanelEvent_msg, &event);
  return reserve(kEventHead + size);
}

Exchange::Exchange(Panel& panel,
                   std::uint8_t unit,
                   const PanelKey& key,
                   const LinkIdentity& identity,
                   std::uint64_t session)
    : panel_(panel),
      unit_(unit),
      keys_(derive_keys(key)),
      identity_(identity),
      session_(session) {}

void Exchange::begin(std::uint64_t session) {
  session_ = session;
  last_counter_ = 0;
  stored_size_ = 0;
}

Reply Exchange::answer(std::span<const std::uint8_t> request,
                       std::span<std::uint8_t, kMaxAdu> buffer,
                       std::uint64_t now_us) {
  if (session_ == 0) {
    return {.exception = kDeviceFailure};
  }
  const std::size_t registers = get_be<std::uint16_t>(request, 4);
  const auto frame =
      Frame::read(request.subspan(kRequestHead, request[kRequestHead - 1]));
  if (!frame ||
      !is_same(frame->tag,
               frame_tag(keys_, Direction::kRequest, unit_, frame->tagged))) {
    return refuse(now_us);
  }
  if (frame->type == static_cast<std::uint8_t>(FrameType::kHello)) {
    return hello(*frame, registers, buffer, now_us);
  }
  if (frame->type != static_cast<std::uint8_t>(FrameType::kExchange) ||
      frame->session != session_) {
    return refuse(now_us);
  }
  if (frame->counter > last_counter_) {
    return execute(*frame, registers, now_us);
  }
  if (frame->counter != last_counter_ || stored_size_ == 0 ||
      !is_same(frame->tag, last_tag_)) {
    return refuse(now_us);
  }
  ++counters_.repeated;
  return stored(registers);
}

Reply Exchange::refuse(std::uint64_t now_us) {
  ++counters_.refused;
  panel_.frame_refused(now_us / 1000);
  return {.exception = kIllegalValue};
}

// --- hello
// --------------------------------------------------------------------

// Says nothing but what it is and that it holds the key: an old hello may be
// sent again by anyone, and its nonce tells the agent that it was.
Reply Exchange::hello(const Frame& frame,
                      std::size_t registers,
                      std::span<std::uint8_t, kMaxAdu> buffer,
                      std::uint64_t now_us) {
  auto in = pb_istream_from_buffer(frame.body.data(), frame.body.size());
  strongroom_panel_v1_PanelHello asked{};
  if (frame.session != 0 || frame.counter != 0 ||
      !pb_decode(&in, &strongroom_panel_v1_PanelHello_msg, &asked)) {
    return refuse(now_us);
  }
  if (registers < kMinHelloRegisters) {
    return {.exception = kIllegalValue};
  }
  strongroom_panel_v1_PanelHelloAnswer said{};
  panel_.describe(said);
  describe(said);
  said.nonce = asked.nonce;
  auto out =
      pb_ostream_from_buffer(&buffer[kAnswerHead + kFrameHead], kMaxAnswerBody);
  if (!pb_encode(&out, &strongroom_panel_v1_PanelHelloAnswer_msg, &said)) {
    return {.exception = kDeviceFailure};
  }
  const std::size_t size =
      finish(buffer, FrameType::kHelloAnswer, last_counter_, out.bytes_written);
  return padded(buffer, size, registers);
}

void Exchange::describe(strongroom_panel_v1_PanelHelloAnswer& said) const {
  said.protocol = kVersion;
  said.boot = identity_.boot;
  put_text(said.board, identity_.board);
  put_text(said.firmware, identity_.firmware);
  const auto serial = identity_.serial.first(
      std::min(identity_.serial.size(), std::size(said.serial.bytes)));
  said.serial.size = static_cast<pb_size_t>(serial.size());
  std::ranges::copy(serial, said.serial.bytes);
  said.tests_only = identity_.tests_only;
}

// --- exchange
// -----------------------------------------------------------------

Reply Exchange::execute(const Frame& frame,
                        std::size_t registers,
                        std::uint64_t now_us) {
  if (registers < kMinExchangeRegisters) {
    return {.exception = kIllegalValue};
  }
  // From here on this counter is used, whatever comes of it.
  last_counter_ = frame.counter;
  std::ranges::copy(frame.tag, last_tag_.begin());
  ++counters_.accepted;
  const std::size_t room =
      std::min(2 * registers, 2 * kMaxAnswerRegisters) - kFrameHead - kFrameTag;
  const std::size_t body =
      answer_body(frame,
                  std::span(stored_).subspan(kAnswerHead + kFrameHead, room),
                  now_us / 1000);
  stored_size_ =
      finish(stored_, FrameType::kExchangeAnswer, frame.counter, body);
  return stored(registers);
}

std::size_t Exchange::answer_body(const Frame& frame,
                                  std::span<std::uint8_t> body,
                                  std::uint64_t now_ms) {
  strongroom_panel_v1_PanelRequest request{};
  const bool is_sound = read_request(frame.body, request);
  const std::uint32_t order_id = request.order_id;
  request.order_id = is_sound ? order_id : 0;

  Room room(body.size(), kBaseSize);
  request.wants_status = request.wants_status && room.reserve(kStatusSize);
  const bool has_pin = panel_.pin().entry != 0 && room.reserve(kPinSize);
  Answer answer{};
  panel_.exchange<Room&>(request, answer, now_ms, room);
  if (!is_sound) {
    answer.order_id = order_id;
    answer.result = strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  if (has_pin) {
    add_pin(answer, frame.counter);
  }
  return encode(answer, body);
}

// Digits are taken when they are encrypted: the counter is never used again, so
// no two entries are ever under one key stream.
void Exchange::add_pin(Answer& answer, std::uint32_t counter) {
  const PinDigits& pin = panel_.pin();
  if (pin.entry == 0) {
    return;
  }
  answer.has_pin = true;
  answer.pin.reader = pin.reader;
  answer.pin.leaf = pin.leaf;
  answer.pin.entry = pin.entry;
  std::ranges::fill(answer.pin.digits, 0xFF);
  std::copy_n(pin.digits.begin(),
              std::min<std::size_t>(pin.count, pin.digits.size()),
              std::begin(answer.pin.digits));
  ChaChaNonce nonce{};
  put_be(nonce, 0, session_);
  put_be(nonce, 8, counter);
  chacha20(keys_.pin, nonce, 0, answer.pin.digits);
  panel_.pin_sent();
}

// What was answered, for as many registers as are asked now: the count is under
// no tag, and who changed it on its way must not cost the agent its answer.
Reply Exchange::stored(std::size_t registers) {
  if (2 * registers < stored_size_) {
    return {.exception = kIllegalValue};
  }
  return padded(stored_, stored_size_, registers);
}

// --- frames
// -------------------------------------------------------------------

// Head and tag around the body that lies there already; size of the frame.
std::size_t Exchange::finish(std::span<std::uint8_t> adu,
                             FrameType type,
                             std::uint32_t counter,
                             std::size_t body_size) {
  const auto frame = adu.subspan(kAnswerHead);
  frame[0] = kVersion;
  frame[1] = static_cast<std::uint8_t>(type);
  put_be(frame, 2, static_cast<std::uint16_t>(body_size));
  put_be(frame, 4, session_);
  put_be(frame, 12, counter);
  const auto tagged = frame.first(kFrameHead + body_size);
  const FrameTag tag = frame_tag(keys_, Direction::kAnswer, unit_, tagged);
  std::ranges::copy(tag, frame.subspan(tagged.size()).begin());
  return tagged.size() + kFrameTag;
}

}  // namespace strongroom::panel
