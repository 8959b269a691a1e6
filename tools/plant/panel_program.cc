// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_program.h"

#include <array>

namespace strongroom::plant {
namespace {

constexpr std::array<const char*, kWays> kWayNames{
    "line", "reader1", "world", "local", "monitor"};

}  // namespace

PanelPrograms panel_programs() {
  std::error_code error;
  return panel_programs(
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path());
}

PanelPrograms panel_programs(const std::filesystem::path& here) {
  const auto prefix = here.parent_path();
  const auto built = prefix / "firmware/qemu-mps2-an385.elf";
  const auto installed =
      prefix / "share/strongroom/firmware/qemu-mps2-an385.bin";
  std::error_code error;
  const bool is_installed = !std::filesystem::exists(built, error) &&
                            std::filesystem::exists(installed, error);
  return {.native = here / "strongroom-panel",
          .qemu_image = is_installed ? installed : built};
}

const char* way_name(Way way) {
  return kWayNames[way];
}

std::vector<std::string> panel_command(const PanelScene& scene,
                                       const PanelPrograms& programs,
                                       const std::filesystem::path& sockets,
                                       const std::filesystem::path& state) {
  const auto path = [&](Way way) { return (sockets / way_name(way)).string(); };
  std::vector<std::string> words;
  if (scene.board == PanelBoard::kNative) {
    words = {scene.program.empty() ? programs.native.string() : scene.program};
    for (const Way way : {kLine, kReader1, kWorld, kLocal}) {
      words.push_back(std::string("--") + way_name(way));
      words.push_back("unix:" + path(way));
    }
    words.insert(words.end(),
                 {"--memory",
                  (state / "memory").string(),
                  "--nv",
                  (state / "nv").string()});
    return words;
  }
  words = {
      programs.qemu.string(),
      "-machine",
      "mps2-an385",
      "-display",
      "none",
      "-kernel",
      scene.program.empty() ? programs.qemu_image.string() : scene.program};
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::string name = way_name(static_cast<Way>(way));
    words.insert(
        words.end(),
        {"-chardev",
         "socket,id=" + name + ",path=" + path(static_cast<Way>(way))});
    if (way != kMonitor) {
      words.insert(words.end(), {"-serial", "chardev:" + name});
    }
  }
  words.insert(words.end(), {"-mon", "chardev=monitor,mode=control"});
  return words;
}

}  // namespace strongroom::plant
