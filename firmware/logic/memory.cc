// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/memory.h"

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "firmware/logic/crc.h"
#include "firmware/logic/store.h"

namespace strongroom::panel {
namespace {

template <typename T>
std::uint32_t crc_of(const T& content) {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(offsetof(T, crc) + sizeof content.crc == sizeof content);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&content);
  // Not of nothing: memory that is all zeros is none that was sealed.
  constexpr std::array<std::uint8_t, 1> kSeal{0x53};
  return crc32({bytes, offsetof(T, crc)}, crc32(kSeal));
}

template <typename T>
bool is_sound(const T& content) {
  return content.crc == crc_of(content);
}

template <typename T>
bool recover_either(T& current, T& next) {
  if (is_sound(current)) {
    return true;
  }
  // Stopped while it was put in place, or decayed: only a commit seals `next`.
  if (is_sound(next)) {
    store_value(current, next);
    return true;
  }
  const T nothing{};
  store_value(current, nothing);
  return false;
}

template <typename T>
void commit_either(T& current, T& next) {
  store_value(next.crc, crc_of(next));
  store_value(current, next);
}

}  // namespace

bool recover(ConfigMemory& current, ConfigMemory& next) {
  return recover_either(current, next);
}

bool recover(OrderMemory& current, OrderMemory& next) {
  return recover_either(current, next);
}

void commit(ConfigMemory& current, ConfigMemory& next) {
  commit_either(current, next);
}

void commit(OrderMemory& current, OrderMemory& next) {
  commit_either(current, next);
}

}  // namespace strongroom::panel
