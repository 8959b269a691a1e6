// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <set>

#include "core/access/decide.h"

namespace strongroom {
namespace {

// The blocks of proto/event.proto: 1-4 granted, 16-43 not.
bool is_defined(int reason) {
  return (reason >= 1 && reason <= 4) || (reason >= 16 && reason <= 43);
}

TEST(Reason, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 1; i <= _strongroom_v1_AccessReason_MAX; ++i) {
    if (is_defined(i)) {
      const auto name = access_reason_name(static_cast<AccessReason>(i));
      EXPECT_NE(name, "unspecified") << i;
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
  EXPECT_EQ(names.size(), 32U);
}

TEST(Reason, EachIsAnAccessEventOfBacnet) {
  for (int i = 1; i <= _strongroom_v1_AccessReason_MAX; ++i) {
    if (!is_defined(i)) {
      continue;
    }
    const auto event = bacnet_event(static_cast<AccessReason>(i));
    const bool is_denial = event.name.starts_with("denied-");
    EXPECT_EQ(is_denial, event.number >= 128) << event.name;
    EXPECT_EQ(event.name == "granted", i <= 4) << i;
    EXPECT_GT(event.number, 0) << i;
  }
}

TEST(Reason, AsTheStandardNumbersThem) {
  const auto number = [](AccessReason reason) {
    return bacnet_event(reason).number;
  };
  EXPECT_EQ(number(strongroom_v1_AccessReason_ACCESS_REASON_UNKNOWN_CREDENTIAL),
            129);
  EXPECT_EQ(number(strongroom_v1_AccessReason_ACCESS_REASON_OUT_OF_SCHEDULE),
            136);
  EXPECT_EQ(number(strongroom_v1_AccessReason_ACCESS_REASON_PASSBACK), 138);
  EXPECT_EQ(number(strongroom_v1_AccessReason_ACCESS_REASON_PIN_WANTED), 15);
  EXPECT_EQ(number(strongroom_v1_AccessReason_ACCESS_REASON_DURESS), 4);
}

}  // namespace
}  // namespace strongroom
