// SPDX-License-Identifier: Apache-2.0
// What the strict reader accepts, the writer writes the same way.
#include "core/base/check.h"
#include "core/base/wire.h"

namespace {

using namespace strongroom;

// False for what the writer has no call for: defaults, and fixed32.
bool write(WireWriter& writer, const WireField& field) {
  switch (field.type) {
    case WireType::kVarint:
      writer.varint(field.number, field.value);
      return field.value != 0;
    case WireType::kFixed64:
      writer.fixed64(field.number, field.value);
      return field.value != 0;
    case WireType::kBytes:
      writer.element(field.number, field.bytes);
      return true;
    case WireType::kFixed32:
      return false;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteView message(data, size);
  WireReader reader(message);
  Bytes again;
  WireWriter writer(again);
  bool comparable = true;
  while (const auto field = reader.next()) {
    check(field->number > 0 && field->number < 1U << 29U, "a field number");
    comparable = write(writer, *field) && comparable;
  }
  check(reader.ok() == reader.rest().empty(), "refused, or read to its end");
  const ByteView read = message.first(size - reader.rest().size());
  check(!comparable || as_chars(again) == as_chars(read),
        "a message with a second spelling");
  return 0;
}
