// SPDX-License-Identifier: Apache-2.0
// bus read: what a device says, once.
#include <cstdio>
#include <fmt/format.h>

#include "tools/strongroom/bus_commands.h"
#include "tools/strongroom/bus_reading.h"
#include "tools/strongroom/bus_session.h"
#include "tools/strongroom/bus_table.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

constexpr std::chrono::milliseconds kReadTimeout{1000};

struct ReadCommand {
  LineOrder line;
  int unit = 0;
  std::string profile;
  bool is_raw = false;
  int function = 0;
  int address = -1;
  int count = 1;
  std::string type;
  std::string order;
};

/// "0043 6640": what stood at the point's addresses.
std::string raw_text(const PointProfile& point, const DeviceReading& reading) {
  std::string text;
  for (int i = 0; i < register_count(point.type); ++i) {
    const auto cell = reading.cells.find(
        {point.kind, static_cast<std::uint16_t>(point.address + i)});
    if (cell == reading.cells.end()) {
      return "";
    }
    text += (text.empty() ? "" : " ") +
            (is_bit_kind(point.kind) ? std::to_string(cell->second)
                                     : fmt::format("{:04x}", cell->second));
  }
  return text;
}

std::string points_table(const DeviceProfile& profile,
                         const DeviceReading& reading,
                         bool is_raw) {
  std::vector<TableColumn> columns = {
      {"point"}, {"value", true}, {"unit"}, {"quality"}};
  if (is_raw) {
    columns.insert(columns.end(),
                   {{"function", true, 2}, {"address", true, 1}, {"raw"}});
  }
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < profile.points.size(); ++i) {
    const PointProfile& point = profile.points[i];
    const PointSample& sample = reading.samples[i];
    const bool is_good = sample.quality == PointQuality::kGood;
    TableRow row{{point.name,
                  value_text(point, sample),
                  point.unit == "1" ? "" : point.unit,
                  std::string(quality_name(sample.quality))},
                 is_good ? RowMark::kNone : RowMark::kWarning};
    if (is_raw) {
      row.cells.insert(row.cells.end(),
                       {std::to_string(static_cast<int>(point.kind)),
                        std::to_string(point.address),
                        raw_text(point, reading)});
    }
    rows.push_back(std::move(row));
  }
  return render_table(columns, rows, screen_of_output());
}

void read_profile(const ReadCommand& command,
                  const BusLine& line,
                  const DeviceProfile& profile,
                  std::uint8_t unit,
                  Outcome& outcome) {
  auto session = open_session(line);
  if (!session) {
    report(outcome, ExitCode::kUnreachable, session.error().what);
    return;
  }
  const DeviceReading reading =
      read_device(*session->asker, profile, unit, session->wire);
  for (const std::string& what : reading.faults) {
    std::fprintf(stderr, "%s\n", printable(what).c_str());
  }
  if (reading.cells.empty()) {
    report(outcome,
           ExitCode::kUnreachable,
           fmt::format("unit {} on {} gives nothing of {}: is it this unit and "
                       "this profile? (strongroom bus scan)",
                       unit,
                       text_of(line),
                       profile.name));
    return;
  }
  std::printf("unit %d on %s as %s, %s\n",
              unit,
              text_of(line).c_str(),
              profile.name.c_str(),
              std::string(trust_rung_name(profile.trust)).c_str());
  for (const TextSample& text : reading.texts) {
    std::printf("%s: %s\n",
                profile.texts[text.text].name.c_str(),
                text.value ? text.value->c_str() : "(not readable)");
  }
  std::fputs(points_table(profile, reading, command.is_raw).c_str(), stdout);
}

std::string characters_of(std::uint16_t cell) {
  std::string text;
  for (const int byte : {cell >> 8, cell & 0xFF}) {
    text += byte >= ' ' && byte <= '~' ? static_cast<char>(byte) : '.';
  }
  return text;
}

std::string cells_table(const Question& question,
                        std::span<const std::uint16_t> cells) {
  const bool are_bits = is_bit_kind(question.kind);
  std::vector<TableColumn> columns = {{"address", true},
                                      {"bit", true},
                                      {"hex"},
                                      {"u16", true},
                                      {"i16", true},
                                      {"ASCII"}};
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string address = std::to_string(question.address + i);
    if (are_bits) {
      rows.push_back({{address, std::to_string(cells[i]), "", "", "", ""}});
    } else {
      rows.push_back({{address,
                       "",
                       fmt::format("{:04x}", cells[i]),
                       std::to_string(cells[i]),
                       std::to_string(static_cast<std::int16_t>(cells[i])),
                       characters_of(cells[i])}});
    }
  }
  return render_table(columns, rows, screen_of_output());
}

