// SPDX-License-Identifier: Apache-2.0
// The golden vectors of proto/vectors: every message that is sent or stored,
// once in protobuf's text form and once as bytes. nanopb and libprotobuf must
// read the same fields out of the bytes, and write the same bytes.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <iterator>
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <set>

#include "core/base/bytes.h"
#include "core/event/batch.h"
#include "core/event/event.h"
#include "core/pack/pack.h"
#include "proto/panel.pb.h"
#include "proto_cpp/event.pb.h"
#include "proto_cpp/pack.pb.h"
#include "proto_cpp/panel.pb.h"
#include "proto_cpp/wire.pb.h"

namespace strongroom {
namespace {

namespace pb = google::protobuf;
namespace fs = std::filesystem;

// In the order of the messages' names; the working directory is the root of
// the repository.
struct Vector {
  std::string name;
  std::string message;  // "v1.Ack": without the package that all share
  std::string text;
  Bytes bytes;
};

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Vector> read_vectors() {
  std::vector<Vector> vectors;
  for (const auto& entry : fs::directory_iterator("proto/vectors")) {
    if (entry.path().extension() != ".txtpb") {
      continue;
    }
    Vector vector{.name = entry.path().stem(), .text = read_text(entry.path())};
    constexpr std::string_view kKey = "# proto-message: strongroom.";
    const auto start = vector.text.find(kKey) + kKey.size();
    vector.message =
        vector.text.substr(start, vector.text.find('\n', start) - start);
    std::string hex =
        read_text(fs::path(entry.path()).replace_extension("hex"));
    std::erase(hex, '\n');
    vector.bytes = from_hex(hex).value_or(Bytes{});
    vectors.push_back(std::move(vector));
  }
  std::ranges::sort(vectors, {}, &Vector::name);
  return vectors;
}

std::unique_ptr<pb::Message> new_message(const std::string& name) {
  const auto* type =
      v1::Pack::descriptor()->file()->pool()->FindMessageTypeByName(
          "strongroom." + name);
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

Bytes serialized(const pb::Message& message) {
  const std::string bytes = message.SerializeAsString();
  return {bytes.begin(), bytes.end()};
}

// --- nanopb against libprotobuf, field by field -----------------------------

std::uint64_t unsigned_at(const void* data, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, data, size);  // little endian, as all our targets
  return value;
}

std::int64_t signed_at(const void* data, std::size_t size) {
  const unsigned unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<std::int64_t>(unsigned_at(data, size) << unused) >> unused;
}

std::string bytes_at(const pb_field_iter_t& at, const void* data) {
  const auto* chars = static_cast<const char*>(data);
  if (PB_LTYPE(at.type) == PB_LTYPE_STRING) {
    return chars;
  }
  if (PB_LTYPE(at.type) == PB_LTYPE_FIXED_LENGTH_BYTES) {
    return {chars, at.data_size};
  }
  const auto* array = static_cast<const pb_bytes_array_t*>(data);
  return {chars + offsetof(pb_bytes_array_t, bytes), array->size};
}

std::string text_of(std::string_view bytes) {
  return to_hex(as_bytes(bytes));
}

void compare(const pb::Message& message,
             const pb_msgdesc_t& type,
             const void* data);

// One item of a field, by index; -1 for a field that is not repeated.
void compare_item(const pb::Message& message,
                  const pb::FieldDescriptor& field,
                  int index,
                  const pb_field_iter_t& at,
                  const void* data) {
  const pb::Reflection& of = *message.GetReflection();
  const bool one = index < 0;
  std::string scratch;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      EXPECT_EQ(one ? of.GetBool(message, &field)
                    : of.GetRepeatedBool(message, &field, index),
                unsigned_at(data, 1) == 1);
      break;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      EXPECT_EQ(one ? of.GetEnumValue(message, &field)
                    : of.GetRepeatedEnumValue(message, &field, index),
                signed_at(data, at.data_size));
      break;
    case pb::FieldDescriptor::CPPTYPE_INT32:
      EXPECT_EQ(one ? of.GetInt32(message, &field)
                    : of.GetRepeatedInt32(message, &field, index),
                signed_at(data, at.data_size));
      break;
    case pb::FieldDescriptor::CPPTYPE_INT64:
      EXPECT_EQ(one ? of.GetInt64(message, &field)
                    : of.GetRepeatedInt64(message, &field, index),
                signed_at(data, at.data_size));
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      EXPECT_EQ(one ? of.GetUInt32(message, &field)
                    : of.GetRepeatedUInt32(message, &field, index),
                unsigned_at(data, at.data_size));
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      EXPECT_EQ(one ? of.GetUInt64(message, &field)
                    : of.GetRepeatedUInt64(message, &field, index),
                unsigned_at(data, at.data_size));
      break;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      EXPECT_EQ(text_of(one ? of.GetStringReference(message, &field, &scratch)
                            : of.GetRepeatedStringReference(
                                  message, &field, index, &scratch)),
                text_of(bytes_at(at, data)));
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      compare(one ? of.GetMessage(message, &field)
                  : of.GetRepeatedMessage(message, &field, index),
              *at.submsg_desc,
              data);
      break;
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      ADD_FAILURE() << "no floats in our messages";
      break;
  }
}

bool is_present(const pb_field_iter_t& at) {
  if (PB_HTYPE(at.type) == PB_HTYPE_ONEOF) {
    return *static_cast<const pb_size_t*>(at.pSize) == at.tag;
  }
  return at.pSize == nullptr || *static_cast<const bool*>(at.pSize);
}

void compare_field(const pb::Message& message,
                   const pb::FieldDescriptor& field,
                   const pb_field_iter_t& at) {
  const pb::Reflection& of = *message.GetReflection();
  if (!field.is_repeated()) {
    if (field.has_presence()) {
      ASSERT_EQ(of.HasField(message, &field), is_present(at));
    }
    if (is_present(at)) {
      compare_item(message, field, -1, at, at.pData);
    }
    return;
  }
  const int count = *static_cast<const pb_size_t*>(at.pSize);
  ASSERT_EQ(of.FieldSize(message, &field), count);
  const auto* item = static_cast<const std::byte*>(at.pData);
  for (int i = 0; i < count; ++i, item += at.data_size) {
    compare_item(message, field, i, at, item);
  }
}

void compare(const pb::Message& message,
             const pb_msgdesc_t& type,
             const void* data) {
  const pb::Descriptor& descriptor = *message.GetDescriptor();
  ASSERT_EQ(descriptor.field_count(), type.field_count)
      << descriptor.full_name();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const pb::FieldDescriptor& field = *descriptor.field(i);
    SCOPED_TRACE(field.full_name());
    pb_field_iter_t at;
    ASSERT_TRUE(pb_field_iter_begin_const(&at, &type, data));
    ASSERT_TRUE(
        pb_field_iter_find(&at, static_cast<std::uint32_t>(field.number())));
    compare_field(message, field, at);
  }
}

