// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/device_id.h"

#include <array>

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kMeiType = 0x0E;
constexpr std::size_t kRequestSize = 7;
constexpr std::uint8_t kBasic = 1;
constexpr std::uint8_t kIndividual = 4;
constexpr std::uint8_t kConformity = 0x82;  // regular, also one by one
constexpr std::uint8_t kLastBasic = 2;
constexpr std::size_t kMaxText = 24;

struct Object {
  std::uint8_t id;
  const char* text;
};
using Objects = std::array<Object, 5>;

Objects objects_of(const LinkIdentity& identity) {
  return {{{0, "Strongroom"},
           {1, "panel"},
           {2, identity.firmware},
           {4, "Strongroom panel"},
           {5, identity.board}}};
}

bool has(const Objects& objects, std::uint8_t id, std::uint8_t last) {
  for (const Object& object : objects) {
    if (object.id == id && id <= last) {
      return true;
    }
  }
  return false;
}

std::size_t put(std::span<std::uint8_t> to, const Object& object) {
  std::size_t size = 0;
  for (; size < kMaxText && object.text[size] != 0; ++size) {
    to[2 + size] = static_cast<std::uint8_t>(object.text[size]);
  }
  to[0] = object.id;
  to[1] = static_cast<std::uint8_t>(size);
  return 2 + size;
}

}  // namespace

Reply device_identification(const LinkIdentity& identity,
                            std::span<const std::uint8_t> request,
                            std::span<std::uint8_t, kMaxAdu> buffer) {
  if (request[2] != kMeiType) {
    return {.exception = kIllegalFunction};
  }
  if (request.size() != kRequestSize) {
    return {.exception = kIllegalValue};
  }
  const std::uint8_t code = request[3];
  const std::uint8_t asked = request[4];
  const Objects objects = objects_of(identity);
  if (code == kIndividual && !has(objects, asked, objects.back().id)) {
    return {.exception = kIllegalAddress};
  }
  if (code < kBasic || code > kIndividual) {
    return {.exception = kIllegalValue};
  }
  // A stream begins at the object that is asked for, or at the first one when
  // there is no such object. Of what is beyond our level, our level is told.
  const std::uint8_t last = code == kBasic ? kLastBasic : objects.back().id;
  const std::uint8_t first =
      code == kIndividual || has(objects, asked, last) ? asked : 0;
  buffer[2] = kMeiType;
  buffer[3] = code;
  buffer[4] = kConformity;
  buffer[5] = 0;  // nothing follows: everything fits
  buffer[6] = 0;
  buffer[7] = 0;
  std::size_t size = 8;
  for (const Object& object : objects) {
    if (object.id >= first && object.id <= last &&
        (code != kIndividual || object.id == first)) {
      size += put(buffer.subspan(size), object);
      ++buffer[7];
    }
  }
  return {.adu = buffer.first(size)};
}

}  // namespace strongroom::panel
