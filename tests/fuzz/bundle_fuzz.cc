// SPDX-License-Identifier: Apache-2.0
// The first byte is the width; a bundle that splits is what its entries make.
#include "core/base/check.h"
#include "core/log/entry.h"
#include "core/log/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  if (size == 0) {
    return 0;
  }
  const ByteView bundle(data + 1, size - 1);
  const auto entries = split_bundle(bundle, data[0]);
  if (!entries) {
    return 0;
  }
  Bytes again;
  for (const ByteView entry : *entries) {
    append_to_bundle(again, entry);
    if (const auto view = parse_entry(entry)) {
      const Bytes entry_again = view->type == EntryType::kEvent
                                    ? event_entry(view->body)
                                    : header_entry(view->signature, view->body);
      check(as_chars(entry_again) == as_chars(entry),
            "an entry with a second spelling");
    }
  }
  check(as_chars(again) == as_chars(bundle), "a bundle with a second spelling");
  return 0;
}
