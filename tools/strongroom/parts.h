// SPDX-License-Identifier: Apache-2.0
// The parts that agent and ledger have alike, examined one by one. `now` is the
// time of the examination.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/now.h"
#include "core/log/checkpoint.h"
#include "platform/crypto/keys.h"
#include "tools/strongroom/examination.h"

namespace strongroom {

/// key-missing, key-mode, key-damaged.
void examine_key(Examination& examination,
                 const std::filesystem::path& file,
                 KeyKind kind);
/// trust-missing, trust-damaged. Returns it when it is sound.
std::optional<Trust> examine_trust(Examination& examination,
                                   const std::filesystem::path& file);

struct TlsFiles {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::string identity;  // the common name that it must have
};
/// tls-missing, tls-identity, tls-mismatch, tls-expired, tls-expiring,
/// tls-not-yet-valid, tls-key-mode.
void examine_tls(Examination& examination, const TlsFiles& files, Now now);
/// broker-uri, broker-unreachable.
void examine_broker(Examination& examination, const std::string& uri);
/// disk-missing, disk-readonly, disk-full, disk-filling: of the directory that
/// holds `file`.
void examine_disk(Examination& examination, const std::filesystem::path& file);
/// clock-unsynchronised.
void examine_clock(Examination& examination, Now now);

/// "host:port" of "ssl://host:port".
struct Endpoint {
  std::string host;
  std::string port;
};
std::optional<Endpoint> endpoint_of(const std::string& uri);
bool accepts_connections(const Endpoint& endpoint);

}  // namespace strongroom
