// SPDX-License-Identifier: Apache-2.0
// Sequences of register writes against RM0090. Not run on hardware.
#include "boards/panels/netduinoplus2/devices.h"

#include <gtest/gtest.h>
#include <vector>

#include "boards/panels/netduinoplus2/clock.h"
#include "boards/panels/netduinoplus2/fake_registers.h"
#include "boards/panels/netduinoplus2/flash.h"
#include "boards/panels/netduinoplus2/usart.h"

namespace strongroom::panel::stm32 {
namespace {

using Writes = std::vector<std::uint32_t>;

TEST(Clock, CrystalThenPllThenWaitStatesThenSwitch) {
  RccBlock<FakeWord> rcc;
  FlashBlock<FakeWord> flash;
  std::vector<std::string> order;
  rcc.cr.value = 0x83;  // 7.3.1, the reset value
  rcc.cr.on_write = [&](std::uint32_t written) {
    if ((written & 1u << 16) != 0) {
      rcc.cr.value |= 1u << 17;
    }
    if ((written & 1u << 24) != 0) {
      EXPECT_EQ(25u, rcc.pllcfgr.value & 0x3f);
      EXPECT_EQ(336u, rcc.pllcfgr.value >> 6 & 0x1ff);
      EXPECT_EQ(0u, rcc.pllcfgr.value >> 16 & 3) << "P is 2";
      EXPECT_TRUE(rcc.pllcfgr.value & 1u << 22) << "from the crystal";
      rcc.cr.value |= 1u << 25;
      order.emplace_back("pll");
    }
  };
  flash.acr.on_write = [&](std::uint32_t written) {
    EXPECT_EQ(5u, written & 7);
    order.emplace_back("wait states");
  };
  rcc.cfgr.on_write = [&](std::uint32_t written) {
    if ((written & 3) == 2) {
      EXPECT_EQ(5u, written >> 10 & 7) << "APB1 is a quarter";
      EXPECT_EQ(4u, written >> 13 & 7) << "APB2 is half";
      rcc.cfgr.value |= 2u << 2;
      order.emplace_back("switch");
    }
  };
  EXPECT_EQ(Clock::kFull, start_clock(rcc, flash));
  EXPECT_EQ((std::vector<std::string>{"pll", "wait states", "switch"}), order);
}

TEST(Clock, WithoutCrystalItStaysSlow) {
  RccBlock<FakeWord> rcc;
  FlashBlock<FakeWord> flash;
  rcc.cr.value = 0x83;
  EXPECT_EQ(Clock::kFailed, start_clock(rcc, flash));
  EXPECT_TRUE(rcc.cfgr.writes.empty());
}

TEST(Clock, NoClockControlIsAnEmulator) {
  RccBlock<FakeWord> rcc;
  FlashBlock<FakeWord> flash;
  EXPECT_EQ(Clock::kEmulated, start_clock(rcc, flash));
  EXPECT_TRUE(rcc.cr.writes.empty());
}

TEST(ResetCause, PowerBeatsThePinThatComesWithIt) {
  RccBlock<FakeWord> rcc;
  const auto cause = [&rcc](std::uint32_t flags) {
    rcc.csr.value = flags;
    const ResetCause found = take_reset_cause(rcc);
    EXPECT_TRUE(rcc.csr.value & 1u << 24) << "cleared";
    return found;
  };
  EXPECT_EQ(ResetCause::kPower, cause(1u << 27 | 1u << 26 | 1u << 25));
  EXPECT_EQ(ResetCause::kWatchdog, cause(1u << 29 | 1u << 26));
  EXPECT_EQ(ResetCause::kOther, cause(1u << 28 | 1u << 26));
  EXPECT_EQ(ResetCause::kUnknown, cause(0));
}

TEST(Pins, AlternateFunctionStandsBeforeTheMode) {
  GpioBlock<FakeWord> port;
  bool is_chosen = false;
  port.moder.on_write = [&](std::uint32_t) {
    is_chosen = (port.afrl.value >> 24 & 0xf) == 8;
  };
  configure(port, 6, PinMode::kAlternate, 8);
  EXPECT_TRUE(is_chosen);
  EXPECT_EQ(2u, port.moder.value >> 12 & 3);
  EXPECT_EQ(1u, port.pupdr.value >> 12 & 3);
}

TEST(Pins, OthersOfThePortAreLeftAlone) {
  GpioBlock<FakeWord> port;
  port.moder.value = 0xA8000000;  // 8.4.1, port A: the debugger's pins
  port.pupdr.value = 0x64000000;
  configure(port, 9, PinMode::kOutput);
  EXPECT_EQ(0xA8000000 | 1u << 18, port.moder.value);
  EXPECT_EQ(0x64000000u, port.pupdr.value);
}

TEST(Pins, DriveIsOneWrite) {
  GpioBlock<FakeWord> port;
  drive(port, 12, true);
  drive(port, 12, false);
  EXPECT_EQ((Writes{1u << 12, 1u << 28}), port.bsrr.writes);
  EXPECT_TRUE(port.odr.writes.empty());
}

TEST(Watchdog, StartsAndIsFed) {
  IwdgBlock<FakeWord> watchdog;
  start_watchdog(watchdog);
  EXPECT_EQ((Writes{0xCCCC, 0x5555, 0xAAAA}), watchdog.kr.writes);
  EXPECT_EQ((Writes{3}), watchdog.pr.writes);
  EXPECT_EQ((Writes{2000}), watchdog.rlr.writes);
  feed(watchdog);
  EXPECT_EQ(0xAAAAu, watchdog.kr.writes.back());
}

TEST(Random, GivesNoNumberThatATestRefused) {
  RngBlock<FakeWord> rng;
  std::uint32_t next = 100;
  rng.sr.value = 1;
  rng.dr.on_read = [&](std::uint32_t) { return next++; };
  EXPECT_EQ(101ull << 32 | 102, Random(rng).number64())
      << "the first one is not used";
  EXPECT_TRUE(rng.cr.value & 4);

  rng.dr.on_read = [](std::uint32_t) { return 5u; };
  EXPECT_FALSE(Random(rng).number64()) << "it stands still";
  rng.dr.on_read = [&](std::uint32_t) { return next++; };
  rng.sr.value = 1 | 1u << 2;
  EXPECT_FALSE(Random(rng).number64()) << "seed error";
  rng.sr.value = 0;
  EXPECT_FALSE(Random(rng).number64()) << "never ready";
}

class UsartTest : public testing::Test {
 protected:
  void interrupt(std::uint32_t status, std::uint32_t data = 0) {
    usart_.sr.value = status;
    usart_.dr.value = data;
    port_.interrupt([this](const Arrived& a) { arrived_.push_back(a); },
                    [this] { ++ended_; });
  }
  UsartBlock<FakeWord> usart_;
  Usart<FakeWord, 8> port_{usart_};
  std::vector<Arrived> arrived_;
  int ended_ = 0;
};

TEST_F(UsartTest, Divider) {
  // 30.3.4: table of baud rates at 84 MHz with 16 samples a bit.
  port_.open(84'000'000, 9600, 'N');
  EXPECT_EQ(8750u, usart_.brr.value);  // 546.875 * 16
  port_.open(84'000'000, 115200, 'N');
  EXPECT_EQ(729u, usart_.brr.value);  // 45.5625 * 16, 0.02 % off
}

TEST_F(UsartTest, ParityMakesNineBits) {
  constexpr std::uint32_t kNine = 1u << 12;
  constexpr std::uint32_t kParity = 1u << 10;
  constexpr std::uint32_t kOdd = 1u << 9;
  port_.open(84'000'000, 9600, 'N');
  EXPECT_EQ(0u, usart_.cr1.value & (kNine | kParity | kOdd));
  port_.open(84'000'000, 9600, 'E');
  EXPECT_EQ(kNine | kParity, usart_.cr1.value & (kNine | kParity | kOdd));
  port_.open(84'000'000, 9600, 'O');
  EXPECT_EQ(kNine | kParity | kOdd,
            usart_.cr1.value & (kNine | kParity | kOdd));
}

TEST_F(UsartTest, EndsWhenTheLastStopBitIsOut) {
  port_.open(84'000'000, 9600, 'E');
  const std::vector<std::uint8_t> frame{1, 2};
  EXPECT_TRUE(port_.send(frame));
  EXPECT_FALSE(port_.send(frame)) << "one at a time";
  EXPECT_TRUE(usart_.cr1.value & 1u << 7);
  usart_.dr.writes.clear();
  interrupt(1u << 7);
  interrupt(1u << 7);
  EXPECT_EQ((Writes{1, 2}), usart_.dr.writes);
  EXPECT_FALSE(usart_.cr1.value & 1u << 7);
  EXPECT_TRUE(usart_.cr1.value & 1u << 6);
  interrupt(1u << 7);  // the last byte is still in the shifter
  EXPECT_EQ(0, ended_);
  EXPECT_TRUE(port_.is_sending());
  interrupt(1u << 7 | 1u << 6);
  EXPECT_EQ(1, ended_);
  EXPECT_FALSE(port_.is_sending());
  EXPECT_FALSE(usart_.cr1.value & 1u << 6);
}

TEST_F(UsartTest, ErrorsMarkTheByte) {
  interrupt(1u << 5, 'a');
  interrupt(1u << 5 | 1, 'b');        // parity
  interrupt(1u << 5 | 1u << 1, 'c');  // framing
  interrupt(1u << 3, 'd');            // overrun
  ASSERT_EQ(4u, arrived_.size());
  EXPECT_FALSE(arrived_[0].is_broken);
  EXPECT_TRUE(arrived_[1].is_broken);
  EXPECT_TRUE(arrived_[2].is_broken);
  EXPECT_TRUE(arrived_[3].is_broken);
  EXPECT_EQ('d', arrived_[3].byte);
}

class FlashTest : public testing::Test {
 protected:
  FlashTest() {
    flash_.cr.value = 1u << 31;  // locked
    flash_.keyr.on_write = [this](std::uint32_t key) {
      if (key == 0xCDEF89AB && flash_.keyr.writes.size() >= 2 &&
          flash_.keyr.writes.end()[-2] == 0x45670123) {
        flash_.cr.value = 0;
      }
    };
    // Flags are cleared by writing them.
    flash_.sr.on_write = [this](std::uint32_t) { flash_.sr.value = 0; };
    words_[0].fill(0xffffffff);
    words_[1].fill(0xffffffff);
  }
  FlashBlock<FakeWord> flash_;
  std::array<std::array<std::uint32_t, 16>, 2> words_{};
  Flash<FakeWord> log_{flash_, words_[0], words_[1], 1};
};

TEST_F(FlashTest, ProgramsAWordAndLocksAgain) {
  EXPECT_TRUE(log_.program(1, 3, 0x12345678));
  EXPECT_EQ(0x12345678u, words_[1][3]);
  EXPECT_EQ(0x201u, flash_.cr.writes.front()) << "32 bits, program";
  EXPECT_EQ(1u << 31, flash_.cr.writes.back());
}

TEST_F(FlashTest, ErasesTheSectorThatIsMeant) {
  EXPECT_TRUE(log_.erase(1));
  // Sector 2 of the part (3.9.8), erase; then the same with start.
  const std::uint32_t erase = 2u << 8 | 2u << 3 | 2u;
  EXPECT_EQ((Writes{erase, erase | 1u << 16, 0, 1u << 31}), flash_.cr.writes);
}

TEST_F(FlashTest, SaysWhatTheControllerRefused) {
  flash_.sr.on_read = [this](std::uint32_t) {
    return flash_.cr.writes.empty() ? 0u : 1u << 4;  // write protected
  };
  EXPECT_FALSE(log_.program(0, 0, 1));
}

TEST_F(FlashTest, SaysWhatDidNotTakeTheValue) {
  words_[0][0] = 0;
  const auto before = words_[0];
  // A cell that is worn: the fake takes any value, so take it back.
  flash_.sr.on_read = [&](std::uint32_t) {
    words_[0] = before;
    return 0u;
  };
  EXPECT_FALSE(log_.program(0, 0, 5));
}

TEST_F(FlashTest, WithoutTheKeyNothingIsWritten) {
  flash_.keyr.on_write = nullptr;
  EXPECT_FALSE(log_.program(0, 0, 5));
  EXPECT_EQ(0xffffffff, words_[0][0]);
}

}  // namespace
}  // namespace strongroom::panel::stm32
