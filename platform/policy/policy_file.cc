// SPDX-License-Identifier: Apache-2.0
#include "platform/policy/policy_file.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/access/credential_bits.h"
#include "core/base/source.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxPolicyBytes = 256 * 1024;
constexpr std::size_t kMaxId = 32;

/// Ids stand in events, which hold 32 letters of them.
bool is_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= kMaxId &&
         std::ranges::all_of(text, allowed);
}

/// "$argon2id$v=19$m=…,t=…,p=…$salt$hash", as libsodium writes it.
bool is_verifier(std::string_view text) {
  return text.starts_with("$argon2id$v=") &&
         std::ranges::count(text, '$') == 5 && text.size() > 60 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

class PolicyReader {
 public:
  explicit PolicyReader(ConfigTable root) : root_(std::move(root)) {}

  Policy read() {
    root_.required_int("format", 1, 1);
    policy_.version = static_cast<std::uint64_t>(
        root_.required_int("version", 1, 0xffff'ffff));
    policy_.utc_offset = std::chrono::minutes(
        root_.optional_int("utc_offset_minutes", 480, -14 * 60, 14 * 60));
    policy_.valid_from = time(root_, "valid_from").value_or(WallTime{});
    policy_.valid_until = time(root_, "valid_until");
    each("schedule", &PolicyReader::schedule);
    each("zone", &PolicyReader::zone);
    each("leaf", &PolicyReader::leaf);
    each("person", &PolicyReader::person);
    each("credential", &PolicyReader::credential);
    each("grant", &PolicyReader::grant);
    std::ranges::sort(policy_.grants, {}, [](const PolicyGrant& grant) {
      return std::tie(grant.person, grant.zone, grant.schedule);
    });
    return std::move(policy_);
  }

 private:
  void each(std::string_view key, void (PolicyReader::*take)(ConfigTable&)) {
    for (ConfigTable& table : root_.tables(key)) {
      (this->*take)(table);
    }
  }

  static std::optional<WallTime> time(ConfigTable& table,
                                      std::string_view key) {
    const std::string text = table.optional_string(key, "");
    if (text.empty()) {
      return std::nullopt;
    }
    const auto time = parse_policy_time(text);
    if (!time) {
      table.error(key, "is a time such as \"2026-11-16T08:00:00+08:00\"");
    }
    return time;
  }

  static std::string id(ConfigTable& table, std::string_view key) {
    std::string text = table.required_string(key);
    if (!text.empty() && !is_id(text)) {
      table.error(key, "is 1 to 32 of a-z, 0-9, hyphen, underscore, dot");
    }
    return text;
  }

  template <typename Map>
  static void known(ConfigTable& table,
                    std::string_view key,
                    const std::string& name,
                    const Map& map,
                    std::string_view what) {
    if (!name.empty() && !map.contains(name)) {
      table.error(key,
                  "there is no [[" + std::string(what) + "]] \"" + name + "\"");
    }
  }

  template <typename Map, typename Value>
  static void put(ConfigTable& table,
                  std::string_view key,
                  Map& map,
                  const typename Map::key_type& name,
                  Value value) {
    if (!map.emplace(name, std::move(value)).second) {
      table.error(key, "stands here twice");
    }
  }

  void schedule(ConfigTable& table) {
    const std::string name = id(table, "name");
    PolicySchedule schedule;
    for (const std::string& hours : table.required_string_list("hours")) {
      const auto spans = parse_policy_hours(hours);
      if (spans.empty()) {
        table.error(
            "hours",
            "\"" + hours + "\" are no hours; such as \"mon-fri 08:00-18:00\"");
      }
      schedule.spans.insert(schedule.spans.end(), spans.begin(), spans.end());
    }
    put(table, "name", policy_.schedules, name, std::move(schedule));
  }

  void zone(ConfigTable& table) {
    PolicyZone zone;
    zone.name = id(table, "name");
    zone.wants_pin = table.optional_bool("pin", false);
    zone.wants_two_persons = table.optional_bool("two_persons", false);
    const std::string passback =
        table.optional_choice("passback", "off", {"off", "soft", "hard"});
    zone.passback = passback == "hard"   ? PassbackMode::kHard
                    : passback == "soft" ? PassbackMode::kSoft
                                         : PassbackMode::kOff;
    put(table, "name", policy_.zones, zone.name, zone);
  }

  void leaf(ConfigTable& table) {
    PolicyLeaf leaf;
    leaf.name = id(table, "name");
    leaf.zone = id(table, "zone");
    leaf.is_disabled = table.optional_bool("disabled", false);
    known(table, "zone", leaf.zone, policy_.zones, "zone");
    put(table, "name", policy_.leaves, leaf.name, leaf);
  }

  void person(ConfigTable& table) {
    PolicyPerson person;
    person.id = id(table, "id");
    person.is_suspended = table.optional_bool("suspended", false);
    person.pin_verifier = table.optional_string("pin", "");
    if (!person.pin_verifier.empty() && !is_verifier(person.pin_verifier)) {
      table.error("pin", "is what `strongroom policy pin` printed");
    }
    put(table, "id", policy_.persons, person.id, person);
  }

  static std::optional<CredentialBits> bits(ConfigTable& table,
                                            CredentialFormat format) {
    if (format == strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100) {
      const auto tag = em4100_bits(table.required_string("tag"));
      if (!tag) {
        table.error("tag", "is 10 hexadecimal digits");
      }
      return tag;
    }
    const bool has_facility =
        format != strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10302;
    const auto facility = static_cast<std::uint32_t>(
        has_facility ? table.required_int("facility", 0, 0xffff) : 0);
    const auto card = static_cast<std::uint64_t>(
        table.required_int("card", 0, (std::int64_t{1} << 35) - 1));
    const auto frame = wiegand_bits(format, facility, card);
    if (!frame) {
      table.error("card", "this format cannot hold that facility and card");
    }
    return frame;
  }

  void credential(ConfigTable& table) {
    PolicyCredential credential;
    credential.id = id(table, "id");
    credential.person = id(table, "person");
    known(table, "person", credential.person, policy_.persons, "person");
    credential.valid_from = time(table, "valid_from").value_or(WallTime{});
    credential.valid_until = time(table, "valid_until");
    if (credential.valid_until &&
        *credential.valid_until <= credential.valid_from) {
      table.error("valid_until", "is not after valid_from");
    }
    credential.is_revoked = table.optional_bool("revoked", false);
    const auto format = credential_format(table.required_choice(
        "format", {"em4100", "h10301", "h10306", "h10302", "h10304"}));
    if (!format) {
      return;
    }
    if (const auto frame = bits(table, *format)) {
      const auto same =
          policy_.credentials.emplace(std::pair(*format, *frame), credential);
      if (!same.second) {
        table.error(
            table.has("tag") ? "tag" : "card",
            "is the badge of credential \"" + same.first->second.id + "\" too");
      }
    }
    if (!ids_.emplace(credential.id, true).second) {
      table.error("id", "stands here twice");
    }
  }

  void grant(ConfigTable& table) {
    PolicyGrant grant;
    grant.person = id(table, "person");
    grant.zone = id(table, "zone");
    grant.schedule = table.optional_string("schedule", "");
    known(table, "person", grant.person, policy_.persons, "person");
    known(table, "zone", grant.zone, policy_.zones, "zone");
    known(table, "schedule", grant.schedule, policy_.schedules, "schedule");
    policy_.grants.push_back(std::move(grant));
  }

  ConfigTable root_;
  Policy policy_;
  std::map<std::string, bool> ids_;  // of credentials
};

Bytes signed_text(std::string_view text) {
  const ByteView context = as_bytes(kPolicyContext);
  Bytes message(context.begin(), context.end());
  const ByteView bytes = as_bytes(text);
  message.insert(message.end(), bytes.begin(), bytes.end());
  return message;
}

std::optional<Bytes> base64_line(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return from_base64(text);
}

Result<Signature> load_signature(const std::filesystem::path& path) {
  const auto text = read_file(path, 256);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto bytes = base64_line(*text);
  Signature signature{};
  if (!bytes || bytes->size() != signature.size()) {
    return fault(path.string() + ": not a signature");
  }
  std::ranges::copy(*bytes, signature.begin());
  return signature;
}

}  // namespace

std::expected<Policy, std::vector<ConfigError>> parse_policy(std::string text,
                                                             std::string name) {
  const Hash hash = sha256(as_bytes(text));
  ConfigFile file = ConfigFile::parse(std::move(text), std::move(name));
  Policy policy = PolicyReader(file.root()).read();
  auto errors = file.finish();
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  policy.hash = hash;
  return policy;
}

std::filesystem::path policy_signature_path(std::filesystem::path policy) {
  return policy += ".sig";
}

std::string policy_signature(const Signer& signer, std::string_view text) {
  return to_base64(signer.sign(signed_text(text))) + "\n";
}

Result<Policy> load_policy(const std::filesystem::path& path,
                           const PublicKey& key) {
  auto text = read_file(path, kMaxPolicyBytes);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto signature = load_signature(policy_signature_path(path));
  if (!signature) {
    return std::unexpected(signature.error());
  }
  if (!verify_ed25519(key, signed_text(*text), *signature)) {
    return fault(path.string() +
                 ": this text was not signed by the key of [access] "
                 "policy_key; sign it again with `strongroom policy sign`");
  }
  auto policy = parse_policy(*std::move(text), path.string());
  if (!policy) {
    const auto& errors = policy.error();
    return fault(errors.front().text() +
                 (errors.size() > 1
                      ? " (and " + std::to_string(errors.size() - 1) +
                            " more: `strongroom policy check`)"
                      : ""));
  }
  return *std::move(policy);
}

Result<PublicKey> load_policy_key(const std::filesystem::path& path) {
  const auto text = read_file(path, 256);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto bytes = base64_line(*text);
  PublicKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return fault(path.string() + ": not a public key");
  }
  std::ranges::copy(*bytes, key.begin());
  return key;
}

}  // namespace strongroom
