// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/pin_worker.h"

#include <utility>

namespace strongroom {

PinWorker::PinWorker(Verify verify, Answer answer)
    : verify_(std::move(verify)),
      answer_(std::move(answer)),
      thread_([this] { run(); }) {}

PinWorker::~PinWorker() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
  for (PinQuestion& question : waiting_) {
    wipe(question.digits);
  }
}

bool PinWorker::ask(PinQuestion question) {
  const std::scoped_lock lock(mutex_);
  const bool has_room = waiting_.size() < kMostWaiting;
  if (has_room) {
    waiting_.push_back(question);
    changed_.notify_all();
  }
  wipe(question.digits);
  return has_room;
}

void PinWorker::run() {
  while (true) {
    PinQuestion question;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (stop_) {
        return;
      }
      question = waiting_.front();
      wipe(waiting_.front().digits);
      waiting_.pop_front();
    }
    const bool is_right = verify_(question.verifier, question.digits);
    wipe(question.digits);
    answer_({question.ticket, is_right});
  }
}

}  // namespace strongroom
