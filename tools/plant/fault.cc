// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/fault.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "core/base/check.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

constexpr std::uint8_t kGatewayTarget = 11;
constexpr std::int64_t kLatestMs = 3'600'000;

/// What a number after the kind means, and what it is without one.
struct Kind {
  std::string_view name;
  FaultKind kind;
  std::string_view takes;
  std::string_view help;
  int number = 0;  // unless said otherwise
  int max = 0;     // 0: takes no number
};

constexpr std::array<Kind, 12> kKinds{{
    {"dead", FaultKind::kDead, "", "no answer"},
    {"late",
     FaultKind::kLate,
     "MS|MS-MS [serial|parallel]",
     "the answer comes so much later; serial (a slow device): later requests "
     "wait for it, parallel (a gateway): they do not"},
    {"wrong-unit",
     FaultKind::kWrongUnit,
     "[UNIT]",
     "the answer says another unit, without UNIT the next one",
     -1,
     255},
    {"noise", FaultKind::kNoise, "", "one bit of the answer is turned"},
    {"truncated",
     FaultKind::kTruncated,
     "[BYTES]",
     "the last bytes are missing",
     2,
     255},
    {"exception",
     FaultKind::kException,
     "CODE",
     "exception 1 to 11 instead of values",
     0,
     11},
    {"garbage",
     FaultKind::kGarbage,
     "[BYTES]",
     "random bytes follow the answer",
     4,
     255},
    {"duplicate", FaultKind::kDuplicate, "", "the answer comes twice"},
    {"unplug",
     FaultKind::kUnplugged,
     "",
     "of a line: its port is gone until `replug`"},
    {"stuck", FaultKind::kStuck, "[POINT ...]", "values stay as they are"},
    {"sentinel",
     FaultKind::kSentinel,
     "[POINT ...]",
     "what the device says instead of a value"},
    {"cut",
     FaultKind::kCut,
     "[POINT ...]",
     "the wire of a contact, or of both of an antivalent pair: reads 0"},
}};

const Kind& kind_of(FaultKind kind) {
  const auto found = std::ranges::find(kKinds, kind, &Kind::kind);
  check(found != kKinds.end(), "a fault outside its enumeration");
  return *found;
}

bool parse_lateness(std::string_view word, Fault& fault) {
  const auto dash = word.find('-');
  const auto least = whole_number(word.substr(0, dash), kLatestMs);
  const auto most = dash == std::string_view::npos
                        ? least
                        : whole_number(word.substr(dash + 1), kLatestMs);
  if (!least || !most || *least > *most) {
    return false;
  }
  fault.least_late = milliseconds{*least};
  fault.most_late = milliseconds{*most};
  return true;
}

bool parse_argument(const Kind& kind, const std::string& word, Fault& fault) {
  if (is_point_fault(kind.kind)) {
    fault.points.push_back(word);
    return true;
  }
  if (word.starts_with("p=")) {
    const auto p = number(std::string_view(word).substr(2));
    fault.probability = p.value_or(0);
    return p && *p > 0 && *p <= 1 && kind.kind != FaultKind::kUnplugged;
  }
  if (kind.kind == FaultKind::kLate) {
    fault.parallel = fault.parallel || word == "parallel";
    return word == "serial" || word == "parallel" ||
           parse_lateness(word, fault);
  }
  const auto value = whole_number(word, kind.max);
  fault.number = static_cast<int>(value.value_or(0));
  return kind.max > 0 && value;
}

/// The shortest text that reads as the same number.
std::string text_of(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t z = state_;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

std::int64_t Random::between(std::int64_t least, std::int64_t most) {
  check(least <= most, "a range has its ends in order");
  const auto count = static_cast<std::uint64_t>(most - least) + 1;
  return least + static_cast<std::int64_t>(next() % count);
}

bool is_point_fault(FaultKind kind) {
  return kind == FaultKind::kStuck || kind == FaultKind::kSentinel ||
         kind == FaultKind::kCut;
}

std::string_view fault_name(FaultKind kind) {
  return kind_of(kind).name;
}

std::optional<FaultKind> fault_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found != kKinds.end() ? std::optional(found->kind) : std::nullopt;
}

std::string fault_words() {
  std::string text;
  for (const Kind& kind : kKinds) {
    const std::string head =
        std::string(kind.name) + " " + std::string(kind.takes);
    text += "  " + head +
            std::string(head.size() < 16 ? 16 - head.size() : 1, ' ') +
            std::string(kind.help) + "\n";
  }
  return text +
         "  All but unplug, stuck, sentinel and cut take p=0.1: one "
         "answer of ten.\n";
}

