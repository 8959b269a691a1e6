// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_reading.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>
#include <numeric>

#include "core/bus/plan.h"

namespace strongroom {
namespace {

/// The orders that devices are known to have, most frequent first.
constexpr std::array kOrders2 = {"AB", "BA"};
constexpr std::array kOrders4 = {"ABCD", "CDAB", "BADC", "DCBA"};
constexpr std::array kOrders8 = {
    "ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"};

Question question_of(std::uint8_t unit, const RegisterBlock& block) {
  return {unit, block.kind, block.address, block.count};
}

/// A request of its own for each point and text of `block`.
std::vector<RegisterBlock> split(const DeviceProfile& profile,
                                 const RegisterBlock& block) {
  std::vector<RegisterBlock> parts;
  for (const std::uint16_t index : block.points) {
    const PointProfile& point = profile.points[index];
    const std::uint16_t count = register_count(point.type);
    const auto same = std::ranges::find_if(parts, [&](const auto& part) {
      return part.address == point.address && part.count == count;
    });
    if (same != parts.end()) {
      same->points.push_back(index);  // another bit of the same word
    } else {
      parts.push_back({point.kind, point.address, count, {index}, {}});
    }
  }
  for (const std::uint16_t index : block.texts) {
    const TextProfile& text = profile.texts[index];
    parts.push_back({text.kind, text.address, text.registers, {}, {index}});
  }
  return parts;
}

class DeviceReader {
 public:
  DeviceReader(BusAsker& asker, const DeviceProfile& profile, std::uint8_t unit)
      : asker_(&asker), profile_(&profile), unit_(unit) {
    reading_.samples.resize(profile.points.size());
  }

  void read(const RegisterBlock& block) {
    const Answer answer =
        asker_->ask(question_of(unit_, block), profile_->pause);
    if (answer) {
      keep(block, *answer);
      return;
    }
    is_silent_ =
        reading_.cells.empty() && answer.error().fault != LinkFault::kException;
    const std::vector<RegisterBlock> parts = split(*profile_, block);
    if (answer.error().fault == LinkFault::kException && parts.size() > 1) {
      for (const RegisterBlock& part : parts) {
        read(part);
      }
      return;
    }
    reading_.faults.push_back(question_text(question_of(unit_, block)) + ": " +
                              (answer.error().fault == LinkFault::kException
                                   ? exception_text(answer.error().exception)
                                   : answer.error().what));
  }

  /// It has not answered at all: more questions would only take more time.
  bool is_silent() const { return is_silent_; }
  DeviceReading take() { return std::move(reading_); }

 private:
  void keep(const RegisterBlock& block, std::span<const std::uint16_t> cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto address = static_cast<std::uint16_t>(block.address + i);
      reading_.cells[{block.kind, address}] = cells[i];
    }
    decode_block(*profile_, block, cells, reading_.samples, reading_.texts);
  }

  BusAsker* asker_;
  const DeviceProfile* profile_;
  std::uint8_t unit_;
  bool is_silent_ = false;
  DeviceReading reading_;
};

std::string_view state_name(const PointProfile& point, std::int64_t code) {
  const auto state = std::ranges::find(point.states, code, &PointState::code);
  return state == point.states.end() ? std::string_view{} : state->name;
}

/// The value's bits, most significant byte first, or nothing when `order` is no
/// order of so many bytes.
std::optional<std::uint64_t> ordered(std::span<const std::uint16_t> cells,
                                     std::string_view order) {
  const std::size_t bytes = cells.size() * 2;
  std::uint64_t value = 0;
  std::uint64_t seen = 0;
  for (std::size_t at = 0; at < bytes && order.size() == bytes; ++at) {
    const auto place = static_cast<std::size_t>(order[at] - 'A');
    if (place >= bytes) {
      return std::nullopt;
    }
    const std::uint16_t cell = cells[at / 2];
    const std::uint64_t byte = at % 2 == 0 ? cell >> 8 : cell & 0xFF;
    value |= byte << 8 * (bytes - 1 - place);
    seen |= std::uint64_t{1} << place;
  }
  if (seen != (std::uint64_t{1} << bytes) - 1) {
    return std::nullopt;
  }
  return value;
}

std::string signed_text(std::uint64_t bits, std::size_t width) {
  const auto shift = 64 - width;
  return std::to_string(static_cast<std::int64_t>(bits << shift) >>
                        static_cast<int>(shift));
}

struct Reader {
  std::string_view type;
  std::size_t registers;
  std::string (*text)(std::uint64_t bits);
};

constexpr std::array kReaders = {
    Reader{"u16", 1, [](std::uint64_t b) { return std::to_string(b); }},
    Reader{"i16", 1, [](std::uint64_t b) { return signed_text(b, 16); }},
    Reader{"u32", 2, [](std::uint64_t b) { return std::to_string(b); }},
    Reader{"i32", 2, [](std::uint64_t b) { return signed_text(b, 32); }},
    Reader{"f32",
           2,
           [](std::uint64_t b) {
             return fmt::format(
                 "{:.7g}", std::bit_cast<float>(static_cast<std::uint32_t>(b)));
           }},
    Reader{"u64", 4, [](std::uint64_t b) { return std::to_string(b); }},
    Reader{"i64", 4, [](std::uint64_t b) { return signed_text(b, 64); }},
    Reader{"f64",
           4,
           [](std::uint64_t b) {
             return fmt::format("{:.15g}", std::bit_cast<double>(b));
           }},
};

std::span<const char* const> orders_of(std::size_t registers) {
  switch (registers) {
    case 1:
      return kOrders2;
    case 2:
      return kOrders4;
    default:
      return kOrders8;
  }
}

}  // namespace

