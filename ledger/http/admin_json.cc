// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/admin_json.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

namespace strongroom {
namespace {

using nlohmann::json;

/// Reads members; what is left over, or was wrong, is a fault.
class Members {
 public:
  explicit Members(const json& object) : object_(object) {
    for (const auto& [name, value] : object.items()) {
      unread_.insert(name);
    }
  }

  std::string text(const std::string& name) {
    unread_.erase(name);
    const auto member = object_.find(name);
    if (member == object_.end() || !member->is_string()) {
      complain(name + " must be a text");
      return {};
    }
    return member->get<std::string>();
  }
  bool has(const std::string& name) const { return object_.contains(name); }

  Bytes bytes(const std::string& name, std::size_t size) {
    const std::string spelled = text(name);
    auto value =
        spelled.size() == 2 * size ? from_hex(spelled) : from_base64(spelled);
    if (!value || value->size() != size) {
      complain(name + " must be " + std::to_string(size) +
               " bytes in hex or base64");
      return Bytes(size);
    }
    return *std::move(value);
  }
  template <typename Array>
  Array array(const std::string& name) {
    Array out{};
    std::ranges::copy(bytes(name, out.size()), out.begin());
    return out;
  }
  Source source() {
    const auto parsed = Source::parse(text("source"));
    if (!parsed) {
      complain("source must be <agent>@<site>");
    }
    return parsed.value_or(Source{});
  }

  void complain(std::string what) {
    if (!fault_) {
      fault_ = Error{std::move(what)};
    }
  }
  Result<void> finish() {
    if (!fault_ && !unread_.empty()) {
      complain("unknown member \"" + unread_.begin()->substr(0, 64) + "\"");
    }
    return fault_ ? Result<void>(std::unexpected(*fault_)) : Result<void>();
  }

 private:
  const json& object_;
  std::set<std::string> unread_;
  std::optional<Error> fault_;
};

Order read_enrol(Members& from) {
  EnrolOrder order;
  order.source = from.source();
  order.event_key = from.array<PublicKey>("event_key");
  order.sealing_key = from.bytes("sealing_key", sizeof(PublicKey));
  order.possession = from.array<Signature>("possession");
  return order;
}

Order read_rotate(Members& from) {
  RotateOrder order;
  order.source = from.source();
  order.old_key = from.array<PublicKey>("old_key");
  order.new_key = from.array<PublicKey>("new_key");
  order.new_sealing_key = from.bytes("new_sealing_key", sizeof(PublicKey));
  order.old_signature = from.array<Signature>("old_signature");
  order.new_signature = from.array<Signature>("new_signature");
  return order;
}

Order read_revoke(Members& from) {
  RevokeOrder order;
  order.source = from.source();
  if (from.has("key")) {
    order.key = from.array<PublicKey>("key");
  }
  const std::string reason = from.text("reason");
  if (reason == "compromised") {
    order.reason = strongroom_v1_RevocationReason_REVOCATION_REASON_COMPROMISED;
  } else if (reason == "lost") {
    order.reason = strongroom_v1_RevocationReason_REVOCATION_REASON_LOST;
  } else if (reason == "retired") {
    order.reason = strongroom_v1_RevocationReason_REVOCATION_REASON_RETIRED;
  } else {
    from.complain("reason must be compromised, lost or retired");
  }
  return order;
}

Order read_confirm(Members& from) {
  ConfirmOrder order;
  order.source = from.source();
  if (from.has("epoch")) {
    const std::string text = from.text("epoch");
    std::uint64_t epoch = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, epoch);
    if (error != std::errc() || last != end || text.empty()) {
      from.complain("epoch must be a decimal number, as text");
    }
    order.epoch = epoch;
  }
  return order;
}

Order read_order(OrderKind kind, Members& from) {
  switch (kind) {
    case OrderKind::kEnrol:
      return read_enrol(from);
    case OrderKind::kRotate:
      return read_rotate(from);
    case OrderKind::kRevoke:
      return read_revoke(from);
    case OrderKind::kConfirm:
      break;
  }
  return read_confirm(from);
}

}  // namespace

Result<Order> parse_order(OrderKind kind, std::string_view body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) {
    return fault("the body must be a JSON object");
  }
  Members members(object);
  Order order = read_order(kind, members);
  if (auto whole = members.finish(); !whole) {
    return std::unexpected(whole.error());
  }
  return order;
}

}  // namespace strongroom
