// SPDX-License-Identifier: Apache-2.0
// The table of docs/formats/panel-registers.md is what the panel answers.
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

struct Row {
  std::string table;
  unsigned address = 0;
  unsigned size = 0;
  std::string type;
  std::string name;
};

std::vector<Row> read_rows() {
  std::ifstream page("docs/formats/panel-registers.md");
  std::vector<Row> rows;
  for (std::string line; std::getline(page, line);) {
    std::istringstream cells(line);
    Row row;
    std::string bar;
    std::string address;
    if (cells >> bar >> row.table >> bar >> address >> bar >> row.size >> bar >>
            row.type >> bar >> row.name &&
        address.starts_with("0x")) {
      row.address = static_cast<unsigned>(std::stoul(address, nullptr, 16));
      rows.push_back(row);
    }
  }
  return rows;
}

// Every value another one, so that none can stand in another's place.
RegisterSource source(const LinkIdentity& identity) {
  RegisterSource source{.identity = identity};
  PanelView& view = source.view;
  view = {
      .ring = 0xA0A1A2A3,
      .newest_seq = 0xB0B1B2B3,
      .acked_seq = 0xC0C1C2C3,
      .lost = 0xD0D1D2D3,
      .config_version = 0xE0E1E2E3,
      .list_version = 0xF0F1F2F3,
      .inputs = 0x12345678,
      .panel_inputs = 5,
      .outputs = {.locks = 0x81, .green = 0x42, .red = 0x24, .buzzer = 0x18},
      .has_pin = true,
      .is_alone = true,
      .unlocks = 0x71727374,
      .badges = 0x75767778,
      .unreadable = 0x797A7B7C};
  view.status.leaves = {.size = 3, .bytes = {0x31, 0x32, 0x33}};
  view.status.supply_mv = 12345;
  view.status.flags = 0x15;
  view.status.drift_ppm = -17;
  source.counters = {.frames = 0x61626364,
                     .crc_errors = 0x65666768,
                     .exceptions = 0x696A6B6C,
                     .exchanges = 0x51525354,
                     .repeated = 0x55565758,
                     .refused = 0x595A5B5C};
  source.session = 0x0102030405060708;
  source.uptime_s = 0x41424344;
  source.scratch = 0x9ABC;
  return source;
}

const std::map<std::string, std::string>& expected() {
  static const std::map<std::string, std::string> kExpected{
      {"input pending", "00 33"},
      {"input newest_seq_low", "b2 b3"},
      {"input map_version", "00 01"},
      {"input protocol", "00 01"},
      {"input board_flags", "00 01"},
      {"input boot", "12 34"},
      {"input session", "01 02 03 04 05 06 07 08"},
      {"input board",
       "6e 65 74 64 75 69 6e 6f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
       "00"},
      {"input firmware",
       "31 2e 32 2e 33 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
       "00"},
      {"input serial", "de ad be ef 01 00 00 00 00 00 00 00"},
      {"input uptime_s", "41 42 43 44"},
      {"input ring", "a0 a1 a2 a3"},
      {"input newest_seq", "b0 b1 b2 b3"},
      {"input acked_seq", "c0 c1 c2 c3"},
      {"input lost", "d0 d1 d2 d3"},
      {"input config_version", "e0 e1 e2 e3"},
      {"input list_version", "f0 f1 f2 f3"},
      {"input drift_ppm", "ff ff ff ef"},
      {"input flags", "00 15"},
      {"input supply_mv", "30 39"},
      {"input alone", "00 01"},
      {"input leaf_count", "00 03"},
      {"input leaf_1", "00 31"},
      {"input leaf_2", "00 32"},
      {"input leaf_3", "00 33"},
      {"input leaf_4", "00 00"},
      {"input leaf_5", "00 00"},
      {"input leaf_6", "00 00"},
      {"input leaf_7", "00 00"},
      {"input leaf_8", "00 00"},
      {"input leaf_inputs", "12 34 56 78"},
      {"input panel_inputs", "00 05"},
      {"input locks", "00 81"},
      {"input green", "00 42"},
      {"input red", "00 24"},
      {"input buzzer", "00 18"},
      {"input frames", "61 62 63 64"},
      {"input crc_errors", "65 66 67 68"},
      {"input exceptions", "69 6a 6b 6c"},
      {"input exchanges", "51 52 53 54"},
      {"input repeated", "55 56 57 58"},
      {"input refused", "59 5a 5b 5c"},
      {"input unlocks", "71 72 73 74"},
      {"input badges", "75 76 77 78"},
      {"input unreadable", "79 7a 7b 7c"},
      {"discrete leaf_inputs", "78 56 34 12"},
      {"discrete panel_inputs", "05"},
      {"coil locks", "81"},
      {"coil green", "42"},
      {"coil red", "24"},
      {"coil buzzer", "18"},
      {"coil scratch", "bc 9a"},
  };
  return kExpected;
}

