// SPDX-License-Identifier: Apache-2.0
#include "platform/system/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

class Files : public testing::Test {
 protected:
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory.path()),
                      std::filesystem::directory_iterator()));
  }

  TemporaryDirectory directory;
  std::filesystem::path path = directory / "file";
};

TEST_F(Files, Write_ThenRead_GivesTheSameBytes) {
  const std::string text("a\0b\n", 4);
  ASSERT_TRUE(write_file(path, as_bytes(text), 0600, Overwrite::kRefuse));
  EXPECT_EQ(read_file(path).value(), text);
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, Write_Mode_IsAsAskedWhateverTheUmask) {
  const mode_t before = ::umask(0777);
  const auto written =
      write_file(path, as_bytes("x"), 0644, Overwrite::kRefuse);
  ::umask(before);
  ASSERT_TRUE(written);
  EXPECT_EQ(mode_of(path), 0644U);
}

TEST_F(Files, Write_Refuse_KeepsWhatIsThere) {
  write_text(path, "old");
  const auto written =
      write_file(path, as_bytes("new"), 0600, Overwrite::kRefuse);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().what.find(path.string()), std::string::npos);
  EXPECT_NE(written.error().what.find("File exists"), std::string::npos);
  EXPECT_EQ(read_file(path).value(), "old");
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, Write_Replace_ReplacesContentAndMode) {
  write_text(path, "old and longer");
  ASSERT_TRUE(write_file(path, as_bytes("new"), 0600, Overwrite::kReplace));
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, Write_NoDirectory_IsAFaultThatNamesIt) {
  const auto written = write_file(
      directory / "none" / "file", as_bytes("x"), 0600, Overwrite::kReplace);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().what.find("No such file"), std::string::npos);
}

TEST_F(Files, Write_OverADirectory_IsAFaultAndLeavesNothing) {
  std::filesystem::create_directory(path);
  EXPECT_FALSE(write_file(path, as_bytes("x"), 0600, Overwrite::kReplace));
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, Read_Missing_SaysWhichAndWhy) {
  EXPECT_EQ(read_file(path).error().what,
            path.string() + ": cannot be opened: No such file or directory");
  EXPECT_FALSE(read_file(directory.path()));
}

TEST_F(Files, Read_AtTheLimit_IsReadAndBeyondIsNot) {
  write_text(path, std::string(100, 'x'));
  EXPECT_TRUE(read_file(path, 100));
  EXPECT_FALSE(read_file(path, 99));
  EXPECT_FALSE(read_file("/dev/zero", 100'000));
}

}  // namespace
}  // namespace strongroom
