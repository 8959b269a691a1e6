// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_session.h"

#include <algorithm>
#include <charconv>

#include "platform/profile/profile_file.h"
#include "platform/system/clock.h"

namespace strongroom {
namespace {

/// How long after its question an answer may come, in timeouts.
constexpr int kLateTimeouts = 4;

Result<std::vector<int>> parse_bauds(std::string_view text) {
  std::vector<int> bauds;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    int baud = 0;
    const char* const end = part.data() + part.size();
    const auto [rest, error] = std::from_chars(part.data(), end, baud);
    if (error != std::errc() || rest != end || baud < 300 || baud > 1'000'000) {
      return fault("--baud takes numbers like 9600 or 9600,19200, not \"" +
                   std::string(part) + "\"");
    }
    bauds.push_back(baud);
    if (part.size() == text.size()) {
      return bauds;
    }
    text.remove_prefix(part.size() + 1);
  }
}

char parity_of(const std::string& word) {
  return word == "even" ? 'E' : word == "odd" ? 'O' : 'N';
}

BusLine line_of(const LineConfig& config) {
  BusLine line;
  line.timeout = config.timeout;
  if (config.kind == LineKind::kTcp) {
    line.settings.endpoint = TcpEndpoint{config.host, config.port};
  } else {
    line.settings.endpoint = RtuEndpoint{
        config.serial, config.baud, config.parity, config.stop_bits};
  }
  return line;
}

}  // namespace

void add_line_options(CLI::App& command, LineOrder& order, bool many_bauds) {
  auto* serial = command.add_option(
      "--serial", order.serial, "Serial port: /dev/serial/by-path/…");
  auto* tcp = command.add_option(
      "--tcp", order.tcp, "HOST[:PORT] of a Modbus TCP device or gateway");
  auto* config = command.add_option(
      "--config", order.config, "Take the line from this agent.toml");
  command.add_option("--line", order.line, "Which line of --config")
      ->needs(config);
  command
      .add_option("--baud",
                  order.baud,
                  many_bauds ? "Of the serial port; several are tried in turn: "
                               "9600,19200"
                             : "Of the serial port")
      ->needs(serial)
      ->capture_default_str();
  command.add_option("--parity", order.parity, "Of the serial port")
      ->check(CLI::IsMember({"none", "even", "odd"}))
      ->needs(serial)
      ->capture_default_str();
  command.add_option("--stop-bits", order.stop_bits, "Of the serial port")
      ->check(CLI::Range(1, 2))
      ->needs(serial)
      ->capture_default_str();
  serial->excludes(tcp)->excludes(config);
  tcp->excludes(config);
  command.add_option(
      "--profiles",
      order.profiles,
      "Directory of device profiles (default: the installed one)");
  command
      .add_option("--timeout-ms",
                  order.timeout_ms,
                  "Of one answer, beside its time on the wire (default: of "
                  "--config, else 1000, of a scan 200)")
      ->check(CLI::Range(1, 10'000));
}

Result<LineConfig> configured_line(const LineOrder& order) {
  const auto config = load_agent_config(order.config);
  if (!config) {
    return fault(config.error().front().text() +
                 (config.error().size() > 1 ? " (and more: strongroom-agent "
                                              "--check-config lists them)"
                                            : ""));
  }
  std::string names;
  for (const LineConfig& line : config->lines) {
    if (line.name == order.line ||
        (order.line.empty() && config->lines.size() == 1)) {
      return line;
    }
    names += (names.empty() ? "" : ", ") + line.name;
  }
  return fault(order.config.string() + " has the lines " + names +
               "; name one with --line");
}

Result<std::vector<BusLine>> lines_of(const LineOrder& order,
                                      std::chrono::milliseconds timeout) {
  std::vector<BusLine> lines;
  if (order.timeout_ms > 0) {
    timeout = std::chrono::milliseconds(order.timeout_ms);
  }
  if (!order.config.empty()) {
    auto config = configured_line(order);
    if (!config) {
      return std::unexpected(config.error());
    }
    lines.push_back(line_of(*config));
    if (order.timeout_ms > 0) {
      lines.back().timeout = timeout;
    }
  } else if (!order.tcp.empty()) {
    auto endpoint = parse_tcp_endpoint(order.tcp);
    if (!endpoint) {
      return std::unexpected(endpoint.error());
    }
    lines.push_back({{*std::move(endpoint)}, timeout});
  } else if (!order.serial.empty()) {
    const auto bauds = parse_bauds(order.baud);
    if (!bauds) {
      return std::unexpected(bauds.error());
    }
    for (const int baud : *bauds) {
      lines.push_back(
          {{RtuEndpoint{
               order.serial, baud, parity_of(order.parity), order.stop_bits}},
           timeout});
    }
  } else {
    return fault(
        "name a line: --serial /dev/…, --tcp HOST[:PORT], or --config "
        "agent.toml --line NAME");
  }
  return lines;
}

std::filesystem::path profiles_of(const LineOrder& order) {
  return order.profiles.empty() ? profile_directory() : order.profiles;
}

Result<BusSession> open_session(const BusLine& line) {
  BusSession session;
  session.wire = wire_of(line);
  LibmodbusSettings settings = line.settings;
  // Connecting may take longer than an answer does.
  settings.timeout = std::max<std::chrono::milliseconds>(
      line.timeout, std::chrono::seconds(2));
  session.link = make_libmodbus_link(settings);
  if (auto opened = session.link->open(); !opened) {
    return fault(
        opened.error().what +
        (session.wire.kind == LineKind::kRtu
             ? ". A line has one master: if the agent holds it, ask the agent "
               "(strongroom bus watch), or take the line out of its agent.toml "
               "meanwhile (systemctl reload strongroom-agent)"
             : ". Check power, address and network; ping reaches it?"));
  }
  if (session.wire.kind == LineKind::kRtu) {
    session.link->discard(line.timeout, line.timeout * kLateTimeouts);
  }
  session.asker =
      std::make_unique<BusAsker>(*session.link,
                                 session.wire,
                                 line.timeout,
                                 line.timeout * kLateTimeouts,
                                 [] { return read_clocks().monotonic; });
  return session;
}

}  // namespace strongroom
