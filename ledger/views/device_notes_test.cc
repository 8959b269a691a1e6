// SPDX-License-Identifier: Apache-2.0
#include "ledger/views/device_notes.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

constexpr auto kNothing = NoteChange::kNothing;
constexpr auto kAdded = NoteChange::kAdded;
constexpr auto kAnew = NoteChange::kDescribedAnew;
constexpr auto kAnother = NoteChange::kAnotherProfile;

constexpr std::uint64_t kEpoch = 0xfedcba9876543210;

template <std::size_t N>
void put(char (&field)[N], std::string_view text) {
  text.copy(field, N - 1);
}

EventMessage event_of(std::uint64_t seq, std::uint64_t epoch = kEpoch) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.epoch = epoch;
  event.seq = seq;
  return event;
}

EventMessage described(std::uint64_t seq,
                       std::uint32_t first_point,
                       const std::vector<std::string>& names,
                       std::string_view profile = "rle-ld",
                       std::uint64_t epoch = kEpoch) {
  EventMessage event = event_of(seq, epoch);
  event.which_body = strongroom_v1_Event_device_described_tag;
  auto& body = event.body.device_described;
  put(body.device, "leak-1");
  put(body.profile, profile);
  body.first_point = first_point;
  body.points_count = static_cast<pb_size_t>(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    put(body.points[i].name, names[i]);
  }
  return event;
}

EventMessage states(std::uint64_t seq,
                    std::uint64_t described_seq,
                    std::uint32_t point,
                    std::uint32_t first_state,
                    const std::vector<std::string>& names) {
  EventMessage event = event_of(seq);
  event.which_body = strongroom_v1_Event_states_described_tag;
  auto& body = event.body.states_described;
  put(body.device, "leak-1");
  body.described_seq = described_seq;
  body.point = point;
  body.first_state = first_state;
  body.states_count = static_cast<pb_size_t>(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    body.states[i].code = static_cast<std::int64_t>(first_state + i);
    put(body.states[i].name, names[i]);
  }
  return event;
}

EventMessage identified(std::uint64_t seq,
                        std::string_view name,
                        std::string_view text,
                        std::string_view profile = "rle-ld") {
  EventMessage event = event_of(seq);
  event.which_body = strongroom_v1_Event_device_identified_tag;
  auto& body = event.body.device_identified;
  put(body.device, "leak-1");
  put(body.profile, profile);
  put(body.name, name);
  put(body.text, text);
  return event;
}

TEST(DeviceNotes, States_NameTheCodesOfTheirPoint) {
  DeviceNotes notes;
  EXPECT_EQ(notes.take(described(5, 0, {"distance", "leak"})), kAnew);
  EXPECT_EQ(notes.take(described(6, 2, {"cable"})), kAdded);
  EXPECT_EQ(notes.take(states(7, 5, 1, 0, {"dry", "leak"})), kAdded);
  EXPECT_EQ(notes.take(states(8, 5, 1, 2, {"unknown"})), kAdded);
  const DeviceNote* note = notes.find("leak-1");
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->state_of(1, "leak", 0), "dry");
  EXPECT_EQ(note->state_of(1, "leak", 1), "leak");
  EXPECT_EQ(note->state_of(1, "leak", 2), "unknown");
  EXPECT_EQ(note->state_of(1, "leak", 3), "");
  EXPECT_EQ(note->state_of(0, "distance", 1), "") << "a number";
  EXPECT_EQ(note->state_of(1, "distance", 1), "") << "of another description";
  EXPECT_EQ(note->state_of(9, "leak", 1), "");
  EXPECT_EQ(notes.find("leak-2"), nullptr);
}

TEST(DeviceNotes, AnotherDescription_ForgetsTheStates) {
  DeviceNotes notes;
  notes.take(described(5, 0, {"leak"}));
  notes.take(states(6, 5, 0, 0, {"dry", "leak"}));
  EXPECT_EQ(notes.take(described(9, 0, {"leak"})), kAnew);
  EXPECT_EQ(notes.find("leak-1")->state_of(0, "leak", 1), "");
  EXPECT_EQ(notes.take(states(10, 5, 0, 0, {"x"})), kNothing)
      << "of the first one";
  EXPECT_EQ(notes.take(states(11, 9, 0, 0, {"whole", "broken"})), kAdded);
  EXPECT_EQ(notes.take(states(12, 9, 0, 0, {"x"})), kNothing) << "known";
  EXPECT_EQ(notes.take(states(12, 9, 0, 7, {"x"})), kNothing) << "a hole";
  EXPECT_EQ(notes.find("leak-1")->state_of(0, "leak", 1), "broken");
}

