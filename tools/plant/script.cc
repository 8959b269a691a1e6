// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/script.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

constexpr std::int64_t kLongestWaitMs = 24 * 3600 * 1000;

}  // namespace

Result<Script::Step> Script::parse_step(std::string_view line) {
  const auto [verb, rest] = split(line);
  Step step{.text = std::string(trimmed(line))};
  if (verb == "wait") {
    const auto ms = whole_number(rest, kLongestWaitMs);
    if (!ms) {
      return fault("wait takes milliseconds");
    }
    step.wait = std::chrono::milliseconds{*ms};
  } else if (verb == "answers") {
    const auto count = whole_number(rest, INT64_MAX);
    if (!count) {
      return fault("answers takes a number of answers");
    }
    step.answers = static_cast<std::uint64_t>(*count);
  }
  return step;
}

Result<Script> Script::load(std::string_view text,
                            const Plant& plant,
                            Time now) {
  Plant trial = plant;
  Script script;
  int number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = trimmed(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
    ++number;
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    auto step = parse_step(line);
    if (step && !step->wait && !step->answers) {
      if (auto tried = trial.command(line, now); !tried) {
        step = std::unexpected(tried.error());
      }
    }
    if (!step) {
      return fault("script line " + std::to_string(number) + ": " +
                   step.error().what);
    }
    script.steps_.push_back(std::move(*step));
  }
  script.from_ = now;
  script.from_answers_ = plant.answers();
  return script;
}

void Script::advance(Plant& plant, Time now) {
  while (!steps_.empty()) {
    const Step& step = steps_.front();
    if (step.wait) {
      if (now - from_ < *step.wait) {
        return;
      }
      // From when it was due, so that waits add up exactly.
      from_ += *step.wait;
    } else if (step.answers) {
      if (plant.answers() - from_answers_ < *step.answers) {
        return;
      }
      from_ = now;
      from_answers_ = plant.answers();
    } else {
      check(plant.command(step.text, now).has_value(),
            "load() tried this line");
    }
    steps_.pop_front();
  }
}

std::optional<Time> Script::due() const {
  if (steps_.empty()) {
    return std::nullopt;
  }
  const std::optional<Time>& wait = steps_.front().wait;
  return wait ? std::optional(from_ + *wait) : std::nullopt;
}

}  // namespace strongroom::plant
