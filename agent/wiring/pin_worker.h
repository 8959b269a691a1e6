// SPDX-License-Identifier: Apache-2.0
// Compares PINs with what the policy has of them, on a thread of its own: one
// comparison takes a tenth of a second, and the loop has no such time.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "agent/loop/panel_orders.h"

namespace strongroom {

class PinWorker final : public PinChecks {
 public:
  using Verify =
      std::function<bool(const std::string& verifier, std::string_view digits)>;
  using Answer = std::function<void(PinAnswer)>;

  /// Waiting ones; who comes then is told that nobody can verify him now.
  static constexpr std::size_t kMostWaiting = 8;

  PinWorker(Verify verify, Answer answer);
  ~PinWorker() override;
  PinWorker(const PinWorker&) = delete;
  PinWorker& operator=(const PinWorker&) = delete;

  bool ask(PinQuestion question) override;

 private:
  void run();

  const Verify verify_;
  const Answer answer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PinQuestion> waiting_;  // under mutex_
  bool stop_ = false;                // under mutex_
  std::thread thread_;
};

}  // namespace strongroom
