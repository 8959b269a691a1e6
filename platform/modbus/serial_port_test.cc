// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/serial_port.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <linux/tty_flags.h>
#include <sys/ioctl.h>

namespace strongroom {
namespace {

/// Answers as a driver does.
struct Driver {
  int get_error = 0;
  int set_error = 0;
  bool takes_it = true;
  int flags = 0x10;  // something that stands there already
};
Driver driver;

int control(int /*fd*/, unsigned long request, serial_struct* state) {
  const bool set = request == TIOCSSERIAL;
  errno = set ? driver.set_error : driver.get_error;
  if (errno != 0) {
    return -1;
  }
  if (!set) {
    state->flags = driver.flags;
  } else if (driver.takes_it) {
    driver.flags = state->flags;
  }
  return 0;
}

TEST(LowLatencyMode, IsWhatTheDriverSays) {
  const struct {
    Driver driver;
    LowLatency expected;
  } cases[] = {
      {{}, LowLatency::kSet},
      {{.get_error = ENOTTY}, LowLatency::kNotApplicable},
      {{.get_error = EINVAL}, LowLatency::kNotApplicable},
      {{.set_error = EPERM}, LowLatency::kRefused},
      {{.takes_it = false}, LowLatency::kRefused},
  };
  for (const auto& c : cases) {
    driver = c.driver;
    EXPECT_EQ(set_low_latency(3, control), c.expected);
  }
}

TEST(LowLatencyMode, LeavesOtherFlagsAlone) {
  driver = {};
  set_low_latency(3, control);
  EXPECT_EQ(driver.flags, 0x10 | ASYNC_LOW_LATENCY);
}

TEST(SerialPort, ThatIsNotThere_IsNotClaimed) {
  const auto claim = claim_serial_port("/dev/no-such-port");
  ASSERT_FALSE(claim.has_value());
  EXPECT_NE(claim.error().what, "");
}

}  // namespace
}  // namespace strongroom