DeviceReading read_device(BusAsker& asker,
                          const DeviceProfile& profile,
                          std::uint8_t unit,
                          const LineWire& wire) {
  std::vector<std::uint16_t> points(profile.points.size());
  std::iota(points.begin(), points.end(), std::uint16_t{0});
  DeviceReader reader(asker, profile, unit);
  for (const RegisterBlock& block :
       plan_reads(profile, points, true, {.wire = wire}, {})) {
    reader.read(block);
    if (reader.is_silent()) {
      break;
    }
  }
  return reader.take();
}

std::size_t good_points(const DeviceReading& reading) {
  return static_cast<std::size_t>(std::ranges::count(
      reading.samples, PointQuality::kGood, &PointSample::quality));
}

std::string value_text(const PointProfile& point, const PointSample& sample) {
  if (sample.quality != PointQuality::kGood) {
    return "";
  }
  const std::string_view name = state_name(point, sample.mantissa);
  return name.empty() ? format_decimal(sample.mantissa, point.exponent)
                      : std::string(name);
}

std::string identity_text(const DeviceProfile& profile,
                          const DeviceReading& reading) {
  std::string all;
  for (const TextSample& text : reading.texts) {
    if (text.value) {
      all += (all.empty() ? "" : ", ") + profile.texts[text.text].name + " " +
             *text.value;
    }
  }
  return all;
}

std::string question_text(const Question& question) {
  const int first = question.address;
  const std::string addresses =
      question.count == 1
          ? fmt::format("address {}", first)
          : fmt::format(
                "addresses {} to {}", first, first + question.count - 1);
  return fmt::format(
      "function {}, {}", static_cast<int>(question.kind), addresses);
}

std::vector<Interpretation> interpretations(
    std::span<const std::uint16_t> cells) {
  std::vector<Interpretation> all;
  for (const Reader& reader : kReaders) {
    if (reader.registers > cells.size()) {
      continue;
    }
    const auto value = cells.first(reader.registers);
    for (const char* const order : orders_of(reader.registers)) {
      all.push_back({std::string(reader.type),
                     order,
                     reader.text(ordered(value, order).value_or(0))});
    }
  }
  return all;
}

Result<Interpretation> interpretation(std::span<const std::uint16_t> cells,
                                      std::string_view type,
                                      std::string_view order) {
  const auto reader = std::ranges::find(kReaders, type, &Reader::type);
  if (reader == kReaders.end()) {
    return fault("\"" + std::string(type) +
                 "\" is no type; they are u16, i16, u32, i32, f32, u64, i64 "
                 "and f64");
  }
  if (reader->registers > cells.size()) {
    return fault(fmt::format("a {} takes {} registers, and {} were read",
                             type,
                             reader->registers,
                             cells.size()));
  }
  const std::string_view asked =
      order.empty()
          ? std::string_view("ABCDEFGH").substr(0, reader->registers * 2)
          : order;
  const auto bits = ordered(cells.first(reader->registers), asked);
  if (!bits) {
    return fault(fmt::format(
        "an order of a {} is made of the letters {}, each once, like {}; A is "
        "the most significant byte",
        type,
        std::string_view("ABCDEFGH").substr(0, reader->registers * 2),
        orders_of(reader->registers)[1]));
  }
  return Interpretation{
      std::string(type), std::string(asked), reader->text(*bits)};
}

}  // namespace strongroom
