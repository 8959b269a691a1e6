// SPDX-License-Identifier: Apache-2.0
#include "agent/admin/admin_json.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/loop/names.h"
#include "core/base/person.h"

namespace strongroom {
namespace {

using nlohmann::json;

// Bytes that are no UTF-8 become U+FFFD: what is shown must not fail over what
// someone wrote.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string epoch_text(std::uint64_t epoch) {
  return fmt::format("{:016x}", epoch);
}

// Deeper nesting than an order has is refused before it is built.
json parse_shallow(std::string_view body) {
  const auto flat = [](int depth, json::parse_event_t event, json&) {
    const bool opens = event == json::parse_event_t::object_start ||
                       event == json::parse_event_t::array_start;
    return !opens || depth == 0;
  };
  return json::parse(body, flat, false);
}

Result<std::string> text_member(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) {
    return fault(std::string(name) + " must be a text");
  }
  return member->get<std::string>();
}

Result<Bytes> pack_member(const json& object) {
  const auto spelled = text_member(object, "pack");
  if (!spelled) {
    return std::unexpected(spelled.error());
  }
  auto pack = from_base64(*spelled);
  if (!pack || pack->empty()) {
    return fault("pack must be a file's bytes in base64");
  }
  if (pack->size() > kMaxFollowPack) {
    return fault("pack has " + std::to_string(pack->size()) +
                 " bytes; a file of one agent has at most " +
                 std::to_string(kMaxFollowPack));
  }
  return *std::move(pack);
}

Result<bool> flag_member(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) {
    return false;
  }
  if (!member->is_boolean()) {
    return fault(std::string(name) + " must be true or false");
  }
  return member->get<bool>();
}

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

json chains_json(const FollowOrder& order) {
  json chains = json::array();
  for (const ResumedChain& chain : order.chains) {
    chains.push_back({{"epoch", epoch_text(chain.epoch)},
                      {"next_seq", chain.next_seq},
                      {"closed", chain.closed}});
  }
  return chains;
}

json stream_json(const StreamSnapshot& stream) {
  return {{"log", stream.log},
          {"state", stream.state},
          {"blocked_by", stream.blocked_by},
          {"tail", stream.tail},
          {"delivered", stream.delivered},
          {"backlog", stream.backlog}};
}

json followed_json(const FollowSnapshot& followed) {
  return {{"stream", stream_name(followed.stream)},
          {"predecessor", followed.predecessor},
          {"successor", followed.successor},
          {"at_ms",
           std::chrono::floor<std::chrono::milliseconds>(followed.at)
               .time_since_epoch()
               .count()},
          {"resend_events", followed.resend_events},
          {"missing_events", followed.missing_events}};
}

}  // namespace

Result<FollowBody> parse_follow_body(std::string_view body) {
  const json object = parse_shallow(body);
  if (!object.is_object()) {
    return fault("the body must be a JSON object");
  }
  for (const auto& [name, value] : object.items()) {
    if (name != "pack" && name != "first_person" && name != "second_person" &&
        name != "dry_run") {
      return fault("unknown member \"" + name.substr(0, 64) + "\"");
    }
  }
  FollowBody request;
  if (const auto dry = object.find("dry_run"); dry != object.end()) {
    if (!dry->is_boolean()) {
      return fault("dry_run must be true or false");
    }
    request.dry_run = dry->get<bool>();
  }
  auto first = text_member(object, "first_person");
  auto second = text_member(object, "second_person");
  if (!first || !second) {
    return std::unexpected(first ? second.error() : first.error());
  }
  auto pack = pack_member(object);
  if (!pack) {
    return std::unexpected(pack.error());
  }
  request.first_person = *std::move(first);
  request.second_person = *std::move(second);
  request.pack = *std::move(pack);
  return request;
}

Result<LockdownOrder> parse_lockdown_body(std::string_view body) {
  const json object = parse_shallow(body);
  if (!object.is_object()) {
    return fault("the body must be a JSON object");
  }
  for (const auto& [name, value] : object.items()) {
    if (name != "panel" && name != "leaves" && name != "end_fire" &&
        name != "person") {
      return fault("unknown member \"" + name.substr(0, 64) + "\"");
    }
  }
  auto panel = text_member(object, "panel");
  auto leaves = text_member(object, "leaves");
  auto person = text_member(object, "person");
  const auto end_fire = flag_member(object, "end_fire");
  if (!panel || !leaves || !person) {
    return std::unexpected(!panel    ? panel.error()
                           : !leaves ? leaves.error()
                                     : person.error());
  }
  if (!end_fire) {
    return std::unexpected(end_fire.error());
  }
  if (auto what = person_fault(*person); !what.empty()) {
    return fault(std::move(what));
  }
  return LockdownOrder{
      *std::move(panel), parts_of(*leaves), *end_fire, *std::move(person)};
}

std::string follow_json(const FollowOrder& order, const std::string& done) {
  return text_of({{"done", done},
                  {"stream", stream_name(order.stream)},
                  {"predecessor", order.predecessor.text()},
                  {"successor", order.successor.text()},
                  {"frozen_size", order.frozen_size},
                  {"frozen_root", to_hex(order.frozen_root)},
                  {"signed_size", order.signed_size},
                  {"signed_root", to_hex(order.signed_root)},
                  {"succession", to_hex(order.succession)},
                  {"chains", chains_json(order)},
                  {"persons", {order.first_person, order.second_person}}});
}

std::string done_json(const std::string& done) {
  return text_of({{"done", done}});
}

std::string state_json(const AgentSnapshot& snapshot) {
  json streams = json::object();
  for (const StreamSnapshot& stream : snapshot.streams) {
    streams[stream.name] = stream_json(stream);
  }
  json state = {{"source", snapshot.source},
                {"version", snapshot.version},
                {"epoch", epoch_text(snapshot.epoch)},
                {"connected", snapshot.connected},
                {"streams", std::move(streams)},
                {"journal",
                 {{"error", snapshot.journal.error},
                  {"set_aside", snapshot.journal.set_aside}}}};
  if (snapshot.followed) {
    state["followed"] = followed_json(*snapshot.followed);
  }
  return text_of(state);
}

}  // namespace strongroom