template <typename Message>
void compare_nanopb(const Vector& vector,
                    const pb::Message& expected,
                    const pb_msgdesc_t& type) {
  Message message{};
  pb_istream_t in =
      pb_istream_from_buffer(vector.bytes.data(), vector.bytes.size());
  ASSERT_TRUE(pb_decode(&in, &type, &message)) << PB_GET_ERROR(&in);
  compare(expected, type, &message);

  Bytes again(vector.bytes.size() + 64);
  pb_ostream_t out = pb_ostream_from_buffer(again.data(), again.size());
  ASSERT_TRUE(pb_encode(&out, &type, &message)) << PB_GET_ERROR(&out);
  again.resize(out.bytes_written);
  EXPECT_EQ(to_hex(again), to_hex(vector.bytes));
}

// --- what nanopb does not handle: our own readers ---------------------------

std::string text_of(ByteView bytes) {
  return to_hex(bytes);
}

void compare_batch(const Vector& vector, const v1::Batch& expected) {
  const auto batch = decode_batch(vector.bytes);
  ASSERT_TRUE(batch) << batch.error().what;
  EXPECT_EQ(text_of(batch->header_bytes), text_of(expected.header()));
  EXPECT_EQ(text_of(batch->signature), text_of(expected.signature()));
  ASSERT_EQ(batch->events.size(),
            static_cast<std::size_t>(expected.events_size()));
  for (int i = 0; i < expected.events_size(); ++i) {
    EXPECT_EQ(text_of(batch->events[static_cast<std::size_t>(i)]),
              text_of(expected.events(i)));
  }
  EXPECT_EQ(text_of(batch->sealed_disclosures),
            text_of(expected.sealed_disclosures()));
  EXPECT_EQ(batch->held_checkpoint, expected.held_checkpoint());
  EXPECT_EQ(batch->resync, expected.resync());
  EXPECT_EQ(text_of(batch->cosignature), text_of(expected.cosignature()));
  EXPECT_EQ(to_hex(encode_batch(*batch)), to_hex(vector.bytes));
}

