// SPDX-License-Identifier: Apache-2.0
// What people do to a panel and its doors.
#include <algorithm>
#include <array>
#include <utility>

#include "tools/plant/panel_world.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

/// A key is turned, then the leaf is pulled.
constexpr milliseconds kKeyToOpen{400};
constexpr milliseconds kExitPress{500};
constexpr std::int64_t kMostSupplyMv = 60'000;

constexpr std::array<PanelWord, 21> kWords{{
    {"badge",
     "READER FORMAT NUMBER",
     "hold a badge before a reader: em4100 0013530444, h10301 118/1603, "
     "h10302 123456789; bits 0101..., bytes HEX as they are sent"},
    {"keys", "READER 1234#", "press keys of its keypad"},
    {"open", "LEAF", "push the leaf: it opens when nothing holds it"},
    {"close", "LEAF", "shut it"},
    {"force", "LEAF", "break it open"},
    {"key", "LEAF", "open it with the key"},
    {"exit", "LEAF [on|off]", "press the button, and let go"},
    {"handle", "LEAF turned|rest", "turn the handle"},
    {"bolt", "LEAF thrown|withdrawn|free", "the bolt sticks, or no more"},
    {"cut", "LEAF contact|lock|handle|exit", "cut the wire of an input"},
    {"mend", "LEAF contact|lock|handle|exit", "mend it"},
    {"tamper", "on|off", "the panel's case is open"},
    {"mains", "lost|back", "what feeds its supply"},
    {"fire", "on|off", "the contact of the fire alarm"},
    {"supply", "MILLIVOLTS", "its supply, from its mains or its battery"},
    {"reset", "", "as by its pin: its memory survives"},
    {"stall",
     "readers|inputs|link|panel|outputs|local",
     "a task of its firmware stands still, so that its watchdog bites"},
    {"power", "off|on|cycle", "its memory is lost, but for the slots"},
    {"line", "unplug|plug", "its plug on the line"},
    {"lock", "[LEAF]", "print its outputs, leaves and readers"},
    {"latency", "", "print the ms from the newest badge to its lock, or none"},
}};

std::unexpected<Error> usage(std::string_view verb) {
  const auto* const word = std::ranges::find(kWords, verb, &PanelWord::verb);
  return fault("it is: " + std::string(verb) + " PANEL " +
               std::string(word != kWords.end() ? word->arguments : ""));
}

}  // namespace

std::span<const PanelWord> panel_words() {
  return kWords;
}

Result<std::size_t> PanelWorld::find_leaf(const std::vector<std::string>& words,
                                          std::string_view verb) const {
  if (words.empty()) {
    return usage(verb);
  }
  const auto named = std::ranges::find(
      leaves_, words[0], [](const Leaf& leaf) { return leaf.scene().name; });
  if (named != leaves_.end()) {
    return static_cast<std::size_t>(named - leaves_.begin());
  }
  const auto number =
      whole_number(words[0], static_cast<std::int64_t>(leaves_.size()));
  if (!number || *number == 0) {
    return fault(scene_.name + " has no leaf \"" + words[0] + "\"; it has " +
                 std::to_string(leaves_.size()));
  }
  return static_cast<std::size_t>(*number - 1);
}

Result<std::size_t> PanelWorld::find_reader(
    const std::vector<std::string>& words, std::string_view verb) const {
  if (words.empty()) {
    return usage(verb);
  }
  const auto number =
      whole_number(words[0], static_cast<std::int64_t>(scene_.readers.size()));
  if (!number || *number == 0) {
    return fault(scene_.name + " has no reader \"" + words[0] + "\"; it has " +
                 std::to_string(scene_.readers.size()));
  }
  return static_cast<std::size_t>(*number - 1);
}

/// After a leaf was opened: its closer.
std::string PanelWorld::opened(std::size_t leaf) {
  const milliseconds closer = leaves_[leaf].scene().auto_close;
  tracks_[leaf].steps.clear();
  tracks_[leaf].next.reset();
  if (closer.count() > 0) {
    tracks_[leaf].steps.push_back({.after = closer,
                                   .act = Act::kShut,
                                   .leaf = leaf,
                                   .line = {},
                                   .reader_bytes = {}});
  }
  return leaf_text(leaf);
}

