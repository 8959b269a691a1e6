// SPDX-License-Identifier: Apache-2.0
#include "platform/system/clock.h"

#include <atomic>
#include <ctime>
#include <sys/timex.h>
#include <unistd.h>

#include "core/base/check.h"
#include "platform/system/clock_quality.h"

namespace strongroom {
namespace {

// The kernel stops counting its error here and calls itself unsynchronised;
// a machine that was never synchronised starts with this value.
constexpr std::chrono::microseconds kErrorLimit = std::chrono::seconds(16);

// systemd-timesyncd creates it at the first synchronisation after boot.
constexpr const char* kTimesyncdFlag = "/run/systemd/timesync/synchronized";

std::chrono::microseconds read_clock(clockid_t id) {
  timespec time{};
  check(clock_gettime(id, &time) == 0, "a clock of the kernel is missing");
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::seconds(time.tv_sec) +
      std::chrono::nanoseconds(time.tv_nsec));
}

KernelClockState read_kernel_state() {
  timex state{};
  if (adjtimex(&state) == -1) {
    return {};  // forbidden by a sandbox: nothing is known
  }
  return {.synchronised = (state.status & STA_UNSYNC) == 0,
          .max_error = std::chrono::microseconds(state.maxerror)};
}

bool remember_synchronised(const KernelClockState& state) {
  static std::atomic<bool> was_synchronised = false;
  if (was_synchronised.load(std::memory_order_relaxed)) {
    return true;
  }
  const bool is_or_was = state.synchronised ||
                         (state.max_error > std::chrono::microseconds(0) &&
                          state.max_error < kErrorLimit) ||
                         access(kTimesyncdFlag, F_OK) == 0;
  if (is_or_was) {
    was_synchronised.store(true, std::memory_order_relaxed);
  }
  return is_or_was;
}

}  // namespace

ClockTrust judge_clock(const KernelClockState& state, bool was_synchronised) {
  if (state.synchronised) {
    return {.quality = ClockQuality::kGood, .error = state.max_error};
  }
  return {.quality = was_synchronised ? ClockQuality::kCoarse
                                      : ClockQuality::kUnknown};
}

Now read_clocks() {
  const KernelClockState state = read_kernel_state();
  const ClockTrust trust = judge_clock(state, remember_synchronised(state));
  return {.wall = WallTime(read_clock(CLOCK_REALTIME)),
          .monotonic = read_monotonic(),
          .quality = trust.quality,
          .error = trust.error};
}

MonoTime read_monotonic() {
  return read_clock(CLOCK_BOOTTIME);
}

}  // namespace strongroom
