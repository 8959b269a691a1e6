// SPDX-License-Identifier: Apache-2.0
// Everything that a line and whoever sits on it can do, by the hundred
// thousand: the panel goes on, is asked in vain by nobody, and opens once.
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

int rounds() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  return std::getenv("STRONGROOM_FULL") != nullptr ? 1'000'000 : 100'000;
}

class Campaign : public testing::Test, public PanelBench {
 protected:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) {
      byte = static_cast<std::uint8_t>(random_());
    }
    return bytes;
  }
  Bytes mutated(Bytes bytes) {
    const std::uint64_t changes = 1 + below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const auto at =
          bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
      switch (below(5)) {
        case 0:
          bytes.insert(at, static_cast<std::uint8_t>(random_()));
          break;
        case 1:
          bytes.erase(
              at,
              bytes.begin() + std::min<std::ptrdiff_t>(at - bytes.begin() + 3,
                                                       std::ssize(bytes)));
          break;
        case 2: {
          const Bytes copy(bytes.begin(), at);
          bytes.insert(at, copy.begin(), copy.end());
          break;
        }
        default:
          if (at != bytes.end()) {
            *at ^= static_cast<std::uint8_t>(1U << below(8));
          }
      }
    }
    bytes.resize(std::min<std::size_t>(bytes.size(), 400));
    return bytes;
  }
  // As a line brings it: some characters broken, some silence between.
  void babble(const Bytes& bytes) {
    const bool is_rough = chance(20);
    for (const std::uint8_t byte : bytes) {
      now_us_ += kCharUs;
      if (is_rough && chance(2)) {
        now_us_ += below(3 * kGapUs);
      }
      link_->received(byte, now_us_, is_rough && chance(2));
      link_->answer(now_us_);
    }
  }
  void expect_alive() {
    ASSERT_EQ(hex(ask(rtu(kUnit, 3, 0x0F00, 1))).substr(0, 8), "07 03 02");
  }

  std::mt19937_64 random_{5};
};

TEST_F(Campaign, AfterAnyNoise_TheNextFrameIsAnsweredInTime) {
  configure();
  PanelRequest request = unlock(1);
  const std::vector<Bytes> seeds{
      rtu(kUnit, 4, 0, 2),
      rtu(9, 3, 100, 20),
      rtu(Bytes{9, 3, 40} + Bytes(40, 7)),
      rtu(Bytes{kUnit, 0x0F} + be16(0x0F00) + be16(8) + Bytes{1, 2}),
      rtu(Bytes{kUnit, 0x2B, 0x0E, 1, 0}),
      // Of a session that is over: nothing that comes of it may be executed.
      exchange_adu(FrameParts{
          .session = kSession - 1, .counter = 5, .body = encoded(request)}
                       .bytes()),
      exchange_adu(Bytes(242, 1))};
  for (int i = 0; i < rounds(); ++i) {
    Bytes bytes = chance(20) ? noise(1 + below(600))
                             : mutated(seeds[below(seeds.size())]);
    if (chance(30)) {
      bytes = rtu(bytes);
    }
    if (chance(20)) {
      bytes = bytes + seeds[below(5)];
    }
    babble(bytes);
    now_us_ += kGapUs + below(2);
    const auto answer = link_->answer(now_us_);
    ASSERT_LE(answer.size(), kMaxAdu);
    now_us_ += kGapUs + kCharUs * (answer.size() + 1);
    if (chance(1)) {
      wait(1000);
    }
    expect_alive();
  }
  EXPECT_EQ(unlocks(), 0U);
  EXPECT_EQ(link_->counters().exchanges, 4U);
}

