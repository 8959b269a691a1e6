// SPDX-License-Identifier: Apache-2.0
#include "core/event/event.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/wire.h"
#include "core/event/access_fault.h"
#include "core/event/message_check.h"

namespace strongroom {
namespace {

const pb_msgdesc_t& event_type() {
  return strongroom_v1_Event_msg;
}

bool is_empty_or_32(std::size_t size) {
  return size == 0 || size == 32;
}

// What the bounds of event.options cannot say of a body: nothing, or what is
// wrong. A new enum in a body gets its line here; tests/vectors tries each.
std::optional<std::string> life_fault(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_epoch_opened_tag:
      if (!is_enum_value(event.body.epoch_opened.reason,
                         _strongroom_v1_EpochReason_MAX)) {
        return "field 20.1: no such reason";
      }
      break;
    case strongroom_v1_Event_clock_stepped_tag:
      if (!is_enum_value(event.body.clock_stepped.before.quality,
                         _strongroom_v1_ClockQuality_MAX)) {
        return "field 22.2.1: no such quality";
      }
      break;
    case strongroom_v1_Event_finding_tag: {
      const auto& finding = event.body.finding;
      if (!is_enum_value(finding.kind, _strongroom_v1_FindingKind_MAX)) {
        return "field 26.1: no such kind";
      }
      if (!is_enum_value(finding.stream, _strongroom_v1_Stream_MAX)) {
        return "field 26.3: no such stream";
      }
      if (!is_enum_value(finding.reason, _strongroom_v1_RefusalReason_MAX)) {
        return "field 26.6: no such reason";
      }
      if (!is_empty_or_32(finding.hash.size)) {
        return "field 26.7: neither empty nor 32 bytes";
      }
      break;
    }
    case strongroom_v1_Event_log_followed_tag:
      if (!is_enum_value(event.body.log_followed.stream,
                         _strongroom_v1_Stream_MAX)) {
        return "field 29.1: no such stream";
      }
      break;
    case strongroom_v1_Event_salvage_ended_tag:
      if (!is_enum_value(event.body.salvage_ended.reason,
                         _strongroom_v1_RefusalReason_MAX)) {
        return "field 30.5: no such reason";
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> registry_fault(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_source_enrolled_tag:
      if (!is_enum_value(event.body.source_enrolled.kind,
                         _strongroom_v1_SourceKind_MAX)) {
        return "field 60.2: no such kind";
      }
      if (!is_empty_or_32(event.body.source_enrolled.sealing_key.size)) {
        return "field 60.4: neither empty nor 32 bytes";
      }
      break;
    case strongroom_v1_Event_key_rotated_tag:
      if (!is_empty_or_32(event.body.key_rotated.new_sealing_key.size)) {
        return "field 61.4: neither empty nor 32 bytes";
      }
      break;
    case strongroom_v1_Event_key_revoked_tag:
      if (!is_enum_value(event.body.key_revoked.reason,
                         _strongroom_v1_RevocationReason_MAX)) {
        return "field 62.3: no such reason";
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> meaning_fault(const EventMessage& event) {
  if (!is_enum_value(event.stream, _strongroom_v1_Stream_MAX)) {
    return "field 2: no such stream";
  }
  if (!is_enum_value(event.clock.quality, _strongroom_v1_ClockQuality_MAX)) {
    return "field 10.1: no such quality";
  }
  if (event.which_body == strongroom_v1_Event_windows_tag) {
    const auto& windows = event.body.windows;
    const std::span quality(windows.quality, windows.quality_count);
    if (!std::ranges::all_of(quality, [](const auto& item) {
          return is_enum_value(item, _strongroom_v1_PointQuality_MAX);
        })) {
      return "field 41.8: no such quality";
    }
  }
  if (auto what = life_fault(event)) {
    return what;
  }
  if (auto what = access_fault(event)) {
    return what;
  }
  return registry_fault(event);
}

// What an event of that body may be large, without `salvaged`.
std::size_t most_for(std::uint32_t body) {
  return body == strongroom_v1_Event_windows_tag ? kMaxWindowsEventBytes
                                                 : kMaxEventBytes;
}

// Reads the envelope in place: the fields in ascending order, each once.
class EnvelopeReader {
 public:
  Result<Envelope> read(ByteView bytes) {
    size_ = bytes.size();
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
      if (field->number <= last_) {
        return field_fault(*field, "twice or out of order");
      }
      last_ = field->number;
      if (auto what = take(*field); !what.empty()) {
        return field_fault(*field, what);
      }
    }
    if (!reader.ok()) {
      return fault("not protobuf after field " + std::to_string(last_));
    }
    return finish();
  }

 private:
  static std::unexpected<Error> field_fault(const WireField& field,
                                            std::string_view what) {
    return fault("field " + std::to_string(field.number) + ": " +
                 std::string(what));
  }

  // Empty, or what is wrong with the field.
  std::string take(const WireField& field) {
    if (field.number >= 20) {
      return take_body(field);
    }
    switch (field.number) {
      case strongroom_v1_Event_source_tag:
        return take_source(field);
      case strongroom_v1_Event_stream_tag:
        return take_stream(field);
      case strongroom_v1_Event_epoch_tag:
        envelope_.epoch = field.value;
        return typed(field, WireType::kFixed64);
      case strongroom_v1_Event_seq_tag:
        envelope_.seq = field.value;
        return typed(field, WireType::kVarint);
      case strongroom_v1_Event_prev_hash_tag:
        return take_prev_hash(field);
      case strongroom_v1_Event_blind_tag:
        has_blind_ = field.type == WireType::kBytes && field.bytes.size() == 16;
        return has_blind_ ? "" : "not 16 bytes";
      case strongroom_v1_Event_occurred_us_tag:
      case strongroom_v1_Event_recorded_us_tag:
      case strongroom_v1_Event_monotonic_us_tag:
        return typed(field, WireType::kVarint);
      case strongroom_v1_Event_clock_tag:
        return nested(field, strongroom_v1_Clock_msg);
      case strongroom_v1_Event_client_tag:
        has_client_ = true;
        return nested(field, strongroom_v1_ClientSlice_msg);
      case strongroom_v1_Event_salvaged_tag:
        room_ = kSalvagedRoomBytes;
        return nested(field, strongroom_v1_Salvaged_msg);
      default:
        return "unknown";
    }
  }

  static std::string typed(const WireField& field, WireType type) {
    return field.type == type ? "" : "of another type";
  }

  static std::string nested(const WireField& field, const pb_msgdesc_t& type) {
    if (field.type != WireType::kBytes) {
      return "of another type";
    }
    return find_wire_fault(type, field.bytes, UnknownFields::kRefused)
        .value_or("");
  }

  std::string take_source(const WireField& field) {
    auto source = field.type == WireType::kBytes ? Source::parse(field.text())
                                                 : std::nullopt;
    if (!source) {
      return "not a source";
    }
    envelope_.source = std::move(*source);
    return "";
  }

  std::string take_stream(const WireField& field) {
    const auto stream = field.type == WireType::kVarint && field.value <= 3
                            ? stream_from_wire(static_cast<int>(field.value))
                            : std::nullopt;
    if (!stream) {
      return "not a stream";
    }
    envelope_.stream = *stream;
    has_stream_ = true;
    return "";
  }

  std::string take_prev_hash(const WireField& field) {
    const auto hash =
        field.type == WireType::kBytes ? hash_from(field.bytes) : std::nullopt;
    if (!hash) {
      return "not 32 bytes";
    }
    envelope_.prev_hash = *hash;
    has_prev_hash_ = true;
    return "";
  }

  std::string take_body(const WireField& field) {
    if (has_body_) {
      return "a second body";
    }
    has_body_ = true;
    const std::size_t most = most_for(field.number) + room_;
    if (size_ > most) {
      return "the event is larger than " + std::to_string(most) + " bytes";
    }
    return typed(field, WireType::kBytes);
  }

  Result<Envelope> finish() {
    if (envelope_.source.agent.empty()) {
      return fault("source is missing");
    }
    if (!has_stream_) {
      return fault("stream is missing");
    }
    if (envelope_.seq == 0) {
      return fault("seq is 0");
    }
    if (!has_prev_hash_) {
      return fault("prev_hash is missing");
    }
    if (!has_blind_) {
      return fault("blind is missing");
    }
    if (!has_body_) {
      return fault("body is missing");
    }
    if (envelope_.seq == 1 && envelope_.prev_hash != Hash{}) {
      return fault("prev_hash is not zero at seq 1");
    }
    if (has_client_ && envelope_.stream != Stream::kRecord) {
      return fault("client stands outside the stream record");
    }
    return std::move(envelope_);
  }

  std::size_t size_ = 0;
  std::size_t room_ = 0;  // for `salvaged`
  std::uint32_t last_ = 0;
  Envelope envelope_;
  bool has_stream_ = false;
  bool has_prev_hash_ = false;
  bool has_blind_ = false;
  bool has_client_ = false;
  bool has_body_ = false;
};

bool is_known_body(pb_size_t tag) {
  switch (tag) {
    case strongroom_v1_Event_epoch_opened_tag:
    case strongroom_v1_Event_boot_tag:
    case strongroom_v1_Event_clock_stepped_tag:
    case strongroom_v1_Event_telemetry_lost_tag:
    case strongroom_v1_Event_slice_head_tag:
    case strongroom_v1_Event_finding_tag:
    case strongroom_v1_Event_log_succeeded_tag:
    case strongroom_v1_Event_chain_resumed_tag:
    case strongroom_v1_Event_log_followed_tag:
    case strongroom_v1_Event_salvage_ended_tag:
    case strongroom_v1_Event_epoch_confirmed_tag:
    case strongroom_v1_Event_windows_lengthened_tag:
    case strongroom_v1_Event_telemetry_pruned_tag:
    case strongroom_v1_Event_device_described_tag:
    case strongroom_v1_Event_windows_tag:
    case strongroom_v1_Event_states_described_tag:
    case strongroom_v1_Event_device_identified_tag:
    case strongroom_v1_Event_source_enrolled_tag:
    case strongroom_v1_Event_key_rotated_tag:
    case strongroom_v1_Event_key_revoked_tag:
    case strongroom_v1_Event_badge_read_tag:
    case strongroom_v1_Event_access_granted_tag:
    case strongroom_v1_Event_access_denied_tag:
    case strongroom_v1_Event_leaf_changed_tag:
    case strongroom_v1_Event_panel_changed_tag:
    case strongroom_v1_Event_panel_events_lost_tag:
    case strongroom_v1_Event_panel_described_tag:
    case strongroom_v1_Event_order_ended_tag:
      return true;
    default:
      return false;
  }
}

// What of an event's envelope stands in its salvaged form too.
Result<void> keep(const WireField& field, EventMessage& again) {
  switch (field.number) {
    case strongroom_v1_Event_occurred_us_tag:
      again.occurred_us = static_cast<std::int64_t>(field.value);
      return {};
    case strongroom_v1_Event_client_tag:
      again.has_client = true;
      return decode_message(strongroom_v1_ClientSlice_msg,
                            field.bytes,
                            UnknownFields::kRefused,
                            &again.client);
    case strongroom_v1_Event_salvaged_tag:
      return decode_message(strongroom_v1_Salvaged_msg,
                            field.bytes,
                            UnknownFields::kRefused,
                            &again.salvaged);
    default:
      return {};
  }
}

}  // namespace

Result<Bytes> encode_event(const EventMessage& event) {
  if (!is_known_body(event.which_body)) {
    return fault("body is missing");
  }
  if (auto what = meaning_fault(event)) {
    return fault(std::move(*what));
  }
  const std::size_t room = event.has_salvaged ? kSalvagedRoomBytes : 0;
  return encode_message(
      event_type(), &event, most_for(event.which_body) + room);
}

Result<EventMessage> decode_event(ByteView bytes) {
  constexpr std::size_t kMost = kMaxWindowsEventBytes + kSalvagedRoomBytes;
  if (bytes.size() > kMost) {
    return fault("larger than " + std::to_string(kMost) + " bytes");
  }
  Result<EventMessage> event;
  auto decoded =
      decode_message(event_type(), bytes, UnknownFields::kSkipped, &*event);
  if (!decoded) {
    return std::unexpected(std::move(decoded.error()));
  }
  if (auto what = meaning_fault(*event)) {
    return fault(std::move(*what));
  }
  return event;
}

Result<Envelope> decode_envelope(ByteView bytes) {
  return EnvelopeReader().read(bytes);
}

EventChain::EventChain(Source source, Stream stream, std::uint64_t epoch)
    : source_(std::move(source)), stream_(stream), epoch_(epoch) {}

EventChain::EventChain(Source source,
                       Stream stream,
                       std::uint64_t epoch,
                       std::uint64_t last_seq,
                       const Hash& last_hash)
    : source_(std::move(source)),
      stream_(stream),
      epoch_(epoch),
      last_seq_(last_seq),
      last_hash_(last_hash) {}

Result<Bytes> EventChain::append(EventMessage& event,
                                 const Now& now,
                                 std::span<const std::uint8_t, 16> blind) {
  if (event.has_client && stream_ != Stream::kRecord) {
    return fault("client stands outside the stream record");
  }
  stamp(event, now, blind);
  if (event.occurred_us == 0) {
    event.occurred_us = event.recorded_us;
  }
  auto bytes = encode_event(event);
  if (bytes) {
    move_on(*bytes);
  }
  return bytes;
}

Result<Bytes> EventChain::append_again(
    ByteView event, const Now& now, std::span<const std::uint8_t, 16> blind) {
  const auto first = decode_envelope(event);
  if (!first) {
    return std::unexpected(first.error());
  }
  check(first->source == source_ && first->stream == stream_,
        "an event of another chain is salvaged");
  EventMessage again = strongroom_v1_Event_init_zero;
  again.has_salvaged = true;
  again.salvaged.epoch = first->epoch;
  again.salvaged.seq = first->seq;
  std::ranges::copy(sha256(event), again.salvaged.hash);
  // Envelope fields that stay, and where the body begins: decode_envelope has
  // seen that it is one, and the last.
  WireReader reader(event);
  ByteView body = event;
  while (const auto field = reader.next()) {
    if (field->number >= 20) {
      break;
    }
    body = reader.rest();
    if (auto kept = keep(*field, again); !kept) {
      return std::unexpected(std::move(kept.error()));
    }
  }
  stamp(again, now, blind);
  auto bytes = encode_message(event_type(), &again, kMaxEventBytes);
  if (bytes) {
    strongroom::append(*bytes, body);
    move_on(*bytes);
  }
  return bytes;
}

void EventChain::stamp(EventMessage& event,
                       const Now& now,
                       std::span<const std::uint8_t, 16> blind) const {
  const std::string source = source_.text();
  check(source.size() < sizeof(event.source), "a source beyond its bound");
  std::ranges::fill(event.source, '\0');
  std::ranges::copy(source, event.source);
  event.stream = static_cast<strongroom_v1_Stream>(stream_);
  event.epoch = epoch_;
  event.seq = last_seq_ + 1;
  std::ranges::copy(last_hash_, event.prev_hash);
  std::ranges::copy(blind, event.blind);
  event.recorded_us = now.wall.time_since_epoch().count();
  event.monotonic_us = static_cast<std::uint64_t>(now.monotonic.count());
  event.has_clock = true;
  event.clock.quality = static_cast<strongroom_v1_ClockQuality>(now.quality);
  event.clock.error_us = static_cast<std::uint64_t>(now.error.count());
}

void EventChain::move_on(ByteView bytes) {
  ++last_seq_;
  last_hash_ = sha256(bytes);
}

}  // namespace strongroom
