// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_world.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

/// Of the world's lines, without the end.
constexpr std::size_t kMaxLine = 300;
/// More is not kept for a panel that does not read.
constexpr std::size_t kMaxPending = 64 * 1024;
/// From one badge or key to the next, so that the panel hears an end between.
constexpr std::chrono::milliseconds kBetweenReadings{150};

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) {
    text[i] = "0123456789abcdef"[value & 15];
  }
  return text;
}

std::optional<std::uint8_t> hex_byte(std::string_view word) {
  std::uint8_t value = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), value, 16);
  return error == std::errc{} && end == word.data() + word.size() &&
                 word.size() == 2
             ? std::optional(value)
             : std::nullopt;
}

bool is_slot(const std::string& name, const std::string& content) {
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F');
  };
  return !name.empty() && name.size() <= 2 &&
         std::ranges::all_of(name, is_hex) &&
         std::ranges::all_of(content, is_hex);
}

}  // namespace

PanelWorld::PanelWorld(PanelScene scene)
    : scene_(std::move(scene)),
      tracks_(scene_.leaves.size() + scene_.readers.size()),
      circuits_(kTamperInput | kMainsInput | kFireInput) {
  for (const LeafScene& leaf : scene_.leaves) {
    leaves_.emplace_back(leaf);
  }
}

void PanelWorld::say(std::string line) {
  if (lines_.size() < kMaxPending) {
    lines_ += std::move(line) + "\n";
  }
}

void PanelWorld::show_inputs() {
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    mask |= static_cast<std::uint32_t>(leaves_[i].circuits()) << (4 * i);
  }
  std::string line = "in " + hex(mask, 8) + " " + hex(circuits_, 2) + " " +
                     std::to_string(supply_mv_);
  if (is_up_ && line != said_inputs_) {
    said_inputs_ = line;
    say(std::move(line));
  }
}

void PanelWorld::greet(std::uint64_t entropy) {
  lines_.clear();
  said_inputs_.clear();
  is_up_ = true;
  ++starts_;
  for (const auto& [slot, content] : slots_) {
    say("nv " + slot + " " + content);
  }
  say("seed " + hex(entropy, 16));
  show_inputs();
  say("go");
}

void PanelWorld::drive(std::string_view words) {
  const std::vector<std::string> parts = words_of(words);
  if (parts.size() < 4) {
    return;
  }
  PanelOutputs outputs;
  const std::array<std::uint8_t*, 4> to{
      &outputs.locks, &outputs.green, &outputs.red, &outputs.buzzer};
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto value = hex_byte(parts[i]);
    if (!value) {
      return;
    }
    *to[i] = *value;
  }
  outputs_ = outputs;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    leaves_[i].drive((outputs.locks >> i & 1) != 0);
  }
  show_inputs();
}

std::optional<std::string> PanelWorld::hear(std::string_view line,
                                            std::uint64_t entropy,
                                            WorldTime now) {
  const auto [verb, rest] = split(line.substr(0, kMaxLine * 8));
  if (verb == "up") {
    state_ = "up " + std::string(rest);
    drive("00 00 00 00");
    greet(entropy);
  } else if (verb == "out") {
    const std::uint8_t before = outputs_.locks;
    drive(rest);
    if (badge_at_ && outputs_.locks != before) {
      latency_ = now - *badge_at_;
      badge_at_.reset();
    }
  } else if (verb == "nv") {
    const auto [slot, content] = split(rest);
    if (is_slot(std::string(slot), std::string(content))) {
      slots_[std::string(slot)] = std::string(content);
    }
  } else if (verb == "log") {
    return std::string(rest);
  }
  return std::nullopt;
}

std::string PanelWorld::take_lines() {
  return std::exchange(lines_, {});
}

Bytes PanelWorld::take_reader_bytes() {
  return std::exchange(reader_bytes_, {});
}

void PanelWorld::went_down(std::string why) {
  is_up_ = false;
  state_ = std::move(why);
  lines_.clear();
  reader_bytes_.clear();
  to_panel_.clear();
  from_panel_.clear();
  drive("00 00 00 00");
}