// Bodies that nobody may send, under a right tag.
TEST_F(Campaign, WhateverABodyHolds_ThePanelAnswersIt) {
  configure();
  std::vector<Bytes> seeds{encoded(unlock(1)), encoded(PanelRequest{})};
  for (std::uint8_t i = 0; i < 3; ++i) {
    seeds.push_back(encoded(configuration(i)));
  }
  PanelRequest list{.ring = kRing, .wants_events = true, .order_id = 2};
  list.which_order = strongroom_panel_v1_PanelRequest_list_tag;
  list.order.list = {.version = 3, .count = 1};
  list.order.list.entries.size = 144;
  seeds.push_back(encoded(list));
  std::uint32_t counter = 4;
  for (int i = 0; i < rounds(); ++i) {
    Bytes body = chance(10) ? noise(below(kMaxRequestBody + 1))
                            : mutated(seeds[below(seeds.size())]);
    body.resize(std::min(body.size(), kMaxRequestBody));
    const unsigned registers = static_cast<unsigned>(
        kMinExchangeRegisters +
        below(kMaxAnswerRegisters - kMinExchangeRegisters + 1));
    ++counter;
    const auto answer = answer_in(
        ask(exchange_adu(FrameParts{.counter = counter, .body = body}.bytes(),
                         registers)),
        counter);
    ASSERT_NE(answer.value_or(PanelAnswer{}).newest_seq, 0U) << hex(body);
  }
}

// An agent that sends each order again until it is answered, and a line that
// loses, repeats, keeps back and spoils, while the panel starts anew.
TEST_F(Campaign, ALock_IsOpenedAtMostOnceForAnOrder_AndInTime) {
  struct Sent {
    Bytes adu;
    std::uint32_t id = 0;
    std::uint64_t not_after_ms = 0;
  };
  std::vector<Sent> history;
  std::map<std::uint32_t, int> executed;
  std::uint64_t session = kSession;
  std::uint32_t counter = 0;
  std::uint32_t id = 0;
  int opened = 0;
  const auto deliver = [&](const Sent& sent, const Bytes& adu) {
    const std::uint32_t before = unlocks();
    hear(adu);
    const std::uint64_t at_ms = (now_us_ + kGapUs) / 1000;
    listen();
    if (unlocks() != before) {
      ASSERT_EQ(unlocks(), before + 1);
      ASSERT_EQ(++executed[sent.id], 1) << "order " << sent.id;
      ASSERT_LE(at_ms, sent.not_after_ms);
      ++opened;
    }
  };
  const auto restart = [&] {
    start(++session);
    counter = 0;
    if (!chance(20)) {
      return;
    }
    *memory_ = {};  // the power was cut: nothing is configured any more
    start(++session);
  };
  const auto set_up = [&] {
    for (std::uint8_t i = 0; i < 3; ++i) {
      ask(exchange_adu(FrameParts{.session = session,
                                  .counter = ++counter,
                                  .body = encoded(configuration(i))}
                           .bytes()));
    }
  };
  set_up();
  for (int i = 0; i < rounds(); ++i) {
    PanelRequest request = unlock(++id);
    if (chance(10)) {
      request.order.unlock.not_after_uptime_ms = now_us_ / 1000 - 1;
    }
    const Sent sent{
        exchange_adu(FrameParts{
            .session = session, .counter = ++counter, .body = encoded(request)}
                         .bytes()),
        id,
        request.order.unlock.not_after_uptime_ms};
    history.push_back(sent);
    for (std::uint64_t times = below(3); times > 0; --times) {
      deliver(sent, chance(80) ? sent.adu : mutated(sent.adu));
    }
    for (std::uint64_t times = below(3); times > 0; --times) {
      const std::size_t near = std::min<std::size_t>(history.size(), 20);
      const Sent& old = chance(70) ? history[history.size() - 1 - below(near)]
                                   : history[below(history.size())];
      deliver(old, old.adu);
    }
    if (chance(2)) {
      wait(below(12'000'000));
    }
    if (chance(1)) {
      restart();
      set_up();
    }
    if (history.size() > 5000) {
      history.erase(history.begin(), history.begin() + 2500);
    }
  }
  EXPECT_GT(opened, rounds() / 4);
}

}  // namespace
}  // namespace strongroom::panel
