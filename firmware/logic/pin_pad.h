// SPDX-License-Identifier: Apache-2.0
// Digits of a PIN between the keypad and the link. In the clear, so: only while
// the agent wants them, in this object only, and wiped as soon as they are
// gone.
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel {

/// A PIN that waits for the agent, in the clear: only the link sees it, which
/// encrypts it. Never in memory that survives a reset.
struct PinDigits {
  std::uint32_t entry = 0;  // 0: none
  std::uint8_t reader = 0;
  std::uint8_t leaf = 0;
  std::uint8_t count = 0;
  std::array<std::uint8_t, 12> digits{};
};

/// Writes zeros that no compiler leaves out.
void wipe(PinDigits& digits);

/// Of one reader.
class PinPad {
 public:
  /// Entries that nobody took.
  static constexpr std::uint32_t kLifetimeMs = 30'000;

  enum class Key : std::uint8_t {
    kNotWanted,  // nothing is collected
    kTaken,
    kComplete,  // '#': take() gives it
    kTooLong,   // was wiped, and nothing is collected any more
  };

  void want(std::uint32_t duration_ms, std::uint64_t now_ms);
  void cancel();
  /// `key`: 0-9, kKeyClear, kKeyEnter.
  Key press(std::uint8_t key, std::uint64_t now_ms);
  void tick(std::uint64_t now_ms);
  bool is_wanted() const { return is_wanted_; }
  bool is_complete() const { return is_complete_; }
  /// Of what is complete: it is wiped then.
  std::uint64_t until_ms() const { return until_ms_; }
  /// Hands count and digits over, and forgets them.
  void take(PinDigits& to);

 private:
  bool is_wanted_ = false;
  bool is_complete_ = false;
  bool is_too_long_ = false;
  std::uint64_t until_ms_ = 0;
  PinDigits digits_;
};

}  // namespace strongroom::panel
