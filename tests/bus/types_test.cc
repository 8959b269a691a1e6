// SPDX-License-Identifier: Apache-2.0
// Every type in every order, packed by programs that we did not write (pymodbus
// and libmodbus), read by a line of the agent over TCP and over RTU.
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

#include "platform/modbus/libmodbus_link.h"
#include "tests/bus/peer_program.h"
#include "tests/bus/poll_log.h"
#include "tests/bus/rtu_slave.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{500};
constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};

/// What a device says and how it is to be read.
struct Expected {
  DeviceProfile profile;
  std::vector<PointSample> samples;
  std::vector<std::string> texts;
};

const std::map<std::string, ValueType> kTypes = {{"bit", ValueType::kBit},
                                                 {"u16", ValueType::kU16},
                                                 {"i16", ValueType::kI16},
                                                 {"u32", ValueType::kU32},
                                                 {"i32", ValueType::kI32},
                                                 {"u64", ValueType::kU64},
                                                 {"i64", ValueType::kI64},
                                                 {"f32", ValueType::kF32},
                                                 {"f64", ValueType::kF64}};

std::vector<std::uint8_t> order_of(const std::string& letters) {
  std::vector<std::uint8_t> order;
  if (letters != "-") {
    for (const char letter : letters) {
      order.push_back(static_cast<std::uint8_t>(letter - 'A'));
    }
  }
  return order;
}

PointProfile point_with(std::string name,
                        RegisterKind kind,
                        std::uint16_t address,
                        ValueType type) {
  return {.name = std::move(name),
          .unit = "1",
          .kind = kind,
          .address = address,
          .type = type,
          .min = 1 - kMantissaLimit,
          .max = kMantissaLimit - 1};
}

void add_point(std::istringstream& words, Expected& expected) {
  std::string name;
  std::string type;
  std::string order;
  std::string low;
  std::string high;
  std::string scale;
  std::string value;
  int function = 0;
  std::uint16_t address = 0;
  int exponent = 0;
  words >> name >> function >> address >> type >> order >> exponent >> low >>
      high >> scale >> value;
  PointProfile point = point_with(
      name, static_cast<RegisterKind>(function), address, kTypes.at(type));
  point.order = order_of(order);
  point.exponent = exponent;
  if (low != "-") {
    point.bits = BitRange{static_cast<std::uint8_t>(std::stoi(low)),
                          static_cast<std::uint8_t>(std::stoi(high))};
  }
  if (scale != "-") {
    point.scale = Ratio{std::stoll(scale), std::stoll(scale.substr(2))};
  }
  expected.profile.points.push_back(std::move(point));
  expected.samples.push_back(value == "bad"     ? kBad
                             : value == "range" ? kOutOfRange
                                                : good(std::stoll(value)));
}

void add_text(std::istringstream& words, Expected& expected) {
  TextProfile text;
  int function = 0;
  words >> text.name >> function >> text.address >> text.registers >>
      text.swapped;
  text.kind = static_cast<RegisterKind>(function);
  std::string value;
  std::getline(words >> std::ws, value);
  expected.profile.texts.push_back(std::move(text));
  expected.texts.push_back(std::move(value));
}

/// As tests/bus/pymodbus_types.py announces it.
Expected announced(const std::string& output) {
  Expected expected;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "point") {
      add_point(words, expected);
    } else if (first == "text") {
      add_text(words, expected);
    }
  }
  return expected;
}