Result<Fault> parse_fault(std::string_view words) {
  const auto [name, rest] = split(words);
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  if (found == kKinds.end()) {
    std::string names;
    for (const Kind& kind : kKinds) {
      names += (names.empty() ? "" : ", ") + std::string(kind.name);
    }
    return fault("\"" + std::string(name) + "\" is no fault; they are " +
                 names);
  }
  Fault parsed{.kind = found->kind, .number = found->number};
  bool right = true;
  for (const std::string& word : words_of(rest)) {
    right = right && parse_argument(*found, word, parsed);
  }
  right = right &&
          (found->kind != FaultKind::kLate || parsed.most_late.count() > 0) &&
          (found->kind != FaultKind::kException || parsed.number > 0);
  if (!right) {
    return fault(std::string(name) + " takes " +
                 (found->takes.empty() ? "" : std::string(found->takes) + " ") +
                 (is_point_fault(found->kind) ? "" : "[p=0.1]"));
  }
  return parsed;
}

std::string fault_text(const Fault& fault) {
  const Kind& kind = kind_of(fault.kind);
  std::string text(kind.name);
  if (fault.kind == FaultKind::kLate) {
    text += " " + std::to_string(fault.least_late.count() / 1000);
    text += fault.most_late != fault.least_late
                ? "-" + std::to_string(fault.most_late.count() / 1000)
                : "";
    text += fault.parallel ? " parallel" : " serial";
  }
  if (kind.max > 0 && fault.number >= 0) {
    text += " " + std::to_string(fault.number);
  }
  if (fault.probability < 1) {
    text += " p=" + text_of(fault.probability);
  }
  for (const std::string& point : fault.points) {
    text += " " + point;
  }
  return text;
}

void FaultSet::add(Fault fault) {
  clear(fault.kind);
  all_.push_back(std::move(fault));
}

void FaultSet::clear(FaultKind kind) {
  std::erase_if(all_, [&](const Fault& f) { return f.kind == kind; });
}

void FaultSet::clear() {
  all_.clear();
}

const Fault* FaultSet::find(FaultKind kind) const {
  const auto found = std::ranges::find(all_, kind, &Fault::kind);
  return found != all_.end() ? &*found : nullptr;
}

const Fault* FaultSet::strike(FaultKind kind, Random& random) const {
  const Fault* const fault = find(kind);
  const bool strikes = fault != nullptr && (fault->probability >= 1 ||
                                            random.unit() < fault->probability);
  return strikes ? fault : nullptr;
}

void spoil_answer(const FaultSet& faults,
                  Framing framing,
                  Random& random,
                  Answer& answer) {
  const auto function = static_cast<std::uint8_t>(answer.pdu[0] & 0x7F);
  if (const Fault* f = faults.strike(FaultKind::kException, random)) {
    answer.pdu =
        exception_answer(function, static_cast<std::uint8_t>(f->number));
  }
  if (framing == Framing::kTcp &&
      faults.strike(FaultKind::kNoise, random) != nullptr) {
    answer.pdu = exception_answer(function, kGatewayTarget);
  }
  if (const Fault* f = faults.strike(FaultKind::kWrongUnit, random)) {
    answer.unit =
        static_cast<std::uint8_t>(f->number >= 0 ? f->number : answer.unit + 1);
  }
}

void spoil_frame(const FaultSet& faults,
                 Framing framing,
                 Random& random,
                 Bytes& frame) {
  if (framing == Framing::kRtu &&
      faults.strike(FaultKind::kNoise, random) != nullptr) {
    const auto bit = static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(8 * frame.size()) - 1));
    frame[bit / 8] = static_cast<std::uint8_t>(frame[bit / 8] ^ 1 << bit % 8);
  }
  if (const Fault* f = faults.strike(FaultKind::kTruncated, random)) {
    const auto missing = std::min<std::ptrdiff_t>(f->number, std::ssize(frame));
    frame.erase(frame.end() - missing, frame.end());
  }
  const Bytes whole = frame;
  if (const Fault* f = faults.strike(FaultKind::kGarbage, random)) {
    for (int i = 0; i < f->number; ++i) {
      frame.push_back(static_cast<std::uint8_t>(random.next()));
    }
  }
  if (faults.strike(FaultKind::kDuplicate, random) != nullptr) {
    append(frame, whole);
  }
}

}  // namespace strongroom::plant
