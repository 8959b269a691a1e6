// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/config_check.h"

#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

#include "firmware/logic/words_fixture.h"

namespace strongroom::panel {
namespace {

using words::leaf_settings;
using words::reader_settings;
using Part = strongroom_panel_v1_ConfigPart;
using Result = strongroom_panel_v1_OrderResult;

constexpr Result kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
constexpr Result kOutOfOrder =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER;

constexpr std::uint32_t kVersion = 0xabcd1234;

std::vector<Part> good_parts(std::uint8_t leaves = 2,
                             std::uint8_t readers = 2) {
  std::vector<Part> parts;
  Part part{};
  part.version = kVersion;
  part.count = static_cast<std::uint8_t>(1 + leaves + readers);
  part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  part.part.settings = {.leaf_count = leaves,
                        .reader_count = readers,
                        .offline_after_ms = 3000,
                        .supply_low_mv = 11'000};
  parts.push_back(part);
  for (std::uint8_t i = 1; i <= leaves; ++i) {
    part.index = i;
    part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
    part.part.leaf = leaf_settings(i);
    parts.push_back(part);
  }
  for (std::uint8_t i = 1; i <= readers; ++i) {
    part.index = static_cast<std::uint8_t>(leaves + i);
    part.which_part = strongroom_panel_v1_ConfigPart_reader_tag;
    part.part.reader = reader_settings(i, 1);
    parts.push_back(part);
  }
  return parts;
}

struct Intake {
  ConfigIntake intake;
  std::unique_ptr<ConfigMemory> next = std::make_unique<ConfigMemory>();

  Result give(const Part& part) { return intake.take(part, *next); }
  Result give(const std::vector<Part>& parts) {
    Result last = kInvalid;
    for (const Part& part : parts) {
      last = give(part);
      if (last != kDone) {
        break;
      }
    }
    return last;
  }
};

TEST(ConfigIntake, PutsEverySizeTogether) {
  for (std::uint8_t leaves = 1; leaves <= kMaxLeaves; ++leaves) {
    for (std::uint8_t readers = 0; readers <= kMaxReaders; ++readers) {
      Intake at;
      const auto parts = good_parts(leaves, readers);
      for (const Part& part : parts) {
        EXPECT_FALSE(at.intake.is_complete());
        EXPECT_EQ(at.give(part), kDone);
      }
      EXPECT_TRUE(at.intake.is_complete());
      EXPECT_TRUE(is_valid(*at.next));
      EXPECT_EQ(at.next->version, kVersion);
      EXPECT_TRUE(is_same(at.next->leaves[leaves - 1U], leaf_settings(leaves)));
    }
  }
}

TEST(ConfigIntake, TakesPartsInOrderOnly) {
  const auto parts = good_parts();
  for (std::size_t held = 0; held < parts.size(); ++held) {
    for (std::size_t given = 1; given < parts.size(); ++given) {
      if (given == held) {
        continue;
      }
      Intake at;
      for (std::size_t i = 0; i < held; ++i) {
        ASSERT_EQ(at.give(parts[i]), kDone);
      }
      EXPECT_EQ(at.give(parts[given]), kOutOfOrder);
      EXPECT_FALSE(at.intake.is_complete());
      if (held < parts.size() && held > 0) {
        EXPECT_EQ(at.give(parts[held]), kOutOfOrder) << "begins anew";
      }
      EXPECT_EQ(at.give(parts), kDone);
      EXPECT_TRUE(at.intake.is_complete());
    }
  }
}

TEST(ConfigIntake, MixesNoTwoVersions) {
  Intake at;
  const auto parts = good_parts();
  at.give(parts[0]);
  Part other = parts[1];
  other.version = kVersion + 1;
  EXPECT_EQ(at.give(other), kOutOfOrder);
  at.give(parts[0]);
  other = parts[1];
  other.count = static_cast<std::uint8_t>(other.count + 1);
  EXPECT_EQ(at.give(other), kOutOfOrder);
}

struct Spoilt {
  const char* what;
  std::size_t part;
  std::function<void(Part&)> spoil;
};

TEST(ConfigIntake, RefusesEveryFieldThatIsNotValid) {
  const auto leaf = [](auto set) {
    return [set](Part& part) { set(part.part.leaf); };
  };
  using LeafRef = strongroom_panel_v1_LeafSettings&;
  const Spoilt all[] = {
      {"version", 0, [](Part& p) { p.version = 0; }},
      {"no part", 0, [](Part& p) { p.which_part = 0; }},
      {"other part",
       0,
       [](Part& p) { p.which_part = strongroom_panel_v1_ConfigPart_leaf_tag; }},
      {"count", 0, [](Part& p) { p.count = 4; }},
      {"count 0", 0, [](Part& p) { p.count = 0; }},
      {"leaves 0",
       0,
       [](Part& p) {
         p.part.settings.leaf_count = 0;
         p.count = 3;
       }},
      {"leaves 9",
       0,
       [](Part& p) {
         p.part.settings.leaf_count = 9;
         p.count = 12;
       }},
      {"leaves 255",
       0,
       [](Part& p) {
         p.part.settings.leaf_count = 255;
         p.count = 2;  // 1 + 255 + 2, modulo 256
       }},
      {"readers 9",
       0,
       [](Part& p) {
         p.part.settings.reader_count = 9;
         p.count = 12;
       }},
      {"offline 0", 0, [](Part& p) { p.part.settings.offline_after_ms = 0; }},
      {"offline", 0, [](Part& p) { p.part.settings.offline_after_ms = 499; }},
      {"offline",
       0,
       [](Part& p) { p.part.settings.offline_after_ms = 3'600'001; }},
      {"supply", 0, [](Part& p) { p.part.settings.supply_low_mv = 60'001; }},
      {"leaf", 1, leaf([](LeafRef l) { l.leaf = 2; })},
      {"leaf", 1, leaf([](LeafRef l) { l.leaf = 0; })},
      {"lock", 1, leaf([](LeafRef l) {
         l.lock = strongroom_panel_v1_LockKind_LOCK_KIND_UNSPECIFIED;
       })},
      {"exit", 1, leaf([](LeafRef l) {
         l.exit = strongroom_panel_v1_ExitKind_EXIT_KIND_UNSPECIFIED;
       })},
      {"offline", 1, leaf([](LeafRef l) {
         l.offline =
             strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_UNSPECIFIED;
       })},
      {"offline", 1, leaf([](LeafRef l) {
         l.offline = static_cast<strongroom_panel_v1_OfflinePolicy>(3);
       })},
      {"inputs", 1, leaf([](LeafRef l) { l.has_inputs = 16; })},
      {"inverted", 1, leaf([](LeafRef l) { l.inverted_inputs = 128; })},
      {"pulse", 1, leaf([](LeafRef l) { l.pulse_ms = 0; })},
      {"pulse", 1, leaf([](LeafRef l) { l.pulse_ms = 60'001; })},
      {"held", 1, leaf([](LeafRef l) { l.held_after_ms = 999; })},
      {"held", 1, leaf([](LeafRef l) { l.held_after_ms = 86'400'001; })},
      {"not opened", 1, leaf([](LeafRef l) { l.not_opened_after_ms = 1; })},
      {"debounce", 1, leaf([](LeafRef l) { l.debounce_ms = 19; })},
      {"debounce", 1, leaf([](LeafRef l) { l.debounce_ms = 401; })},
      {"reader", 3, [](Part& p) { p.part.reader.reader = 2; }},
      {"kind",
       3,
       [](Part& p) {
         p.part.reader.kind =
             strongroom_panel_v1_ReaderKind_READER_KIND_UNSPECIFIED;
       }},
      {"kind",
       3,
       [](Part& p) {
         p.part.reader.kind = static_cast<strongroom_panel_v1_ReaderKind>(7);
       }},
      {"keypad",
       3,
       [](Part& p) {
         p.part.reader.keypad =
             strongroom_panel_v1_KeypadKind_KEYPAD_KIND_UNSPECIFIED;
       }},
      {"leaves of a reader", 3, [](Part& p) { p.part.reader.leaves = 0; }},
      {"leaves of a reader", 3, [](Part& p) { p.part.reader.leaves = 4; }},
      {"leaves of a reader", 3, [](Part& p) { p.part.reader.leaves = 0x81; }},
  };
  for (const Spoilt& spoilt : all) {
    SCOPED_TRACE(spoilt.what);
    auto parts = good_parts();
    spoilt.spoil(parts[spoilt.part]);
    Intake at;
    for (std::size_t i = 0; i < spoilt.part; ++i) {
      ASSERT_EQ(at.give(parts[i]), kDone);
    }
    EXPECT_EQ(at.give(parts[spoilt.part]), kInvalid);
    EXPECT_EQ(at.give(good_parts()), kDone);
  }
}

// Whatever comes, what is complete is valid, and nothing outside is written
// (the preset asan watches).
TEST(ConfigIntake, StandsAnyBytes) {
  std::mt19937 random(11);
  Intake at;
  int completed = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto parts = good_parts(static_cast<std::uint8_t>(1 + random() % 8),
                                  static_cast<std::uint8_t>(random() % 9));
    Part part = at.intake.is_complete() || random() % 16 == 0
                    ? parts[0]
                    : parts[random() % parts.size()];
    if (random() % 8 == 0) {
      part.index = static_cast<std::uint8_t>(random());
      part.count = static_cast<std::uint8_t>(random());
      part.part.settings.leaf_count = static_cast<std::uint8_t>(random());
    }
    at.give(part);
    if (at.intake.is_complete()) {
      ++completed;
      EXPECT_TRUE(is_valid(*at.next));
    }
  }
  EXPECT_GT(completed, 0);
}

// As nanopb leaves it: any number in any field, enums too.
TEST(ConfigIntake, StandsAnyNumbers) {
  std::mt19937 random(12);
  Intake at;
  for (int i = 0; i < 100'000; ++i) {
    const auto parts = good_parts(1, 1);
    for (const Part& good : parts) {
      Part part = good;
      if (random() % 2 == 0) {
        auto* bytes = reinterpret_cast<unsigned char*>(&part.part);
        bytes[random() % sizeof part.part] =
            static_cast<unsigned char>(random());
      }
      at.give(part);
      if (at.intake.is_complete()) {
        EXPECT_TRUE(is_valid(*at.next));
      }
    }
  }
}

}  // namespace
}  // namespace strongroom::panel
