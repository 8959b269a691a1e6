// SPDX-License-Identifier: Apache-2.0
// The words that change a plant.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "tools/plant/plant.h"
#include "tools/plant/variable.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kLongestDelayMs = 60'000;

Result<std::string> ok(const Result<void>& result) {
  if (!result) {
    return std::unexpected(result.error());
  }
  return "ok";
}

PointTrouble trouble_of(FaultKind kind) {
  return kind == FaultKind::kStuck      ? PointTrouble::kStuck
         : kind == FaultKind::kSentinel ? PointTrouble::kSentinel
         : kind == FaultKind::kCut      ? PointTrouble::kCut
                                        : PointTrouble::kNone;
}

std::string faults_text(const FaultSet& faults) {
  std::string text;
  for (const Fault& fault : faults.all()) {
    text += (text.empty() ? " [" : ", ") + fault_text(fault);
  }
  return text + (text.empty() ? "" : "]");
}

std::string line_text(const LineScene& line, const std::string& address) {
  const std::string where = address.empty() ? line.link : address;
  return "line " + line.name + " " +
         (line.kind == LineKind::kTcp
              ? "tcp " + where
              : "rtu " + where + " " + std::to_string(line.baud) + " 8" +
                    line.parity + std::to_string(line.stop_bits) +
                    (line.paced ? "" : " not paced"));
}

/// "device.point" apart; a word without a dot is a point alone.
struct PointName {
  std::string_view device;
  std::string_view point;
};

PointName split_point(std::string_view word) {
  const auto dot = word.substr(0, word.find('=')).find('.');
  return dot == std::string_view::npos
             ? PointName{{}, word}
             : PointName{word.substr(0, dot), word.substr(dot + 1)};
}

std::string without_last_newline(std::string text) {
  if (!text.empty()) {
    text.pop_back();
  }
  return text;
}

}  // namespace

std::string command_words() {
  return std::string(
             "  set DEVICE.POINT=VALUE   exactly that from now on, plausible "
             "or not\n"
             "  set ROOM|UPS|...=VALUE   room:NAME.load_kw, "
             "contact:NAME.active, "
             "as list prints them\n"
             "  vary DEVICE.POINT        follow the building or vary again\n"
             "  fault DEVICE|LINE KIND   something goes wrong with its "
             "answers\n"
             "  clear [DEVICE|LINE [KIND]]  nothing goes wrong any more\n"
             "  replug LINE              the port is back\n"
             "  list                     lines, devices, values and faults\n"
             "  status                   lines and their counters\n"
             "  values [DEVICE]          its values of now\n"
             "  answers                  how many requests were answered\n"
             "With one device, DEVICE and its dot may be left out; then also\n"
             "  dead on|off              answer nothing\n"
             "  delay MS                 answer so much later\n") +
         panel_help();
}

std::optional<std::size_t> Plant::find_device(std::string_view name) const {
  const auto found =
      std::ranges::find(scene_.devices, name, &DeviceScene::name);
  return found != scene_.devices.end() ? std::optional(static_cast<std::size_t>(
                                             found - scene_.devices.begin()))
                                       : std::nullopt;
}

Result<std::size_t> Plant::only_device() const {
  if (devices_.size() != 1) {
    return fault("say which device: DEVICE.POINT");
  }
  return 0;
}

Result<Plant::Target> Plant::find_target(std::string_view name) {
  if (const auto device = find_device(name)) {
    Device& found = devices_[*device];
    return Target{&found.faults, &found.registers};
  }
  const auto line = std::ranges::find(scene_.lines, name, &LineScene::name);
  if (line == scene_.lines.end()) {
    return fault("no device and no line \"" + std::string(name) + "\"");
  }
  return Target{
      &lines_[static_cast<std::size_t>(line - scene_.lines.begin())].faults,
      nullptr};
}

Result<void> Plant::set_building(std::string_view name,
                                 std::string_view value) {
  const auto parsed = number(value);
  if (!parsed) {
    return fault(std::string(name) + " cannot be \"" + std::string(value) +
                 "\": it is a number");
  }
  auto set = set_variable(scene_.building, name, *parsed);
  show_building();
  return set;
}

