// SPDX-License-Identifier: Apache-2.0
// Acks, status and live values: batch.h declares them beside the batch that
// they answer; nanopb reads and writes them.
#include <algorithm>

#include "core/base/check.h"
#include "core/event/batch.h"
#include "core/event/message_check.h"

namespace strongroom {
namespace {

template <std::size_t Room>
void copy_text(const std::string& text, char (&out)[Room]) {
  check(text.size() < Room, "a text beyond its bound");
  std::ranges::copy(text, out);
}

template <std::size_t Room>
pb_size_t copy_path(const Path& path, pb_byte_t (&out)[Room][32]) {
  check(path.size() <= Room, "a proof beyond its bound");
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::ranges::copy(path[i], out[i]);
  }
  return static_cast<pb_size_t>(path.size());
}

template <std::size_t Room>
Path path_from(const pb_byte_t (&items)[Room][32], pb_size_t count) {
  Path path(std::min<std::size_t>(count, Room));
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::ranges::copy(items[i], path[i].begin());
  }
  return path;
}

template <typename BytesArray>
void copy_bytes(ByteView bytes, BytesArray& out) {
  check(bytes.size() <= sizeof(out.bytes), "a byte string beyond its bound");
  std::ranges::copy(bytes, out.bytes);
  out.size = static_cast<pb_size_t>(bytes.size());
}

template <typename BytesArray>
ByteView view_of(const BytesArray& array) {
  return {array.bytes, array.size};
}

void fill(const Held& held, strongroom_v1_Held& out) {
  out.first_index = held.first_index;
  out.range_proof_count = copy_path(held.range_proof, out.range_proof);
  copy_bytes(as_bytes(held.checkpoint), out.checkpoint);
  out.from_size = held.from_size;
  out.consistency_proof_count =
      copy_path(held.consistency_proof, out.consistency_proof);
  copy_bytes(held.disclosures_receipt, out.disclosures_receipt);
}

void fill(const Refused& refused, strongroom_v1_Refused& out) {
  out.reason = refused.reason;
  out.expected = refused.expected;
  if (refused.newest) {
    Bytes newest(refused.newest->signature.begin(),
                 refused.newest->signature.end());
    append(newest, refused.newest->header);
    copy_bytes(newest, out.newest_header);
  }
}

Held held_from(const strongroom_v1_Held& held) {
  const ByteView receipt = view_of(held.disclosures_receipt);
  return {
      .first_index = held.first_index,
      .range_proof = path_from(held.range_proof, held.range_proof_count),
      .checkpoint = std::string(as_chars(view_of(held.checkpoint))),
      .from_size = held.from_size,
      .consistency_proof =
          path_from(held.consistency_proof, held.consistency_proof_count),
      .disclosures_receipt = Bytes(receipt.begin(), receipt.end()),
  };
}

Result<Refused> refused_from(const strongroom_v1_Refused& message) {
  if (!is_enum_value(message.reason, _strongroom_v1_RefusalReason_MAX)) {
    return fault("ack: no such reason");
  }
  Refused refused;
  refused.reason = message.reason;
  refused.expected = message.expected;
  const ByteView newest = view_of(message.newest_header);
  if (newest.empty()) {
    return refused;
  }
  SignedHeader header;
  if (newest.size() <= header.signature.size()) {
    return fault("ack: newest_header is shorter than its signature");
  }
  std::ranges::copy(newest.first(header.signature.size()),
                    header.signature.begin());
  const ByteView rest = newest.subspan(header.signature.size());
  header.header.assign(rest.begin(), rest.end());
  refused.newest = std::move(header);
  return refused;
}

Result<Ack> ack_from(const strongroom_v1_Ack& message) {
  if (message.format != kWireFormat) {
    return fault("ack: format is not " + std::to_string(kWireFormat));
  }
  Ack ack;
  auto source = Source::parse(message.source);
  if (!source) {
    return fault("ack: not a source");
  }
  ack.source = std::move(*source);
  if (!is_enum_value(message.stream, _strongroom_v1_Stream_MAX) ||
      message.stream == strongroom_v1_Stream_STREAM_UNSPECIFIED) {
    return fault("ack: not a stream");
  }
  ack.stream = static_cast<Stream>(message.stream);
  ack.epoch = message.epoch;
  ack.first_seq = message.first_seq;
  ack.count = message.count;
  if (message.which_outcome == strongroom_v1_Ack_held_tag) {
    ack.outcome = held_from(message.outcome.held);
    return ack;
  }
  if (message.which_outcome != strongroom_v1_Ack_refused_tag) {
    return fault("ack: no outcome");
  }
  auto refused = refused_from(message.outcome.refused);
  if (!refused) {
    return std::unexpected(std::move(refused.error()));
  }
  ack.outcome = std::move(*refused);
  return ack;
}