Result<std::string> PanelWorld::door(std::string_view verb,
                                     const std::vector<std::string>& words) {
  const auto found = find_leaf(words, verb);
  if (!found) {
    return std::unexpected(found.error());
  }
  Leaf& leaf = leaves_[*found];
  const std::string how = words.size() > 1 ? words[1] : "";
  const bool takes_how = verb == "handle" || verb == "bolt" || verb == "exit";
  if (words.size() > (takes_how ? 2 : 1)) {
    return usage(verb);
  }
  if (verb == "open") {
    return leaf.push() ? opened(*found) : leaf_text(*found) + ": it stays shut";
  }
  if (verb == "force") {
    leaf.force();
    return opened(*found);
  }
  if (verb == "key") {
    leaf.turn_key();
    std::string text = opened(*found);
    tracks_[*found].steps.push_front({.after = kKeyToOpen,
                                      .act = Act::kPush,
                                      .leaf = *found,
                                      .line = {},
                                      .reader_bytes = {}});
    return text;
  }
  if (verb == "close") {
    tracks_[*found].steps.clear();
    tracks_[*found].next.reset();
    leaf.shut();
    return leaf_text(*found);
  }
  if (verb == "exit") {
    if (how != "" && how != "on" && how != "off") {
      return usage(verb);
    }
    leaf.press_exit(how != "off");
    if (how.empty()) {
      tracks_[*found].steps.push_back({.after = kExitPress,
                                       .act = Act::kLetGo,
                                       .leaf = *found,
                                       .line = {},
                                       .reader_bytes = {}});
    }
    return "ok";
  }
  if (verb == "handle" && (how == "turned" || how == "rest")) {
    leaf.turn_handle(how == "turned");
    return "ok";
  }
  if (verb == "bolt" &&
      (how == "thrown" || how == "withdrawn" || how == "free")) {
    leaf.jam(how == "thrown"      ? BoltTrouble::kStuckThrown
             : how == "withdrawn" ? BoltTrouble::kStuckWithdrawn
                                  : BoltTrouble::kFree);
    return leaf_text(*found);
  }
  return usage(verb);
}

Result<std::string> PanelWorld::wire(bool is_cut,
                                     const std::vector<std::string>& words) {
  const std::string_view verb = is_cut ? "cut" : "mend";
  const auto leaf = find_leaf(words, verb);
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  const std::uint8_t input = words.size() == 2 ? leaf_input(words[1]) : 0;
  if (input == 0) {
    return usage(verb);
  }
  if (is_cut) {
    leaves_[*leaf].cut(input);
  } else {
    leaves_[*leaf].mend(input);
  }
  return "ok";
}

Result<std::string> PanelWorld::badge(const std::vector<std::string>& words) {
  const auto reader = find_reader(words, "badge");
  if (!reader) {
    return std::unexpected(reader.error());
  }
  if (words.size() != 3) {
    return usage("badge");
  }
  auto reading = read_badge(scene_.readers[*reader].kind, words[1], words[2]);
  if (!reading) {
    return std::unexpected(reading.error());
  }
  const std::string number = std::to_string(*reader + 1);
  Step step{
      .after = {}, .act = Act::kSay, .leaf = 0, .line = {}, .reader_bytes = {}};
  if (!reading->bits.empty()) {
    step.line = "wg " + number + " " + std::to_string(reading->bits.size()) +
                " " + bits_hex(reading->bits);
  } else if (*reader == 0) {
    step.reader_bytes = std::move(reading->bytes);
  } else {
    step.line = "uart " + number + " ";
    for (const std::uint8_t byte : reading->bytes) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      step.line += kDigits[byte >> 4];
      step.line += kDigits[byte & 15];
    }
  }
  tracks_[leaves_.size() + *reader].steps.push_back(std::move(step));
  return is_up_ ? "ok" : scene_.name + " does not run: nobody reads it";
}

