// SPDX-License-Identifier: Apache-2.0
// A note that parses has one spelling only.
#include "core/base/check.h"
#include "core/log/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  const std::string_view text = as_chars({data, size});
  const auto note = Note::parse(text);
  if (!note) {
    return 0;
  }
  check(note->encode() == text, "a note with a second spelling");
  for (const NoteSignature& claim : note->signatures) {
    NoteKey key;
    key.name = claim.name;
    check(!is_signed_by(*note, key), "signed by a key that is none");
    key.type = 0x04;
    check(!is_signed_by(*note, key), "cosigned by a key that is none");
  }
  return 0;
}
