// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/commission.h"

#include <algorithm>
#include <utility>

#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

std::string key_text(const PanelKey& key) {
  std::string text;
  for (const std::uint8_t byte : key) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

/// What identity says: "key=" and its fingerprint, or none.
bool has_key(std::string_view reply) {
  const auto words = words_of(reply);
  return std::ranges::any_of(words, [](const std::string& word) {
    return word.starts_with("key=") && word != "key=none";
  });
}

}  // namespace

Commission::Commission(const PanelScene& panel,
                       const LineScene& line,
                       const PanelKey& key)
    : steps_{"unit " + std::to_string(panel.unit),
             "baud " + std::to_string(line.baud),
             std::string("parity ") + line.parity,
             "key " + key_text(key),
             "leaves " + std::to_string(panel.leaves.size()),
             "readers " + std::to_string(panel.readers.size()),
             "save"},
      next_("id?") {}

std::optional<std::string> Commission::take_line() {
  return std::exchange(next_, std::nullopt);
}

void Commission::hear(std::string_view line) {
  const auto [verb, rest] = split(line);
  if (state_ != State::kTalking || (verb != "ok" && verb != "error")) {
    return;
  }
  said_ = std::string(trimmed(line));
  if (verb == "error") {
    state_ = State::kRefused;
  } else if (std::exchange(is_first_, false) && has_key(rest)) {
    state_ = State::kHadKey;
  } else if (steps_.empty()) {
    state_ = State::kDone;
  } else {
    next_ = std::move(steps_.front());
    steps_.pop_front();
  }
}

}  // namespace strongroom::plant