void expect_read(std::variant<TcpEndpoint, RtuEndpoint> endpoint,
                 const Expected& expected) {
  PollLog log;
  const auto profile = std::make_shared<DeviceProfile>(expected.profile);
  const LineKind kind = std::holds_alternative<TcpEndpoint>(endpoint)
                            ? LineKind::kTcp
                            : LineKind::kRtu;
  BusLine line(
      "line",
      make_libmodbus_link({std::move(endpoint), kTimeout}),
      {.wire = {.kind = kind}, .timeout = kTimeout},
      {{.name = "device",
        .profile = profile,
        .periods = {milliseconds(50), milliseconds(50), milliseconds(50)}}},
      log.sink());
  line.start();
  // Points are of the normal class, texts of the slow one.
  EXPECT_TRUE(log.sees([&](const PollDone& done) {
    if (done.poll_class != PollClass::kNormal || !done.error.empty()) {
      return false;
    }
    for (std::size_t i = 0; i < expected.samples.size(); ++i) {
      const PointProfile& point = profile->points[i];
      EXPECT_EQ(done.samples[i], expected.samples[i])
          << point.name << " type " << static_cast<int>(point.type)
          << " function " << static_cast<int>(point.kind) << " address "
          << point.address;
    }
    return true;
  }));
  if (expected.texts.empty()) {
    return;
  }
  EXPECT_TRUE(log.sees([&](const PollDone& done) {
    if (done.texts.size() != expected.texts.size()) {
      return false;
    }
    for (const TextSample& text : done.texts) {
      EXPECT_EQ(text.value, expected.texts[text.text]);
    }
    return true;
  }));
}

/// Nothing was forgotten.
void expect_all_types(const Expected& expected) {
  std::set<std::pair<ValueType, std::vector<std::uint8_t>>> seen;
  std::set<RegisterKind> kinds;
  for (const PointProfile& point : expected.profile.points) {
    seen.emplace(point.type, point.order);
    kinds.insert(point.kind);
  }
  EXPECT_EQ(kinds.size(), 4U);
  // bit; two orders of 16 bits and the default, four of 32 and 64.
  EXPECT_GE(seen.size(), 1U + 3U + 2U + 6U * 4U);
  EXPECT_GE(expected.texts.size(), 3U);
}

TEST(PymodbusTypes, Tcp_EveryTypeInEveryOrder_IsReadExactly) {
  const Peer peer(pymodbus({"tcp", "types"}));
  const Expected expected = announced(peer.output());
  expect_all_types(expected);
  expect_read(TcpEndpoint{"127.0.0.1", peer.port()}, expected);
}

TEST(PymodbusTypes, Rtu_EveryTypeInEveryOrder_IsReadExactly) {
  const TemporaryDirectory directory;
  const std::string link = directory / "port";
  const Peer peer(pymodbus({"rtu", link, "types"}));
  const Expected expected = announced(peer.output());
  expect_all_types(expected);
  expect_read(RtuEndpoint{.device = link}, expected);
}

// --- libmodbus as the device ------------------------------------------------

/// Serves the same map, as pymodbus announced it.
TestServer::Fill fill_with(const std::string& output) {
  return [output](modbus_mapping_t& map) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string first;
      int function = 0;
      if (!(words >> first >> function) || first != "block") {
        continue;
      }
      std::uint16_t value = 0;
      for (int i = 0; i < TestServer::kRegisters && words >> value; ++i) {
        const auto bit = static_cast<std::uint8_t>(value);
        switch (static_cast<RegisterKind>(function)) {
          case RegisterKind::kCoil:
            map.tab_bits[i] = bit;
            break;
          case RegisterKind::kDiscrete:
            map.tab_input_bits[i] = bit;
            break;
          case RegisterKind::kHolding:
            map.tab_registers[i] = value;
            break;
          case RegisterKind::kInput:
            map.tab_input_registers[i] = value;
            break;
        }
      }
    }
  };
}

TEST(LibmodbusServerTypes, Tcp_EveryTypeInEveryOrder_IsReadExactly) {
  const Peer peer(pymodbus({"tcp", "types"}));
  const TestServer server(0, fill_with(peer.output()));
  expect_read(TcpEndpoint{"127.0.0.1", server.port()},
              announced(peer.output()));
}

TEST(LibmodbusServerTypes, Rtu_EveryTypeInEveryOrder_IsReadExactly) {
  const Peer peer(pymodbus({"tcp", "types"}));
  const Pty pty;
  const TestServer server(pty, fill_with(peer.output()));
  expect_read(RtuEndpoint{.device = pty.path()}, announced(peer.output()));
}

}  // namespace
}  // namespace strongroom
