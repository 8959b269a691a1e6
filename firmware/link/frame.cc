// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/frame.h"

#include <algorithm>

#include "firmware/logic/siphash.h"

namespace strongroom::panel {
namespace {

// Key parts first, first + 1 and so on, one behind the other.
void derive(const PanelKey& key,
            std::uint8_t first,
            std::span<std::uint8_t> to) {
  for (std::size_t at = 0; at < to.size(); at += kFrameTag) {
    const std::array<std::uint8_t, 1> part{
        static_cast<std::uint8_t>(first + at / kFrameTag)};
    std::ranges::copy(sip_bytes(siphash(key, part)),
                      to.subspan(at, kFrameTag).begin());
  }
}

}  // namespace

LinkKeys derive_keys(const PanelKey& key) {
  LinkKeys keys;
  derive(key, 1, keys.tag);
  derive(key, 3, keys.list);
  derive(key, 5, keys.pin);
  return keys;
}

FrameTag frame_tag(const LinkKeys& keys,
                   Direction direction,
                   std::uint8_t unit,
                   std::span<const std::uint8_t> frame) {
  const std::array<std::uint8_t, 2> way{static_cast<std::uint8_t>(direction),
                                        unit};
  SipHash hash(keys.tag);
  hash.update(way);
  hash.update(frame);
  return sip_bytes(hash.finish());
}

bool is_same(std::span<const std::uint8_t, kFrameTag> a,
             std::span<const std::uint8_t, kFrameTag> b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < kFrameTag; ++i) {
    difference |= static_cast<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

}  // namespace strongroom::panel
