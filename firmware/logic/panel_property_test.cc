// SPDX-License-Identifier: Apache-2.0
// What must hold whatever happens: random agents, people, wires and resets over
// one panel, judged from outside, by its outputs and its ring.
#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "firmware/logic/panel_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)

constexpr std::uint8_t kLeaves = 3;
constexpr std::uint32_t kPulseMs = 700;

class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    configure();
    at_.list(PanelBench::kBadge, 0b011);
    at_.has_agent = false;
    judge();
  }

  void step() {
    switch (draw(14)) {
      case 0:
        order();
        break;
      case 1:
        lock_down();
        break;
      case 2:
        at_.reset();
        begin_boot();
        break;
      case 3:
        badge();
        break;
      case 4:
        flip(static_cast<std::uint8_t>(1 + draw(kLeaves)), kContactInput);
        break;
      case 5:
        flip(static_cast<std::uint8_t>(1 + draw(kLeaves)), kLockSenseInput);
        break;
      case 6:
        flip(static_cast<std::uint8_t>(1 + draw(kLeaves)), kExitInput);
        break;
      case 7:
        if (draw(10) == 0) {
          at_.inputs.panel ^= kFireInput;
        }
        break;
      case 8:
        acknowledge();
        break;
      case 9:
        if (draw(5) == 0) {
          configure();
        }
        break;
      case 10:
        flood();
        break;
      default:
        wait(draw(5) == 0 ? 4000 : draw(400));
        break;
    }
    judge();
  }

  int released() const { return released_; }
  int granted_alone() const { return granted_alone_; }

 private:
  std::uint32_t draw(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_() % below);
  }

  void configure() {
    auto third = leaf_settings(3, kMagnet, kAllInputs);
    third.offline = kDeny;
    std::vector<strongroom_panel_v1_LeafSettings> leaves{
        leaf_settings(1, kStrike, kAllInputs),
        leaf_settings(2, kMagnet, kAllInputs),
        third};
    for (auto& leaf : leaves) {
      leaf.pulse_ms = kPulseMs;
      leaf.held_after_ms = 1000 + 1000 * draw(2);
    }
    at_.configure(leaves,
                  {reader_settings(1, 1), reader_settings(2, 2)},
                  0x11 + draw(1000));
  }

  void begin_boot() {
    boot_released_.fill(false);
    is_fire_ = false;  // told again when it is not
  }

  // A person may also end what fire released, when it is known to be over.
  void lock_down() {
    if (at_.now_ms < 500) {
      return;  // not known yet, and another test's
    }
    const bool ends_fire = draw(2) == 0;
    was_fire_ = is_fire_ || (was_fire_ && !ends_fire);
    at_.lock_down(static_cast<std::uint8_t>(draw(4) == 0 ? draw(8) : 0),
                  ends_fire);
  }

  // Old ids too, and lifetimes that are over.
  void order() {
    const bool is_old = !ids_.empty() && draw(3) == 0;
    const std::uint32_t id =
        is_old ? ids_[ids_.size() - 1 -
                      draw(std::min<std::uint32_t>(
                          16, static_cast<std::uint32_t>(ids_.size())))]
               : static_cast<std::uint32_t>(1000 + ids_.size());
    const std::uint64_t not_after =
        draw(3) == 0 && at_.now_ms > 0
            ? at_.now_ms - 1 - draw(static_cast<std::uint32_t>(at_.now_ms))
            : at_.now_ms + draw(1000);
    const auto result =
        at_.unlock(id,
                   static_cast<std::uint8_t>(1 + draw(kLeaves + 1)),
                   draw(2) * draw(2000),
                   not_after);
    if (result == strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE) {
      EXPECT_GE(not_after, at_.now_ms);
      EXPECT_TRUE(done_.insert(id).second) << "order " << id << " twice";
      if (!is_old) {
        ids_.push_back(id);
      }
    } else if (is_old) {
      EXPECT_EQ(result, strongroom_panel_v1_OrderResult_ORDER_RESULT_REPEATED);
    }
  }

  void badge() {
    at_.wait(1);
    const std::uint64_t bits =
        draw(4) == 0 ? PanelBench::kOtherBadge : PanelBench::kBadge;
    const auto reader = static_cast<std::uint8_t>(1 + draw(2));
    for (int i = 25; i >= 0; --i) {
      wait(2);
      at_.panel->reader_pulse(reader, (bits >> i) & 1U, at_.now_ms * 1000);
    }
    wait(40);
  }

  void flip(std::uint8_t leaf, LeafInput input) {
    at_.inputs.leaves ^= static_cast<std::uint32_t>(input) << (4 * (leaf - 1));
    wait(draw(100));
  }

  // Now and then the ring is full of what never gives way to the routine.
  void flood() {
    if (draw(20) != 0) {
      return;
    }
    for (std::size_t i = 0; i < kRingCapacity; ++i) {
      at_.panel->commissioned(at_.now_ms);
      judge();
    }
  }

  void acknowledge() {
    PanelBench::Request request{};
    request.ring = PanelBench::kRing;
    request.ack_seq = at_.panel->view(0).newest_seq - draw(3);
    at_.exchange(request);
  }

  void wait(std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms && !::testing::Test::HasFailure(); ++i) {
      at_.wait(1);
      judge();
    }
  }

  bool is_open(std::uint8_t leaf) const {
    const bool is_driven = (at_.locks() >> (leaf - 1)) & 1U;
    return leaf == 1 ? is_driven : !is_driven;
  }

  // After everything that can change an output.
  void judge() {
    read_ring();
    for (std::uint8_t leaf = 1; leaf <= kLeaves; ++leaf) {
      if (leaf != 1 && was_fire_) {  // a magnet, and FIRE_INPUT is in the ring
        ASSERT_TRUE(is_open(leaf)) << "locked again by nobody";
        continue;
      }
      if (!is_open(leaf)) {
        continue;
      }
      ASSERT_TRUE(boot_released_[leaf])
          << "leaf " << int{leaf} << " open without a reason in the ring";
      ASSERT_LT(at_.now_ms, released_ms_[leaf] + kPulseMs)
          << "leaf " << int{leaf} << " beyond its pulse";
    }
  }

  // What was pushed since the last time: all of it, lost numbers excepted, of
  // which at most those of one call are missing here.
  void read_ring() {
    const PanelView view = at_.panel->view(0);
    if (view.newest_seq != at_.read_seq) {
      const auto kept = at_.copy_of_ring();
      EventRing ring(*kept);
      while (const auto event = ring.after(at_.read_seq)) {
        at_.read_seq = event->seq;
        read(*event);
      }
      at_.read_seq = ring.newest_seq();
    }
    for (std::uint8_t leaf = 1; leaf <= kLeaves; ++leaf) {
      // RELEASED gave way to what the ring was full of, and counts as lost:
      // right for an exit, and for an order, which the agent has on record.
      if (is_open(leaf) && view.lost != lost_) {
        boot_released_[leaf] = true;
        released_ms_[leaf] = at_.now_ms;
      }
    }
    lost_ = view.lost;
  }

  void read(const Event& event) {
    const auto kind = static_cast<Kind>(event.kind);
    if (kind == strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED) {
      ++released_;
      boot_released_[event.leaf] = true;
      released_ms_[event.leaf] = at_.now_ms;
    } else if (
        kind ==
        strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED) {
      ++granted_alone_;
      EXPECT_NE(event.leaf, 3) << "that leaf opens for nobody meanwhile";
      EXPECT_NE(event.credential.bit_count, 0) << "whom it let in is told";
      EXPECT_TRUE(at_.panel->view(0).is_alone);
    } else if (kind ==
               strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT) {
      is_fire_ = true;
      was_fire_ = true;
    } else if (
        kind ==
        strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT_CLEARED) {
      is_fire_ = false;
    }
  }

  std::mt19937 random_;
  PanelBench at_;
  std::vector<std::uint32_t> ids_;
  std::set<std::uint32_t> done_;
  std::array<bool, kLeaves + 1> boot_released_{};  // since the start
  std::array<std::uint64_t, kLeaves + 1> released_ms_{};
  std::uint32_t lost_ = 0;
  bool is_fire_ = false;
  bool was_fire_ = false;  // and no person has ended it
  int released_ = 0;
  int granted_alone_ = 0;
};

TEST(PanelProperty, OpensNothingWithoutAReasonThatWasKeptBefore) {
  int released = 0;
  int granted_alone = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 250 && !::testing::Test::HasFailure(); ++i) {
      world.step();
    }
    released += world.released();
    granted_alone += world.granted_alone();
    if (::testing::Test::HasFailure()) {
      break;
    }
  }
  EXPECT_GT(released, 500);
  EXPECT_GT(granted_alone, 50);
}

}  // namespace
}  // namespace strongroom::panel
