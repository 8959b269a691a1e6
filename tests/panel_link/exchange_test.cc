// SPDX-License-Identifier: Apache-2.0
// The tagged exchange: who is believed, and that nothing is done twice.
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

constexpr auto kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;

std::string refused(std::uint8_t exception = 3) {
  return hex(rtu(Bytes{kUnit, 0x97, exception}));
}

// A value that the enum does not have.
template <typename Enum>
void force(Enum& value, std::uint32_t number) {
  static_assert(sizeof value == sizeof number);
  std::memcpy(&value, &number, sizeof number);
}

struct Exchanges : testing::Test, PanelBench {
  Bytes frame(std::uint32_t counter, const PanelRequest& request) const {
    return FrameParts{.counter = counter, .body = encoded(request)}.bytes();
  }
  Bytes adu(std::uint32_t counter, const PanelRequest& request) const {
    return exchange_adu(frame(counter, request));
  }
  std::optional<HelloAnswer> hello(std::uint64_t nonce) {
    const auto answer = read_answer(ask(hello_adu(nonce)));
    if (!answer || answer->type != FrameType::kHelloAnswer) {
      return std::nullopt;
    }
    hello_session_ = answer->session;
    hello_counter_ = answer->counter;
    return decoded<HelloAnswer>(answer->body,
                                strongroom_panel_v1_PanelHelloAnswer_msg);
  }
  static Bytes hello_adu(std::uint64_t nonce,
                         unsigned registers = kMaxAnswerRegisters) {
    const strongroom_panel_v1_PanelHello body{.nonce = nonce};
    return exchange_adu(
        FrameParts{.type = FrameType::kHello,
                   .session = 0,
                   .counter = 0,
                   .body = encoded(body, strongroom_panel_v1_PanelHello_msg)}
            .bytes(),
        registers);
  }

  std::uint64_t hello_session_ = 0;
  std::uint32_t hello_counter_ = 0;
};

// --- hello
// --------------------------------------------------------------------

TEST_F(Exchanges, Hello_TellsSessionAndCounter_AndWhatThePanelIs) {
  const auto answer = hello(0x0102030405060708);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->nonce, 0x0102030405060708U);
  EXPECT_EQ(hello_session_, kSession);
  EXPECT_EQ(hello_counter_, 0U);
  EXPECT_EQ(answer->boot, 3);
  EXPECT_EQ(answer->protocol, 1U);
  EXPECT_EQ(answer->ring, 0U);
  EXPECT_EQ(answer->list_capacity, kListCapacity);
  EXPECT_EQ(answer->ring_capacity, kRingCapacity);
  EXPECT_STREQ(answer->board, "example");
  EXPECT_STREQ(answer->firmware, "1.0");
  EXPECT_EQ(answer->serial.size, 4);
  EXPECT_TRUE(answer->tests_only);
  configure();
  const auto again = hello(1);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->config_version, 77U);
  EXPECT_EQ(again->ring, kRing);
  EXPECT_EQ(hello_counter_, 4U);
}

TEST_F(Exchanges, Hello_IsNoMaster_AndChangesNothing) {
  configure();
  for (int i = 0; i < 5000; ++i) {
    wait(1000);
    if (i % 500 == 0) {
      ASSERT_TRUE(hello(5));
    }
  }
  EXPECT_TRUE(view().is_alone);
  EXPECT_EQ(link_->counters().exchanges, 4U);
  EXPECT_EQ(link_->counters().refused, 0U);
}

TEST_F(Exchanges, Hello_UnderAnotherKey_OrWithASession_IsRefused) {
  const strongroom_panel_v1_PanelHello body{.nonce = 1};
  FrameParts parts{.type = FrameType::kHello,
                   .session = 0,
                   .counter = 0,
                   .body = encoded(body, strongroom_panel_v1_PanelHello_msg)};
  parts.key[15] ^= 1;
  EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused());
  parts.key = example_key();
  parts.session = kSession;
  EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused());
  parts.session = 0;
  parts.counter = 1;
  EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused());
  EXPECT_EQ(link_->counters().refused, 3U);
}

// --- counters
// -----------------------------------------------------------------

TEST_F(Exchanges, Repeated_ByteForByte_IsAnsweredAlike_AndExecutedOnce) {
  configure();
  const Bytes asked = adu(5, unlock(9));
  const Bytes answered = ask(asked);
  ASSERT_EQ(answer_in(answered, 5).value().result, kDone);
  EXPECT_EQ(unlocks(), 1U);
  for (int i = 0; i < 20; ++i) {
    ask(rtu(kUnit, 4, 0, 2));
    hello(7);
    EXPECT_EQ(hex(ask(asked)), hex(answered));
  }
  EXPECT_EQ(unlocks(), 1U);
  EXPECT_EQ(link_->counters().repeated, 20U);
  EXPECT_EQ(link_->counters().refused, 0U);
}