/// A row per type, a column per order.
std::string interpretations_table(std::span<const std::uint16_t> cells) {
  const std::vector<TableColumn> columns = {{"type"},
                                            {"AB, ABCD, …", true},
                                            {"CDAB, GHEFCDAB", true},
                                            {"BA, BADC, …", true},
                                            {"DCBA, HGFEDCBA", true}};
  std::vector<TableRow> rows;
  for (const Interpretation& one : interpretations(cells)) {
    if (rows.empty() || rows.back().cells.front() != one.type) {
      rows.push_back({{one.type, "", "", "", ""}});
    }
    const bool is_swapped_bytes = one.order.starts_with("BA");
    const bool is_swapped_words =
        one.order.starts_with("CD") || one.order.starts_with("GH");
    const std::size_t column = one.order.starts_with("AB") ? 1
                               : is_swapped_words          ? 2
                               : is_swapped_bytes          ? 3
                                                           : 4;
    rows.back().cells[column] = one.value;
  }
  return render_table(columns, rows, screen_of_output());
}

/// Every value of the type, one after the other, beginning at each address that
/// is free.
Result<std::string> typed_values(const ReadCommand& command,
                                 std::span<const std::uint16_t> cells) {
  std::string text;
  std::size_t at = 0;
  while (at < cells.size()) {
    const auto one =
        interpretation(cells.subspan(at), command.type, command.order);
    if (!one && at > 0) {
      break;  // what is left is shorter than a value
    }
    if (!one) {
      return std::unexpected(one.error());
    }
    text += fmt::format("{} {} {} {}\n",
                        command.address + static_cast<int>(at),
                        one->type,
                        one->order,
                        one->value);
    at += one->order.size() / 2;
  }
  return text;
}

void read_bare(const ReadCommand& command,
               const BusLine& line,
               std::uint8_t unit,
               Outcome& outcome) {
  const Question question{unit,
                          static_cast<RegisterKind>(command.function),
                          static_cast<std::uint16_t>(command.address),
                          static_cast<std::uint16_t>(command.count)};
  auto session = open_session(line);
  if (!session) {
    report(outcome, ExitCode::kUnreachable, session.error().what);
    return;
  }
  const Answer cells = session->asker->ask(question);
  if (!cells) {
    const bool has_answered = cells.error().fault == LinkFault::kException;
    report(outcome,
           has_answered ? ExitCode::kFailed : ExitCode::kUnreachable,
           fmt::format("unit {}, {}: {}",
                       unit,
                       question_text(question),
                       has_answered ? exception_text(cells.error().exception)
                                    : cells.error().what));
    return;
  }
  if (!command.type.empty()) {
    const auto values = typed_values(command, *cells);
    if (!values) {
      report(outcome, ExitCode::kUsage, values.error().what);
      return;
    }
    std::fputs(values->c_str(), stdout);
    return;
  }
  std::fputs(cells_table(question, *cells).c_str(), stdout);
  if (!is_bit_kind(question.kind)) {
    std::printf("\nThe value at address %d, by type and byte order:\n%s",
                command.address,
                interpretations_table(*cells).c_str());
  }
}

/// What is wrong with the order, or empty.
std::string fault_of(const ReadCommand& command) {
  const bool is_bare = command.function != 0 || command.address >= 0;
  if (is_bare && (command.function == 0 || command.address < 0)) {
    return "a bare read needs both --function and --address";
  }
  if (is_bare && !command.profile.empty()) {
    return "--profile reads the points of a profile, --function and --address "
           "bare registers: choose one";
  }
  if (!is_bare && command.profile.empty() && command.line.config.empty()) {
    return "say what to read: --profile NAME, or --function and --address";
  }
  if (command.unit == 0 && (is_bare || command.line.config.empty())) {
    return "name the device with --unit";
  }
  const int most =
      command.function <= 2 ? kMaxBitsPerRequest : kMaxRegistersPerRequest;
  if (is_bare &&
      (command.count > most || command.address + command.count > 0x10000)) {
    return fmt::format("--count is at most {} and stays within address 65535",
                       most);
  }
  if (!command.type.empty() && command.function <= 2) {
    return "--type is for registers (functions 3 and 4)";
  }
  return "";
}

