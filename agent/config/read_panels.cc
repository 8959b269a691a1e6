// SPDX-License-Identifier: Apache-2.0
#include "agent/config/read_panels.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace strongroom {
namespace {

constexpr std::size_t kMaxLeaves = 8;
constexpr std::size_t kMaxReaders = 8;
constexpr std::int64_t kMinOfflineAfterMs = 500;
constexpr std::int64_t kMaxOfflineAfterMs = 60'000;
constexpr std::int64_t kMaxPollMs = 1000;
constexpr std::int64_t kMaxSupplyMv = 60'000;
constexpr std::int64_t kMaxPulseMs = 60'000;
constexpr std::int64_t kMaxHeldMs = 3'600'000;
constexpr std::int64_t kMaxRepeatMs = 60'000;
// An exchange each third of offline_after: polls must come more often.
constexpr std::int64_t kPollsInOfflineAfter = 6;

template <typename Value, std::size_t N>
using Words = std::array<std::pair<const char*, Value>, N>;

constexpr Words<strongroom_panel_v1_LockKind, 3> kLocks{{
    {"strike", strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE},
    {"magnet", strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET},
    {"none", strongroom_panel_v1_LockKind_LOCK_KIND_NONE},
}};
constexpr Words<strongroom_panel_v1_ExitKind, 3> kExits{{
    {"none", strongroom_panel_v1_ExitKind_EXIT_KIND_NONE},
    {"record", strongroom_panel_v1_ExitKind_EXIT_KIND_RECORD},
    {"release", strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE},
}};
constexpr Words<strongroom_panel_v1_OfflinePolicy, 2> kOffline{{
    {"deny", strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY},
    {"list", strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST},
}};
constexpr Words<strongroom_panel_v1_ReaderKind, 6> kReaders{{
    {"rdm6300", strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300},
    {"id12la", strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA},
    {"h10301", strongroom_panel_v1_ReaderKind_READER_KIND_H10301},
    {"h10306", strongroom_panel_v1_ReaderKind_READER_KIND_H10306},
    {"h10302", strongroom_panel_v1_ReaderKind_READER_KIND_H10302},
    {"h10304", strongroom_panel_v1_ReaderKind_READER_KIND_H10304},
}};
constexpr Words<strongroom_panel_v1_KeypadKind, 3> kKeypads{{
    {"none", strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE},
    {"wiegand4", strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4},
    {"wiegand8", strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND8},
}};
// Bits as proto/panel.proto, LeafSettings.
constexpr Words<std::uint8_t, 4> kInputs{{
    {"contact", 1U << 0U},
    {"lock", 1U << 1U},
    {"handle", 1U << 2U},
    {"exit", 1U << 3U},
}};

template <typename Value, std::size_t N>
std::vector<std::string> words_of(const Words<Value, N>& words) {
  std::vector<std::string> out;
  for (const auto& [word, value] : words) {
    out.emplace_back(word);
  }
  return out;
}

// The first of them where the key is wrong: an error already.
template <typename Value, std::size_t N>
Value value_of(const Words<Value, N>& words, std::string_view word) {
  for (const auto& [each, value] : words) {
    if (word == each) {
      return value;
    }
  }
  return words[0].second;
}

template <typename Value, std::size_t N>
Value choice(ConfigTable& table,
             std::string_view key,
             const char* fallback,
             const Words<Value, N>& words) {
  return value_of(words, table.optional_choice(key, fallback, words_of(words)));
}

class PanelReader {
 public:
  PanelReader(LineConfig& line, PanelNames& names)
      : line_(line), names_(names) {}

  void read(ConfigTable& table) {
    PanelConfig panel;
    panel.name = name_of(table);
    if (!panel.name.empty() && !names_.devices.insert(panel.name).second) {
      table.error("name",
                  fmt::format("a second device or panel \"{}\"; names are "
                              "unique in the agent",
                              panel.name));
    }
    if (line_.kind != LineKind::kRtu) {
      table.error("name",
                  "a panel needs a line of kind \"rtu\": its exchanges are of "
                  "RS-485");
    }
    read_unit(table, panel);
    panel.key = table.required_path("key");
    panel.key_place = table.remark("key", "");
    read_times(table, panel);
    panel.supply_low_mv = static_cast<std::uint32_t>(
        table.optional_int("supply_low_mv", 0, 0, kMaxSupplyMv));
    read_leaves(table, panel);
    read_readers(table, panel);
    line_.panels.push_back(std::move(panel));
  }

