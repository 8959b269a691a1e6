// SPDX-License-Identifier: Apache-2.0
// What is outside a panel: doors, readers, wires, people, power, and the memory
// that its board keeps over a power cut (docs/formats/panel-world.md). Pure; a
// copy is a trial.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/plant/badge.h"
#include "tools/plant/leaf.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

/// As Time of plant.h.
using WorldTime = std::chrono::microseconds;

/// Circuits of the panel itself; closed: all is well.
inline constexpr std::uint8_t kTamperInput = 1;
inline constexpr std::uint8_t kMainsInput = 2;
inline constexpr std::uint8_t kFireInput = 4;

/// What the panel's outputs were when it last said so.
struct PanelOutputs {
  std::uint8_t locks = 0;
  std::uint8_t green = 0;
  std::uint8_t red = 0;
  std::uint8_t buzzer = 0;
};

class PanelWorld {
 public:
  explicit PanelWorld(PanelScene scene);

  // --- a person, a cutter, a power company
  // --------------------------------------
  /// One word of control and what follows the panel's name; panel_words() lists
  /// them. The reply is "ok" or says what happened.
  Result<std::string> command(std::string_view verb,
                              const std::vector<std::string>& words);
  std::string list() const;
  std::string status() const;

  // --- time
  // ----------------------------------------------------------------------
  /// Does what was begun and is due.
  void advance(WorldTime now);
  std::optional<WorldTime> due() const;

  // --- the program that is the panel
  // ---------------------------------------------
  /// A line that it said; `entropy` goes to boards that have none. What it logs
  /// is returned.
  std::optional<std::string> hear(std::string_view line,
                                  std::uint64_t entropy,
                                  WorldTime now);
  /// Lines for it, whole.
  std::string take_lines();
  /// Bytes for the UART of reader 1.
  Bytes take_reader_bytes();
  /// It is gone; why, for people. No lock has current.
  void went_down(std::string why);

  /// The line's bytes, to it and from it; none when it is not plugged in.
  void line_to_panel(ByteView bytes);
  void line_from_panel(ByteView bytes);
  Bytes take_line_to_panel();
  Bytes take_line_from_panel();

  // What is wanted of whoever runs it.
  bool is_powered() const { return is_powered_; }
  std::uint32_t resets() const { return resets_; }
  std::uint32_t power_cuts() const { return power_cuts_; }
  std::uint32_t power_ons() const { return power_ons_; }

  /// Told by whoever commissions it.
  void set_commissioned(std::string text) { commissioned_ = std::move(text); }
  /// Content of non-volatile slots by name, in hexadecimal.
  const std::map<std::string, std::string>& slots() const { return slots_; }
  void set_slots(std::map<std::string, std::string> slots) {
    slots_ = std::move(slots);
  }

  bool is_up() const { return is_up_; }
  std::uint32_t starts() const { return starts_; }
  /// From the last byte of the newest badge to the first change of a lock; none
  /// yet: nothing.
  std::optional<WorldTime> latency() const { return latency_; }
  const PanelOutputs& outputs() const { return outputs_; }
  const PanelScene& scene() const { return scene_; }
  const std::vector<Leaf>& leaves() const { return leaves_; }

 private:
  enum class Act : std::uint8_t { kSay, kPush, kTurnKey, kShut, kLetGo };
  /// Something that happens a while after what was begun before it.
  struct Step {
    std::chrono::milliseconds after{};
    Act act = Act::kSay;
    std::size_t leaf = 0;
    std::string line;
    Bytes reader_bytes;
  };
  struct Track {
    std::deque<Step> steps;
    std::optional<WorldTime> next;  // of the first one
    WorldTime free_at{};  // a reader: not in the same breath as the one before
  };

  Result<std::string> door(std::string_view verb,
                           const std::vector<std::string>& words);
  Result<std::string> wire(bool is_cut, const std::vector<std::string>& words);
  Result<std::string> badge(const std::vector<std::string>& words);
  Result<std::string> keys(const std::vector<std::string>& words);
  Result<std::string> circuit(std::string_view verb,
                              std::uint8_t input,
                              const std::vector<std::string>& words,
                              std::string_view closed,
                              std::string_view open);
  Result<std::string> supply(const std::vector<std::string>& words);
  Result<std::string> power(const std::vector<std::string>& words);
  Result<std::string> stall(const std::vector<std::string>& words);
  Result<std::string> plug(const std::vector<std::string>& words);
  Result<std::size_t> find_leaf(const std::vector<std::string>& words,
                                std::string_view verb) const;
  Result<std::size_t> find_reader(const std::vector<std::string>& words,
                                  std::string_view verb) const;
  std::string leaf_text(std::size_t leaf) const;
  std::string opened(std::size_t leaf);

  void say(std::string line);
  void show_inputs();
  void run(const Step& step, WorldTime now);
  void drive(std::string_view words);
  void greet(std::uint64_t entropy);

  PanelScene scene_;
  std::vector<Leaf> leaves_;
  std::vector<Track> tracks_;  // of each leaf, then of each reader
  PanelOutputs outputs_;
  std::optional<WorldTime> badge_at_;  // until a lock changed
  std::optional<WorldTime> latency_;
  std::uint8_t circuits_;  // of the panel itself: PanelInput
  std::int64_t supply_mv_ = 13'800;
  std::map<std::string, std::string> slots_;
  std::string said_inputs_;
  std::string lines_;
  Bytes reader_bytes_;
  Bytes to_panel_;
  Bytes from_panel_;
  bool is_plugged_ = true;
  bool is_powered_ = true;
  bool is_up_ = false;
  std::uint32_t resets_ = 0;
  std::uint32_t power_cuts_ = 0;
  std::uint32_t power_ons_ = 0;
  std::uint32_t starts_ = 0;
  std::string state_ = "not started";
  std::string commissioned_;
};

/// A word of control about a panel.
struct PanelWord {
  std::string_view verb;
  std::string_view arguments;  // after the panel's name
  std::string_view what;
};
std::span<const PanelWord> panel_words();
bool is_panel_word(std::string_view verb);
/// A line per word, for a help text.
std::string panel_help();

}  // namespace strongroom::plant
