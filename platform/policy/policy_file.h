// SPDX-License-Identifier: Apache-2.0
// The static policy: a TOML file with a signature beside it, which stands in
// for an agent's share of the registry (docs/formats/policy.md).
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/policy.h"
#include "core/crypto/signature.h"
#include "platform/config/config.h"

namespace strongroom {

inline constexpr std::string_view kPolicyContext = "strongroom/policy/v1\n";

/// Every error, by line. `name` is what errors call the file.
std::expected<Policy, std::vector<ConfigError>> parse_policy(std::string text,
                                                             std::string name);

/// "policy.toml.sig"
std::filesystem::path policy_signature_path(std::filesystem::path policy);
/// What stands in it: the base64 of an Ed25519 signature over kPolicyContext
/// and the file's bytes, and a line feed.
std::string policy_signature(const Signer& signer, std::string_view text);

/// Reads both files; believes nothing that the key did not sign. Faults: a file
/// is missing, the signature is of another key or another text, the policy has
/// errors (the first of them, and how many more).
Result<Policy> load_policy(const std::filesystem::path& path,
                           const PublicKey& key);
/// The base64 of 32 bytes and a line feed. Faults: missing, not that.
Result<PublicKey> load_policy_key(const std::filesystem::path& path);

/// "2026-11-16T08:00:00+08:00" or "…Z", whole seconds; nothing: no such time.
std::optional<WallTime> parse_policy_time(std::string_view text);
/// "mon-fri 08:00-18:00", "sat 09:00-24:00"; empty: no such hours.
std::vector<PolicySchedule::Span> parse_policy_hours(std::string_view text);

}  // namespace strongroom
