// SPDX-License-Identifier: Apache-2.0
// A line of devices in virtual time that behaves as RTU does: an answer that
// comes late is taken for the answer to whatever of its shape is asked then.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "platform/modbus/modbus_link.h"
#include "tools/strongroom/bus_line.h"

namespace strongroom {

struct FakeDevice {
  std::map<std::pair<RegisterKind, std::uint16_t>, std::uint16_t> cells;
  std::chrono::microseconds delay{5000};  // of its answers
  bool refuses = true;  // what it does not have; else it keeps silent about it
  bool is_behind = false;  // answers each question when the next one comes
};

class FakeLine final : public ModbusLink {
 public:
  std::map<std::uint8_t, FakeDevice> devices;
  std::vector<Question> asked;
  MonoTime now{1'000'000};

  Result<void> open() override { return {}; }
  void close() override {}

  std::expected<void, LinkError> read(
      const Question& question,
      std::chrono::microseconds timeout,
      std::span<std::uint16_t> values) override {
    asked.push_back(question);
    enqueue(question);
    const MonoTime end = now + timeout;
    const auto first = std::ranges::min_element(coming_, {}, &Coming::at);
    if (first == coming_.end() || first->at > end) {
      now = end;
      return std::unexpected(
          LinkError{LinkFault::kTimeout, ModbusException::kNone, "time is up"});
    }
    const Coming answer = *first;
    coming_.erase(first);
    now = std::max(now, answer.at);
    return judge(question, answer, values);
  }

  std::size_t discard(std::chrono::microseconds quiet,
                      std::chrono::microseconds at_most) override {
    const MonoTime end = now + at_most;
    MonoTime still = now + quiet;
    std::size_t bytes = 0;
    while (true) {
      const auto first = std::ranges::min_element(coming_, {}, &Coming::at);
      if (first == coming_.end() || first->at > std::min(still, end)) {
        break;
      }
      still = first->at + quiet;
      bytes += 5 + 2 * first->cells.size();
      coming_.erase(first);
    }
    now = std::max(now, std::min(still, end));
    return bytes;
  }

 private:
  struct Coming {
    Question question;
    MonoTime at{};
    std::vector<std::uint16_t> cells;  // empty: an exception
  };

  void enqueue(const Question& question) {
    const auto device = devices.find(question.unit);
    if (device == devices.end()) {
      return;
    }
    Coming answer{question, now + device->second.delay, {}};
    for (std::uint16_t i = 0; i < question.count; ++i) {
      const auto cell = device->second.cells.find(
          {question.kind, static_cast<std::uint16_t>(question.address + i)});
      if (cell == device->second.cells.end()) {
        answer.cells.clear();
        break;
      }
      answer.cells.push_back(cell->second);
    }
    if (answer.cells.empty() && !device->second.refuses) {
      return;
    }
    if (device->second.is_behind) {
      std::swap(answer, held_);
      answer.at = now + device->second.delay;
    }
    if (answer.question.unit == question.unit) {
      coming_.push_back(answer);
    }
  }

  static std::expected<void, LinkError> judge(const Question& question,
                                              const Coming& answer,
                                              std::span<std::uint16_t> values) {
    const bool is_of_unit = answer.question.unit == question.unit &&
                            answer.question.kind == question.kind;
    if (is_of_unit && answer.cells.empty()) {
      return std::unexpected(LinkError{
          LinkFault::kException, ModbusException::kIllegalAddress, "refused"});
    }
    if (!is_of_unit || answer.cells.size() != values.size()) {
      return std::unexpected(LinkError{
          LinkFault::kGarbled, ModbusException::kNone, "of another shape"});
    }
    std::ranges::copy(answer.cells, values.begin());
    return {};
  }

  std::vector<Coming> coming_;
  Coming held_{{0}, {}, {}};  // of the device that is behind
};

}  // namespace strongroom
