// SPDX-License-Identifier: Apache-2.0
// Names, keys, paths and digits: what parses has one spelling only.
#include "core/base/check.h"
#include "core/base/source.h"
#include "core/base/utf8.h"
#include "core/log/note.h"
#include "core/log/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  const std::string_view text = as_chars({data, size});
  if (const auto source = Source::parse(text)) {
    check(source->text() == text, "a source with a second spelling");
  }
  if (const auto origin = Origin::parse(text)) {
    check(origin->text() == text, "an origin with a second spelling");
  }
  if (const auto key = NoteKey::parse(text)) {
    check(key->text() == text, "a key with a second spelling");
  }
  if (const auto tile = TileId::parse(text)) {
    check(tile->path() == text, "a path with a second spelling");
    check(tile_width(tile->level, tile->number, ~std::uint64_t{0}) <= 256,
          "a tile wider than a tile");
  }
  if (const auto bytes = from_base64(text)) {
    check(to_base64(*bytes) == text, "base64 with a second spelling");
  }
  if (const auto bytes = from_hex(text)) {
    check(from_hex(to_hex(*bytes)) == bytes, "hex that is not read back");
  }
  is_utf8(text);
  return 0;
}
