// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/store.h"

#include <cstdint>

namespace strongroom::panel {
namespace {

using Word [[gnu::may_alias]] = std::uint32_t;

bool is_aligned(const void* at) {
  return reinterpret_cast<std::uintptr_t>(at) % sizeof(Word) == 0;
}

}  // namespace

void store(void* to, const void* from, std::size_t size) {
  std::size_t done = 0;
  // A list of thousands is copied within the time of one answer.
  if (is_aligned(to) && is_aligned(from)) {
    auto* target = static_cast<volatile Word*>(to);
    const auto* source = static_cast<const Word*>(from);
    for (; done + sizeof(Word) <= size; done += sizeof(Word)) {
      target[done / sizeof(Word)] = source[done / sizeof(Word)];
    }
  }
  auto* target = static_cast<volatile unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (; done < size; ++done) {
    target[done] = source[done];
  }
}

}  // namespace strongroom::panel
