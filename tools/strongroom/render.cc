// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/render.h"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "core/base/source.h"
#include "core/base/utf8.h"
#include "proto_cpp/event.pb.h"

namespace strongroom {
namespace {

bool decode(ByteView event, v1::Event& message) {
  return message.ParseFromArray(event.data(), static_cast<int>(event.size()));
}

std::string body_name(const v1::Event& message) {
  const auto* oneof = v1::Event::descriptor()->FindOneofByName("body");
  const auto* field =
      message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  return field == nullptr ? "unknown body" : std::string(field->name());
}

bool commands_terminal(char32_t point) {
  const auto is_in = [point](char32_t first, char32_t last) {
    return point >= first && point <= last;
  };
  return (point < 0x20 && point != '\n' && point != '\t') ||
         is_in(0x7f, 0x9f) || is_in(0x200e, 0x200f) || is_in(0x202a, 0x202e) ||
         is_in(0x2066, 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = take_code_point(text);
    if (!point) {
      text.remove_prefix(1);
    }
    out += point && !commands_terminal(*point)
               ? before.substr(0, before.size() - text.size())
               : "\xef\xbf\xbd";
  }
  return out;
}

std::string event_json(ByteView event) {
  v1::Event message;
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!decode(event, message) ||
      !google::protobuf::util::MessageToJsonString(message, &json, options)
           .ok()) {
    return "{\"undecodable\":\"" + to_hex(event) + "\"}";
  }
  return json;
}

std::string utc_text(std::int64_t unix_us) {
  const std::int64_t micros = ((unix_us % 1'000'000) + 1'000'000) % 1'000'000;
  const std::time_t seconds = (unix_us - micros) / 1'000'000;
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) {
    return "(no such time)";
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", parts, micros);
}

std::string event_line(ByteView event) {
  v1::Event message;
  if (!decode(event, message)) {
    return "undecodable";
  }
  const auto stream = stream_from_wire(message.stream());
  return fmt::format("{} {} {} {} {}",
                     utc_text(message.occurred_us()),
                     printable(message.source()),
                     stream ? stream_name(*stream) : "?",
                     message.seq(),
                     body_name(message));
}

std::string closed_text(std::uint64_t closed_at, Origin origin) {
  ++origin.generation;
  return "closed at " + std::to_string(closed_at) + "; " + origin.text() +
         " goes on";
}

}  // namespace strongroom
