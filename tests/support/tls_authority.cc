// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_authority.h"

#include <cstdio>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr long kDay = 24L * 60 * 60;

using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePointer = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<FILE, int (*)(FILE*)>;

KeyPointer make_key() {
  KeyPointer key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  check(key != nullptr, "no key of a test's certificate");
  return key;
}

void add_extension(X509* certificate,
                   X509* issuer,
                   int what,
                   const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  check(extension != nullptr, "a test's certificate has a bad extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

CertificatePointer make_certificate(const std::string& common_name,
                                    EVP_PKEY* key,
                                    long serial) {
  CertificatePointer certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()),
      "CN",
      MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(common_name.c_str()),
      -1,
      -1,
      0);
  return certificate;
}

File open_file(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  check(file != nullptr, "a test's certificate cannot be written");
  return file;
}

void sign_and_write(X509* certificate,
                    EVP_PKEY* key,
                    const std::filesystem::path& path) {
  check(X509_sign(certificate, key, EVP_sha256()) > 0,
        "a test's certificate cannot be signed");
  PEM_write_X509(open_file(path).get(), certificate);
}

}  // namespace

struct TlsAuthority::Key {
  KeyPointer key = make_key();
  CertificatePointer certificate{nullptr, &X509_free};
};

TlsAuthority::TlsAuthority(const std::filesystem::path& directory,
                           std::string name)
    : directory_(directory),
      name_(std::move(name)),
      file_(directory / (name_ + ".pem")),
      key_(std::make_unique<Key>()) {
  key_->certificate = make_certificate(name_, key_->key.get(), 1);
  X509* own = key_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, own, NID_key_usage, "critical,keyCertSign");
  add_extension(own, own, NID_subject_key_identifier, "hash");
  sign_and_write(own, key_->key.get(), file_);
}

TlsAuthority::~TlsAuthority() = default;

CertificateFiles TlsAuthority::issue_server(
    const std::string& alternative_names) {
  return issue("broker", "serverAuth", alternative_names);
}

CertificateFiles TlsAuthority::issue_client(const std::string& common_name) {
  return issue(common_name, "clientAuth", "");
}

CertificateFiles TlsAuthority::issue(const std::string& common_name,
                                     const std::string& usage,
                                     const std::string& alternative_names) {
  ++issued_;
  const std::string stem = name_ + "-" + std::to_string(issued_);
  CertificateFiles files{.certificate = directory_ / (stem + ".pem"),
                         .key = directory_ / (stem + ".key")};
  const KeyPointer key = make_key();
  const CertificatePointer certificate =
      make_certificate(common_name, key.get(), 1 + issued_);
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(key_->certificate.get()));
  X509* issuer = key_->certificate.get();
  add_extension(certificate.get(), issuer, NID_basic_constraints, "CA:FALSE");
  add_extension(certificate.get(), issuer, NID_ext_key_usage, usage);
  if (!alternative_names.empty()) {
    add_extension(
        certificate.get(), issuer, NID_subject_alt_name, alternative_names);
  }
  sign_and_write(certificate.get(), key_->key.get(), files.certificate);
  PEM_write_PrivateKey(open_file(files.key).get(),
                       key.get(),
                       nullptr,
                       nullptr,
                       0,
                       nullptr,
                       nullptr);
  std::filesystem::permissions(
      files.key,
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return files;
}

}  // namespace strongroom