 private:
  static std::string name_of(ConfigTable& table) {
    std::string name = table.required_string("name");
    if (!name.empty() &&
        (!is_valid_name(name) || name.size() > kMaxPanelName)) {
      table.error("name", "must be 1 to 31 of a-z, 0-9 and hyphen");
      name.clear();
    }
    return name;
  }

  void read_unit(ConfigTable& table, PanelConfig& panel) {
    panel.unit_id =
        static_cast<std::uint8_t>(table.optional_int("unit_id", 1, 1, 247));
    std::string twin;
    for (const DeviceConfig& device : line_.devices) {
      twin = device.unit_id == panel.unit_id ? "device " + device.name : twin;
    }
    for (const PanelConfig& other : line_.panels) {
      twin = other.unit_id == panel.unit_id ? "panel " + other.name : twin;
    }
    if (!twin.empty()) {
      table.error("unit_id",
                  fmt::format("{} is that of {} on this line: both would "
                              "answer at once; commission one of them with "
                              "another",
                              panel.unit_id,
                              twin));
    }
  }

  static void read_times(ConfigTable& table, PanelConfig& panel) {
    const std::int64_t poll = table.optional_int("poll_ms", 40, 5, kMaxPollMs);
    const std::int64_t offline = table.optional_int(
        "offline_after_ms", 3000, kMinOfflineAfterMs, kMaxOfflineAfterMs);
    if (poll * kPollsInOfflineAfter > offline) {
      table.error(table.has("poll_ms") ? "poll_ms" : "offline_after_ms",
                  fmt::format("the panel would think itself alone between two "
                              "polls: offline_after_ms ({}) must be at least "
                              "{} times poll_ms ({})",
                              offline,
                              kPollsInOfflineAfter,
                              poll));
    }
    panel.poll_period = std::chrono::milliseconds(poll);
    panel.offline_after = std::chrono::milliseconds(offline);
  }

  // --- leaves ---------------------------------------------------------------

  void read_leaves(ConfigTable& table, PanelConfig& panel) {
    std::vector<ConfigTable> leaves = table.tables("leaf");
    if (leaves.empty() || leaves.size() > kMaxLeaves) {
      table.error("name",
                  fmt::format("a panel has 1 to {} [[line.panel.leaf]], not {}",
                              kMaxLeaves,
                              leaves.size()));
    }
    for (ConfigTable& leaf : leaves) {
      panel.leaves.push_back(read_leaf(leaf, panel));
    }
  }

