// SPDX-License-Identifier: Apache-2.0
#include "core/log/entry.h"

#include <algorithm>
#include <array>

namespace strongroom {
namespace {

constexpr auto kEventByte = static_cast<std::uint8_t>(EntryType::kEvent);
constexpr auto kHeaderByte = static_cast<std::uint8_t>(EntryType::kHeader);
// RFC 6962's leaf prefix, then the type byte.
constexpr std::array<std::uint8_t, 2> kEventLeafPrefix = {0x00, kEventByte};

}  // namespace

Bytes event_entry(ByteView event) {
  Bytes entry;
  entry.reserve(1 + event.size());
  entry.push_back(kEventByte);
  append(entry, event);
  return entry;
}

Bytes header_entry(const Signature& signature, ByteView header) {
  Bytes entry;
  entry.reserve(1 + signature.size() + header.size());
  entry.push_back(kHeaderByte);
  append(entry, signature);
  append(entry, header);
  return entry;
}

Hash event_leaf(ByteView event) {
  return sha256({kEventLeafPrefix, event});
}

Result<EntryView> parse_entry(ByteView entry) {
  if (entry.empty()) {
    return fault("an empty entry");
  }
  EntryView view;
  view.body = entry.subspan(1);
  if (entry[0] == kEventByte) {
    return view;
  }
  if (entry[0] != kHeaderByte) {
    return fault("entry of unknown type " + std::to_string(entry[0]));
  }
  if (view.body.size() < view.signature.size()) {
    return fault("a header entry shorter than its signature");
  }
  view.type = EntryType::kHeader;
  std::ranges::copy(view.body.first(view.signature.size()),
                    view.signature.begin());
  view.body = view.body.subspan(view.signature.size());
  return view;
}

}  // namespace strongroom
