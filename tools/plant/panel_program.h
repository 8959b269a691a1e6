// SPDX-License-Identifier: Apache-2.0
// Which program a panel is, and how it is called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/plant/scene.h"

namespace strongroom::plant {

/// Where the programs are, when a scene does not say.
struct PanelPrograms {
  std::filesystem::path native;      // strongroom-panel
  std::filesystem::path qemu_image;  // for the board qemu-mps2-an385
  std::filesystem::path qemu = "/usr/bin/qemu-system-arm";
};
/// Of the program that runs.
PanelPrograms panel_programs();
/// For a plant in `here`: the image as it is built, ../firmware/*.elf, else as
/// the package installs it, ../share/strongroom/firmware/*.bin.
PanelPrograms panel_programs(const std::filesystem::path& here);

/// Sockets that it connects to, by their names in one folder.
enum Way : std::size_t { kLine, kReader1, kWorld, kLocal, kMonitor, kWays };
const char* way_name(Way way);

/// Its command, with what survives a reset or a power cut in `state`.
std::vector<std::string> panel_command(const PanelScene& scene,
                                       const PanelPrograms& programs,
                                       const std::filesystem::path& sockets,
                                       const std::filesystem::path& state);

}  // namespace strongroom::plant