TEST_F(Exchanges, Repeated_ForAnotherNumberOfRegisters_IsTheSameAnswer) {
  configure();
  const Bytes body = frame(5, unlock(9));
  const Bytes first = ask(exchange_adu(body, 125));
  const auto answer = answer_in(first, 5);
  ASSERT_TRUE(answer);
  EXPECT_EQ(hex(ask(exchange_adu(body, 20))), refused());
  const Bytes shorter = ask(exchange_adu(body, 60));
  EXPECT_EQ(shorter.size(), 3U + 120 + 2);
  EXPECT_EQ(hex(std::span(shorter).subspan(3, 100)),
            hex(std::span(first).subspan(3, 100)));
  EXPECT_EQ(hex(ask(exchange_adu(body, 125))), hex(first));
  EXPECT_EQ(unlocks(), 1U);
}

TEST_F(Exchanges, Repeated_IsNoMaster) {
  configure();
  const Bytes asked = adu(5, {.ring = kRing});
  for (int i = 0; i < 5000; ++i) {
    wait(1000);
    if (i % 500 == 0) {
      ASSERT_FALSE(ask(asked).empty());
    }
  }
  EXPECT_TRUE(view().is_alone);
}

TEST_F(Exchanges, Counter_MayOnlyGrow) {
  configure();
  ASSERT_TRUE(exchange(unlock(1), 1000));
  for (const std::uint32_t counter : {0U, 1U, 4U, 999U}) {
    EXPECT_EQ(hex(ask(adu(counter, unlock(2)))), refused()) << counter;
  }
  EXPECT_EQ(hex(ask(adu(1000, unlock(2)))), refused()) << "with another body";
  EXPECT_EQ(unlocks(), 1U);
  EXPECT_EQ(link_->counters().refused, 5U);
  EXPECT_TRUE(exchange(unlock(2), 1001));
}

TEST_F(Exchanges, CounterZero_IsNoExchange) {
  EXPECT_EQ(hex(ask(adu(0, {.ring = kRing}))), refused());
}

TEST_F(Exchanges, CountersUsedUp_NeedANewSession) {
  configure();
  const Bytes last = adu(UINT32_MAX, unlock(1));
  EXPECT_FALSE(link_->wants_session());
  const Bytes answered = ask(last);
  EXPECT_EQ(unlocks(), 1U);
  EXPECT_TRUE(link_->wants_session());
  EXPECT_EQ(hex(ask(last)), hex(answered))
      << "until then it may be asked again";
  EXPECT_EQ(hex(ask(adu(1, unlock(2)))), refused());
  link_->begin_session(kSession + 1);
  EXPECT_FALSE(link_->wants_session());
  EXPECT_EQ(hex(ask(last)), refused());
  ASSERT_TRUE(hello(1));
  EXPECT_EQ(hello_session_, kSession + 1);
  EXPECT_EQ(hello_counter_, 0U);
  EXPECT_EQ(unlocks(), 1U);
}

// --- sessions
// -----------------------------------------------------------------

TEST_F(Exchanges, OfAnOldSession_AreRefused_AfterAReset) {
  configure();
  const Bytes early = adu(100, unlock(1));
  const Bytes taken = adu(5, unlock(2));
  ASSERT_TRUE(answer_in(ask(taken), 5));
  start(kSession + 1);
  EXPECT_EQ(hex(ask(taken)), refused());
  EXPECT_EQ(hex(ask(early)), refused());
  EXPECT_EQ(unlocks(), 0U);
}

TEST_F(Exchanges, WithoutASession_NothingIsExchanged) {
  start(0);
  FrameParts parts{.session = 0, .counter = 1, .body = encoded(unlock(1))};
  EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused(4));
  EXPECT_EQ(hex(ask(hello_adu(1))), refused(4));
  EXPECT_NE(hex(ask(rtu(kUnit, 4, 0, 2))), "") << "plain registers stay";
}

TEST_F(Exchanges, ForAnotherUnit_OrOurOwnAnswer_AreRefused) {
  configure();
  FrameParts parts{.counter = 5, .body = encoded(unlock(1)), .unit = 8};
  EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused());
  const Bytes answered = ask(adu(5, {.ring = kRing}));
  const Bytes own(answered.begin() + 3, answered.end() - 2);
  EXPECT_EQ(hex(ask(exchange_adu(Bytes(own.begin(), own.begin() + 242)))),
            refused());
  EXPECT_EQ(unlocks(), 0U);
}

