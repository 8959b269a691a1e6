// SPDX-License-Identifier: Apache-2.0
// A panel that holds the key and means no good: whatever it says, at whatever
// time, the driver keeps its promises to the loop.
#include <map>
#include <random>
#include <set>

#include "agent/panel/panel_fixture.h"

namespace strongroom {
namespace {

using Outcome = PanelOrderEnded::Outcome;

class HostilePanelTest : public PanelDriverFixture {
 protected:
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(chance() % bound);
  }
  // Small numbers, which fit, more often than those that do not.
  std::uint32_t number() {
    const std::uint32_t kind = below(8);
    return kind < 5   ? below(30)
           : kind < 7 ? panel.answer.newest_seq + below(9)
                      : static_cast<std::uint32_t>(chance());
  }

  void make_answer(const RequestSeen& seen) {
    auto& answer = panel.answer;
    answer = strongroom_panel_v1_PanelAnswer_init_zero;
    answer.uptime_ms = below(4) == 0 ? chance() : 1000U + below(100'000);
    answer.boot = static_cast<std::uint16_t>(below(3));
    answer.ring = below(8) == 0 ? below(3) : seen.request.ring;
    answer.newest_seq = number();
    answer.has_more = below(3) == 0;
    answer.result = static_cast<TestResult>(below(11));
    answer.config_version = below(4);
    answer.list_version = below(4);
    answer.has_status = below(3) == 0;
    answer.status.leaves.size = static_cast<pb_size_t>(below(9));
    answer.has_pin = below(5) == 0;
    answer.pin.entry = below(4);
    answer.events_count = static_cast<pb_size_t>(below(4));
    std::uint32_t seq = seen.request.ack_seq;
    for (pb_size_t i = 0; i < answer.events_count; ++i) {
      seq = below(6) == 0 ? number() : seq + 1 + below(2);
      answer.events[i] = strongroom_panel_v1_PanelEvent_init_zero;
      answer.events[i].seq = seq;
      answer.events[i].boot = static_cast<std::uint16_t>(below(3));
      answer.events[i].at_s = number();
      answer.events[i].credential.size = static_cast<pb_size_t>(below(8));
    }
    if (below(4) != 0) {
      answer.newest_seq = std::max(answer.newest_seq, seq);
    }
  }

  void answer(const RequestSeen& seen) {
    if (seen.type == PanelFrameType::kHello) {
      panel.session = below(3) == 0 ? 1 + below(9) : panel.session;
      panel.last_counter = below(3) == 0 ? number() : panel.last_counter;
      panel.hello.ring = below(4) == 0 ? below(4) : panel.hello.ring;
      panel.hello.newest_seq = 0;
      panel.hello.protocol = below(6) == 0 ? 2 : 1;
      panel.hello.list_capacity = number();
      deliver(panel.hello_answer(seen));
    } else {
      make_answer(seen);
      deliver(panel.exchange_answer(seen));
    }
  }
  void deliver(Bytes frame) {
    frame.resize(std::max(frame.size(), room));
    if (below(10) == 0) {
      frame[below(static_cast<std::uint32_t>(frame.size()))] ^= 1;
    }
    now += milliseconds(below(30));
    driver->exchanged(frame, now - milliseconds(1), now);
  }

  void push() {
    switch (below(6)) {
      case 0:
        unlock(next_order++, milliseconds(below(3000)));
        break;
      case 1:
        mailbox.push(
            PanelLockdown{.order = next_order++,
                          .leaves = static_cast<std::uint8_t>(below(256))});
        break;
      case 2:
        mailbox.push(
            PanelIndicate{.reader = static_cast<std::uint8_t>(below(10)),
                          .signal = strongroom_panel_v1_Signal_SIGNAL_WAIT,
                          .duration = {}});
        break;
      case 3: {
        PanelList list{.version = 1 + below(9), .entries = {}};
        list.entries.resize(below(40));
        mailbox.push(list);
        break;
      }
      case 4:
        mailbox.silence(below(3) == 0);
        break;
      default:
        is_full = below(3) == 0;
        break;
    }
  }

  // What the loop does with what it was told: sometimes it is held.
  void read_reports() {
    for (; read < reports.size(); ++read) {
      if (const auto* const lost = std::get_if<PanelRingLost>(&reports[read])) {
        EXPECT_NE(lost->next, 0U);
        EXPECT_NE(lost->next, ring);
        ring = lost->next;
        through = held = 0;
      } else if (const auto* const facts =
                     std::get_if<PanelFacts>(&reports[read])) {
        read_facts(*facts);
      } else if (const auto* const ended =
                     std::get_if<PanelOrderEnded>(&reports[read])) {
        EXPECT_TRUE(ended_orders.insert(ended->order).second)
            << ended->order << " ended twice";
      }
    }
    if (below(3) == 0 && through > held) {
      held += 1 + below(through - held);
      held_of[ring] = std::max(held_of[ring], held);
      mailbox.push(PanelHeld{.ring = ring, .seq = held});
    }
  }
  void read_facts(const PanelFacts& facts) {
    EXPECT_EQ(facts.ring, ring);
    EXPECT_LT(facts.after, facts.through);
    EXPECT_TRUE(facts.after == through || facts.after >= held);
    std::uint32_t before = facts.after;
    for (const PanelFact& fact : facts.facts) {
      EXPECT_GT(fact.event.seq, before);
      EXPECT_LE(fact.event.seq, facts.through);
      before = fact.event.seq;
    }
    through = facts.through;
  }

  std::mt19937_64 chance;
  std::uint32_t next_order = 1;
  std::size_t read = 0;
  std::uint32_t ring = 50;
  std::uint32_t through = 0;
  std::uint32_t held = 0;
  std::map<std::uint32_t, std::uint32_t> held_of;  // by ring
  std::set<std::uint32_t> ended_orders;
};

TEST_F(HostilePanelTest, WhateverItSaysTheLoopHearsOnlyWhatCanBe) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    chance.seed(seed);
    reports.clear();
    read = 0;
    ring = 50;
    through = held = 0;
    held_of.clear();
    is_full = false;
    mailbox.silence(false);
    mailbox.take();
    start();
    std::map<std::uint32_t, std::pair<std::uint64_t, Bytes>> unlocks;
    for (int step = 0; step < 300 && !HasFailure(); ++step) {
      push();
      const PanelWish wished = wish();
      EXPECT_LE(wished.due, now + seconds(10));
      if (is_wished()) {
        const RequestSeen request = seen();
        EXPECT_LE(request.request.ack_seq, held_of[request.request.ring]);
        if (request.request.which_order ==
            strongroom_panel_v1_PanelRequest_unlock_tag) {
          const auto [at, is_new] = unlocks.try_emplace(
              request.request.order_id, request.session, sent);
          EXPECT_TRUE(is_new || at->second == std::pair(request.session, sent))
              << "the same bytes, in the same session, or never again";
          EXPECT_FALSE(ended_orders.contains(request.request.order_id));
        }
        const std::uint32_t kind = below(8);
        if (kind == 0) {
          fail(LinkFault::kTimeout);
        } else if (kind == 1) {
          fail(LinkFault::kException, ModbusException::kIllegalValue);
        } else if (kind == 2) {
          driver->line_down(now);
        } else {
          answer(request);
        }
      } else if (wished.kind == PanelWish::Kind::kPoll) {
        now = std::max(now, wished.due);
        poll(static_cast<std::uint16_t>(below(64)),
             static_cast<std::uint16_t>(number()));
      } else {
        now += milliseconds(below(200));
      }
      read_reports();
    }
  }
}

}  // namespace
}  // namespace strongroom
