// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/plant.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/check.h"

namespace strongroom::plant {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::int64_t kLongestWaitMs = 24 * 3600 * 1000;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

struct Words {
  std::string_view verb;
  std::string_view rest;
};

Words split(std::string_view line) {
  line = trimmed(line);
  const auto space = line.find_first_of(" \t");
  if (space == std::string_view::npos) {
    return {line, {}};
  }
  return {line.substr(0, space), trimmed(line.substr(space))};
}

std::optional<std::int64_t> whole_number(std::string_view text,
                                         std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 ||
      value > max) {
    return std::nullopt;
  }
  return value;
}

Result<std::string> ok(const Result<void>& result) {
  if (!result) {
    return std::unexpected(result.error());
  }
  return "ok";
}

}  // namespace

Plant::Plant(SimulatedDevice device, std::vector<int> units)
    : device_(std::move(device)),
      units_(std::move(units)),
      start_(Steady::now()) {}

milliseconds Plant::elapsed() const {
  return duration_cast<milliseconds>(Steady::now() - start_);
}

bool Plant::answers_for(int unit) const {
  return !dead_ && std::ranges::find(units_, unit) != units_.end();
}

Result<std::string> Plant::command(std::string_view line) {
  const auto [verb, rest] = split(line);
  if (verb == "set") {
    return ok(device_.set(rest));
  }
  if (verb == "vary") {
    return ok(device_.vary(rest));
  }
  if (verb == "dead" && (rest == "on" || rest == "off")) {
    dead_ = rest == "on";
    return "ok";
  }
  if (verb == "delay") {
    const auto ms = whole_number(rest, 60'000);
    if (!ms) {
      return fault("delay takes milliseconds, from 0 to 60000");
    }
    delay_ = milliseconds{*ms};
    return "ok";
  }
  if (verb == "values" && rest.empty()) {
    std::string text = device_.values_text(elapsed());
    text.pop_back();
    return text;
  }
  if (verb == "answers" && rest.empty()) {
    return std::to_string(answers_);
  }
  return fault("\"" + std::string(trimmed(line)) +
               "\" is none of: set POINT=VALUE, vary POINT, dead on|off, "
               "delay MS, values, answers");
}

Result<Plant::Step> Plant::parse_step(std::string_view line) {
  const auto [verb, rest] = split(line);
  Step step{.text = std::string(trimmed(line))};
  if (verb == "wait") {
    const auto ms = whole_number(rest, kLongestWaitMs);
    if (!ms) {
      return fault("wait takes milliseconds");
    }
    step.wait = milliseconds{*ms};
  } else if (verb == "answers") {
    const auto count = whole_number(rest, INT64_MAX);
    if (!count) {
      return fault("answers takes a number of answers");
    }
    step.answers = *count;
  }
  return step;
}

Result<void> Plant::load_script(std::string_view text) {
  // A copy tries every line, so that a fault is found before anything runs.
  Plant trial = *this;
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
    if (step && step->wait.count() < 0 && step->answers < 0) {
      if (auto tried = trial.command(line); !tried) {
        step = std::unexpected(tried.error());
      }
    }
    if (!step) {
      return fault("script line " + std::to_string(number) + ": " +
                   step.error().what);
    }
    script_.push_back(std::move(*step));
  }
  script_from_ = Steady::now();
  script_from_answers_ = answers_;
  return {};
}

void Plant::advance_script() {
  while (!script_.empty()) {
    const Step& step = script_.front();
    if (step.wait.count() >= 0) {
      if (Steady::now() - script_from_ < step.wait) {
        return;
      }
      // From when it was due, so that waits add up exactly.
      script_from_ += step.wait;
    } else if (step.answers >= 0) {
      if (answers_ - script_from_answers_ <
          static_cast<std::uint64_t>(step.answers)) {
        return;
      }
      script_from_ = Steady::now();
      script_from_answers_ = answers_;
    } else {
      check(command(step.text).has_value(), "load_script() tried this line");
    }
    script_.pop_front();
  }
}

int Plant::script_wait_ms() const {
  if (script_.empty() || script_.front().wait.count() < 0) {
    return -1;
  }
  const auto left = script_from_ + script_.front().wait - Steady::now();
  return static_cast<int>(
      std::max<std::int64_t>(0, duration_cast<milliseconds>(left).count() + 1));
}

}  // namespace strongroom::plant
