// SPDX-License-Identifier: Apache-2.0
// A healthy line beside one that has trouble: it must notice nothing.
#pragma once

#include <gtest/gtest.h>
#include <memory>

#include "platform/modbus/libmodbus_link.h"
#include "platform/modbus/modbus_test_server.h"
#include "tests/bus/poll_log.h"

namespace strongroom {

/// Runs as long as it lives.
class Bystander {
 public:
  Bystander() {
    const RegisterDevice device{
        "bystander",
        1,
        {{RegisterKind::kInput, 3}, {RegisterKind::kHolding, 3}},
        kPeriod};
    // Generous: a busy machine is no fault of the other line.
    constexpr std::chrono::seconds kTimeout{5};
    line_ = std::make_unique<BusLine>(
        "bystander",
        make_libmodbus_link(
            {TcpEndpoint{"127.0.0.1", server_.port()}, kTimeout}),
        LineSettings{.timeout = kTimeout},
        std::vector<LineDevice>{device.line_device()},
        log_.sink());
    line_->start();
    EXPECT_TRUE(log_.waits_for(1));
  }

  /// At the end: every poll was answered, with what it should say, and in its
  /// cycle but for what the scheduler of a busy machine does.
  void expect_undisturbed() {
    // Whatever held it up would still do so.
    EXPECT_TRUE(log_.waits_for(log_.counts().polls + 3));
    line_->stop();
    const auto counts = log_.counts();
    EXPECT_EQ(counts.failed, 0U);
    EXPECT_EQ(counts.wrong, 0U) << counts.first_wrong;
    EXPECT_EQ(counts.good, 2 * counts.polls);
    const auto& counters = line_->status().line.devices.at(0).counters;
    EXPECT_LE(counters.missed_cycles, counts.polls / 5 + 3);
  }

 private:
  static constexpr std::chrono::milliseconds kPeriod{50};

  TestServer server_;
  PollLog log_{[](std::uint8_t, const PointProfile& point, std::int64_t value) {
    return value == (point.kind == RegisterKind::kInput ? 103 : 203);
  }};
  std::unique_ptr<BusLine> line_;
};

}  // namespace strongroom
