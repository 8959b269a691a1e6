// SPDX-License-Identifier: Apache-2.0
// The words about panels, among those of a plant.
#include <algorithm>
#include <utility>

#include "tools/plant/plant.h"
#include "tools/plant/words.h"

namespace strongroom::plant {

std::string panel_help() {
  std::string text =
      "Of a panel, with LEAF and READER by number, LEAF also by name:\n";
  for (const PanelWord& word : panel_words()) {
    std::string usage =
        "  " + std::string(word.verb) + " PANEL " + std::string(word.arguments);
    usage.resize(std::max<std::size_t>(usage.size() + 1, 27), ' ');
    text += usage + " " + std::string(word.what) + "\n";
  }
  return text;
}

bool is_panel_word(std::string_view verb) {
  return std::ranges::find(panel_words(), verb, &PanelWord::verb) !=
         panel_words().end();
}

Result<std::string> Plant::panel_command(std::string_view verb,
                                         std::string_view rest) {
  std::vector<std::string> words = words_of(rest);
  if (words.empty()) {
    return fault("say which panel: " + std::string(verb) + " PANEL ...");
  }
  const auto panel =
      std::ranges::find(panels_, words[0], [](const PanelWorld& one) {
        return one.scene().name;
      });
  if (panel == panels_.end()) {
    return fault("no panel \"" + words[0] + "\"; " +
                 (panels_.empty() ? "the scene has no [[panel]]"
                                  : "`list` shows those of the scene"));
  }
  words.erase(words.begin());
  return panel->command(verb, words);
}

}  // namespace strongroom::plant
