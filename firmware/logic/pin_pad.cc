// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/pin_pad.h"

#include <cstddef>

#include "firmware/logic/reader.h"

namespace strongroom::panel {

void wipe(PinDigits& digits) {
  volatile std::uint8_t* bytes = digits.digits.data();
  for (std::size_t i = 0; i < digits.digits.size(); ++i) {
    bytes[i] = 0;
  }
  digits.count = 0;
  digits.entry = 0;
  digits.reader = 0;
  digits.leaf = 0;
}

void PinPad::want(std::uint32_t duration_ms, std::uint64_t now_ms) {
  cancel();
  is_wanted_ = true;
  until_ms_ = now_ms + duration_ms;
}

void PinPad::cancel() {
  wipe(digits_);
  is_wanted_ = false;
  is_complete_ = false;
  is_too_long_ = false;
}

PinPad::Key PinPad::press(std::uint8_t key, std::uint64_t now_ms) {
  tick(now_ms);
  if (!is_wanted_) {
    return Key::kNotWanted;
  }
  if (key == kKeyClear) {
    wipe(digits_);
    is_too_long_ = false;
    return Key::kTaken;
  }
  if (key == kKeyEnter) {
    if (is_too_long_) {
      cancel();
      return Key::kTooLong;
    }
    if (digits_.count == 0) {
      return Key::kTaken;
    }
    is_wanted_ = false;
    is_complete_ = true;
    until_ms_ = now_ms + kLifetimeMs;
    return Key::kComplete;
  }
  if (key > 9) {
    return Key::kTaken;
  }
  // What is too long is wrong; cut to twelve it could be right.
  if (digits_.count == digits_.digits.size()) {
    is_too_long_ = true;
  } else {
    digits_.digits[digits_.count++] = key;
  }
  return Key::kTaken;
}

void PinPad::tick(std::uint64_t now_ms) {
  if ((is_wanted_ || is_complete_) && now_ms >= until_ms_) {
    cancel();
  }
}

void PinPad::take(PinDigits& to) {
  to.count = digits_.count;
  to.digits = digits_.digits;
  cancel();
}

}  // namespace strongroom::panel
