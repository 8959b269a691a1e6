// SPDX-License-Identifier: Apache-2.0
// A door leaf as it is in the world: where it stands, what its lock holds, what
// its wires say. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/plant/scene.h"

namespace strongroom::plant {

/// Circuits of a leaf, as the world's line `in` has them. A set bit is a closed
/// circuit (docs/formats/panel-world.md).
inline constexpr std::uint8_t kContactInput = 1;    // closed: the leaf is shut
inline constexpr std::uint8_t kLockSenseInput = 2;  // the bolt is thrown
inline constexpr std::uint8_t kHandleInput = 4;     // the handle is at rest
inline constexpr std::uint8_t kExitInput = 8;       // the button is pressed

/// What keeps a bolt where it is, whatever the lock does.
enum class BoltTrouble : std::uint8_t { kFree, kStuckThrown, kStuckWithdrawn };

class Leaf {
 public:
  explicit Leaf(LeafScene scene) : scene_(std::move(scene)) {}

  // What the panel does.
  void drive(bool has_current) { has_current_ = has_current; }

  // What a person does. False: it does not move.
  bool push();      // opens when nothing holds it
  void force();     // opens whatever holds it
  void turn_key();  // withdraws the bolt, or swings the armature away
  bool shut();
  void turn_handle(bool turned) { handle_turned_ = turned; }
  void press_exit(bool pressed) { exit_pressed_ = pressed; }
  void jam(BoltTrouble trouble) { trouble_ = trouble; }

  // What a cutter does. `inputs`: LeafInput mask; a cut circuit is open.
  void cut(std::uint8_t inputs) {
    cut_ = static_cast<std::uint8_t>(cut_ | inputs);
  }
  void mend(std::uint8_t inputs) {
    cut_ = static_cast<std::uint8_t>(cut_ & ~inputs);
  }

  bool is_open() const { return is_open_; }
  /// By current, by key, or because there is no lock.
  bool is_released() const;
  /// LeafInput mask of closed circuits.
  std::uint8_t circuits() const;
  const LeafScene& scene() const { return scene_; }
  /// "shut, held by the strike" and what is wrong.
  std::string text() const;

 private:
  bool is_bolt_sensed() const;

  LeafScene scene_;
  bool has_current_ = false;
  bool is_open_ = false;
  bool by_force_ = false;    // open, and the bolt is still thrown
  bool key_turned_ = false;  // until it is shut
  bool handle_turned_ = false;
  bool exit_pressed_ = false;
  BoltTrouble trouble_ = BoltTrouble::kFree;
  std::uint8_t cut_ = 0;
};

/// "contact", "lock", "handle", "exit"; 0: none of these.
std::uint8_t leaf_input(std::string_view name);
/// Names of a mask's inputs, with a comma between them.
std::string leaf_inputs_text(std::uint8_t mask);

}  // namespace strongroom::plant