/// Of a configured line: the device with --unit, or the only one.
Result<DeviceConfig> configured_device(const ReadCommand& command) {
  const auto line = configured_line(command.line);
  if (!line) {
    return std::unexpected(line.error());
  }
  std::string units;
  for (const DeviceConfig& device : line->devices) {
    if (device.unit_id == command.unit ||
        (command.unit == 0 && line->devices.size() == 1)) {
      return device;
    }
    units += fmt::format(
        "{}{} ({})", units.empty() ? "" : ", ", device.unit_id, device.name);
  }
  return fault("line " + line->name + " has the units " + units +
               "; name one with --unit");
}

/// The profile and unit that the order names, by itself or by configuration.
struct Target {
  std::shared_ptr<const DeviceProfile> profile;
  std::uint8_t unit = 0;
};

Result<Target> target_of(const ReadCommand& command) {
  if (command.profile.empty()) {
    const auto device = configured_device(command);
    if (!device) {
      return std::unexpected(device.error());
    }
    return Target{device->profile, device->unit_id};
  }
  auto profile = load_profile(profiles_of(command.line), command.profile);
  if (!profile) {
    return fault(errors_text(profile.error()));
  }
  return Target{std::make_shared<const DeviceProfile>(*std::move(profile)),
                static_cast<std::uint8_t>(command.unit)};
}

void read(const ReadCommand& command, Outcome& outcome) {
  const std::string wrong = fault_of(command);
  if (!wrong.empty()) {
    report(outcome, ExitCode::kUsage, wrong);
    return;
  }
  const auto lines = lines_of(command.line, kReadTimeout);
  if (!lines) {
    report(outcome, ExitCode::kUsage, lines.error().what);
    return;
  }
  if (lines->size() != 1) {
    report(outcome, ExitCode::kUsage, "--baud takes one number here");
    return;
  }
  if (command.function != 0) {
    read_bare(command,
              lines->front(),
              static_cast<std::uint8_t>(command.unit),
              outcome);
    return;
  }
  const auto target = target_of(command);
  if (!target) {
    report(outcome, ExitCode::kUsage, target.error().what);
    return;
  }
  read_profile(
      command, lines->front(), *target->profile, target->unit, outcome);
}

}  // namespace

void add_bus_read(CLI::App& bus, Outcome& outcome) {
  auto command = std::make_shared<ReadCommand>();
  auto* read_app = bus.add_subcommand("read", "Read a device once");
  add_line_options(*read_app, command->line, false);
  read_app->add_option("--unit", command->unit, "Unit of the device")
      ->check(CLI::Range(1, 247));
  read_app->add_option(
      "--profile", command->profile, "Read all points of this profile");
  read_app->add_flag("--raw", command->is_raw, "Show the registers too");
  read_app
      ->add_option("--function",
                   command->function,
                   "Bare read: 1 coils, 2 discrete inputs, 3 holding, 4 input "
                   "registers")
      ->check(CLI::Range(1, 4));
  read_app
      ->add_option("--address", command->address, "First, on the wire, from 0")
      ->check(CLI::Range(0, 65535));
  read_app->add_option("--count", command->count, "How many addresses")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str();
  read_app->add_option("--type",
                       command->type,
                       "Only as u16, i16, u32, i32, f32, u64, i64 or f64");
  read_app->add_option(
      "--order",
      command->order,
      "Of --type: letters as they come on the wire, A the most "
      "significant byte: CDAB");
  read_app->footer(
      "Which order a device uses: read a value that you know, and look for "
      "it.\n"
      "\nExamples:\n"
      "  strongroom bus read --tcp 192.0.2.10 --unit 1 --profile "
      "eastron-sdm630 --raw\n"
      "  strongroom bus read --config agent.toml --line rs485-0 --unit 3\n"
      "  strongroom bus read --serial /dev/ttyUSB0 --unit 1 --function 4 "
      "--address 0 --count 4");
  read_app->callback([command, &outcome] { read(*command, outcome); });
}

}  // namespace strongroom
