// SPDX-License-Identifier: Apache-2.0
// Requests that an agent's owner carries to the ledger: enrolment and rotation
// (docs/formats/registry.md).
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/base/source.h"
#include "core/crypto/signature.h"

namespace strongroom {

/// event.key, sealing.key, tls.key, tls.csr and enrol.json in `dir`. Faults:
/// names wrong or too long, a key exists already.
Result<void> create_agent_keys(const std::filesystem::path& dir,
                               const Source& source);

struct EnrolRequest {
  Source source;
  PublicKey event_key{};
  PublicKey sealing_key{};
  Signature possession{};
  std::string certificate_request;
};
/// Faults: not such a file, a possession signature that is wrong.
Result<EnrolRequest> read_enrol_request(const std::filesystem::path& file);

struct RotateRequest {
  Source source;
  PublicKey old_key{};
  PublicKey new_key{};
  PublicKey new_sealing_key{};
  Signature old_signature{};
  Signature new_signature{};
};
/// event.key.next and sealing.key.next (kept when they are there already) and
/// rotate.json in `dir`.
Result<void> begin_rotation(const std::filesystem::path& dir);
Result<RotateRequest> read_rotate_request(const std::filesystem::path& file);
/// Puts the next keys in the place of the old ones, which stay as *.old.
Result<void> finish_rotation(const std::filesystem::path& dir);

}  // namespace strongroom
