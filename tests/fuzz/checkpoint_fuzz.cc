// SPDX-License-Identifier: Apache-2.0
// A checkpoint that parses has one spelling only; of all notes, none opens but
// the one that was signed (corpus/checkpoint/signed).
#include "core/base/check.h"
#include "core/log/checkpoint.h"

namespace {

using namespace strongroom;

struct Known {
  Trust trust;
  std::string note;
};

Known known() {
  const auto signer = signer_from_seed(Hash{1});
  const Checkpoint checkpoint{
      "demo.strongroom.example/bj1/record/1", 4711, Hash{2}};
  return {{"demo.strongroom.example", {signer->public_key()}},
          sign_checkpoint(checkpoint, *signer)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const Known signed_once = known();
  const std::string_view text = as_chars({data, size});
  if (const auto checkpoint = Checkpoint::parse(text)) {
    check(checkpoint->text() == text, "a checkpoint with a second spelling");
  }
  check(open_checkpoint(text, signed_once.trust).has_value() ==
            (text == signed_once.note),
        "the signed note opens, and no other");
  // With leave for other signatures: still the text that was signed.
  if (open_checkpoint(text, signed_once.trust, true)) {
    const auto note = Note::parse(text);
    check(note && signed_once.note.starts_with(note->text + "\n"),
          "another text opens");
  }
  return 0;
}