Result<void> Plant::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals != std::string_view::npos &&
      assignment.substr(0, equals).find(':') != std::string_view::npos) {
    return set_building(trimmed(assignment.substr(0, equals)),
                        trimmed(assignment.substr(equals + 1)));
  }
  const auto [name, rest] = split_point(assignment);
  const auto device = find_device(name);
  if (!name.empty() && !device) {
    return fault("no device \"" + std::string(name) + "\"");
  }
  const auto index = device ? Result<std::size_t>(*device) : only_device();
  return index ? devices_[*index].registers.set(rest)
               : Result<void>(std::unexpected(index.error()));
}

Result<void> Plant::vary(std::string_view point) {
  const auto [name, rest] = split_point(point);
  const auto device = find_device(name);
  if (!name.empty() && !device) {
    return fault("no device \"" + std::string(name) + "\"");
  }
  const auto index = device ? Result<std::size_t>(*device) : only_device();
  return index ? devices_[*index].registers.vary(rest)
               : Result<void>(std::unexpected(index.error()));
}

Result<void> Plant::add_fault(std::string_view words, microseconds elapsed) {
  const auto [name, rest] = split(words);
  const auto target = find_target(name);
  if (!target) {
    return std::unexpected(target.error());
  }
  if (rest == "clear") {
    return clear(name, elapsed);
  }
  if (rest == "replug") {
    target->faults->clear(FaultKind::kUnplugged);
    return {};
  }
  auto parsed = parse_fault(rest);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  return put_fault(*target, std::move(*parsed), elapsed);
}

Result<void> Plant::put_fault(const Target& target,
                              Fault parsed,
                              microseconds elapsed) {
  const bool is_line = target.device == nullptr;
  if (is_point_fault(parsed.kind) && is_line) {
    return fault(std::string(fault_name(parsed.kind)) +
                 " is a fault of a device");
  }
  if (parsed.kind == FaultKind::kUnplugged && !is_line) {
    return fault("unplug is a fault of a line; a device can be dead");
  }
  if (is_point_fault(parsed.kind)) {
    if (auto done = target.device->trouble(
            trouble_of(parsed.kind), parsed.points, elapsed);
        !done) {
      return done;
    }
    // Further points beside those that are in it already.
    const Fault* const before = target.faults->find(parsed.kind);
    if (before != nullptr && before->points.empty()) {
      parsed.points.clear();
    } else if (before != nullptr && !parsed.points.empty()) {
      parsed.points.insert(
          parsed.points.begin(), before->points.begin(), before->points.end());
    }
  }
  target.faults->add(std::move(parsed));
  return {};
}

void Plant::end_fault(const Target& target,
                      const Fault& fault,
                      microseconds elapsed) {
  if (is_point_fault(fault.kind)) {
    check(target.device->trouble(PointTrouble::kNone, fault.points, elapsed)
              .has_value(),
          "what is in trouble can come out of it");
  }
  target.faults->clear(fault.kind);
}

void Plant::clear_all(microseconds elapsed) {
  for (Line& line : lines_) {
    line.faults.clear();
  }
  for (Device& device : devices_) {
    const std::vector<Fault> all = device.faults.all();
    for (const Fault& one : all) {
      end_fault({&device.faults, &device.registers}, one, elapsed);
    }
  }
}

Result<void> Plant::clear(std::string_view words, microseconds elapsed) {
  const auto [name, rest] = split(words);
  if (name.empty()) {
    clear_all(elapsed);
    return {};
  }
  const auto target = find_target(name);
  if (!target) {
    return std::unexpected(target.error());
  }
  const auto kind = fault_kind(rest);
  if (!rest.empty() && !kind) {
    return fault("\"" + std::string(rest) + "\" is no fault");
  }
  const std::vector<Fault> all = target->faults->all();
  for (const Fault& one : all) {
    if (!kind || one.kind == *kind) {
      end_fault(*target, one, elapsed);
    }
  }
  return {};
}

Result<std::string> Plant::values(std::string_view name,
                                  microseconds elapsed) const {
  const auto device = find_device(name);
  if (!name.empty() && !device) {
    return fault("no device \"" + std::string(name) + "\"");
  }
  const auto index = device ? Result<std::size_t>(*device) : only_device();
  if (!index) {
    return std::unexpected(index.error());
  }
  return without_last_newline(devices_[*index].registers.values_text(elapsed));
}

