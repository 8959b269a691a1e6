// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_scan.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>

namespace strongroom {
namespace {

constexpr std::size_t kShownValues = 4;
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kProposedTimeout{500};

enum class Presence : std::uint8_t { kSilent, kAnswers, kRefuses };

struct Probed {
  Presence presence = Presence::kSilent;
  std::uint16_t first = 0;  // of kAnswers
};

Question question_of(std::uint8_t unit, const ProbeRegister& probe) {
  return {unit, probe.kind, probe.address, probe.count};
}

bool is_within(const ProbeRegister& probe, std::uint16_t first) {
  return first >= probe.min && first <= probe.max;
}

bool same_question(const ProbeRegister& left, const ProbeRegister& right) {
  return question_of(1, left) == question_of(1, right);
}

/// Best first; by name where there is nothing to choose.
bool is_better(const ScanMatch& left, const ScanMatch& right) {
  if (left.is_confirmed != right.is_confirmed) {
    return left.is_confirmed;
  }
  const std::size_t left_good = good_points(left.reading);
  const std::size_t right_good = good_points(right.reading);
  return left_good != right_good ? left_good > right_good
                                 : left.profile->name < right.profile->name;
}

/// Asks units one by one. Answers of other units cannot be mistaken, but they
/// disturb: then the question is asked again.
class Scanner {
 public:
  Scanner(BusAsker& asker, const LineWire& wire, const Profiles& profiles)
      : asker_(&asker), wire_(wire), profiles_(&profiles) {
    for (const DeviceProfile& profile : profiles) {
      longest_pause_ =
          std::max<std::chrono::microseconds>(longest_pause_, profile.pause);
      if (profile.probe &&
          std::ranges::none_of(probes_, [&](const auto& known) {
            return same_question(known, *profile.probe);
          })) {
        probes_.push_back(*profile.probe);
      }
    }
  }

  std::optional<ScanFind> visit(std::uint8_t unit, bool is_thorough) {
    answers_.clear();
    if (!is_there(unit, is_thorough) || is_lost()) {
      return std::nullopt;
    }
    ScanFind find;
    find.unit = unit;
    for (const DeviceProfile& profile : *profiles_) {
      if (!profile.probe || !matches(unit, *profile.probe)) {
        continue;
      }
      const Probed second =
          probe(other_shape(unit, *profile.probe), longest_pause_);
      ScanMatch match{
          &profile, false, read_device(*asker_, profile, unit, wire_)};
      match.is_confirmed = second.presence == Presence::kAnswers
                               ? is_within(*profile.probe, second.first)
                               : is_read_again(*profile.probe, match.reading);
      find.matches.push_back(std::move(match));
    }
    std::ranges::sort(find.matches, is_better);
    return find;
  }

  bool is_lost() const { return !lost_.empty(); }
  const std::string& lost() const { return lost_; }

 private:
  Probed probe(const Question& question, std::chrono::microseconds pause) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const Answer answer = asker_->ask(question, pause);
      if (answer) {
        return {Presence::kAnswers, answer->front()};
      }
      switch (answer.error().fault) {
        case LinkFault::kTimeout:
          return {};
        case LinkFault::kException: {
          const auto exception = answer.error().exception;
          const bool nobody = exception == ModbusException::kGatewayPath ||
                              exception == ModbusException::kGatewayTarget;
          return {nobody ? Presence::kSilent : Presence::kRefuses, 0};
        }
        case LinkFault::kGarbled:
          continue;
        case LinkFault::kLost:
          lost_ = answer.error().what;
          return {};
      }
    }
    return {};
  }

  const Probed& probed(std::uint8_t unit, const ProbeRegister& candidate) {
    const Question question = question_of(unit, candidate);
    const auto known = std::ranges::find(
        answers_, question, &std::pair<Question, Probed>::first);
    if (known != answers_.end()) {
      return known->second;
    }
    // Who is there may be a device that wants a rest between questions.
    const std::chrono::microseconds pause =
        answers_.empty() ? std::chrono::microseconds{} : longest_pause_;
    return answers_.emplace_back(question, probe(question, pause)).second;
  }

