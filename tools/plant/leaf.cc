// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/leaf.h"

#include <array>
#include <utility>

namespace strongroom::plant {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 4> kInputs{{
    {"contact", kContactInput},
    {"lock", kLockSenseInput},
    {"handle", kHandleInput},
    {"exit", kExitInput},
}};

std::string_view lock_word(LockScene lock) {
  return lock == LockScene::kStrike   ? "strike"
         : lock == LockScene::kMagnet ? "magnet"
                                      : "nothing";
}

}  // namespace

bool Leaf::is_released() const {
  if (trouble_ != BoltTrouble::kFree) {
    return trouble_ == BoltTrouble::kStuckWithdrawn;
  }
  return key_turned_ || scene_.lock == LockScene::kNone ||
         has_current_ == (scene_.lock == LockScene::kStrike);
}

bool Leaf::push() {
  is_open_ = is_open_ || is_released();
  return is_open_;
}

void Leaf::force() {
  by_force_ = !is_open_ && !is_released();
  is_open_ = true;
}

void Leaf::turn_key() {
  key_turned_ = true;
}

bool Leaf::shut() {
  const bool moved = is_open_;
  is_open_ = false;
  by_force_ = false;
  key_turned_ = false;
  return moved;
}

bool Leaf::is_bolt_sensed() const {
  if (trouble_ != BoltTrouble::kFree) {
    return trouble_ == BoltTrouble::kStuckThrown;
  }
  if (is_open_) {
    // A forced bolt sticks out of the leaf; an armature is off its magnet.
    return by_force_ && scene_.lock == LockScene::kStrike;
  }
  return !is_released();
}

std::uint8_t Leaf::circuits() const {
  std::uint8_t closed = 0;
  const auto put = [&](bool is_closed, std::uint8_t input) {
    closed = static_cast<std::uint8_t>(closed | (is_closed ? input : 0));
  };
  put(!is_open_, kContactInput);
  put(is_bolt_sensed(), kLockSenseInput);
  put(!handle_turned_, kHandleInput);
  put(exit_pressed_, kExitInput);
  return static_cast<std::uint8_t>((closed ^ scene_.inverted) & ~cut_);
}

std::string Leaf::text() const {
  std::string text = is_open_ ? (by_force_ ? "open by force" : "open") : "shut";
  text += is_released()
              ? ", released"
              : ", held by the " + std::string(lock_word(scene_.lock));
  text += key_turned_ ? ", key turned" : "";
  text += handle_turned_ ? ", handle turned" : "";
  text += exit_pressed_ ? ", exit pressed" : "";
  text += trouble_ == BoltTrouble::kFree ? "" : ", bolt stuck";
  return text + (cut_ != 0 ? " [cut " + leaf_inputs_text(cut_) + "]" : "");
}

std::uint8_t leaf_input(std::string_view name) {
  for (const auto& [known, input] : kInputs) {
    if (known == name) {
      return input;
    }
  }
  return 0;
}

std::string leaf_inputs_text(std::uint8_t mask) {
  std::string text;
  for (const auto& [name, input] : kInputs) {
    if ((mask & input) != 0) {
      text += (text.empty() ? "" : ", ") + std::string(name);
    }
  }
  return text;
}

}  // namespace strongroom::plant