std::string Plant::list(microseconds elapsed) const {
  std::string text;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    text += line_text(scene_.lines[line], lines_[line].address) +
            faults_text(lines_[line].faults) + "\n";
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      const DeviceScene& device = scene_.devices[i];
      if (device.line != line) {
        continue;
      }
      text += "  " + device.name + " " + device.profile->name + " unit";
      for (const std::uint8_t unit : device.units) {
        text += " " + std::to_string(unit);
      }
      text += faults_text(devices_[i].faults) + "\n" +
              devices_[i].registers.values_text(elapsed, "    ");
    }
    for (const PanelWorld& panel : panels_) {
      text += panel.scene().line == line ? panel.list() : "";
    }
  }
  return without_last_newline(text + variables_text(scene_.building));
}

std::string Plant::status(microseconds elapsed) const {
  std::string text =
      "elapsed " + std::to_string(elapsed.count() / 1'000'000) + " s\n";
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    const LineCounters& counters = lines_[line].counters;
    text += line_text(scene_.lines[line], lines_[line].address) +
            faults_text(lines_[line].faults) + "\n  requests " +
            std::to_string(counters.requests) + " answers " +
            std::to_string(counters.answers) + " collisions " +
            std::to_string(counters.collisions) + " hasty " +
            std::to_string(counters.hasty) + " garbled " +
            std::to_string(counters.garbled) + "\n";
    for (const PanelWorld& panel : panels_) {
      text += panel.scene().line == line ? panel.status() : "";
    }
  }
  return without_last_newline(std::move(text));
}

/// Of a plant with one device.
Result<std::string> Plant::old_command(std::string_view verb,
                                       std::string_view rest,
                                       microseconds elapsed) {
  const auto device = only_device();
  if (!device) {
    return fault("say what of: fault DEVICE|LINE dead|late");
  }
  const Target target{&devices_[*device].faults, &devices_[*device].registers};
  if (verb == "dead" && (rest == "on" || rest == "off")) {
    if (rest == "on") {
      return ok(put_fault(target, Fault{.kind = FaultKind::kDead}, elapsed));
    }
    target.faults->clear(FaultKind::kDead);
    return "ok";
  }
  const auto ms = whole_number(rest, kLongestDelayMs);
  if (verb != "delay" || !ms) {
    return fault(verb == "delay" ? "delay takes milliseconds, from 0 to 60000"
                                 : "dead takes on or off");
  }
  const std::chrono::milliseconds late{*ms};
  return ok(put_fault(
      target,
      Fault{.kind = FaultKind::kLate, .least_late = late, .most_late = late},
      elapsed));
}

Result<std::string> Plant::command(std::string_view line, Time now) {
  return command_at(line, elapsed(now));
}

Result<std::string> Plant::command_at(std::string_view line,
                                      microseconds elapsed) {
  step_to(elapsed);
  const auto [verb, rest] = split(line);
  if (verb == "set") {
    return ok(set(rest));
  }
  if (verb == "vary") {
    return ok(vary(rest));
  }
  if (verb == "fault") {
    return ok(add_fault(rest, elapsed));
  }
  if (verb == "clear") {
    return ok(clear(rest, elapsed));
  }
  if (verb == "replug") {
    return ok(clear(std::string(rest) + " unplug", elapsed));
  }
  if (verb == "dead" || verb == "delay") {
    return old_command(verb, rest, elapsed);
  }
  if (is_panel_word(verb)) {
    return panel_command(verb, rest);
  }
  if (verb == "values") {
    return values(rest, elapsed);
  }
  if (verb == "list" && rest.empty()) {
    return list(elapsed);
  }
  if (verb == "status" && rest.empty()) {
    return status(elapsed);
  }
  if (verb == "answers" && rest.empty()) {
    return std::to_string(answers());
  }
  return fault("\"" + std::string(trimmed(line)) +
               "\" is none of: set POINT=VALUE, vary POINT, fault WHAT KIND, "
               "clear, replug LINE, list, status, values, answers, "
               "dead on|off, delay MS, badge, keys, open, close, force, key, "
               "exit, handle, bolt, cut, mend, tamper, mains, fire, supply, "
               "reset, power, line, lock");
}

}  // namespace strongroom::plant
