// SPDX-License-Identifier: Apache-2.0
// Orders of the admin socket: the first byte picks which.
#include "core/base/bytes.h"
#include "core/base/check.h"
#include "ledger/http/admin_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  if (size == 0) {
    return 0;
  }
  constexpr OrderKind kKinds[] = {
      OrderKind::kEnrol, OrderKind::kRotate, OrderKind::kRevoke};
  const OrderKind kind = kKinds[data[0] % 3];
  const auto order = parse_order(kind, as_chars({data + 1, size - 1}));
  if (!order) {
    check(!order.error().what.empty(), "a refusal that says nothing");
    return 0;
  }
  const auto source_of = [](const auto& each) { return each.source; };
  const Source source = std::visit(source_of, *order);
  check(Source::parse(source.text()) == source, "an order about no source");
  if (const auto* enrolment = std::get_if<EnrolOrder>(&*order)) {
    check(enrolment->sealing_key.size() == 32, "a key of another length");
  }
  return 0;
}
