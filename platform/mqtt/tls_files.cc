// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt/tls_files.h"

#include <array>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "platform/system/files.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

std::unexpected<Error> openssl_fault(const std::filesystem::path& path,
                                     const char* what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return fault(path.string() + ": " + what + ": " + text.data());
}

Result<void> require_readable(const std::filesystem::path& path,
                              const char* what) {
  if (path.empty()) {
    return fault(std::string("TLS needs ") + what);
  }
  if (auto text = read_file(path, kMaxFile); !text) {
    return std::unexpected(text.error());
  }
  return {};
}

}  // namespace

Result<void> check_tls_files(const std::filesystem::path& ca,
                             const std::filesystem::path& certificate,
                             const std::filesystem::path& key) {
  if (auto readable = require_readable(ca, "a CA file"); !readable) {
    return readable;
  }
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
      SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr) {
    return fault("TLS cannot be initialised");
  }
  if (SSL_CTX_load_verify_locations(context.get(), ca.c_str(), nullptr) != 1) {
    return openssl_fault(ca, "not a CA certificate in PEM");
  }
  if (certificate.empty() && key.empty()) {
    return {};
  }
  if (auto readable = require_readable(certificate, "a client certificate");
      !readable) {
    return readable;
  }
  if (auto readable = require_readable(key, "the key of its certificate");
      !readable) {
    return readable;
  }
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) !=
      1) {
    return openssl_fault(certificate, "not a certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(
          context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return openssl_fault(key, "not the key of the certificate, or not PEM");
  }
  return {};
}

}  // namespace strongroom