void PanelWorld::line_to_panel(ByteView bytes) {
  if (is_plugged_ && is_up_ && to_panel_.size() < kMaxPending) {
    append(to_panel_, bytes);
  }
}

void PanelWorld::line_from_panel(ByteView bytes) {
  if (is_plugged_) {
    append(from_panel_, bytes);
  }
}

Bytes PanelWorld::take_line_to_panel() {
  return std::exchange(to_panel_, {});
}

Bytes PanelWorld::take_line_from_panel() {
  return std::exchange(from_panel_, {});
}

void PanelWorld::run(const Step& step, WorldTime now) {
  switch (step.act) {
    case Act::kSay:
      if (is_up_ && !step.line.empty()) {
        say(step.line);
      }
      if (is_up_) {
        append(reader_bytes_, step.reader_bytes);
        badge_at_ = now;
        latency_.reset();
      }
      break;
    case Act::kPush:
      leaves_[step.leaf].push();
      break;
    case Act::kTurnKey:
      leaves_[step.leaf].turn_key();
      break;
    case Act::kShut:
      leaves_[step.leaf].shut();
      break;
    case Act::kLetGo:
      leaves_[step.leaf].press_exit(false);
      break;
  }
}

void PanelWorld::advance(WorldTime now) {
  for (Track& track : tracks_) {
    while (!track.steps.empty()) {
      if (!track.next) {
        track.next = std::max(now + track.steps.front().after, track.free_at);
      }
      if (*track.next > now) {
        break;
      }
      run(track.steps.front(), now);
      track.free_at = now + (track.steps.front().act == Act::kSay
                                 ? kBetweenReadings
                                 : std::chrono::milliseconds{0});
      track.steps.pop_front();
      track.next.reset();
    }
  }
  show_inputs();
}

std::optional<WorldTime> PanelWorld::due() const {
  std::optional<WorldTime> soonest;
  for (const Track& track : tracks_) {
    if (!track.steps.empty()) {
      const WorldTime at = track.next.value_or(WorldTime{0});
      soonest = soonest ? std::min(*soonest, at) : at;
    }
  }
  return soonest;
}

std::string PanelWorld::leaf_text(std::size_t leaf) const {
  const bool has_current = (outputs_.locks >> leaf & 1) != 0;
  return "leaf " + std::to_string(leaf + 1) + " " + leaves_[leaf].scene().name +
         ": " + leaves_[leaf].text() +
         (has_current ? "; lock has current" : "; no current");
}

std::string PanelWorld::list() const {
  std::string text =
      "  panel " + scene_.name + " " +
      (scene_.board == PanelBoard::kQemu ? "qemu-mps2-an385" : "native") +
      " unit " + std::to_string(scene_.unit) + ": " + state_ +
      (is_plugged_ ? "" : " [unplugged]") + "\n";
  if (!commissioned_.empty()) {
    text += "    " + commissioned_ + "\n";
  }
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    text += "    " + leaf_text(i) + "\n";
  }
  for (std::size_t i = 0; i < scene_.readers.size(); ++i) {
    text += "    reader " + std::to_string(i + 1) + " " +
            std::string(reader_name(scene_.readers[i].kind)) +
            ((outputs_.green >> i & 1) != 0 ? ", green" : "") +
            ((outputs_.red >> i & 1) != 0 ? ", red" : "") +
            ((outputs_.buzzer >> i & 1) != 0 ? ", buzzer" : "") + "\n";
  }
  const auto wrong = [&](std::uint8_t input, const char* word) {
    return (circuits_ & input) == 0 ? std::string(word) : std::string();
  };
  return text + "    supply " + std::to_string(supply_mv_) + " mV" +
         wrong(kTamperInput, ", tamper") + wrong(kMainsInput, ", mains lost") +
         wrong(kFireInput, ", fire") + "\n";
}

std::string PanelWorld::status() const {
  return "  panel " + scene_.name + ": " + state_ +
         (is_plugged_ ? "" : " [unplugged]") + "; starts " +
         std::to_string(starts_) + " resets " + std::to_string(resets_) +
         " power cuts " + std::to_string(power_cuts_) + "\n";
}

}  // namespace strongroom::plant
