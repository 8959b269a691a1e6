// SPDX-License-Identifier: Apache-2.0
// What the compiler's libraries call when a check of theirs fails. There are no
// exceptions: it is a fault, recorded, and the panel starts again.
#include <cstddef>
#include <cstdint>

#include "boards/panels/cortex-m/startup.h"

namespace {
[[noreturn]] void fail() {
  strongroom::panel::cortex_m::reset(strongroom::panel::cortex_m::Mark::kFault);
}
}  // namespace

extern "C" {
[[noreturn]] void abort() {
  fail();
}
[[noreturn]] void __cxa_pure_virtual() {
  fail();
}  // NOLINT: the ABI's name
[[noreturn]] void __assert_func(  // NOLINT: newlib's name
    const char* /*file*/,
    int /*line*/,
    const char* /*function*/,
    const char* /*what*/) {
  fail();
}
int __cxa_atexit(void (*)(void*), void*, void*) {
  return 0;
}  // NOLINT: ABI
void* __dso_handle = nullptr;  // NOLINT: ABI
}

namespace std {
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) {
  fail();
}  // NOLINT
[[noreturn]] void __throw_length_error(const char*) {
  fail();
}  // NOLINT
[[noreturn]] void __glibcxx_assert_fail(const char*,
                                        int,
                                        const char*,  // NOLINT
                                        const char*) noexcept {
  fail();
}
}  // namespace std
