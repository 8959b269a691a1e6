// SPDX-License-Identifier: Apache-2.0
#include "core/log/note.h"

#include <algorithm>
#include <array>

#include "core/base/utf8.h"
#include "core/crypto/hash.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxNote = 64 * 1024;
constexpr std::size_t kMaxSignatures = 64;
constexpr std::string_view kSignatureMark = "\xe2\x80\x94 ";  // em dash, space
constexpr std::size_t kKeyIdSize = 4;
constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::uint8_t kCosignature = 0x04;
constexpr std::size_t kTimeSize = 8;

std::uint32_t read_u32(ByteView bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.first(kKeyIdSize)) {
    value = value << 8U | byte;
  }
  return value;
}

std::array<std::uint8_t, kKeyIdSize> u32_bytes(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24U),
          static_cast<std::uint8_t>(value >> 16U),
          static_cast<std::uint8_t>(value >> 8U),
          static_cast<std::uint8_t>(value)};
}

bool is_valid_key_name(std::string_view name) {
  if (name.empty()) {
    return false;
  }
  while (!name.empty()) {
    const auto point = take_code_point(name);
    if (!point || *point == U'+' || is_unicode_space(*point)) {
      return false;
    }
  }
  return true;
}

// UTF-8 whose only control characters below U+0020 are line feeds.
bool is_note_text(std::string_view text) {
  const auto is_forbidden = [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 && c != '\n';
  };
  return std::ranges::none_of(text, is_forbidden) && is_utf8(text);
}

// One line without its line feed.
std::optional<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureMark)) {
    return std::nullopt;
  }
  line.remove_prefix(kSignatureMark.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos || !is_valid_key_name(line.substr(0, space))) {
    return std::nullopt;
  }
  const auto blob = from_base64(line.substr(space + 1));
  if (!blob || blob->size() <= kKeyIdSize) {
    return std::nullopt;
  }
  NoteSignature signature;
  signature.name = line.substr(0, space);
  signature.key_id = read_u32(*blob);
  signature.signature.assign(blob->begin() + kKeyIdSize, blob->end());
  return signature;
}

Result<std::vector<NoteSignature>> parse_signatures(std::string_view lines) {
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    if (end == lines.npos) {
      return fault("note: a signature line without a line feed");
    }
    auto signature = parse_signature(lines.substr(0, end));
    if (!signature) {
      return fault("note: a malformed signature line");
    }
    if (signatures.size() == kMaxSignatures) {
      return fault("note: too many signatures");
    }
    signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return signatures;
}

bool is_claim_of(const NoteSignature& claim, const NoteKey& key) {
  return claim.name == key.name && claim.key_id == key.id();
}

bool verify_plain(std::string_view text, ByteView blob, const PublicKey& key) {
  Signature signature;
  if (blob.size() != signature.size()) {
    return false;
  }
  std::ranges::copy(blob, signature.begin());
  return verify_ed25519(key, as_bytes(text), signature);
}

// cosignature/v1: the time stands before the signature and is signed with the
// text.
bool verify_cosigned(std::string_view text,
                     ByteView blob,
                     const PublicKey& key) {
  if (blob.size() <= kTimeSize) {
    return false;
  }
  std::uint64_t time = 0;
  for (const std::uint8_t byte : blob.first(kTimeSize)) {
    time = time << 8U | byte;
  }
  const std::string message =
      "cosignature/v1\ntime " + std::to_string(time) + "\n" + std::string(text);
  return verify_plain(message, blob.subspan(kTimeSize), key);
}

bool verify_claim(const Note& note,
                  const NoteSignature& claim,
                  const NoteKey& key) {
  switch (key.type) {
    case kEd25519:
      return verify_plain(note.text, claim.signature, key.key);
    case kCosignature:
      return verify_cosigned(note.text, claim.signature, key.key);
    default:
      return false;
  }
}

}  // namespace

Result<NoteKey> NoteKey::parse(std::string_view vkey) {
  const std::size_t hash_at = vkey.find('+');
  // The base64 may hold a plus, too.
  const std::size_t key_at =
      hash_at == vkey.npos ? vkey.npos : vkey.find('+', hash_at + 1);
  if (key_at == vkey.npos) {
    return fault("verification key: not of the form name+hash+key");
  }
  NoteKey key;
  key.name = vkey.substr(0, hash_at);
  const std::string_view hash = vkey.substr(hash_at + 1, key_at - hash_at - 1);
  const auto blob = from_base64(vkey.substr(key_at + 1));
  if (!is_valid_key_name(key.name)) {
    return fault("verification key: bad name");
  }
  if (!blob || blob->empty()) {
    return fault("verification key: not base64");
  }
  key.type = blob->front();
  if (key.type != kEd25519 && key.type != kCosignature) {
    return fault("verification key: unknown type " + std::to_string(key.type));
  }
  if (blob->size() != 1 + key.key.size()) {
    return fault("verification key: not 32 bytes long");
  }
  std::copy(blob->begin() + 1, blob->end(), key.key.begin());
  if (hash != to_hex(u32_bytes(key.id()))) {
    return fault("verification key: its hash is not that of its key");
  }
  return key;
}

std::string NoteKey::text() const {
  Bytes blob = {type};
  append(blob, key);
  return name + "+" + to_hex(u32_bytes(id())) + "+" + to_base64(blob);
}

std::uint32_t NoteKey::id() const {
  const std::array<std::uint8_t, 2> separator_and_type = {'\n', type};
  return read_u32(sha256({as_bytes(name), separator_and_type, key}));
}

Result<Note> Note::parse(std::string_view note) {
  if (note.size() > kMaxNote) {
    return fault("note: larger than 64 KiB");
  }
  if (!is_note_text(note)) {
    return fault("note: not UTF-8, or with control characters");
  }
  const std::size_t blank = note.rfind("\n\n");
  if (blank == note.npos) {
    return fault("note: no blank line before the signatures");
  }
  auto signatures = parse_signatures(note.substr(blank + 2));
  if (!signatures) {
    return std::unexpected(signatures.error());
  }
  if (signatures->empty()) {
    return fault("note: no signature");
  }
  return Note{std::string(note.substr(0, blank + 1)), std::move(*signatures)};
}

std::string Note::encode() const {
  std::string note = text + "\n";
  for (const NoteSignature& claim : signatures) {
    const auto id = u32_bytes(claim.key_id);
    Bytes blob(id.begin(), id.end());
    append(blob, claim.signature);
    note += kSignatureMark;
    note += claim.name + " " + to_base64(blob) + "\n";
  }
  return note;
}

NoteSignature sign_note(std::string_view text,
                        std::string name,
                        const Signer& signer) {
  const NoteKey key{std::move(name), kEd25519, signer.public_key()};
  const Signature signature = signer.sign(as_bytes(text));
  return {key.name, key.id(), Bytes(signature.begin(), signature.end())};
}

bool has_claim_of(const Note& note, const NoteKey& key) {
  return std::ranges::any_of(note.signatures, [&key](const auto& claim) {
    return is_claim_of(claim, key);
  });
}

bool is_signed_by(const Note& note, const NoteKey& key) {
  return has_claim_of(note, key) &&
         std::ranges::all_of(note.signatures, [&](const auto& claim) {
           return !is_claim_of(claim, key) || verify_claim(note, claim, key);
         });
}

}  // namespace strongroom
