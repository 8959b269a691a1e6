// SPDX-License-Identifier: Apache-2.0
#include "core/pack/key_history.h"

#include <algorithm>

#include "core/event/key_proof.h"

namespace strongroom {
namespace {

template <typename Array>
Array array_from(const pb_byte_t* bytes) {
  Array array;
  std::copy_n(bytes, array.size(), array.begin());
  return array;
}

bool has_key(std::span<const KeyHistory::Key> keys, const PublicKey& key) {
  return std::ranges::find(keys, key, &KeyHistory::Key::key) != keys.end();
}

}  // namespace

Result<void> KeyHistory::apply(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_source_enrolled_tag:
      return enrol(event.body.source_enrolled);
    case strongroom_v1_Event_key_rotated_tag:
      return rotate(event.body.key_rotated);
    case strongroom_v1_Event_key_revoked_tag:
      return revoke(event.body.key_revoked);
    default:
      return {};
  }
}

Result<void> KeyHistory::enrol(const strongroom_v1_SourceEnrolled& body) {
  const auto source = Source::parse(body.source);
  if (!source) {
    return fault("enrolment: not a source");
  }
  const auto key = array_from<PublicKey>(body.event_key);
  const ByteView sealing_key(body.sealing_key.bytes, body.sealing_key.size);
  if (!verify_ed25519(key,
                      possession_input(*source, key, sealing_key),
                      array_from<Signature>(body.possession))) {
    return fault("enrolment of " + source->text() +
                 ": the proof of possession is wrong");
  }
  add(sources_[*source], {.key = key, .rotated_in = false});
  return {};
}

Result<void> KeyHistory::rotate(const strongroom_v1_KeyRotated& body) {
  const auto source = Source::parse(body.source);
  if (!source) {
    return fault("rotation: not a source");
  }
  const auto old_key = array_from<PublicKey>(body.old_key);
  const auto new_key = array_from<PublicKey>(body.new_key);
  const ByteView sealing_key(body.new_sealing_key.bytes,
                             body.new_sealing_key.size);
  const Bytes input = rotation_input(*source, old_key, new_key, sealing_key);
  if (!verify_ed25519(
          old_key, input, array_from<Signature>(body.old_signature))) {
    return fault("rotation of " + source->text() +
                 ": the old key's signature is wrong");
  }
  if (!verify_ed25519(
          new_key, input, array_from<Signature>(body.new_signature))) {
    return fault("rotation of " + source->text() +
                 ": the new key's signature is wrong");
  }
  if (has_key(keys_of(*source), old_key)) {
    add(sources_[*source], {.key = new_key, .rotated_in = true});
  }
  return {};
}

Result<void> KeyHistory::revoke(const strongroom_v1_KeyRevoked& body) {
  const auto source = Source::parse(body.source);
  if (!source) {
    return fault("revocation: not a source");
  }
  Revocation revocation;
  revocation.key = array_from<PublicKey>(body.key);
  for (pb_size_t i = 0; i < body.invalid_from_count; ++i) {
    // What is no origin names no log.
    const auto& position = body.invalid_from[i];
    if (const auto origin = Origin::parse(position.origin)) {
      revocation.invalid_from.emplace(*origin, position.index);
    }
  }
  sources_[*source].revocations.push_back(std::move(revocation));
  return {};
}

void KeyHistory::add(Keys& keys, const Key& key) {
  if (!has_key(keys.keys, key.key)) {
    keys.keys.push_back(key);
  }
}

std::span<const KeyHistory::Key> KeyHistory::keys_of(
    const Source& source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? std::span<const Key>()
                                 : std::span(found->second.keys);
}

bool KeyHistory::is_revoked(const Source& source,
                            const PublicKey& key,
                            std::string_view origin,
                            std::uint64_t index) const {
  const auto found = sources_.find(source);
  const auto log = Origin::parse(origin);
  return found != sources_.end() && log &&
         std::ranges::any_of(
             found->second.revocations, [&](const Revocation& revocation) {
               return revocation.key == key && revocation.voids(*log, index);
             });
}

bool KeyHistory::Revocation::voids(const Origin& origin,
                                   std::uint64_t index) const {
  return std::ranges::any_of(invalid_from, [&](const auto& named) {
    Origin earlier = named.first;
    earlier.generation = origin.generation;
    return earlier == origin && (named.first.generation < origin.generation ||
                                 (named.first.generation == origin.generation &&
                                  index >= named.second));
  });
}

}  // namespace strongroom