  /// A device must answer what it does not know with an exception, so that one
  /// question of each function finds it; some cheap ones keep silent instead.
  bool is_there(std::uint8_t unit, bool is_thorough) {
    std::set<RegisterKind> asked;
    for (const ProbeRegister& candidate : probes_) {
      if (!is_thorough && !asked.insert(candidate.kind).second) {
        continue;
      }
      if (probed(unit, candidate).presence != Presence::kSilent || is_lost()) {
        return !is_lost();
      }
    }
    return false;
  }

  bool matches(std::uint8_t unit, const ProbeRegister& candidate) {
    const Probed& found = probed(unit, candidate);
    return found.presence == Presence::kAnswers &&
           is_within(candidate, found.first);
  }

  static Question other_shape(std::uint8_t unit, const ProbeRegister& known) {
    Question other = question_of(unit, known);
    other.count = static_cast<std::uint16_t>(other.count > 1 ? other.count - 1
                                                             : other.count + 1);
    return other;
  }

  /// The device refuses the other shape: then one of the requests that read its
  /// points must have met the same register.
  bool is_read_again(const ProbeRegister& known, const DeviceReading& reading) {
    const auto cell = reading.cells.find({known.kind, known.address});
    return known.count > 1 && cell != reading.cells.end() &&
           is_within(known, cell->second);
  }

  BusAsker* asker_;
  LineWire wire_;
  const Profiles* profiles_;
  std::chrono::microseconds longest_pause_{};         // that any profile wants
  std::vector<ProbeRegister> probes_;                 // no question twice
  std::vector<std::pair<Question, Probed>> answers_;  // of the unit
  std::string lost_;
};

/// At least `quarters` of four points are good.
bool has_good(const ScanMatch& match, std::size_t quarters) {
  return match.is_confirmed && good_points(match.reading) * 4 >=
                                   match.profile->points.size() * quarters;
}

std::string values_text(const ScanMatch& match) {
  std::string text = identity_text(*match.profile, match.reading);
  std::size_t shown = 0;
  const auto& points = match.profile->points;
  for (std::size_t i = 0; i < points.size() && shown < kShownValues; ++i) {
    const PointSample& sample = match.reading.samples[i];
    if (sample.quality != PointQuality::kGood) {
      continue;
    }
    ++shown;
    text += (text.empty() ? "" : ", ") + points[i].name + " " +
            value_text(points[i], sample);
    if (points[i].unit != "1") {
      text += " " + points[i].unit;
    }
  }
  return text;
}

/// A name that does not depend on the order in which adapters were plugged in,
/// where the system has one.
std::string lasting_name(const std::string& serial) {
  std::error_code error;
  for (const char* const folder :
       {"/dev/serial/by-path", "/dev/serial/by-id"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(folder, error)) {
      if (std::filesystem::equivalent(entry.path(), serial, error)) {
        return entry.path().string();
      }
    }
  }
  return serial;
}

std::string line_config(const BusLine& line) {
  // The agent finds out by itself how long to wait; this is the most.
  const auto timeout = std::max(line.timeout, kProposedTimeout).count();
  if (const auto* tcp = std::get_if<TcpEndpoint>(&line.settings.endpoint)) {
    return fmt::format(
        "[[line]]\nname = \"line-1\"\nkind = \"tcp\"\nhost = \"{}\"\n"
        "port = {}\ntimeout_ms = {}\n",
        tcp->host,
        tcp->port,
        timeout);
  }
  const auto& rtu = std::get<RtuEndpoint>(line.settings.endpoint);
  const char* const parity = rtu.parity == 'E'   ? "even"
                             : rtu.parity == 'O' ? "odd"
                                                 : "none";
  return fmt::format(
      "[[line]]\nname = \"line-1\"\nkind = \"rtu\"\nserial = \"{}\"\n"
      "baud = {}\nparity = \"{}\"\nstop_bits = {}\ntimeout_ms = {}\n",
      lasting_name(rtu.device),
      rtu.baud,
      parity,
      rtu.stop_bits,
      timeout);
}

/// At most 31 characters, as the agent wants them.
std::string device_name(const DeviceProfile& profile, std::uint8_t unit) {
  return profile.name.substr(0, 27) + "-" + std::to_string(unit);
}

std::string device_config(const DeviceProfile& profile,
                          std::uint8_t unit,
                          std::string_view prefix) {
  return fmt::format(
      "\n{0}[[line.device]]\n{0}name = \"{1}\"\n{0}profile = \"{2}\"\n"
      "{0}unit_id = {3}\n",
      prefix,
      device_name(profile, unit),
      profile.name,
      unit);
}