  LeafConfig read_leaf(ConfigTable& table, const PanelConfig& panel) {
    LeafConfig leaf;
    leaf.name = name_of(table);
    if (!leaf.name.empty() && !names_.leaves.insert(leaf.name).second) {
      table.error("name",
                  fmt::format("a second leaf \"{}\"; names of leaves are "
                              "unique in the agent",
                              leaf.name));
    }
    leaf.zone = table.required_string("zone");
    if (!leaf.zone.empty() &&
        (!is_valid_name(leaf.zone) || leaf.zone.size() > kMaxPanelName)) {
      table.error("zone", "must be 1 to 31 of a-z, 0-9 and hyphen");
    }
    auto& settings = leaf.settings;
    settings = strongroom_panel_v1_LeafSettings_init_zero;
    settings.leaf = static_cast<std::uint8_t>(panel.leaves.size() + 1);
    settings.lock = choice(table, "lock", "strike", kLocks);
    settings.exit = choice(table, "exit", "none", kExits);
    settings.offline = choice(table, "offline", "deny", kOffline);
    settings.has_inputs = inputs_of(table, "inputs", std::uint8_t{1});
    settings.inverted_inputs = inputs_of(table, "inverted", std::uint8_t{0});
    settings.pulse_ms = milliseconds(table, "pulse_ms", 5000, 100, kMaxPulseMs);
    settings.held_after_ms =
        milliseconds(table, "held_after_ms", 30'000, 1000, kMaxHeldMs);
    settings.not_opened_after_ms =
        milliseconds(table, "not_opened_after_ms", 10'000, 1000, kMaxHeldMs);
    settings.debounce_ms = static_cast<std::uint16_t>(
        table.optional_int("debounce_ms", 30, 20, 400));
    judge_leaf(table, settings);
    return leaf;
  }

  static std::uint32_t milliseconds(ConfigTable& table,
                                    std::string_view key,
                                    std::int64_t fallback,
                                    std::int64_t least,
                                    std::int64_t most) {
    return static_cast<std::uint32_t>(
        table.optional_int(key, fallback, least, most));
  }

  static std::uint8_t inputs_of(ConfigTable& table,
                                std::string_view key,
                                std::uint8_t fallback) {
    if (!table.has(key)) {
      return fallback;
    }
    std::uint8_t mask = 0;
    for (const std::string& word : table.optional_string_list(key)) {
      const auto found = std::ranges::find_if(
          kInputs, [&](const auto& input) { return word == input.first; });
      if (found == kInputs.end()) {
        table.error(
            key,
            fmt::format("\"{}\" is none of contact, lock, handle, exit", word));
      } else {
        mask |= found->second;
      }
    }
    return mask;
  }

  // What would never work, or work otherwise than it is written.
  static void judge_leaf(ConfigTable& table,
                         const strongroom_panel_v1_LeafSettings& leaf) {
    constexpr std::uint8_t kExitInput = 1U << 3U;
    if ((leaf.inverted_inputs & ~leaf.has_inputs) != 0) {
      table.error("inverted", "names an input that `inputs` does not have");
    }
    const bool has_exit =
        leaf.exit != strongroom_panel_v1_ExitKind_EXIT_KIND_NONE;
    if (has_exit && (leaf.has_inputs & kExitInput) == 0) {
      table.error("exit",
                  "needs the button: add \"exit\" to `inputs`, or write exit = "
                  "\"none\"");
    }
    if (leaf.exit == strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE &&
        leaf.lock == strongroom_panel_v1_LockKind_LOCK_KIND_NONE) {
      table.error("exit", "\"release\" needs a lock; write \"record\"");
    }
  }

  // --- readers --------------------------------------------------------------

  void read_readers(ConfigTable& table, PanelConfig& panel) {
    std::vector<ConfigTable> readers = table.tables("reader");
    if (readers.size() > kMaxReaders) {
      table.error("name",
                  fmt::format("a panel has at most {} [[line.panel.reader]], "
                              "not {}",
                              kMaxReaders,
                              readers.size()));
    }
    for (ConfigTable& reader : readers) {
      panel.readers.push_back(read_reader(reader, panel));
    }
  }

  static ReaderConfig read_reader(ConfigTable& table,
                                  const PanelConfig& panel) {
    ReaderConfig reader;
    reader.name = name_of(table);
    if (!reader.name.empty() &&
        std::ranges::find(panel.readers, reader.name, &ReaderConfig::name) !=
            panel.readers.end()) {
      table.error(
          "name",
          fmt::format("a second reader \"{}\" of this panel", reader.name));
    }
    auto& settings = reader.settings;
    settings = strongroom_panel_v1_ReaderSettings_init_zero;
    settings.reader = static_cast<std::uint8_t>(panel.readers.size() + 1);
    settings.kind =
        value_of(kReaders, table.required_choice("kind", words_of(kReaders)));
    settings.keypad = choice(table, "keypad", "none", kKeypads);
    settings.leaves = leaves_of(table, panel);
    settings.repeat_ms = static_cast<std::uint16_t>(
        table.optional_int("repeat_ms", 1000, 0, kMaxRepeatMs));
    if (table.has("direction")) {
      reader.direction =
          table.required_choice("direction", {"in", "out"}) == "in"
              ? strongroom_v1_Direction_DIRECTION_IN
              : strongroom_v1_Direction_DIRECTION_OUT;
    }
    const bool is_shared = (settings.leaves & (settings.leaves - 1U)) != 0;
    if (is_shared &&
        settings.keypad == strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE) {
      table.error("leaves",
                  "more than one leaf needs a keypad: the leaf's number is "
                  "keyed in before the badge");
    }
    return reader;
  }

  static std::uint8_t leaves_of(ConfigTable& table, const PanelConfig& panel) {
    std::uint8_t mask = 0;
    for (const std::string& name : table.required_string_list("leaves")) {
      const auto found =
          std::ranges::find(panel.leaves, name, &LeafConfig::name);
      if (found == panel.leaves.end()) {
        table.error("leaves",
                    fmt::format("\"{}\" is no leaf of panel \"{}\"; a reader "
                                "serves leaves of its own panel, and they "
                                "stand before it",
                                name,
                                panel.name));
      } else {
        mask |= static_cast<std::uint8_t>(1U << (found->settings.leaf - 1U));
      }
    }
    return mask;
  }

  LineConfig& line_;
  PanelNames& names_;
};

}  // namespace

void read_panels(ConfigTable& line_table, LineConfig& line, PanelNames& names) {
  PanelReader reader(line, names);
  for (ConfigTable& table : line_table.tables("panel")) {
    reader.read(table);
  }
}

}  // namespace strongroom