// --- frames
// -------------------------------------------------------------------

// The read count alone is under no tag: whoever turns it gets the same answer,
// or none.
TEST_F(Exchanges, WithAnyBitTurned_AreNotExecuted) {
  configure();
  std::uint32_t counter = 5;
  for (const bool is_padded : {false, true}) {
    PanelRequest request = unlock(counter);
    Bytes whole = frame(counter, request);
    if ((whole.size() % 2 != 0) != is_padded) {
      request.order.unlock.pulse_ms = 1000;  // three bytes more
      whole = frame(counter, request);
    }
    ASSERT_EQ(whole.size() % 2 != 0, is_padded);
    if (is_padded) {
      whole.push_back(0);  // under no tag, and yet not to be turned
    }
    const std::uint32_t before = link_->counters().refused;
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      Bytes turned = whole;
      turned[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      EXPECT_EQ(hex(ask(exchange_adu(turned))), refused()) << "bit " << bit;
    }
    EXPECT_EQ(unlocks(), counter - 5);
    EXPECT_EQ(link_->counters().refused, before + 8 * whole.size());
    ASSERT_TRUE(answer_in(ask(exchange_adu(whole)), counter));
    ++counter;
    EXPECT_EQ(unlocks(), counter - 5);
  }
}

TEST_F(Exchanges, WithAnyBitOfTheWholeTurned_OnTheLine_AreNotAnswered) {
  configure();
  const Bytes whole = adu(5, unlock(1));
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    Bytes turned = whole;
    turned[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_EQ(hex(ask(turned)), "") << "bit " << bit;
  }
  EXPECT_EQ(unlocks(), 0U);
}

TEST_F(Exchanges, FramesThatAreNone_AreRefused) {
  configure();
  const Bytes good = frame(5, unlock(1));
  for (std::size_t size = 2; size < good.size(); size += 2) {
    EXPECT_EQ(
        hex(ask(exchange_adu(Bytes(
            good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))))),
        refused())
        << size;
  }
  EXPECT_EQ(hex(ask(exchange_adu(good + Bytes(2)))), refused());
  for (const unsigned type : {0U, 3U, 0x81U, 0x82U, 0xFFU}) {
    FrameParts parts{.type = static_cast<FrameType>(type),
                     .counter = 5,
                     .body = encoded(unlock(1))};
    EXPECT_EQ(hex(ask(exchange_adu(parts.bytes()))), refused()) << type;
  }
  EXPECT_EQ(unlocks(), 0U);
}

TEST_F(Exchanges, Refusals_AreCounted_AndABurstIsAnEvent) {
  configure();
  Bytes forged = adu(5, unlock(1));
  forged = exchange_adu(Bytes(24, 1));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(hex(ask(forged)), refused());
  }
  for (int i = 0; i < 100; ++i) {
    wait(1000);
  }
  EXPECT_EQ(link_->counters().refused, 10U);
  const auto answer = exchange(
      {.ring = kRing, .ack_seq = 0, .wants_events = true, .wants_status = true},
      6);
  ASSERT_TRUE(answer);
  bool is_told = false;
  for (pb_size_t i = 0; i < answer->events_count; ++i) {
    is_told |=
        answer->events[i].kind ==
        strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FRAMES_REFUSED;
  }
  EXPECT_TRUE(is_told);
  EXPECT_EQ(answer->status.frames_refused, 10U);
}

// --- room
// ---------------------------------------------------------------------

TEST_F(Exchanges, TooFewRegisters_AreRefused_BeforeAnythingIsDone) {
  configure();
  const Bytes body = frame(5, unlock(1));
  for (unsigned registers = 1; registers < kMinExchangeRegisters; ++registers) {
    EXPECT_EQ(hex(ask(exchange_adu(body, registers))), refused());
  }
  EXPECT_EQ(unlocks(), 0U);
  EXPECT_EQ(link_->counters().refused, 0U);
  EXPECT_TRUE(
      answer_in(ask(exchange_adu(body, kMinExchangeRegisters)), 5).has_value());
  EXPECT_EQ(unlocks(), 1U);
  EXPECT_EQ(hex(ask(hello_adu(1, kMinHelloRegisters - 1))), refused());
  EXPECT_EQ(ask(hello_adu(1, kMinHelloRegisters)).size(),
            5U + 2 * kMinHelloRegisters);
}