class Registers : public testing::Test {
 protected:
  // As a function answers it: registers high byte first, bits low bit first.
  std::string read(const Row& row) const {
    Bytes bytes;
    for (unsigned i = 0; i < row.size; ++i) {
      const auto at = static_cast<std::uint16_t>(row.address + i);
      if (row.table == "input") {
        const auto value = input_register(source_, at);
        bytes = value ? bytes + be16(*value) : Bytes{};
        continue;
      }
      const auto bit =
          row.table == "coil" ? coil(source_, at) : discrete_input(source_, at);
      if (!bit) {
        return "none";
      }
      if (i % 8 == 0) {
        bytes.push_back(0);
      }
      bytes.back() |= static_cast<std::uint8_t>(*bit << i % 8);
    }
    return hex(bytes);
  }

  std::array<std::uint8_t, 5> serial_{0xDE, 0xAD, 0xBE, 0xEF, 1};
  LinkIdentity identity_{.board = "netduino",
                         .firmware = "1.2.3",
                         .serial = serial_,
                         .boot = 0x1234,
                         .tests_only = true};
  RegisterSource source_ = source(identity_);
};

TEST_F(Registers, OfThePage_HoldWhatTheyAreNamedAfter) {
  std::set<std::string> seen;
  for (const Row& row : read_rows()) {
    const std::string name = row.table + " " + row.name;
    seen.insert(name);
    if (row.table != "holding") {
      ASSERT_TRUE(expected().contains(name)) << name;
      EXPECT_EQ(read(row), expected().at(name)) << name;
    }
  }
  EXPECT_EQ(seen.size(), expected().size() + 1);  // and the holding register
}

TEST_F(Registers, ThatAreOnNoPage_DoNotExist) {
  std::map<std::string, std::set<unsigned>> known;
  for (const Row& row : read_rows()) {
    for (unsigned i = 0; i < row.size; ++i) {
      EXPECT_TRUE(known[row.table].insert(row.address + i).second)
          << row.name << " overlaps";
    }
  }
  for (unsigned i = 0; i <= 0xFFFF; ++i) {
    const auto at = static_cast<std::uint16_t>(i);
    EXPECT_EQ(input_register(source_, at).has_value(),
              known["input"].contains(i))
        << i;
    EXPECT_EQ(discrete_input(source_, at).has_value(),
              known["discrete"].contains(i))
        << i;
    EXPECT_EQ(coil(source_, at).has_value(), known["coil"].contains(i)) << i;
  }
}

// A text that fills its registers has no zero behind it.
TEST_F(Registers, TextsAreCut_AtTheirEnd) {
  const LinkIdentity identity{.board = "abcdefghijklmnopqrstuvwxyz",
                              .firmware = ""};
  RegisterSource source{.identity = identity};
  EXPECT_EQ(input_register(source, 0x0108), 'a' << 8 | 'b');
  EXPECT_EQ(input_register(source, 0x0113), 'w' << 8 | 'x');
  EXPECT_EQ(input_register(source, 0x0114), 0);
}

struct RegistersOnTheLine : testing::Test, PanelBench {};

TEST_F(RegistersOnTheLine, EveryRow_IsReadInOneRequest) {
  const std::map<std::string, std::uint8_t> functions{
      {"coil", 1}, {"discrete", 2}, {"holding", 3}, {"input", 4}};
  for (const Row& row : read_rows()) {
    const Bytes answer =
        ask(rtu(kUnit, functions.at(row.table), row.address, row.size));
    ASSERT_GE(answer.size(), 5U) << row.name;
    EXPECT_EQ(answer[1], functions.at(row.table)) << row.name;
  }
  EXPECT_EQ(link_->counters().exceptions, 0U);
}

// Bits of the poll block, each by what makes it.
TEST_F(RegistersOnTheLine, Pending_SaysWhatWaits) {
  const auto pending = [this] { return ask(rtu(kUnit, 4, 0, 2)).at(4); };
  EXPECT_EQ(pending(), 0b011101) << "events, no ring, no configuration, new";
  configure();
  EXPECT_EQ(pending(), 0b000001) << "what was not acknowledged";
  ASSERT_TRUE(exchange({.ring = kRing, .ack_seq = view().newest_seq}, 5));
  EXPECT_EQ(pending(), 0);
  for (int i = 0; i < 4000; ++i) {
    wait(1000);
  }
  EXPECT_EQ(pending(), 0b100001) << "alone, and it says so";
  ASSERT_TRUE(exchange({.ring = kRing, .ack_seq = 1000}, 6));
  EXPECT_EQ(pending() & 0b100000, 0);
  start(kSession + 1);
  EXPECT_EQ(pending() & 0b010000, 0b010000);
}

}  // namespace
}  // namespace strongroom::panel
