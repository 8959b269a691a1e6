// SPDX-License-Identifier: Apache-2.0
// Panels' drivers for tests of a line: one that wishes what a test tells it to,
// and keeps what became of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/line.h"
#include "core/bus/line_fixture.h"

namespace strongroom {

/// Polls at its period and exchanges when told to. An exchange that fails is
/// wished again at once, as a driver does.
class FakePanel final : public PanelPort {
 public:
  explicit FakePanel(milliseconds poll_period = milliseconds(40))
      : period(poll_period) {}

  /// From `at` on.
  void want_exchange(MonoTime at) { exchange_at = at; }

  PanelWish wish(MonoTime now) override {
    ++looks;
    if (wants_always && !exchange_at) {
      exchange_at = now;
    }
    if (exchange_at && *exchange_at <= now) {
      return {.kind = PanelWish::Kind::kExchange,
              .due = *exchange_at,
              .request = request,
              .read_registers = read_registers};
    }
    const MonoTime next = exchange_at.value_or(MonoTime::max());
    if (period.count() > 0 && next_poll <= next) {
      return {.kind = PanelWish::Kind::kPoll, .due = next_poll};
    }
    return {.kind = exchange_at ? PanelWish::Kind::kExchange
                                : PanelWish::Kind::kNothing,
            .due = next,
            .request = request,
            .read_registers = read_registers};
  }
  void polled(std::span<const std::uint16_t> told,
              MonoTime asked,
              MonoTime now) override {
    check(told.size() == kPanelPollCount, "a poll has two registers");
    std::ranges::copy(told, cells.begin());
    wrong_polls +=
        expected && cells[0] != expected() && cells[1] != expected() ? 1U : 0U;
    polls.push_back(asked);
    contacts.push_back(asked);
    next_poll = asked + period;
    last_heard = now;
  }
  bool exchanged(std::span<const std::uint8_t> answer,
                 MonoTime asked,
                 MonoTime now) override {
    check(answer.size() == std::size_t{2} * read_registers,
          "an answer has the length wished");
    if (!accepts || (expected && (answer[0] << 8 | answer[1]) != expected())) {
      ++refused;
      return false;
    }
    exchanges.emplace_back(exchange_at.value_or(asked), asked);
    contacts.push_back(asked);
    exchange_at.reset();
    next_poll = asked + period;  // it said all that a poll says
    last_heard = now;
    return true;
  }
  void failed(const LinkError& error, MonoTime asked, MonoTime) override {
    errors.push_back(error);
    next_poll = std::max(next_poll, asked + period);
  }
  void line_down(MonoTime) override { ++downs; }

  milliseconds period;
  MonoTime next_poll{};
  std::optional<MonoTime> exchange_at;
  std::vector<std::uint8_t> request = std::vector<std::uint8_t>(64, 0xAB);
  std::uint16_t read_registers = 40;
  bool accepts = true;
  bool wants_always = false;  // the next exchange, as soon as one is over
  /// What the first cell of an answer must be; nothing: anything.
  std::function<std::uint16_t()> expected;

  std::uint64_t looks = 0;
  std::array<std::uint16_t, kPanelPollCount> cells{};  // the newest
  std::vector<MonoTime> polls;                         // when they were asked
  std::vector<MonoTime> contacts;                      // and exchanges
  /// When they were wished, and when they were asked.
  std::vector<std::pair<MonoTime, MonoTime>> exchanges;
  std::vector<LinkError> errors;
  std::uint64_t refused = 0;
  std::uint64_t wrong_polls = 0;
  std::uint64_t downs = 0;
  MonoTime last_heard{};
};

inline LinePanel panel_of(std::uint8_t unit, std::shared_ptr<PanelPort> port) {
  return {"p" + std::to_string(unit), unit, std::move(port)};
}

}  // namespace strongroom
