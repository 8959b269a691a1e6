// SPDX-License-Identifier: Apache-2.0
// Which question may be asked, so that no answer can be taken for another's
// (docs/decisions/0066). An RTU answer says its unit, its function and how many
// bytes of data it carries, never an address: two answers of one shape cannot
// be told apart, whoever asked for them and whenever.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/now.h"
#include "core/bus/question.h"

namespace strongroom {

/// All that an answer can be told by. Of bits, the bytes count, not the
/// addresses: 1 to 8 coils are answered alike.
struct AnswerShape {
  std::uint8_t unit = 1;
  std::uint8_t function = 4;
  std::uint8_t bytes = 2;  // of data

  friend bool operator==(const AnswerShape&, const AnswerShape&) = default;
};

AnswerShape shape_of(const Question& question);
/// Of an exchange with a panel (function 23).
AnswerShape exchange_shape(std::uint8_t unit, std::uint16_t read_registers);

/// What one line still owes. A question that got no usable answer blocks its
/// shape until both hold: `late_answer` has passed since it was asked, after
/// which nothing overtakes; and a question of a shape that was not owed was
/// answered since by that unit, which shows that the unit is not one answer (or
/// ten) behind for ever. Not thread-safe.
class ReplyGuard {
 public:
  /// `late_answer`: how long after its question an answer may come; raised to
  /// twice what is observed.
  explicit ReplyGuard(std::chrono::microseconds late_answer);
  virtual ~ReplyGuard() = default;
  ReplyGuard(const ReplyGuard&) = delete;
  ReplyGuard& operator=(const ReplyGuard&) = delete;

  /// Whether an answer to it could be told from everything that is owed.
  virtual bool may_ask(const Question& question, MonoTime now);
  /// Whether an exception in answer to it could only be its own: of an
  /// exception not even the length tells which question it refuses.
  virtual bool can_be_refused(const Question& question, MonoTime now);

  /// The question was answered, and may_ask() had been true of it.
  void answered(const Question& question, MonoTime now);
  /// The unit gave an answer that says itself which request it answers: an
  /// exchange, whose tag and number the panel's driver has proven.
  void proven(std::uint8_t unit, MonoTime now);
  /// No answer, or one that proves nothing.
  void unanswered(const Question& question, MonoTime asked);
  void unanswered(const AnswerShape& shape, MonoTime asked);
  /// Whether an exception of that function could refuse an earlier request.
  bool owes(std::uint8_t unit, std::uint8_t function, MonoTime now);
  /// Something came that nobody waited for. When only one answer is owed, and
  /// it is as long, it tells how late answers are. It pays nothing: it may be
  /// another's, and later still than that.
  void heard_late(std::size_t bytes, MonoTime now);
  /// The question was answered, and then so much more came. As long as its
  /// answer: perhaps the same once more, from a gateway that repeats, and who
  /// knows how often. Then it is owed, unless what is owed anyway is as long.
  void heard_again(const AnswerShape& shape, MonoTime asked, std::size_t bytes);
  /// An owner of the line before this one may have asked it, who knows when:
  /// owed, however long ago.
  void suspect(const Question& question);

  /// When the newest of what is owed was asked.
  std::optional<MonoTime> newest_owed() const;
  /// Whether a unit's next answer must first show that the unit is in step.
  bool is_in_doubt(std::uint8_t unit) const;
  /// When the question may be asked if nothing happens until then; nothing:
  /// not before its unit has shown that it is in step.
  std::optional<MonoTime> free_at(const Question& question) const;
  /// When a question of this shape was last left unanswered.
  std::optional<MonoTime> owed_since(const Question& question) const;
  /// The last resort of a unit that has left every shape unanswered: forget
  /// this one, so that it may be asked. Only when it is `late_answer` old.
  void give_up(const Question& question, MonoTime now);

  std::chrono::microseconds late_answer() const { return late_answer_; }

 private:
  struct Owed {
    AnswerShape shape;
    MonoTime asked{};         // the last time
    bool is_in_step = false;  // the unit has shown it since
  };
  void expire(MonoTime now);
  const Owed* find(const AnswerShape& shape) const;

  std::chrono::microseconds late_answer_;
  std::vector<Owed> owed_;  // one per shape; empty on a healthy line
};

}  // namespace strongroom
