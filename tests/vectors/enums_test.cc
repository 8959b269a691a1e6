// SPDX-License-Identifier: Apache-2.0
// An enum from outside that has none of its values must not reach a switch.
// Finds every enum of every message, so that a new body cannot forget its own.

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "core/event/batch.h"
#include "core/event/event.h"
#include "proto_cpp/event.pb.h"
#include "proto_cpp/wire.pb.h"

namespace strongroom {
namespace {

namespace pb = google::protobuf;

void set_enum(pb::Message& message,
              const pb::FieldDescriptor& field,
              int value) {
  const pb::Reflection& of = *message.GetReflection();
  if (field.is_repeated()) {
    of.AddEnumValue(&message, &field, value);
  } else {
    of.SetEnumValue(&message, &field, value);
  }
}

int greatest(const pb::EnumDescriptor& type) {
  int value = 0;
  for (int i = 0; i < type.value_count(); ++i) {
    value = std::max(value, type.value(i)->number());
  }
  return value;
}

// Tries each enum below `message`, which is part of `whole`: its greatest
// value passes, the next does not.
template <typename IsRefused>
int try_enums(pb::Message& message,
              const pb::Message& whole,
              const IsRefused& is_refused) {
  int tried = 0;
  const pb::Descriptor& type = *message.GetDescriptor();
  const pb::Reflection& of = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) {
      const int last = greatest(*field.enum_type());
      set_enum(message, field, last);
      EXPECT_FALSE(is_refused(whole)) << field.full_name();
      of.ClearField(&message, &field);
      for (const int beyond : {last + 1, INT32_MAX, -1}) {
        set_enum(message, field, beyond);
        EXPECT_TRUE(is_refused(whole)) << field.full_name() << ", " << beyond;
        of.ClearField(&message, &field);
      }
      ++tried;
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      pb::Message* inner = field.is_repeated()
                               ? of.AddMessage(&message, &field)
                               : of.MutableMessage(&message, &field);
      tried += try_enums(*inner, whole, is_refused);
      of.ClearField(&message, &field);
    }
  }
  return tried;
}

ByteView view_of(const std::string& bytes) {
  return as_bytes(bytes);
}

TEST(Enums, OfEveryBody_AreChecked) {
  v1::Event event;
  const int tried = try_enums(event, event, [](const pb::Message& message) {
    return !decode_event(view_of(message.SerializeAsString()));
  });
  EXPECT_GE(tried, 12);
}

TEST(Enums, OfStatusAndLive_AreChecked) {
  v1::Status status;
  status.set_format(1);
  status.set_boot_id(std::string(16, 'b'));
  EXPECT_GE(
      try_enums(status,
                status,
                [](const pb::Message& message) {
                  return !decode_status(view_of(message.SerializeAsString()));
                }),
      3);
  v1::Live live;
  live.set_format(1);
  EXPECT_GE(
      try_enums(live,
                live,
                [](const pb::Message& message) {
                  return !decode_live(view_of(message.SerializeAsString()));
                }),
      1);
}

const pb::FieldDescriptor& field_of(const pb::Message& message,
                                    const char* name) {
  return *message.GetDescriptor()->FindFieldByName(name);
}

TEST(Enums, OfAnAck_AreChecked) {
  v1::Ack ack;
  ack.set_format(1);
  ack.set_source("edge-1@bj1");
  ack.set_stream(v1::STREAM_RECORD);
  auto& refused = *ack.mutable_refused();
  const int last = greatest(*v1::RefusalReason_descriptor());
  set_enum(refused, field_of(refused, "reason"), last);
  EXPECT_TRUE(decode_ack(view_of(ack.SerializeAsString())));
  set_enum(refused, field_of(refused, "reason"), last + 1);
  EXPECT_FALSE(decode_ack(view_of(ack.SerializeAsString())));
  refused.set_reason(v1::REFUSAL_REASON_GAP);
  set_enum(ack, field_of(ack, "stream"), 4);
  EXPECT_FALSE(decode_ack(view_of(ack.SerializeAsString())));
}

}  // namespace
}  // namespace strongroom
