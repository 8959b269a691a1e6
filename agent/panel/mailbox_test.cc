// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/mailbox.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace strongroom {
namespace {

PanelUnlock unlock(std::uint32_t order) {
  return {.order = order, .leaf = 1, .pulse = {}, .not_after = {}};
}

std::uint32_t id_of(const PanelOrder& order) {
  return std::get<PanelUnlock>(order).order;
}

TEST(PanelMailbox, OrdersAreTakenInOrderAndOnce) {
  PanelMailbox mailbox;
  EXPECT_FALSE(mailbox.has_mail());
  EXPECT_TRUE(mailbox.push(unlock(1)));
  EXPECT_TRUE(mailbox.push(PanelLockdown{.order = 2, .leaves = 1}));
  EXPECT_TRUE(mailbox.push(unlock(3)));
  EXPECT_TRUE(mailbox.has_mail());
  const auto mail = mailbox.take();
  ASSERT_EQ(mail.orders.size(), 3U);
  EXPECT_EQ(id_of(mail.orders[0]), 1U);
  EXPECT_EQ(std::get<PanelLockdown>(mail.orders[1]).order, 2U);
  EXPECT_EQ(id_of(mail.orders[2]), 3U);
  EXPECT_FALSE(mailbox.has_mail());
  EXPECT_TRUE(mailbox.take().orders.empty());
}

TEST(PanelMailbox, TheSeventeenthOrderIsRefused) {
  PanelMailbox mailbox;
  for (std::uint32_t i = 1; i <= 16; ++i) {
    EXPECT_TRUE(mailbox.push(unlock(i)));
  }
  EXPECT_FALSE(mailbox.push(unlock(17)));
  EXPECT_TRUE(mailbox.push(PanelHeld{.ring = 1, .seq = 1}))
      << "a lane of its own";
  EXPECT_EQ(mailbox.take().orders.size(), 16U);
  EXPECT_TRUE(mailbox.push(unlock(18)));
}

TEST(PanelMailbox, OfTheOthersTheNewestCounts) {
  PanelMailbox mailbox;
  const auto signal = [](std::uint8_t reader, strongroom_panel_v1_Signal what) {
    return PanelIndicate{.reader = reader, .signal = what, .duration = {}};
  };
  mailbox.push(PanelHeld{.ring = 1, .seq = 1});
  mailbox.push(PanelHeld{.ring = 1, .seq = 5});
  mailbox.push(signal(2, strongroom_panel_v1_Signal_SIGNAL_WAIT));
  mailbox.push(signal(1, strongroom_panel_v1_Signal_SIGNAL_WAIT));
  mailbox.push(signal(2, strongroom_panel_v1_Signal_SIGNAL_GRANTED));
  mailbox.push(PanelList{.version = 1, .entries = {}});
  mailbox.push(PanelList{.version = 2, .entries = {}});
  const auto mail = mailbox.take();
  EXPECT_EQ(mail.held->seq, 5U);
  ASSERT_EQ(mail.signals.size(), 2U);
  EXPECT_EQ(mail.signals[0].reader, 1);
  EXPECT_EQ(mail.signals[1].signal, strongroom_panel_v1_Signal_SIGNAL_GRANTED);
  EXPECT_EQ(mail.list->version, 2U);
  EXPECT_FALSE(mailbox.push(signal(0, strongroom_panel_v1_Signal_SIGNAL_OFF)));
  EXPECT_FALSE(mailbox.push(signal(9, strongroom_panel_v1_Signal_SIGNAL_OFF)));
}

TEST(PanelMailbox, SilenceStays) {
  int woken = 0;
  PanelMailbox mailbox([&] { ++woken; });
  mailbox.silence(true);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(mailbox.take().is_silent);
  EXPECT_TRUE(mailbox.take().is_silent);
  mailbox.silence(false);
  EXPECT_FALSE(mailbox.take().is_silent);
}

// Who is woken may ask the mailbox at once: it is called without the lock.
TEST(PanelMailbox, TheLineIsWokenAfterEveryPushAndMayLook) {
  int woken = 0;
  PanelMailbox mailbox;
  mailbox.on_wake([&] { woken += mailbox.has_mail() ? 1 : 0; });
  mailbox.push(unlock(1));
  mailbox.push(PanelHeld{.ring = 1, .seq = 1});
  EXPECT_EQ(woken, 2);
}

TEST(PanelMailbox, LoopAndLineMayUseItAtOnce) {
  constexpr std::uint32_t kOrders = 2000;
  PanelMailbox mailbox;
  std::atomic<int> woken = 0;
  mailbox.on_wake([&] { ++woken; });
  std::thread loop([&] {
    for (std::uint32_t i = 1; i <= kOrders; ++i) {
      while (!mailbox.push(unlock(i))) {
        std::this_thread::yield();
      }
      mailbox.push(PanelHeld{.ring = 1, .seq = i});
      mailbox.silence(i % 2 == 0);
    }
  });
  std::uint32_t last = 0;
  std::uint32_t held = 0;
  while (last < kOrders || held < kOrders) {
    const auto mail = mailbox.take();
    for (const PanelOrder& order : mail.orders) {
      ASSERT_EQ(id_of(order), ++last);
    }
    if (mail.held) {
      EXPECT_GT(mail.held->seq, held);
      held = mail.held->seq;
    }
  }
  loop.join();
  EXPECT_GE(woken, static_cast<int>(3 * kOrders));
}

}  // namespace
}  // namespace strongroom