TEST(DeviceNotes, StatesOfNoDescription_AreNotTaken) {
  DeviceNotes notes;
  EXPECT_EQ(notes.take(states(6, 5, 0, 0, {"dry"})), kNothing);
  notes.take(described(5, 0, {"leak"}, "rle-ld", 3));
  EXPECT_EQ(notes.take(states(6, 5, 0, 0, {"dry"})), kNothing)
      << "another epoch";
  EXPECT_EQ(notes.take(described(6, 1, {"x"})), kNothing) << "another epoch";
  notes.take(described(5, 0, {"leak"}));
  EXPECT_EQ(notes.take(states(6, 5, 1, 0, {"dry"})), kNothing)
      << "no such point";
  EXPECT_EQ(notes.take(described(6, 2, {"x"})), kNothing)
      << "a part is missing";
}

TEST(DeviceNotes, Texts_AreTheNewestOfTheSameProfile) {
  DeviceNotes notes;
  EXPECT_EQ(notes.take(identified(4, "model", "LD1500")), kAdded)
      << "after a restart the newest description may come later";
  EXPECT_EQ(notes.take(described(5, 0, {"leak"})), kAnew);
  EXPECT_EQ(notes.take(identified(6, "serial_number", "123")), kAdded);
  EXPECT_EQ(notes.take(identified(7, "serial_number", "124")), kAdded);
  EXPECT_EQ(notes.find("leak-1")->texts.at("model").text, "LD1500");
  EXPECT_EQ(notes.find("leak-1")->texts.at("serial_number").text, "124");
  EXPECT_EQ(notes.take(described(8, 0, {"volts"}, "eastron-sdm120")), kAnother);
  EXPECT_TRUE(notes.find("leak-1")->texts.empty());
  EXPECT_EQ(notes.take(identified(9, "model", "LD1500")), kNothing)
      << "read before the device was another one";
}

TEST(DeviceNotes, OtherBodies_AreNotTaken) {
  DeviceNotes notes;
  EventMessage event = event_of(1);
  event.which_body = strongroom_v1_Event_boot_tag;
  EXPECT_EQ(notes.take(event), kNothing);
  EXPECT_EQ(device_part(event), "");
}

TEST(DeviceNotes, Bounds_HoldWhateverAnAgentWrites) {
  DeviceNotes notes;
  const std::vector<std::string> twelve(12, "p");
  std::size_t taken = 0;
  for (std::size_t i = 0; i < DeviceNotes::kMaxDevices + 5; ++i) {
    EventMessage event = described(5, 0, twelve);
    put(event.body.device_described.device, "d" + std::to_string(i) + "-x");
    taken += notes.take(event) == kNothing ? 0U : 1U;
  }
  EXPECT_EQ(taken, DeviceNotes::kMaxDevices);
  DeviceNotes one;
  std::uint32_t points = 0;
  while (one.take(described(5 + points, points, twelve)) != kNothing) {
    points += 12;
  }
  EXPECT_LE(points, DeviceNotes::kMaxPoints);
  EXPECT_GT(points, DeviceNotes::kMaxPoints - 13);
  EXPECT_EQ(one.take(described(99'999, 0, twelve)), kAnew)
      << "what it held is free";
  std::uint32_t count = 0;
  while (one.take(states(100'000, 99'999, 0, count, {"a", "b"})) != kNothing) {
    count += 2;
  }
  EXPECT_EQ(count, DeviceNotes::kMaxStates);
  EXPECT_EQ(one.take(described(100'001, 0, twelve)), kAnew);
  EXPECT_EQ(one.take(states(100'002, 100'001, 0, 0, {"a"})), kAdded)
      << "what it held is free";
  for (std::size_t i = 0; i < DeviceNotes::kMaxTexts; ++i) {
    EXPECT_EQ(one.take(identified(7, "t" + std::to_string(i), "x")), kAdded);
  }
  EXPECT_EQ(one.take(identified(7, "more", "x")), kNothing);
  EXPECT_EQ(one.take(identified(7, "t0", "y")), kAdded);
}

TEST(DevicePart, NamesWhatIsReplaced) {
  EXPECT_EQ(device_part(described(5, 12, {"a"})), "40/12");
  EXPECT_EQ(device_part(states(5, 4, 3, 16, {"a"})), "42/3/16");
  EXPECT_EQ(device_part(identified(5, "model", "a")), "43/model");
  EXPECT_EQ(device_of(described(5, 0, {"a"})), "leak-1");
  EXPECT_EQ(device_of(states(5, 4, 0, 0, {"a"})), "leak-1");
  EXPECT_EQ(device_of(identified(5, "model", "a")), "leak-1");
}

}  // namespace
}  // namespace strongroom
