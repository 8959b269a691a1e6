// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/modbus_crc.h"

#include <array>
#include <gtest/gtest.h>

namespace strongroom::panel {
namespace {

TEST(ModbusCrc, PublishedExamples) {
  // Of the catalogue of CRC algorithms: "123456789".
  constexpr std::array<std::uint8_t, 9> kDigits{
      '1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(modbus_crc(kDigits), 0x4B37);
  // Of the serial line guide, appendix B: 02 07.
  constexpr std::array<std::uint8_t, 2> kGuide{0x02, 0x07};
  EXPECT_EQ(modbus_crc(kGuide), 0x1241);
  EXPECT_EQ(modbus_crc({}), 0xFFFF);
}

TEST(ModbusCrc, OverAWholeFrame_IsZero) {
  constexpr std::array<std::uint8_t, 4> kFrame{0x02, 0x07, 0x41, 0x12};
  EXPECT_EQ(modbus_crc(kFrame), 0);
}

}  // namespace
}  // namespace strongroom::panel
