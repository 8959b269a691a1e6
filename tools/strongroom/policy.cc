// SPDX-License-Identifier: Apache-2.0
// policy: the signed file that says who may open what, until an agent gets its
// share of the registry (docs/formats/policy.md).
#include <cstdio>
#include <iostream>
#include <memory>

#include "platform/crypto/keys.h"
#include "platform/crypto/pin.h"
#include "platform/policy/policy_file.h"
#include "platform/system/files.h"
#include "tools/strongroom/command.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPolicyFile = 256 * 1024;

/// Every mistake on a line of its own; nothing is signed that has one.
Result<std::string> checked_text(const fs::path& path) {
  auto text = read_file(path, kMaxPolicyFile);
  if (!text) {
    return text;
  }
  const auto policy = parse_policy(*text, path.string());
  if (!policy) {
    std::string all;
    for (const ConfigError& error : policy.error()) {
      all += (all.empty() ? "" : "\n") + error.text();
    }
    return fault(std::move(all));
  }
  return text;
}

Result<void> sign(const fs::path& path, const fs::path& key_file) {
  const auto text = checked_text(path);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto signer = load_signer(key_file, KeyKind::kShare);
  if (!signer) {
    return std::unexpected(signer.error());
  }
  return write_file(policy_signature_path(path),
                    as_bytes(policy_signature(**signer, *text)),
                    0644,
                    Overwrite::kReplace);
}

Result<void> check_signed(const fs::path& path, const fs::path& key_file) {
  if (auto text = checked_text(path); !text) {
    return std::unexpected(text.error());
  }
  if (key_file.empty()) {
    return {};
  }
  const auto key = load_policy_key(key_file);
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto policy = load_policy(path, *key);
  return policy ? Result<void>() : std::unexpected(policy.error());
}

void add_sign(CLI::App& policy, Outcome& outcome) {
  auto path = std::make_shared<fs::path>();
  auto key = std::make_shared<fs::path>();
  auto* command =
      policy.add_subcommand("sign", "Sign it, once it has no mistakes");
  command->add_option("FILE", *path, "policy.toml")->required();
  command->add_option("--key", *key, "The ledger's keys/share.key")->required();
  command->callback([path, key, &outcome] {
    finish(outcome,
           ExitCode::kUsage,
           sign(*path, *key),
           "Created " + policy_signature_path(*path).string() +
               ". Agents take it at their next reload.");
  });
}

void add_check(CLI::App& policy, Outcome& outcome) {
  auto path = std::make_shared<fs::path>();
  auto key = std::make_shared<fs::path>();
  auto* command =
      policy.add_subcommand("check", "List every mistake with its line");
  command->add_option("FILE", *path, "policy.toml")->required();
  command->add_option("--policy-key", *key, "Check its signature by this too");
  command->callback([path, key, &outcome] {
    finish(outcome,
           ExitCode::kFailed,
           check_signed(*path, *key),
           path->string() + (key->empty() ? ": no mistakes; its signature was "
                                            "not looked at"
                                          : ": signed, no mistakes"));
  });
}

void add_key(CLI::App& policy, Outcome& outcome) {
  auto key = std::make_shared<fs::path>();
  auto* command = policy.add_subcommand(
      "key", "Print the public key by which agents know a policy");
  command->add_option("--key", *key, "The ledger's keys/share.key")->required();
  command->callback([key, &outcome] {
    const auto public_key = public_key_of(*key, KeyKind::kShare);
    if (!public_key) {
      report(outcome, ExitCode::kUsage, public_key.error().what);
      return;
    }
    std::printf("%s\n", to_base64(*public_key).c_str());
  });
}

void add_pin(CLI::App& policy, Outcome& outcome) {
  auto* command = policy.add_subcommand(
      "pin", "Read digits from standard input, print their verifier");
  command->callback([&outcome] {
    std::string digits;
    std::getline(std::cin, digits);
    const auto verifier = make_pin_verifier(digits);
    if (!verifier) {
      report(outcome, ExitCode::kUsage, verifier.error().what);
      return;
    }
    std::printf("%s\n", verifier->c_str());
  });
}

}  // namespace

void add_policy(CLI::App& app, Outcome& outcome) {
  auto* policy = app.add_subcommand(
      "policy", "Who may open what: sign and check the file");
  policy->require_subcommand(1);
  add_sign(*policy, outcome);
  add_check(*policy, outcome);
  add_key(*policy, outcome);
  add_pin(*policy, outcome);
}

}  // namespace strongroom