// Decodes into `message` and refuses what its own encoding would differ from.
template <typename Message>
Result<void> decode_canonical(const pb_msgdesc_t& type,
                              std::size_t max_size,
                              ByteView payload,
                              const char* name,
                              Message& message) {
  const auto named = [name](const std::string& what) {
    return fault(std::string(name) + ": " + what);
  };
  if (payload.size() > max_size) {
    return named("larger than " + std::to_string(max_size) + " bytes");
  }
  auto decoded =
      decode_message(type, payload, UnknownFields::kRefused, &message);
  if (!decoded) {
    return named(decoded.error().what);
  }
  const auto again = encode_message(type, &message, max_size);
  if (!again || !std::ranges::equal(*again, payload)) {
    return named("not canonical");
  }
  return {};
}

// The enums of a message that only screens read; by the number of the field.
std::optional<std::string> enum_fault(const strongroom_v1_Status& status) {
  for (pb_size_t i = 0; i < status.held_count; ++i) {
    if (!is_enum_value(status.held[i].stream, _strongroom_v1_Stream_MAX)) {
      return "status: field 6.1: no such stream";
    }
  }
  for (pb_size_t i = 0; i < status.backlog_count; ++i) {
    if (!is_enum_value(status.backlog[i].stream, _strongroom_v1_Stream_MAX)) {
      return "status: field 7.1: no such stream";
    }
  }
  if (!is_enum_value(status.clock.quality, _strongroom_v1_ClockQuality_MAX)) {
    return "status: field 9.1: no such quality";
  }
  return std::nullopt;
}

std::optional<std::string> enum_fault(const strongroom_v1_Live& live) {
  for (pb_size_t i = 0; i < live.values_count; ++i) {
    if (!is_enum_value(live.values[i].quality,
                       _strongroom_v1_PointQuality_MAX)) {
      return "live: field 6.4: no such quality";
    }
  }
  return std::nullopt;
}

template <typename Message>
Result<Message> decode_hint(const pb_msgdesc_t& type,
                            std::size_t max_size,
                            ByteView payload,
                            const char* name) {
  Result<Message> message;
  auto decoded = decode_canonical(type, max_size, payload, name, *message);
  if (!decoded) {
    return std::unexpected(std::move(decoded.error()));
  }
  if (message->format != kWireFormat) {
    return fault(std::string(name) + ": format is not " +
                 std::to_string(kWireFormat));
  }
  if (auto what = enum_fault(*message)) {
    return fault(std::move(*what));
  }
  return message;
}

Bytes encode_own(const pb_msgdesc_t& type,
                 const void* message,
                 std::size_t max_size) {
  auto bytes = encode_message(type, message, max_size);
  check(bytes.has_value(), "a message of ours beyond its bounds");
  return std::move(*bytes);
}

}  // namespace

Bytes encode_ack(const Ack& ack) {
  strongroom_v1_Ack message{};
  message.format = kWireFormat;
  copy_text(ack.source.text(), message.source);
  message.stream = static_cast<strongroom_v1_Stream>(ack.stream);
  message.epoch = ack.epoch;
  message.first_seq = ack.first_seq;
  message.count = ack.count;
  if (const auto* held = std::get_if<Held>(&ack.outcome)) {
    message.which_outcome = strongroom_v1_Ack_held_tag;
    fill(*held, message.outcome.held);
  } else {
    message.which_outcome = strongroom_v1_Ack_refused_tag;
    fill(std::get<Refused>(ack.outcome), message.outcome.refused);
  }
  return encode_own(strongroom_v1_Ack_msg, &message, strongroom_v1_Ack_size);
}

Result<Ack> decode_ack(ByteView payload) {
  strongroom_v1_Ack message{};
  auto decoded = decode_canonical(
      strongroom_v1_Ack_msg, strongroom_v1_Ack_size, payload, "ack", message);
  if (!decoded) {
    return std::unexpected(std::move(decoded.error()));
  }
  return ack_from(message);
}

Bytes encode_status(const strongroom_v1_Status& status) {
  return encode_own(
      strongroom_v1_Status_msg, &status, strongroom_v1_Status_size);
}

Result<strongroom_v1_Status> decode_status(ByteView payload) {
  return decode_hint<strongroom_v1_Status>(
      strongroom_v1_Status_msg, strongroom_v1_Status_size, payload, "status");
}

Bytes encode_live(const strongroom_v1_Live& live) {
  return encode_own(strongroom_v1_Live_msg, &live, strongroom_v1_Live_size);
}

Result<strongroom_v1_Live> decode_live(ByteView payload) {
  return decode_hint<strongroom_v1_Live>(
      strongroom_v1_Live_msg, strongroom_v1_Live_size, payload, "live");
}

}  // namespace strongroom