void compare_path(const Path& path,
                  const pb::RepeatedPtrField<std::string>& expected) {
  ASSERT_EQ(path.size(), static_cast<std::size_t>(expected.size()));
  for (std::size_t i = 0; i < path.size(); ++i) {
    EXPECT_EQ(text_of(path[i]), text_of(expected[static_cast<int>(i)]));
  }
}

void compare_entry(const PackEntry& entry, const v1::PackEntry& expected) {
  EXPECT_EQ(entry.index, expected.index());
  EXPECT_EQ(text_of(entry.entry), text_of(expected.entry()));
  compare_path(entry.inclusion, expected.inclusion());
  compare_path(entry.batch_path, expected.batch_path());
  ASSERT_EQ(entry.disclosures.size(),
            static_cast<std::size_t>(expected.disclosures_size()));
  for (std::size_t i = 0; i < entry.disclosures.size(); ++i) {
    const auto& disclosure = expected.disclosures(static_cast<int>(i));
    EXPECT_EQ(entry.disclosures[i].field, disclosure.field());
    EXPECT_EQ(text_of(entry.disclosures[i].salt), text_of(disclosure.salt()));
    EXPECT_EQ(text_of(entry.disclosures[i].value), text_of(disclosure.value()));
  }
}

void compare_pack(const Vector& vector, const v1::Pack& expected) {
  const auto pack = Pack::parse(vector.bytes);
  ASSERT_TRUE(pack) << pack.error().what;
  EXPECT_EQ(expected.format(), kPackFormat);
  ASSERT_EQ(pack->logs.size(), static_cast<std::size_t>(expected.logs_size()));
  for (std::size_t i = 0; i < pack->logs.size(); ++i) {
    const PackLog& log = pack->logs[i];
    const v1::PackLog& expected_log = expected.logs(static_cast<int>(i));
    EXPECT_EQ(log.checkpoint, expected_log.checkpoint());
    ASSERT_EQ(log.entries.size(),
              static_cast<std::size_t>(expected_log.entries_size()));
    for (std::size_t k = 0; k < log.entries.size(); ++k) {
      compare_entry(log.entries[k], expected_log.entries(static_cast<int>(k)));
    }
  }
  EXPECT_EQ(to_hex(pack->encode()), to_hex(vector.bytes));
}

// The items of a sealed box: the list is never a struct, its items are.
void compare_disclosures(const v1::Disclosures& expected) {
  for (const v1::Disclosure& item : expected.disclosures()) {
    compare_nanopb<strongroom_v1_Disclosure>(
        {.bytes = serialized(item)}, item, strongroom_v1_Disclosure_msg);
  }
}

