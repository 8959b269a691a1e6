// SPDX-License-Identifier: Apache-2.0
#include "ledger/views/json.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "core/base/bytes.h"
#include "proto_cpp/event.pb.h"
#include "proto_cpp/wire.pb.h"

namespace strongroom {

using nlohmann::json;

namespace {

/// The proto's name of a value that came off the wire; its number when this
/// program does not know it.
template <typename Names>
std::string name_of(int value, Names names) {
  const std::string& name = names(value);
  return name.empty() ? std::to_string(value) : name;
}

std::string quality_name(int value) {
  return name_of(value, [](int at) -> const std::string& {
    return v1::PointQuality_Name(static_cast<v1::PointQuality>(at));
  });
}
std::string kind_name(int value) {
  return name_of(value, [](int at) -> const std::string& {
    return v1::FindingKind_Name(static_cast<v1::FindingKind>(at));
  });
}
std::string refusal_name(int value) {
  return name_of(value, [](int at) -> const std::string& {
    return v1::RefusalReason_Name(static_cast<v1::RefusalReason>(at));
  });
}
std::string clock_name(int value) {
  return name_of(value, [](int at) -> const std::string& {
    return v1::ClockQuality_Name(static_cast<v1::ClockQuality>(at));
  });
}

json stream_json(const StreamView& view) {
  json out = {{"stream", stream_name(view.stream)},
              {"epoch", std::to_string(view.epoch)},
              {"last_seq", std::to_string(view.last_seq)}};
  if (view.backlog) {
    out["backlog"] = std::to_string(*view.backlog);
    if (view.oldest_us != 0) {
      out["oldest_us"] = std::to_string(view.oldest_us);
    }
  }
  return out;
}

}  // namespace

json to_json(const SourceView& view) {
  json out = {{"source", view.source.text()},
              {"kind", view.console ? "console" : "agent"},
              {"streams", json::array()},
              {"refusals", json::object()}};
  if (view.heard) {
    out["online"] = view.online;
  }
  if (!view.version.empty()) {
    out["version"] = view.version;
  }
  if (view.reported_us != 0) {
    out["reported_us"] = std::to_string(view.reported_us);
  }
  if (view.last_batch_us != 0) {
    out["last_batch_us"] = std::to_string(view.last_batch_us);
  }
  if (view.clock) {
    out["clock"] = {{"quality", clock_name(view.clock->quality)},
                    {"error_us", std::to_string(view.clock->error_us)}};
  }
  for (const auto& [stream, at] : view.streams) {
    out["streams"].push_back(stream_json(at));
  }
  for (const auto& [reason, count] : view.refusals) {
    out["refusals"][reason] = count;
  }
  return out;
}

json to_json(const DeviceView& view) {
  json values = json::array();
  for (const LiveValueView& value : view.values) {
    if (value.name.empty()) {
      continue;  // its part has not been heard
    }
    json out = {{"name", value.name},
                {"unit", value.unit},
                {"exponent", value.exponent},
                {"quality", quality_name(value.quality)},
                {"measured", value.measured}};
    if (value.measured) {
      out["mantissa"] = std::to_string(value.mantissa);
      out["at_us"] = std::to_string(value.at_us);
    }
    if (!value.state.empty()) {
      out["state"] = value.state;
    }
    values.push_back(std::move(out));
  }
  json out = {{"source", view.source.text()},
              {"device", view.device},
              {"at_us", std::to_string(view.at_us)},
              {"values", std::move(values)}};
  if (!view.identity.empty()) {
    out["identity"] = view.identity;
  }
  return out;
}

json to_json(const FindingView& view) {
  json out = {{"origin", view.origin},
              {"index", view.index},
              {"source", view.source},
              {"at_us", std::to_string(view.at_us)},
              {"kind", kind_name(view.kind)},
              {"subject", view.subject}};
  if (const auto stream = stream_from_wire(view.stream)) {
    out["stream"] = stream_name(*stream);
  }
  if (view.epoch != 0) {
    out["epoch"] = std::to_string(view.epoch);
  }
  if (view.seq != 0) {
    out["seq"] = std::to_string(view.seq);
  }
  if (view.reason != 0) {
    out["reason"] = refusal_name(view.reason);
  }
  if (!view.hash.empty()) {
    out["hash"] = to_base64(as_bytes(view.hash));
  }
  if (view.count != 0) {
    out["count"] = std::to_string(view.count);
  }
  if (view.confirmed) {
    out["confirmed"] = to_json(*view.confirmed);
  }
  return out;
}

json to_json(const ConfirmationView& view) {
  return {{"source", view.source},
          {"epoch", std::to_string(view.epoch)},
          {"by", view.actor},
          {"at_us", std::to_string(view.at_us)},
          {"origin", view.origin},
          {"index", view.index}};
}

Result<json> decoded_json(const EntryView& entry) {
  v1::Event event;
  v1::BatchHeader header;
  google::protobuf::Message& message =
      entry.type == EntryType::kEvent
          ? static_cast<google::protobuf::Message&>(event)
          : static_cast<google::protobuf::Message&>(header);
  if (!message.ParseFromArray(entry.body.data(),
                              static_cast<int>(entry.body.size()))) {
    return fault("not a message of its type");
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options)
           .ok()) {
    return fault("cannot be shown as JSON");
  }
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded()) {
    return fault("cannot be shown as JSON");
  }
  return out;
}

}  // namespace strongroom
