// SPDX-License-Identifier: Apache-2.0
// The site CA: EC P-256 certificates for broker, ledger and agents. Identity
// is the common name `<site>/<agent>` (DESIGN section 10). OpenSSL; one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/base/result.h"

namespace strongroom {

/// X.509's upper bound for a common name (RFC 5280 appendix A).
inline constexpr std::size_t kMaxCommonName = 64;

enum class CertificateRole { kClient, kServer };

struct CertificateOrder {
  std::string common_name;
  CertificateRole role = CertificateRole::kClient;
  std::vector<std::string> hosts;  // names or addresses; servers only
  std::chrono::days lifetime{365};
};

/// Writes `ca.key` (0600) and `ca.crt` (10 years) into `dir`. Faults: a file
/// exists already, cannot be written.
Result<void> create_authority(const std::filesystem::path& dir,
                              std::string_view name,
                              WallTime now);

/// Writes a fresh private key (0600) and a request (PEM) signed by it.
/// Faults: the key exists, the name is longer than kMaxCommonName.
Result<void> create_request(const std::filesystem::path& key_file,
                            const std::filesystem::path& request_file,
                            std::string_view common_name);

/// The certificate (PEM) for a request, signed by the authority in `dir`. The
/// request's own signature must be right and its name the one ordered: a
/// request decides nothing else.
Result<std::string> sign_request(const std::filesystem::path& dir,
                                 std::string_view request_pem,
                                 const CertificateOrder& order,
                                 WallTime now);

struct CertificateFacts {
  std::string common_name;
  WallTime not_before;
  WallTime not_after;
};
/// Faults: not a certificate.
Result<CertificateFacts> read_certificate(const std::filesystem::path& file);
/// Faults, each with its words: the key is not the certificate's; the
/// certificate is not signed by this CA.
Result<void> check_certificate(const std::filesystem::path& certificate,
                               const std::filesystem::path& key,
                               const std::filesystem::path& ca);

}  // namespace strongroom