TEST_F(Exchanges, Events_AreAsManyAsFit_AndTheOthersFollow) {
  configure();
  for (int i = 0; i < 40; ++i) {  // badges: 26 bits
    for (int bit = 0; bit < 26; ++bit) {
      const bool is_one = bit == 25 || (i >> bit % 6 & 1) != 0;
      panel_->reader_pulse(
          1, is_one, now_us_ + static_cast<unsigned>(bit) * 2000);
    }
    now_us_ += 60'000;
    wait(50'000);
    wait(1'100'000);
  }
  const std::uint32_t newest = view().newest_seq;
  ASSERT_GT(newest, 30U);
  std::uint32_t counter = 5;
  unsigned most = 0;
  for (unsigned registers = kMinExchangeRegisters;
       registers <= kMaxAnswerRegisters;
       ++registers) {
    const auto answer = exchange({.ring = kRing,
                                  .ack_seq = 0,
                                  .wants_events = true,
                                  .wants_status = registers % 2 == 0},
                                 counter++,
                                 registers);
    ASSERT_TRUE(answer) << registers;
    EXPECT_EQ(answer->has_status,
              registers % 2 == 0 && registers >= kMinExchangeRegisters + 18)
        << registers;
    EXPECT_TRUE(answer->has_more);
    for (pb_size_t i = 0; i < answer->events_count; ++i) {
      EXPECT_EQ(answer->events[i].seq, 1U + i);
    }
    most = answer->events_count;
  }
  EXPECT_GE(most, 6U);
  std::uint32_t held = 0;
  while (held < newest) {
    const auto answer = exchange(
        {.ring = kRing, .ack_seq = held, .wants_events = true}, counter++);
    ASSERT_TRUE(answer);
    ASSERT_GT(answer->events_count, 0);
    for (pb_size_t i = 0; i < answer->events_count; ++i) {
      EXPECT_EQ(answer->events[i].seq, ++held);
    }
    EXPECT_EQ(answer->has_more, held < answer->newest_seq);
  }
}

// --- what is wrong under a right tag
// ------------------------------------------

TEST_F(Exchanges, OrdersOutOfRange_AreInvalid_AndNothingOfThemIsDone) {
  configure();
  std::vector<PanelRequest> wrong;
  const auto add = [&](pb_size_t which, auto change) {
    PanelRequest request{.ring = kRing, .order_id = 40};
    request.which_order = which;
    change(request);
    wrong.push_back(request);
  };
  using R = PanelRequest;
  constexpr auto kUnlockTag = strongroom_panel_v1_PanelRequest_unlock_tag;
  constexpr auto kIndicateTag = strongroom_panel_v1_PanelRequest_indicate_tag;
  constexpr auto kConfigTag = strongroom_panel_v1_PanelRequest_config_tag;
  constexpr auto kListTag = strongroom_panel_v1_PanelRequest_list_tag;
  add(kUnlockTag, [this](R& r) { r = unlock(0); });
  add(0, [](R&) {});  // an id without an order
  add(strongroom_panel_v1_PanelRequest_lockdown_tag, [](R& r) {
    r.order_id = 0;
    r.order.lockdown.leaves = 1;
  });
  add(kIndicateTag, [](R& r) { r.order.indicate.reader = 1; });
  add(kIndicateTag, [](R& r) {
    r.order.indicate.reader = 1;
    force(r.order.indicate.signal, 8);
  });
  const auto add_config = [&](auto change) {
    add(kConfigTag, [&](R& r) {
      auto& part = r.order.config;
      part = {.version = 5, .index = 0, .count = 3};
      change(part);
    });
  };
  using Part = strongroom_panel_v1_ConfigPart;
  const auto settings = [](unsigned leaves, unsigned readers) {
    return [=](Part& part) {
      part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
      part.part.settings = {.leaf_count = static_cast<std::uint8_t>(leaves),
                            .reader_count = static_cast<std::uint8_t>(readers),
                            .offline_after_ms = 3000};
    };
  };
  add_config([](Part&) {});  // a part without content
  add_config(settings(0, 1));
  add_config(settings(9, 1));
  add_config(settings(1, 9));
  add_config([&](Part& part) {
    settings(1, 1)(part);
    part.version = 0;
  });
  add_config([&](Part& part) {
    settings(1, 1)(part);
    part.count = 18;
  });
  const auto leaf = [&](auto change) {
    add_config([&](Part& part) {
      part.index = 1;
      part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
      auto& of = part.part.leaf;
      of = {.leaf = 1,
            .lock = strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE,
            .exit = strongroom_panel_v1_ExitKind_EXIT_KIND_NONE,
            .offline = strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY,
            .pulse_ms = 5000,
            .debounce_ms = 30};
      change(of);
    });
  };
  using Leaf = strongroom_panel_v1_LeafSettings;
  leaf([](Leaf& of) { of.leaf = 0; });
  leaf([](Leaf& of) { of.leaf = 9; });
  leaf([](Leaf& of) { of.lock = {}; });
  leaf([](Leaf& of) { force(of.lock, 4); });
  leaf([](Leaf& of) { of.exit = {}; });
  leaf([](Leaf& of) { of.offline = {}; });
  leaf([](Leaf& of) { of.has_inputs = 16; });
  leaf([](Leaf& of) { of.inverted_inputs = 16; });
  leaf([](Leaf& of) { of.debounce_ms = 19; });
  leaf([](Leaf& of) { of.debounce_ms = 401; });
  const auto reader = [&](auto change) {
    add_config([&](Part& part) {
      part.index = 2;
      part.which_part = strongroom_panel_v1_ConfigPart_reader_tag;
      auto& of = part.part.reader;
      of = {.reader = 1,
            .kind = strongroom_panel_v1_ReaderKind_READER_KIND_H10301,
            .keypad = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE,
            .leaves = 1};
      change(of);
    });
  };
  using Reading = strongroom_panel_v1_ReaderSettings;
  reader([](Reading& of) { of.reader = 0; });
  reader([](Reading& of) { of.reader = 9; });
  reader([](Reading& of) { of.kind = {}; });
  reader([](Reading& of) { of.keypad = {}; });
  reader([](Reading& of) { of.leaves = 0; });
  const auto list = [&](auto change) {
    add(kListTag, [&](R& r) {
      auto& part = r.order.list;
      part = {.version = 1, .count = 1};
      part.entries.size = 12;
      change(part);
    });
  };
  using List = strongroom_panel_v1_ListPart;
  list([](List& part) { part.version = 0; });
  list([](List& part) { part.count = 0; });
  list([](List& part) { part.index = 1; });
  list([](List& part) { part.entries.size = 11; });

  const auto before = view();
  std::uint32_t counter = 5;
  for (const PanelRequest& request : wrong) {
    if (request.which_order == kConfigTag) {  // the parts before it are right
      for (std::uint8_t i = 0; i < request.order.config.index && i < 2; ++i) {
        PanelRequest right = configuration(i);
        right.order.config.version = 5;
        ASSERT_EQ(exchange(right, counter++).value().result, kDone);
      }
    }
    const auto answer = exchange(request, counter);
    ASSERT_TRUE(answer) << counter;
    EXPECT_EQ(answer->result,
              strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID)
        << counter;
    EXPECT_EQ(answer->order_id, request.order_id) << counter;
    ++counter;
  }
  EXPECT_EQ(view().config_version, before.config_version);
  EXPECT_EQ(view().list_version, before.list_version);
  EXPECT_EQ(view().unlocks, 0U);
  EXPECT_EQ(view().status.leaves.bytes[0] & 0x80, 0) << "not locked down";
}

// Whatever is in a body, its counter is used up: sent again, it gets its
// answer.
TEST_F(Exchanges, BodiesThatCannotBeRead_AreInvalid_AndNothingIsBelieved) {
  configure();
  const std::uint32_t newest = view().newest_seq;
  PanelRequest request = unlock(50);
  request.ack_seq = newest;
  Bytes body = encoded(request);
  body.back() |= 0x80;  // a number that does not end
  const Bytes asked =
      exchange_adu(FrameParts{.counter = 5, .body = body}.bytes());
  const Bytes answered = ask(asked);
  const auto answer = answer_in(answered, 5);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result,
            strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID);
  EXPECT_EQ(answer->order_id, 50U);
  EXPECT_EQ(view().acked_seq, 0U) << "its acknowledgement neither";
  EXPECT_EQ(unlocks(), 0U);
  EXPECT_EQ(hex(ask(asked)), hex(answered));
}

TEST_F(Exchanges, AnOrderOutOfRange_DoesNotHoldUpTheRest) {
  configure();
  const std::uint32_t newest = view().newest_seq;
  PanelRequest request = unlock(0);
  request.ack_seq = newest;
  ASSERT_TRUE(exchange(request, 5));
  EXPECT_EQ(view().acked_seq, newest);
}

}  // namespace
}  // namespace strongroom::panel
