// SPDX-License-Identifier: Apache-2.0
#include "core/bus/guard.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

/// An owner before us asked so long ago that only an answer out of step can
/// still come.
constexpr MonoTime kLongAgo = MonoTime::min() / 2;
/// What comes later than this many times what is expected is noise, or the
/// answer of a unit that is out of step: time says nothing about either.
constexpr int kFarTooLate = 4;
constexpr std::chrono::seconds kLatestBelieved{60};
/// Of an answer, beside its data.
constexpr std::size_t kRtuFrame = 5;
constexpr std::size_t kTcpFrame = 9;
constexpr std::uint8_t kExchangeFunction = 23;

bool is_answer_of(const AnswerShape& shape, std::size_t bytes) {
  return bytes == shape.bytes + kRtuFrame || bytes == shape.bytes + kTcpFrame;
}

}  // namespace

AnswerShape shape_of(const Question& question) {
  const int bytes = is_bit_kind(question.kind) ? (question.count + 7) / 8
                                               : question.count * 2;
  return {question.unit,
          static_cast<std::uint8_t>(question.kind),
          static_cast<std::uint8_t>(bytes)};
}

AnswerShape exchange_shape(std::uint8_t unit, std::uint16_t read_registers) {
  return {
      unit, kExchangeFunction, static_cast<std::uint8_t>(2 * read_registers)};
}

ReplyGuard::ReplyGuard(std::chrono::microseconds late_answer)
    : late_answer_(late_answer) {
  check(late_answer.count() > 0, "answers take time");
}

bool ReplyGuard::may_ask(const Question& question, MonoTime now) {
  if (owed_.empty()) {
    return true;
  }
  expire(now);
  return find(shape_of(question)) == nullptr;
}

bool ReplyGuard::can_be_refused(const Question& question, MonoTime now) {
  return !owes(question.unit, static_cast<std::uint8_t>(question.kind), now);
}

bool ReplyGuard::owes(std::uint8_t unit, std::uint8_t function, MonoTime now) {
  expire(now);
  return std::any_of(owed_.begin(), owed_.end(), [&](const Owed& owed) {
    return owed.shape.unit == unit && owed.shape.function == function;
  });
}

void ReplyGuard::answered(const Question& question, MonoTime now) {
  proven(question.unit, now);
}

void ReplyGuard::proven(std::uint8_t unit, MonoTime now) {
  if (owed_.empty()) {
    return;
  }
  for (Owed& owed : owed_) {
    // A unit that works off its questions in their order has none left before
    // this one; one that does not is bound by time alone.
    owed.is_in_step = owed.is_in_step || owed.shape.unit == unit;
  }
  expire(now);
}

void ReplyGuard::unanswered(const Question& question, MonoTime asked) {
  unanswered(shape_of(question), asked);
}

void ReplyGuard::unanswered(const AnswerShape& shape, MonoTime asked) {
  const auto same =
      std::find_if(owed_.begin(), owed_.end(), [&](const Owed& owed) {
        return owed.shape == shape;
      });
  if (same == owed_.end()) {
    owed_.push_back({shape, asked, false});
  } else {
    *same = {shape, std::max(asked, same->asked), false};
  }
}

void ReplyGuard::heard_late(std::size_t bytes, MonoTime now) {
  // Of several it could be any, and the wrong one would teach the wrong time.
  if (owed_.size() != 1 || owed_[0].asked == kLongAgo) {
    return;
  }
  const auto lateness = now - owed_[0].asked;
  if (!is_answer_of(owed_[0].shape, bytes) ||
      lateness > kFarTooLate * late_answer_) {
    return;
  }
  late_answer_ = std::max(
      late_answer_,
      std::min<std::chrono::microseconds>(2 * lateness, kLatestBelieved));
}

void ReplyGuard::heard_again(const AnswerShape& shape,
                             MonoTime asked,
                             std::size_t bytes) {
  const bool is_owed_anyway = std::ranges::any_of(
      owed_, [&](const Owed& owed) { return is_answer_of(owed.shape, bytes); });
  if (bytes >= shape.bytes + kRtuFrame && !is_owed_anyway) {
    unanswered(shape, asked);
  }
}

void ReplyGuard::suspect(const Question& question) {
  if (find(shape_of(question)) == nullptr) {
    unanswered(question, kLongAgo);
  }
}

std::optional<MonoTime> ReplyGuard::newest_owed() const {
  if (owed_.empty()) {
    return std::nullopt;
  }
  return std::ranges::max(owed_, {}, &Owed::asked).asked;
}

bool ReplyGuard::is_in_doubt(std::uint8_t unit) const {
  return std::any_of(owed_.begin(), owed_.end(), [unit](const Owed& owed) {
    return owed.shape.unit == unit && !owed.is_in_step;
  });
}

std::optional<MonoTime> ReplyGuard::free_at(const Question& question) const {
  const Owed* const owed = find(shape_of(question));
  if (owed == nullptr) {
    return MonoTime::min();
  }
  if (!owed->is_in_step) {
    return std::nullopt;
  }
  return owed->asked + late_answer_;
}

std::optional<MonoTime> ReplyGuard::owed_since(const Question& question) const {
  const Owed* const owed = find(shape_of(question));
  return owed == nullptr ? std::nullopt : std::optional(owed->asked);
}

void ReplyGuard::give_up(const Question& question, MonoTime now) {
  const AnswerShape shape = shape_of(question);
  std::erase_if(owed_, [&](const Owed& owed) {
    check(owed.shape != shape || owed.asked + late_answer_ <= now,
          "an answer is given up when it can only be out of step");
    return owed.shape == shape;
  });
}

void ReplyGuard::expire(MonoTime now) {
  std::erase_if(owed_, [&](const Owed& owed) {
    return owed.is_in_step && owed.asked + late_answer_ <= now;
  });
}

const ReplyGuard::Owed* ReplyGuard::find(const AnswerShape& shape) const {
  const auto found =
      std::find_if(owed_.begin(), owed_.end(), [&](const Owed& owed) {
        return owed.shape == shape;
      });
  return found == owed_.end() ? nullptr : &*found;
}

}  // namespace strongroom
