// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/enrolment.h"

#include <gtest/gtest.h>

#include "platform/crypto/keys.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

class Enrolment : public testing::Test {
 protected:
  void SetUp() override {
    init_crypto();
    dir_ = fs::temp_directory_path() /
           ("strongroom-enrolment-" +
            std::string(
                testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(dir_);
    fs::create_directories(dir_);
    const auto created = create_agent_keys(dir_, {"edge-1", "bj1"});
    ASSERT_TRUE(created.has_value()) << created.error().what;
  }
  void TearDown() override { fs::remove_all(dir_); }

  fs::path dir_;
};

TEST_F(Enrolment, Request_ReadsBackAndProvesPossession) {
  const auto request = read_enrol_request(dir_ / "enrol.json");
  ASSERT_TRUE(request.has_value()) << request.error().what;
  EXPECT_EQ(request->source.text(), "edge-1@bj1");
  EXPECT_EQ(request->event_key,
            *public_key_of(dir_ / "event.key", KeyKind::kEvent));
  EXPECT_NE(request->certificate_request.find("CERTIFICATE REQUEST"),
            std::string::npos);
}

TEST_F(Enrolment, AnyChangedNameOrKey_IsRefused) {
  const std::string text = *read_file(dir_ / "enrol.json");
  for (const char* member : {"\"source\": \"edge-1",
                             "\"event_key\": \"",
                             "\"sealing_key\": \"",
                             "\"possession\": \""}) {
    auto altered = text;
    const auto at = altered.find(member) + std::string(member).size() - 1;
    ASSERT_LT(at, altered.size()) << member;
    altered[at + 1] = altered[at + 1] == 'z' ? 'y' : 'z';
    ASSERT_TRUE(write_file(
        dir_ / "altered.json", as_bytes(altered), 0644, Overwrite::kReplace));
    EXPECT_FALSE(read_enrol_request(dir_ / "altered.json").has_value())
        << member;
  }
}

TEST_F(Enrolment, SecondKeygen_ChangesNothing) {
  const auto before = *read_file(dir_ / "event.key");
  EXPECT_FALSE(create_agent_keys(dir_, {"edge-1", "bj1"}).has_value());
  EXPECT_EQ(*read_file(dir_ / "event.key"), before);
}

TEST_F(Enrolment, NamesThatCannotBeAgents_AreRefused) {
  for (const Source& source : std::initializer_list<Source>{
           {"console", "bj1"},
           {"edge-1", "central"},
           {"Edge", "bj1"},
           {"", "bj1"},
           {"a/b", "bj1"},
           {std::string(32, 'a'), std::string(32, 'b')}}) {
    const fs::path dir = dir_ / "refused";
    fs::create_directories(dir);
    EXPECT_FALSE(create_agent_keys(dir, source).has_value()) << source.text();
    EXPECT_TRUE(fs::is_empty(dir)) << source.text();
  }
}

TEST_F(Enrolment, Rotation_IsSignedByBothAndKeepsItsKeysWhenRepeated) {
  ASSERT_TRUE(begin_rotation(dir_).has_value());
  const auto first = read_rotate_request(dir_ / "rotate.json");
  ASSERT_TRUE(first.has_value()) << first.error().what;
  ASSERT_TRUE(begin_rotation(dir_).has_value());
  const auto second = read_rotate_request(dir_ / "rotate.json");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->new_key, second->new_key);
  EXPECT_NE(first->new_key, first->old_key);
}

TEST_F(Enrolment, FinishRotation_StoppedHalfway_IsMendedByRepeating) {
  ASSERT_TRUE(begin_rotation(dir_).has_value());
  const auto request = read_rotate_request(dir_ / "rotate.json");
  ASSERT_TRUE(request.has_value());
  // As after a crash between the two renames of the event key.
  fs::rename(dir_ / "event.key", dir_ / "event.key.old");
  ASSERT_TRUE(finish_rotation(dir_).has_value());
  ASSERT_TRUE(finish_rotation(dir_).has_value());
  EXPECT_EQ(*public_key_of(dir_ / "event.key", KeyKind::kEvent),
            request->new_key);
  EXPECT_EQ(*public_key_of(dir_ / "event.key.old", KeyKind::kEvent),
            request->old_key);
  EXPECT_EQ(*public_key_of(dir_ / "sealing.key", KeyKind::kSealing),
            request->new_sealing_key);
}

}  // namespace
}  // namespace strongroom
