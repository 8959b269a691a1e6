// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_program.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace strongroom::plant {
namespace {

/// An empty prefix, as of a build or of a package.
class PanelProgramsTest : public testing::Test {
 protected:
  PanelProgramsTest()
      : prefix(std::filesystem::temp_directory_path() /
               ("strongroom-prefix-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(prefix);
  }
  ~PanelProgramsTest() override { std::filesystem::remove_all(prefix); }

  void put(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << "image";
  }

  std::filesystem::path prefix;
  std::filesystem::path built = prefix / "firmware/qemu-mps2-an385.elf";
  std::filesystem::path installed =
      prefix / "share/strongroom/firmware/qemu-mps2-an385.bin";
};

TEST_F(PanelProgramsTest, TakesTheImageOfTheBuildOrElseOfThePackage) {
  const auto image = [&] { return panel_programs(prefix / "bin").qemu_image; };
  EXPECT_EQ(panel_programs(prefix / "bin").native,
            prefix / "bin/strongroom-panel");
  EXPECT_EQ(image(), built) << "neither: says what to build";
  put(installed);
  EXPECT_EQ(image(), installed);
  put(built);
  EXPECT_EQ(image(), built);
}

}  // namespace
}  // namespace strongroom::plant