Result<std::string> PanelWorld::keys(const std::vector<std::string>& words) {
  const auto reader = find_reader(words, "keys");
  if (!reader) {
    return std::unexpected(reader.error());
  }
  if (words.size() != 2) {
    return usage("keys");
  }
  const auto pressed = press_keys(scene_.readers[*reader].keypad, words[1]);
  if (!pressed) {
    return std::unexpected(pressed.error());
  }
  for (const WiegandBits& bits : *pressed) {
    tracks_[leaves_.size() + *reader].steps.push_back(
        {.after = {},
         .act = Act::kSay,
         .leaf = 0,
         .line = "wg " + std::to_string(*reader + 1) + " " +
                 std::to_string(bits.size()) + " " + bits_hex(bits),
         .reader_bytes = {}});
  }
  return is_up_ ? "ok" : scene_.name + " does not run: nobody reads them";
}

Result<std::string> PanelWorld::circuit(std::string_view verb,
                                        std::uint8_t input,
                                        const std::vector<std::string>& words,
                                        std::string_view closed,
                                        std::string_view open) {
  if (words.size() != 1 || (words[0] != closed && words[0] != open)) {
    return usage(verb);
  }
  circuits_ = static_cast<std::uint8_t>(
      words[0] == closed ? circuits_ | input : circuits_ & ~input);
  return "ok";
}

Result<std::string> PanelWorld::supply(const std::vector<std::string>& words) {
  const auto value =
      words.size() == 1 ? whole_number(words[0], kMostSupplyMv) : std::nullopt;
  if (!value) {
    return usage("supply");
  }
  supply_mv_ = *value;
  return "ok";
}

Result<std::string> PanelWorld::power(const std::vector<std::string>& words) {
  const std::string how = words.size() == 1 ? words[0] : "";
  if (how == "on") {
    is_powered_ = true;
    ++power_ons_;
  } else if (how == "off" || how == "cycle") {
    ++power_cuts_;
    is_powered_ = how == "cycle";
  } else {
    return usage("power");
  }
  return "ok";
}

Result<std::string> PanelWorld::stall(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 6> kTasks{
      "readers", "inputs", "link", "panel", "outputs", "local"};
  if (words.size() != 1 ||
      std::ranges::find(kTasks, words[0]) == kTasks.end()) {
    return usage("stall");
  }
  if (is_up_) {
    say("stall " + words[0]);
  }
  return "ok";
}

Result<std::string> PanelWorld::plug(const std::vector<std::string>& words) {
  if (words.size() != 1 || (words[0] != "plug" && words[0] != "unplug")) {
    return usage("line");
  }
  is_plugged_ = words[0] == "plug";
  return "ok";
}

Result<std::string> PanelWorld::command(std::string_view verb,
                                        const std::vector<std::string>& words) {
  Result<std::string> reply = "ok";
  if (verb == "badge") {
    reply = badge(words);
  } else if (verb == "keys") {
    reply = keys(words);
  } else if (verb == "cut" || verb == "mend") {
    reply = wire(verb == "cut", words);
  } else if (verb == "tamper") {
    reply = circuit(verb, kTamperInput, words, "off", "on");
  } else if (verb == "mains") {
    reply = circuit(verb, kMainsInput, words, "back", "lost");
  } else if (verb == "fire") {
    reply = circuit(verb, kFireInput, words, "off", "on");
  } else if (verb == "supply") {
    reply = supply(words);
  } else if (verb == "power") {
    reply = power(words);
  } else if (verb == "line") {
    reply = plug(words);
  } else if (verb == "stall") {
    reply = stall(words);
  } else if (verb == "reset") {
    ++resets_;
  } else if (verb == "latency") {
    reply = latency_ ? std::to_string(latency_->count() / 1000) + "." +
                           std::to_string(latency_->count() / 100 % 10)
                     : "none";
  } else if (verb == "lock") {
    const auto leaf =
        words.empty() ? Result<std::size_t>(0) : find_leaf(words, verb);
    reply = !leaf           ? Result<std::string>(std::unexpected(leaf.error()))
            : words.empty() ? list().substr(2, list().size() - 3)
                            : leaf_text(*leaf);
  } else {
    reply = door(verb, words);
  }
  show_inputs();
  return reply;
}

}  // namespace strongroom::plant
