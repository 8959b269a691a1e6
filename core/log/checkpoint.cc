// SPDX-License-Identifier: Apache-2.0
#include "core/log/checkpoint.h"

#include <algorithm>

#include "core/log/lines.h"

namespace strongroom {
namespace {

constexpr std::string_view kTrustFormat = "strongroom-trust/v1";

std::unexpected<Error> trust_fault(std::size_t line, std::string_view what) {
  return fault("trust file, line " + std::to_string(line) + ": " +
               std::string(what));
}

Result<NoteKey> parse_log_key(std::string_view line) {
  auto key = NoteKey::parse(line);
  if (key && key->type != NoteKey().type) {
    return fault("a cosigner's key, not a log's");
  }
  if (key && !is_valid_ledger_name(key->name)) {
    return fault("the key's name is no ledger's");
  }
  return key;
}

// Whether a trusted key signed the note. Faults: one claims to have, and it is
// not so.
Result<bool> is_trusted(const Note& note,
                        std::string_view origin,
                        const Trust& trust) {
  bool trusted = false;
  for (const PublicKey& key : trust.log_keys) {
    const NoteKey note_key = Trust::note_key(origin, key);
    if (!has_claim_of(note, note_key)) {
      continue;
    }
    if (!is_signed_by(note, note_key)) {
      return fault("checkpoint: the log's signature is wrong");
    }
    trusted = true;
  }
  return trusted;
}

}  // namespace

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin || !size_line || !root_line) {
    return fault("checkpoint: fewer than three lines");
  }
  if (!text.empty()) {
    return fault("checkpoint: an extension line");
  }
  if (origin->empty()) {
    return fault("checkpoint: no origin");
  }
  const auto size = parse_decimal(*size_line);
  if (!size) {
    return fault("checkpoint: the tree size is not a decimal number");
  }
  const auto root = parse_hash(*root_line);
  if (!root) {
    return fault("checkpoint: the root is not the base64 of 32 bytes");
  }
  if (*size == 0 && *root != empty_root()) {
    return fault("checkpoint: size 0 without the root of the empty tree");
  }
  return Checkpoint{std::string(*origin), *size, *root};
}

std::string Checkpoint::text() const {
  return origin + "\n" + std::to_string(size) + "\n" + to_base64(root) + "\n";
}

std::string sign_checkpoint(const Checkpoint& checkpoint,
                            const Signer& signer) {
  const std::string text = checkpoint.text();
  return Note{text, {sign_note(text, checkpoint.origin, signer)}}.encode();
}

Result<Trust> Trust::parse(std::string_view file) {
  const auto format = take_line(file);
  if (!format || *format != kTrustFormat) {
    return trust_fault(1, "not a trust file of a known version");
  }
  Trust trust;
  for (std::size_t number = 2; !file.empty(); ++number) {
    const auto line = take_line(file);
    if (!line) {
      return trust_fault(number, "cut short");
    }
    if (line->empty() || line->starts_with('#')) {
      continue;
    }
    const auto key = parse_log_key(*line);
    if (!key) {
      return trust_fault(number, key.error().what);
    }
    if (!trust.ledger.empty() && trust.ledger != key->name) {
      return trust_fault(number, "a key of another ledger");
    }
    if (std::ranges::find(trust.log_keys, key->key) != trust.log_keys.end()) {
      return trust_fault(number, "the same key again");
    }
    trust.ledger = key->name;
    trust.log_keys.push_back(key->key);
  }
  if (trust.log_keys.empty()) {
    return fault("trust file: no key");
  }
  return trust;
}

std::string Trust::text() const {
  std::string text = std::string(kTrustFormat) + "\n";
  for (const PublicKey& key : log_keys) {
    text += note_key(ledger, key).text() + "\n";
  }
  return text;
}

NoteKey Trust::note_key(std::string_view origin, const PublicKey& key) {
  return NoteKey{.name = std::string(origin), .key = key};
}

Result<Checkpoint> open_checkpoint(std::string_view note,
                                   const Trust& trust,
                                   bool allow_cosignatures) {
  const auto parsed = Note::parse(note);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  auto checkpoint = Checkpoint::parse(parsed->text);
  if (!checkpoint) {
    return checkpoint;
  }
  const auto origin = Origin::parse(checkpoint->origin);
  if (!origin || origin->ledger != trust.ledger) {
    return fault("checkpoint: of " + checkpoint->origin +
                 ", not of the ledger " + trust.ledger);
  }
  if (!allow_cosignatures && parsed->signatures.size() != 1) {
    return fault("checkpoint: another signature beside the log's");
  }
  const auto trusted = is_trusted(*parsed, checkpoint->origin, trust);
  if (!trusted) {
    return std::unexpected(trusted.error());
  }
  if (!*trusted) {
    return fault("checkpoint: not signed by a trusted key");
  }
  return checkpoint;
}

}  // namespace strongroom