void compare_readers(const Vector& vector, const pb::Message& expected) {
  const std::string& name = vector.message;
  if (name == "v1.Event") {
    compare_nanopb<EventMessage>(vector, expected, strongroom_v1_Event_msg);
    const auto event = decode_event(vector.bytes);
    ASSERT_TRUE(event) << event.error().what;
    EXPECT_EQ(encode_event(*event).value_or(Bytes{}), vector.bytes);
    EXPECT_TRUE(decode_envelope(vector.bytes));
  } else if (name == "v1.BatchHeader") {
    compare_nanopb<strongroom_v1_BatchHeader>(
        vector, expected, strongroom_v1_BatchHeader_msg);
    const auto header = decode_header(vector.bytes);
    ASSERT_TRUE(header) << header.error().what;
    EXPECT_EQ(encode_header(*header), vector.bytes);
  } else if (name == "v1.Ack") {
    compare_nanopb<strongroom_v1_Ack>(vector, expected, strongroom_v1_Ack_msg);
    const auto ack = decode_ack(vector.bytes);
    ASSERT_TRUE(ack) << ack.error().what;
    EXPECT_EQ(encode_ack(*ack), vector.bytes);
  } else if (name == "v1.Status") {
    compare_nanopb<strongroom_v1_Status>(
        vector, expected, strongroom_v1_Status_msg);
    EXPECT_TRUE(decode_status(vector.bytes));
  } else if (name == "v1.Live") {
    compare_nanopb<strongroom_v1_Live>(
        vector, expected, strongroom_v1_Live_msg);
    EXPECT_TRUE(decode_live(vector.bytes));
  } else if (name == "v1.Batch") {
    compare_batch(vector, dynamic_cast<const v1::Batch&>(expected));
  } else if (name == "v1.Pack") {
    compare_pack(vector, dynamic_cast<const v1::Pack&>(expected));
  } else if (name == "v1.Disclosures") {
    compare_disclosures(dynamic_cast<const v1::Disclosures&>(expected));
  } else if (name == "panel.v1.PanelHello") {
    compare_nanopb<strongroom_panel_v1_PanelHello>(
        vector, expected, strongroom_panel_v1_PanelHello_msg);
  } else if (name == "panel.v1.PanelHelloAnswer") {
    compare_nanopb<strongroom_panel_v1_PanelHelloAnswer>(
        vector, expected, strongroom_panel_v1_PanelHelloAnswer_msg);
  } else if (name == "panel.v1.PanelRequest") {
    compare_nanopb<strongroom_panel_v1_PanelRequest>(
        vector, expected, strongroom_panel_v1_PanelRequest_msg);
  } else if (name == "panel.v1.PanelAnswer") {
    compare_nanopb<strongroom_panel_v1_PanelAnswer>(
        vector, expected, strongroom_panel_v1_PanelAnswer_msg);
  } else {
    FAIL() << "no reader for " << name;
  }
}

TEST(Vectors, BytesSayWhatTheTextSays_ToEveryReaderAndWriter) {
  const auto vectors = read_vectors();
  ASSERT_FALSE(vectors.empty());
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const auto expected = new_message(vector.message);
    ASSERT_TRUE(pb::TextFormat::ParseFromString(vector.text, expected.get()));
    const auto decoded = new_message(vector.message);
    ASSERT_TRUE(decoded->ParseFromArray(vector.bytes.data(),
                                        static_cast<int>(vector.bytes.size())));
    EXPECT_TRUE(pb::util::MessageDifferencer::Equals(*expected, *decoded));
    EXPECT_EQ(to_hex(serialized(*expected)), to_hex(vector.bytes));
    compare_readers(vector, *expected);
  }
}

void collect_set(const pb::Message& message, std::set<std::string>& names) {
  std::vector<const pb::FieldDescriptor*> fields;
  const pb::Reflection& of = *message.GetReflection();
  of.ListFields(message, &fields);
  for (const auto* field : fields) {
    names.insert(field->full_name());
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      collect_set(of.GetMessage(message, field), names);
      continue;
    }
    for (int i = 0; i < of.FieldSize(message, field); ++i) {
      collect_set(of.GetRepeatedMessage(message, field, i), names);
    }
  }
}

// A body or a field without a vector is one that a reader may get wrong.
TEST(Vectors, EveryFieldOfEveryMessage_IsInOne) {
  std::set<std::string> names;
  for (const Vector& vector : read_vectors()) {
    const auto message = new_message(vector.message);
    ASSERT_TRUE(pb::TextFormat::ParseFromString(vector.text, message.get()));
    collect_set(*message, names);
  }
  for (const auto* file : {v1::Event::descriptor()->file(),
                           v1::Batch::descriptor()->file(),
                           v1::Pack::descriptor()->file(),
                           panel::v1::PanelHello::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const auto& type = *file->message_type(i);
      for (int k = 0; k < type.field_count(); ++k) {
        EXPECT_TRUE(names.contains(type.field(k)->full_name()))
            << type.field(k)->full_name() << " is in no vector";
      }
    }
  }
}

}  // namespace
}  // namespace strongroom
