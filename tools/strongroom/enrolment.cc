// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/enrolment.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/event/key_proof.h"
#include "platform/crypto/keys.h"
#include "platform/system/files.h"
#include "tools/strongroom/x509.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kEnrolFormat = "strongroom-enrol/v1";
constexpr std::string_view kRotateFormat = "strongroom-rotate/v1";

std::string text_of(const json& object, std::string_view name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string()
             ? member->get<std::string>()
             : std::string();
}

template <std::size_t Size>
bool read_bytes(const json& object,
                std::string_view name,
                std::array<std::uint8_t, Size>& out) {
  const auto bytes = from_base64(text_of(object, name));
  if (!bytes || bytes->size() != Size) {
    return false;
  }
  std::ranges::copy(*bytes, out.begin());
  return true;
}

Result<json> read_request(const fs::path& file, std::string_view format) {
  const auto text = read_file(file, 64 * 1024);
  if (!text) {
    return std::unexpected(text.error());
  }
  json object = json::parse(*text, nullptr, false);
  if (!object.is_object() || text_of(object, "format") != format) {
    return fault(file.string() + " is not a " + std::string(format) +
                 " request");
  }
  return object;
}

Result<void> write_json(const fs::path& file, const json& object) {
  return write_file(
      file, as_bytes(object.dump(2) + "\n"), 0644, Overwrite::kReplace);
}

Result<PublicKey> key_or_create(const fs::path& file, KeyKind kind) {
  return fs::exists(file) ? public_key_of(file, kind) : create_key(file, kind);
}

}  // namespace

Result<void> create_agent_keys(const fs::path& dir, const Source& source) {
  if (!Source::parse(source.text()) || source.is_console() ||
      source.site == kCentralSite) {
    return fault("\"" + source.text() +
                 "\" cannot be an agent: names are lower-case letters, digits "
                 "and hyphens, at most 32; \"console\" and \"central\" are the "
                 "ledger's own");
  }
  const std::string identity = source.site + "/" + source.agent;
  if (identity.size() > kMaxCommonName) {
    return fault("\"" + identity +
                 "\" is too long for a certificate: at most " +
                 std::to_string(kMaxCommonName) + " characters");
  }
  const auto event_key = create_key(dir / "event.key", KeyKind::kEvent);
  if (!event_key) {
    return std::unexpected(event_key.error());
  }
  const auto sealing_key = create_key(dir / "sealing.key", KeyKind::kSealing);
  if (!sealing_key) {
    return std::unexpected(sealing_key.error());
  }
  if (auto made = create_request(dir / "tls.key", dir / "tls.csr", identity);
      !made) {
    return made;
  }
  const auto signer = load_signer(dir / "event.key", KeyKind::kEvent);
  const auto request = read_file(dir / "tls.csr");
  if (!signer || !request) {
    return fault("cannot read back the keys in " + dir.string());
  }
  return write_json(dir / "enrol.json",
                    {{"format", kEnrolFormat},
                     {"source", source.text()},
                     {"event_key", to_base64(*event_key)},
                     {"sealing_key", to_base64(*sealing_key)},
                     {"possession",
                      to_base64((*signer)->sign(
                          possession_input(source, *event_key, *sealing_key)))},
                     {"certificate_request", *request}});
}

Result<EnrolRequest> read_enrol_request(const fs::path& file) {
  const auto object = read_request(file, kEnrolFormat);
  if (!object) {
    return std::unexpected(object.error());
  }
  EnrolRequest request;
  const auto source = Source::parse(text_of(*object, "source"));
  if (!source || !read_bytes(*object, "event_key", request.event_key) ||
      !read_bytes(*object, "sealing_key", request.sealing_key) ||
      !read_bytes(*object, "possession", request.possession)) {
    return fault(file.string() + " is damaged: a name or key in it is wrong");
  }
  request.source = *source;
  request.certificate_request = text_of(*object, "certificate_request");
  if (!verify_ed25519(
          request.event_key,
          possession_input(
              request.source, request.event_key, request.sealing_key),
          request.possession)) {
    return fault(file.string() +
                 " was altered: its signature by the event key is wrong");
  }
  return request;
}

Result<void> begin_rotation(const fs::path& dir) {
  const auto enrolled = read_enrol_request(dir / "enrol.json");
  if (!enrolled) {
    return std::unexpected(enrolled.error());
  }
  const auto old_signer = load_signer(dir / "event.key", KeyKind::kEvent);
  if (!old_signer) {
    return std::unexpected(old_signer.error());
  }
  const auto new_key = key_or_create(dir / "event.key.next", KeyKind::kEvent);
  if (!new_key) {
    return std::unexpected(new_key.error());
  }
  const auto new_sealing =
      key_or_create(dir / "sealing.key.next", KeyKind::kSealing);
  if (!new_sealing) {
    return std::unexpected(new_sealing.error());
  }
  const auto new_signer = load_signer(dir / "event.key.next", KeyKind::kEvent);
  if (!new_signer) {
    return std::unexpected(new_signer.error());
  }
  const PublicKey old_key = (*old_signer)->public_key();
  const Bytes input =
      rotation_input(enrolled->source, old_key, *new_key, *new_sealing);
  return write_json(dir / "rotate.json",
                    {{"format", kRotateFormat},
                     {"source", enrolled->source.text()},
                     {"old_key", to_base64(old_key)},
                     {"new_key", to_base64(*new_key)},
                     {"new_sealing_key", to_base64(*new_sealing)},
                     {"old_signature", to_base64((*old_signer)->sign(input))},
                     {"new_signature", to_base64((*new_signer)->sign(input))}});
}

Result<RotateRequest> read_rotate_request(const fs::path& file) {
  const auto object = read_request(file, kRotateFormat);
  if (!object) {
    return std::unexpected(object.error());
  }
  RotateRequest request;
  const auto source = Source::parse(text_of(*object, "source"));
  if (!source || !read_bytes(*object, "old_key", request.old_key) ||
      !read_bytes(*object, "new_key", request.new_key) ||
      !read_bytes(*object, "new_sealing_key", request.new_sealing_key) ||
      !read_bytes(*object, "old_signature", request.old_signature) ||
      !read_bytes(*object, "new_signature", request.new_signature)) {
    return fault(file.string() + " is damaged: a name or key in it is wrong");
  }
  request.source = *source;
  const Bytes input = rotation_input(request.source,
                                     request.old_key,
                                     request.new_key,
                                     request.new_sealing_key);
  if (!verify_ed25519(request.old_key, input, request.old_signature) ||
      !verify_ed25519(request.new_key, input, request.new_signature)) {
    return fault(file.string() + " was altered: a signature in it is wrong");
  }
  return request;
}

Result<void> finish_rotation(const fs::path& dir) {
  // Old names first, new names second: stopped in between, the agent starts
  // with no key and says so; running this again mends it.
  for (const char* name : {"event.key", "sealing.key"}) {
    const fs::path next = dir / (std::string(name) + ".next");
    const fs::path current = dir / name;
    if (!fs::exists(next)) {
      continue;
    }
    std::error_code error;
    if (fs::exists(current)) {
      fs::rename(current, dir / (std::string(name) + ".old"), error);
    }
    if (!error) {
      fs::rename(next, current, error);
    }
    if (error) {
      return fault("cannot put " + next.string() +
                   " in place: " + error.message());
    }
  }
  return {};
}

}  // namespace strongroom
