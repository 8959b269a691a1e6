// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests: EC P-256, valid for a day.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace strongroom {

struct CertificateFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

class TlsAuthority {
 public:
  /// Writes `<directory>/<name>.pem`.
  TlsAuthority(const std::filesystem::path& directory, std::string name);
  ~TlsAuthority();

  const std::filesystem::path& file() const { return file_; }
  /// For a listening server; `alternative_names` as openssl spells them, e.g.
  /// "DNS:localhost,IP:127.0.0.1".
  CertificateFiles issue_server(const std::string& alternative_names);
  /// For a connecting client whose name is `common_name`.
  CertificateFiles issue_client(const std::string& common_name);

 private:
  struct Key;
  CertificateFiles issue(const std::string& common_name,
                         const std::string& usage,
                         const std::string& alternative_names);

  std::filesystem::path directory_;
  std::string name_;
  std::filesystem::path file_;
  std::unique_ptr<Key> key_;
  int issued_ = 0;
};

}  // namespace strongroom
