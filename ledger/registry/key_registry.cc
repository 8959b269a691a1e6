// SPDX-License-Identifier: Apache-2.0
#include "ledger/registry/key_registry.h"

#include <algorithm>

#include "core/event/key_proof.h"

namespace strongroom {
namespace {

template <typename Field>
ByteView view(const Field& field) {
  return {field.bytes, field.size};
}

template <typename Array, std::size_t N>
Array array_from(const pb_byte_t (&bytes)[N]) {
  Array out{};
  static_assert(sizeof(Array) == N);
  std::copy(std::begin(bytes), std::end(bytes), out.begin());
  return out;
}

PublicKey key_from(const pb_byte_t (&bytes)[32]) {
  return array_from<PublicKey>(bytes);
}
Signature signature_from(const pb_byte_t (&bytes)[64]) {
  return array_from<Signature>(bytes);
}

const SourceKey* find_key(const RegisteredSource& source,
                          const PublicKey& key) {
  const auto found = std::ranges::find(source.keys, key, &SourceKey::key);
  return found == source.keys.end() ? nullptr : &*found;
}

bool is_sealing_key(ByteView bytes, bool console) {
  return console ? bytes.empty() : bytes.size() == sizeof(PublicKey);
}

}  // namespace

bool RegisteredSource::has_valid_key() const {
  return std::ranges::any_of(keys,
                             [](const SourceKey& key) { return !key.revoked; });
}

const RegisteredSource* KeyRegistry::find(const Source& source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second;
}

Result<void> KeyRegistry::judge_enrolment(
    const strongroom_v1_SourceEnrolled& body) const {
  const auto source = Source::parse(body.source);
  if (!source) {
    return fault("\"" + std::string(body.source) +
                 "\" is no source; it must be <agent>@<site>");
  }
  const bool console =
      body.kind == strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE;
  if (console != source->is_console() ||
      (source->site == kCentralSite && !console)) {
    return fault(source->text() + " is a name that is kept for the ledger");
  }
  const PublicKey key = key_from(body.event_key);
  if (!is_sealing_key(view(body.sealing_key), console)) {
    return fault("the sealing key is not 32 bytes");
  }
  if (!verify_ed25519(key,
                      possession_input(*source, key, view(body.sealing_key)),
                      signature_from(body.possession))) {
    return fault("the possession signature is not by the event key");
  }
  const RegisteredSource* known = find(*source);
  if (known != nullptr && known->has_valid_key()) {
    return fault(source->text() + " is enrolled already");
  }
  if (known != nullptr && find_key(*known, key) != nullptr) {
    return fault("this key of " + source->text() + " was revoked");
  }
  return {};
}

Result<void> KeyRegistry::judge_rotation(
    const strongroom_v1_KeyRotated& body) const {
  const auto source = Source::parse(body.source);
  const RegisteredSource* known = source ? find(*source) : nullptr;
  if (known == nullptr) {
    return fault("\"" + std::string(body.source) + "\" is not enrolled");
  }
  const PublicKey old_key = key_from(body.old_key);
  const PublicKey new_key = key_from(body.new_key);
  const SourceKey* old_known = find_key(*known, old_key);
  if (old_known == nullptr || old_known->revoked ||
      old_known != &known->keys.back()) {
    return fault("the old key is not the newest valid key of " +
                 source->text());
  }
  if (find_key(*known, new_key) != nullptr) {
    return fault("the new key of " + source->text() + " is known already");
  }
  if (!is_sealing_key(view(body.new_sealing_key), source->is_console())) {
    return fault("the sealing key is not 32 bytes");
  }
  const Bytes input =
      rotation_input(*source, old_key, new_key, view(body.new_sealing_key));
  if (!verify_ed25519(old_key, input, signature_from(body.old_signature))) {
    return fault("the old key did not sign this rotation");
  }
  if (!verify_ed25519(new_key, input, signature_from(body.new_signature))) {
    return fault("the new key did not sign this rotation");
  }
  return {};
}

Result<void> KeyRegistry::judge_revocation(
    const strongroom_v1_KeyRevoked& body) const {
  const auto source = Source::parse(body.source);
  const RegisteredSource* known = source ? find(*source) : nullptr;
  if (known == nullptr) {
    return fault("\"" + std::string(body.source) + "\" is not enrolled");
  }
  const SourceKey* key = find_key(*known, key_from(body.key));
  if (key == nullptr) {
    return fault("this is no key of " + source->text());
  }
  if (key->revoked) {
    return fault("this key of " + source->text() + " is revoked already");
  }
  return {};
}

Result<void> KeyRegistry::judge(const EventMessage& event) const {
  switch (event.which_body) {
    case strongroom_v1_Event_source_enrolled_tag:
      return judge_enrolment(event.body.source_enrolled);
    case strongroom_v1_Event_key_rotated_tag:
      return judge_rotation(event.body.key_rotated);
    case strongroom_v1_Event_key_revoked_tag:
      return judge_revocation(event.body.key_revoked);
    default:
      return {};
  }
}

Result<void> KeyRegistry::apply(const EventMessage& event,
                                std::uint64_t index) {
  if (auto allowed = judge(event); !allowed) {
    return allowed;
  }
  const auto bytes_of = [](ByteView bytes) {
    return Bytes(bytes.begin(), bytes.end());
  };
  if (event.which_body == strongroom_v1_Event_source_enrolled_tag) {
    const auto& body = event.body.source_enrolled;
    const Source source = *Source::parse(body.source);
    RegisteredSource& entry = sources_[source];
    entry.source = source;
    entry.kind = body.kind;
    entry.keys.push_back({key_from(body.event_key),
                          bytes_of(view(body.sealing_key)),
                          false,
                          index});
  } else if (event.which_body == strongroom_v1_Event_key_rotated_tag) {
    const auto& body = event.body.key_rotated;
    sources_[*Source::parse(body.source)].keys.push_back(
        {key_from(body.new_key),
         bytes_of(view(body.new_sealing_key)),
         false,
         index});
  } else if (event.which_body == strongroom_v1_Event_key_revoked_tag) {
    const auto& body = event.body.key_revoked;
    const PublicKey key = key_from(body.key);
    for (SourceKey& known : sources_[*Source::parse(body.source)].keys) {
      known.revoked = known.revoked || known.key == key;
    }
  }
  return {};
}

}  // namespace strongroom
