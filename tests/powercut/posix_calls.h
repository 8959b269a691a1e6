// SPDX-License-Identifier: Apache-2.0
// Takes the place of rename(), remove(), unlink() and fsync() in the program
// that links it, so that what is done past SQLite is recorded too.
#pragma once

#include "tests/support/power_cut_disk.h"

namespace strongroom::powercut {

/// While it lives, the disk is told of names that change, and of directories
/// that are synced. One at a time.
class PosixCalls {
 public:
  explicit PosixCalls(PowerCutDisk& disk);
  ~PosixCalls();
  PosixCalls(const PosixCalls&) = delete;
  PosixCalls& operator=(const PosixCalls&) = delete;
};

}  // namespace strongroom::powercut
