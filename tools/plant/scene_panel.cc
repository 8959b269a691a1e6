// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/scene_panel.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tools/plant/leaf.h"
#include "tools/plant/scene_building.h"
#include "tools/plant/scene_file.h"

namespace strongroom::plant {
namespace {

constexpr std::size_t kMostLeaves = 8;
constexpr std::size_t kMostReaders = 8;
constexpr double kLongestCloserS = 3600;

LeafScene read_leaf(ConfigTable& table, std::size_t number) {
  LeafScene leaf{
      .name = table.optional_string("name", "leaf-" + std::to_string(number))};
  if (!is_valid_scene_name(leaf.name)) {
    table.error("name", "is 1 to 32 characters of a-z, 0-9 and the hyphen");
  }
  const std::string lock =
      table.optional_choice("lock", "strike", {"strike", "magnet", "none"});
  leaf.lock = lock == "strike"   ? LockScene::kStrike
              : lock == "magnet" ? LockScene::kMagnet
                                 : LockScene::kNone;
  leaf.auto_close = std::chrono::milliseconds(std::llround(
      1000 * read_number(table, "auto_close_s", 0, 0, kLongestCloserS)));
  for (const std::string& input : table.optional_string_list("inverted")) {
    if (leaf_input(input) == 0) {
      table.error("inverted", "has contact, lock, handle, exit");
    }
    leaf.inverted =
        static_cast<std::uint8_t>(leaf.inverted | leaf_input(input));
  }
  return leaf;
}

PanelReaderScene read_reader(ConfigTable& table) {
  constexpr std::array<std::pair<std::string_view, ReaderScene>, 6> kKinds{{
      {"rdm6300", ReaderScene::kRdm6300},
      {"id12la", ReaderScene::kId12la},
      {"h10301", ReaderScene::kH10301},
      {"h10306", ReaderScene::kH10306},
      {"h10302", ReaderScene::kH10302},
      {"h10304", ReaderScene::kH10304},
  }};
  std::vector<std::string> names;
  for (const auto& [name, kind] : kKinds) {
    names.emplace_back(name);
  }
  const std::string kind = table.required_choice("kind", names);
  const auto found = std::ranges::find(
      kKinds, kind, [](const auto& one) { return std::string(one.first); });
  const std::string keypad =
      table.optional_choice("keypad", "none", {"none", "wiegand4", "wiegand8"});
  return {.kind = found != kKinds.end() ? found->second : ReaderScene::kRdm6300,
          .keypad = keypad == "wiegand4"   ? KeypadScene::kWiegand4
                    : keypad == "wiegand8" ? KeypadScene::kWiegand8
                                           : KeypadScene::kNone};
}

std::size_t read_line(ConfigTable& table, const Scene& scene) {
  const std::string name = table.required_string("line");
  const auto line = std::ranges::find(scene.lines, name, &LineScene::name);
  if (table.has("line") &&
      (line == scene.lines.end() || line->kind != LineKind::kRtu)) {
    table.error("line", "is no [[line]] of kind \"rtu\" of this scene");
    return 0;
  }
  return line != scene.lines.end()
             ? static_cast<std::size_t>(line - scene.lines.begin())
             : 0;
}

bool is_taken(const Scene& scene, std::size_t line, std::uint8_t unit) {
  return std::ranges::any_of(scene.devices,
                             [&](const DeviceScene& device) {
                               return device.line == line &&
                                      std::ranges::find(device.units, unit) !=
                                          device.units.end();
                             }) ||
         std::ranges::any_of(scene.panels, [&](const PanelScene& panel) {
           return panel.line == line && panel.unit == unit;
         });
}

}  // namespace

PanelScene read_panel(ConfigTable& table,
                      const Scene& scene,
                      std::string name,
                      const std::filesystem::path& links) {
  PanelScene panel{.name = std::move(name)};
  panel.line = read_line(table, scene);
  panel.board =
      table.optional_choice("board", "native", {"native", "qemu-mps2-an385"}) ==
              "native"
          ? PanelBoard::kNative
          : PanelBoard::kQemu;
  panel.unit =
      static_cast<std::uint8_t>(table.optional_int("unit_id", 1, 1, 247));
  if (is_taken(scene, panel.line, panel.unit)) {
    table.error("unit_id", "is another device's or panel's on this line");
  }
  panel.key = table.optional_path("key").value_or("").string();
  panel.program = table.optional_path("program").value_or("").string();
  panel.state = table.optional_path("state").value_or("").string();
  panel.local = (links / (panel.name + ".local")).lexically_normal().string();
  std::vector<ConfigTable> leaves = table.tables("leaf");
  if (leaves.empty() || leaves.size() > kMostLeaves) {
    table.error("leaf", "a panel has 1 to 8");
  }
  for (ConfigTable& leaf : leaves) {
    panel.leaves.push_back(read_leaf(leaf, panel.leaves.size() + 1));
  }
  std::vector<ConfigTable> readers = table.tables("reader");
  if (readers.size() > kMostReaders) {
    table.error("reader", "a panel has at most 8");
  }
  for (ConfigTable& reader : readers) {
    panel.readers.push_back(read_reader(reader));
  }
  return panel;
}

}  // namespace strongroom::plant
