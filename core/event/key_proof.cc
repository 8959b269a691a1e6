// SPDX-License-Identifier: Apache-2.0
#include "core/event/key_proof.h"

namespace strongroom {
namespace {

Bytes opening(std::string_view context, const Source& source) {
  Bytes input;
  append(input, as_bytes(context));
  append(input, as_bytes(source.text()));
  input.push_back('\n');
  return input;
}

}  // namespace

Bytes possession_input(const Source& source,
                       const PublicKey& event_key,
                       ByteView sealing_key) {
  Bytes input = opening("strongroom/enrol/v1\n", source);
  append(input, event_key);
  append(input, sealing_key);
  return input;
}

Bytes rotation_input(const Source& source,
                     const PublicKey& old_key,
                     const PublicKey& new_key,
                     ByteView new_sealing_key) {
  Bytes input = opening("strongroom/rotate/v1\n", source);
  append(input, old_key);
  append(input, new_key);
  append(input, new_sealing_key);
  return input;
}

}  // namespace strongroom