std::string choice_config(const ScanFind& find) {
  std::string text = fmt::format(
      "\n# Unit {}: not certain. Keep what it is, or what stands on it.\n",
      find.unit);
  for (const ScanMatch& match : find.matches) {
    text += fmt::format(
        "#\n# {} of {} points are plausible{}:",
        good_points(match.reading),
        match.profile->points.size(),
        match.is_confirmed ? "" : ", but a second question was not confirmed");
    text += device_config(*match.profile, find.unit, "# ");
  }
  return text;
}

std::string span_text(std::chrono::seconds span) {
  const auto seconds = span.count();
  return seconds < 60 ? fmt::format("{} s", seconds)
                      : fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

}  // namespace

const ScanMatch* certain_match(const ScanFind& find) {
  // A device may lack some of its type's values (a phase, a sensor), not most.
  if (find.matches.empty() || !has_good(find.matches.front(), 2)) {
    return nullptr;
  }
  const auto is_rival = [](const ScanMatch& match) {
    return has_good(match, 3);
  };
  const bool has_rival =
      std::any_of(find.matches.begin() + 1, find.matches.end(), is_rival);
  return has_rival ? nullptr : &find.matches.front();
}

Result<std::vector<ScanFind>> scan_line(BusAsker& asker,
                                        const LineWire& wire,
                                        const Profiles& profiles,
                                        const ScanOrder& order,
                                        const ScanProgress& progress) {
  Scanner scanner(asker, wire, profiles);
  std::vector<ScanFind> finds;
  std::size_t done = 0;
  for (const std::uint8_t unit : order.units) {
    auto find = scanner.visit(unit, order.is_thorough);
    if (scanner.is_lost()) {
      return fault("the line broke at unit " + std::to_string(unit) + ": " +
                   scanner.lost());
    }
    if (find) {
      finds.push_back(*std::move(find));
    }
    progress(++done, finds.size());
  }
  return finds;
}

std::string scan_table(const std::vector<ScanFind>& finds,
                       const Screen& screen) {
  const std::vector<TableColumn> columns = {{"unit", true},
                                            {"profile"},
                                            {"match"},
                                            {"trust", false, 1},
                                            {"points", true},
                                            {"what it says"}};
  std::vector<TableRow> rows;
  for (const ScanFind& find : finds) {
    const std::string unit = std::to_string(find.unit);
    if (find.matches.empty()) {
      rows.push_back({{unit,
                       "unknown",
                       "none",
                       "",
                       "",
                       "answers, but no profile's probe fits"},
                      RowMark::kWarning});
    }
    const ScanMatch* const certain = certain_match(find);
    for (const ScanMatch& match : find.matches) {
      const std::string_view word = &match == certain    ? "certain"
                                    : match.is_confirmed ? "possible"
                                                         : "doubtful";
      rows.push_back({{unit,
                       match.profile->name,
                       std::string(word),
                       std::string(trust_rung_name(match.profile->trust)),
                       fmt::format("{}/{}",
                                   good_points(match.reading),
                                   match.profile->points.size()),
                       values_text(match)},
                      &match == certain ? RowMark::kNone : RowMark::kWarning});
    }
  }
  return render_table(columns, rows, screen);
}

std::string proposed_config(const BusLine& line,
                            const std::vector<ScanFind>& finds) {
  std::string text = line_config(line);
  for (const ScanFind& find : finds) {
    if (const ScanMatch* const certain = certain_match(find)) {
      text += device_config(*certain->profile, find.unit, "");
    } else if (!find.matches.empty()) {
      text += choice_config(find);
    } else {
      text += fmt::format(
          "\n# Unit {} answers, but no profile knows it. Write one: "
          "boards/devices/README.md\n",
          find.unit);
    }
  }
  return text;
}

std::string progress_text(std::size_t done,
                          std::size_t of,
                          std::size_t found,
                          std::chrono::milliseconds elapsed) {
  std::string text = fmt::format("unit {} of {}, {} found", done, of, found);
  if (done > 0 && done < of) {
    const auto rest =
        elapsed * static_cast<long>(of - done) / static_cast<long>(done);
    text += ", " + span_text(std::chrono::ceil<std::chrono::seconds>(rest)) +
            " left";
  }
  return text;
}

}  // namespace strongroom
