// SPDX-License-Identifier: Apache-2.0
#include "core/event/message_check.h"

#include <array>
#include <cstddef>
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <span>

#include "core/base/utf8.h"
#include "core/base/wire.h"

namespace strongroom {
namespace {

// Where a field stands, outermost message first; text only once there is a
// fault to tell of.
struct FieldPath {
  const FieldPath* parent = nullptr;
  std::uint32_t number = 0;

  std::string text() const {
    const std::string own = std::to_string(number);
    return parent == nullptr ? own : parent->text() + "." + own;
  }
};

std::string named(const FieldPath& path, std::string_view what) {
  return "field " + path.text() + ": " + std::string(what);
}

std::size_t bytes_capacity(const pb_field_iter_t& field) {
  return field.data_size - offsetof(pb_bytes_array_t, bytes);
}

bool is_repeated(const pb_field_iter_t& field) {
  return PB_HTYPE(field.type) == PB_HTYPE_REPEATED;
}

WireType wire_type_of(const pb_field_iter_t& field) {
  switch (PB_LTYPE(field.type)) {
    case PB_LTYPE_BOOL:
    case PB_LTYPE_VARINT:
    case PB_LTYPE_UVARINT:
    case PB_LTYPE_SVARINT:
      return WireType::kVarint;
    case PB_LTYPE_FIXED32:
      return WireType::kFixed32;
    case PB_LTYPE_FIXED64:
      return WireType::kFixed64;
    default:
      return WireType::kBytes;
  }
}

bool has_right_type(const pb_field_iter_t& field, WireType type) {
  const bool packed = is_repeated(field) && type == WireType::kBytes;
  return packed || type == wire_type_of(field);
}

std::optional<std::string> text_fault(const pb_field_iter_t& field,
                                      std::string_view text) {
  if (text.size() >= field.data_size) {
    return "longer than " + std::to_string(field.data_size - 1) + " bytes";
  }
  return is_text(text) ? std::nullopt
                       : std::optional<std::string>("not UTF-8, or a zero");
}

std::optional<std::string> bytes_fault(const pb_field_iter_t& field,
                                       std::size_t size) {
  if (PB_LTYPE(field.type) == PB_LTYPE_FIXED_LENGTH_BYTES) {
    return size == field.data_size
               ? std::nullopt
               : std::optional("not " + std::to_string(field.data_size) +
                               " bytes");
  }
  const std::size_t most = bytes_capacity(field);
  return size <= most
             ? std::nullopt
             : std::optional("more than " + std::to_string(most) + " bytes");
}

std::optional<std::string> wire_fault(const pb_msgdesc_t& type,
                                      ByteView bytes,
                                      UnknownFields unknown,
                                      const FieldPath* parent);

// What is inside one field that is known and has the right type.
std::optional<std::string> value_fault(const pb_field_iter_t& field,
                                       const WireField& value,
                                       UnknownFields unknown,
                                       const FieldPath& path) {
  std::optional<std::string> what;
  switch (PB_LTYPE(field.type)) {
    case PB_LTYPE_STRING:
      what = text_fault(field, value.text());
      break;
    case PB_LTYPE_BYTES:
    case PB_LTYPE_FIXED_LENGTH_BYTES:
      what = bytes_fault(field, value.bytes.size());
      break;
    case PB_LTYPE_SUBMESSAGE:
      return wire_fault(*field.submsg_desc, value.bytes, unknown, &path);
    default:
      break;
  }
  return what ? std::optional(named(path, *what)) : std::nullopt;
}

std::optional<std::string> wire_fault(const pb_msgdesc_t& type,
                                      ByteView bytes,
                                      UnknownFields unknown,
                                      const FieldPath* parent) {
  WireReader reader(bytes);
  std::uint32_t last = 0;
  while (const auto value = reader.next()) {
    const FieldPath path{parent, value->number};
    if (value->number < last) {
      return named(path, "out of order");
    }
    pb_field_iter_t field;
    const bool known = pb_field_iter_begin(&field, &type, nullptr) &&
                       pb_field_iter_find(&field, value->number);
    if (!known && unknown == UnknownFields::kRefused) {
      return named(path, "unknown");
    }
    if (value->number == last && !(known && is_repeated(field))) {
      return named(path, "twice");
    }
    last = value->number;
    if (!known) {
      continue;
    }
    if (!has_right_type(field, value->type)) {
      return named(path, "of another type");
    }
    if (auto what = value_fault(field, *value, unknown, path)) {
      return what;
    }
  }
  if (!reader.ok()) {
    return parent == nullptr ? "not protobuf" : named(*parent, "not protobuf");
  }
  return std::nullopt;
}

std::size_t item_count(const pb_field_iter_t& field) {
  switch (PB_HTYPE(field.type)) {
    case PB_HTYPE_REPEATED:
      return *static_cast<const pb_size_t*>(field.pSize);
    case PB_HTYPE_ONEOF:
      return *static_cast<const pb_size_t*>(field.pSize) == field.tag ? 1 : 0;
    default:
      return field.pSize == nullptr || *static_cast<const bool*>(field.pSize)
                 ? 1
                 : 0;
  }
}

std::optional<std::string> struct_fault(const pb_msgdesc_t& type,
                                        const void* message,
                                        const FieldPath* parent);

std::optional<std::string> item_fault(const pb_field_iter_t& field,
                                      const void* item,
                                      const FieldPath& path) {
  switch (PB_LTYPE(field.type)) {
    case PB_LTYPE_STRING: {
      const std::string_view room(static_cast<const char*>(item),
                                  field.data_size);
      const std::size_t end = room.find('\0');
      if (end == std::string_view::npos) {
        return named(path, "not terminated");
      }
      return is_text(room.substr(0, end))
                 ? std::nullopt
                 : std::optional(named(path, "not UTF-8"));
    }
    case PB_LTYPE_BYTES: {
      const auto what =
          bytes_fault(field, static_cast<const pb_bytes_array_t*>(item)->size);
      return what ? std::optional(named(path, *what)) : std::nullopt;
    }
    case PB_LTYPE_SUBMESSAGE:
      return struct_fault(*field.submsg_desc, item, &path);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> struct_fault(const pb_msgdesc_t& type,
                                        const void* message,
                                        const FieldPath* parent) {
  pb_field_iter_t field;
  if (!pb_field_iter_begin_const(&field, &type, message)) {
    return std::nullopt;  // a message without fields
  }
  do {
    const FieldPath path{parent, field.tag};
    const std::size_t count = item_count(field);
    if (is_repeated(field) && count > field.array_size) {
      return named(path, "more than " + std::to_string(field.array_size));
    }
    const auto* item = static_cast<const std::byte*>(field.pData);
    for (std::size_t i = 0; i < count; ++i, item += field.data_size) {
      if (auto what = item_fault(field, item, path)) {
        return what;
      }
    }
  } while (pb_field_iter_next(&field));
  return std::nullopt;
}

}  // namespace

bool is_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_utf8(text);
}

std::optional<std::string> find_wire_fault(const pb_msgdesc_t& type,
                                           ByteView bytes,
                                           UnknownFields unknown) {
  return wire_fault(type, bytes, unknown, nullptr);
}

std::optional<std::string> find_struct_fault(const pb_msgdesc_t& type,
                                             const void* message) {
  return struct_fault(type, message, nullptr);
}

Result<Bytes> encode_message(const pb_msgdesc_t& type,
                             const void* message,
                             std::size_t max_size) {
  if (auto what = find_struct_fault(type, message)) {
    return fault(std::move(*what));
  }
  // Most messages are events: no allocation but the result's own.
  std::array<std::uint8_t, 2048> small;
  Bytes large(max_size > small.size() ? max_size : 0);
  const std::span<std::uint8_t> room =
      large.empty() ? std::span(small).first(max_size) : std::span(large);
  pb_ostream_t stream = pb_ostream_from_buffer(room.data(), room.size());
  if (!pb_encode(&stream, &type, message)) {
    return fault("larger than " + std::to_string(max_size) + " bytes");
  }
  const auto written = room.first(stream.bytes_written);
  return Bytes(written.begin(), written.end());
}

Result<void> decode_message(const pb_msgdesc_t& type,
                            ByteView bytes,
                            UnknownFields unknown,
                            void* message) {
  if (auto what = find_wire_fault(type, bytes, unknown)) {
    return fault(std::move(*what));
  }
  pb_istream_t stream = pb_istream_from_buffer(bytes.data(), bytes.size());
  if (!pb_decode(&stream, &type, message)) {
    return fault(PB_GET_ERROR(&stream));
  }
  return {};
}

}  // namespace strongroom
